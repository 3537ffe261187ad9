"""`authwalk export SESSION --as FORMAT`: the requests of a session in the words of another tool,
or the whole of it as a script, a HAR, a report or a sequence diagram."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from flows.export import EXPORTS, Secrets, Unquotable
from flows.export.documents import DOCUMENTS
from flows.export.message import http_files
from flows.session import STEP_IDS, Exchanged, Session
from flows.steps import STEP
from flows.store import SecretLeak
from flows.text import duration, visible
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import INTERNAL, SOUND, Failure, usage
from tui.commands.show import load_session
from tui.redaction import Redaction

HOLDING_SECRETS = ("har",)
"""The documents that --with-secrets is for."""


def main(args: argparse.Namespace) -> int:
    if args.step and args.step not in STEP_IDS:
        raise usage(f"{visible(args.step)} is no step; the steps are {' '.join(STEP_IDS)}")
    if args.with_secrets and args.redacted:
        raise usage("--with-secrets and --redacted are two different things")
    session = load_session(args.session)
    if args.with_secrets and not _has_secrets(session):
        print("authwalk: the session was saved without its secrets", file=sys.stderr)
    if args.format in DOCUMENTS:
        return _document(session, args)
    wanted = [entry for entry in session.exchanges if args.step in (None, entry.step)]
    if not wanted:
        where = f"at {STEP[args.step].title}" if args.step else "in it"
        print(f"authwalk: the session has no requests {where}", file=sys.stderr)
    secrets: Secrets = "values" if args.with_secrets else "variables"
    redaction = Redaction(session, keep=args.with_secrets)
    if args.redacted:
        secrets = "redacted"
        wanted = [redaction.exchanged(entry) for entry in wanted]
    own = frozenset(name.lower() for name, _ in session.target.headers)
    blocks = [_command(entry, args.format, secrets, own, redaction) for entry in wanted]
    print(http_files(blocks) if args.format == "http" else "\n\n".join(blocks))
    return SOUND


def _document(session: Session, args: argparse.Namespace) -> int:
    """Without secrets, whatever the session holds, unless the format can have them."""
    if args.step or (args.with_secrets and args.format not in HOLDING_SECRETS):
        option = "--step" if args.step else "--with-secrets"
        raise usage(f"{option} is not for --as {args.format}")
    try:
        text = DOCUMENTS[args.format](Walk(session, Wire()), args.with_secrets)
    except SecretLeak as error:
        raise Failure("secret-leak", f"not written: {error}", INTERNAL) from error
    except Unquotable as error:
        raise usage(f"there is no {args.format} of this walk: {error}") from error
    sys.stdout.write(text)
    return SOUND


def _command(
    entry: Exchanged, form: str, secrets: Secrets, own: frozenset[str], redaction: Redaction
) -> str:
    exchange = entry.exchange
    came = exchange.status or (exchange.error.kind if exchange.error else "no answer")
    label = redaction.text(entry.label)
    title = f"{STEP[entry.step].title}: {label}" if label else STEP[entry.step].title
    when = f"{exchange.started:%Y-%m-%d %H:%M:%S} UTC, {came}, {duration(exchange.timing.total)}"
    comments = (title, when)
    try:
        command = EXPORTS[form](exchange.request, secrets=secrets, comments=comments, own=own)
    except Unquotable as error:
        return "\n".join(_comments((*comments, f"no command sends this request: {error}")))
    above = (*comments, *command.warnings) if form == "raw" else command.warnings
    return "\n".join((*_comments(above), command.text))


def _comments(texts: tuple[str, ...]) -> Iterator[str]:
    return (f"# {visible(text)}" for text in texts)


def _has_secrets(session: Session) -> bool:
    return bool(session.seed)
