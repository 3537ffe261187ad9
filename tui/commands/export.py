"""`authwalk export SESSION --as FORMAT`: the requests of a session in the words of another tool,
or the whole of it as a report or a sequence diagram."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from flows.export import EXPORTS, Unquotable
from flows.export.report import report
from flows.export.sequence import drawn, mermaid
from flows.sequence import Arrow, arrows
from flows.session import STEP_IDS, Exchanged, Session
from flows.steps import STEP
from flows.store import SecretLeak
from flows.text import duration, visible
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import INTERNAL, SOUND, Failure, usage
from tui.commands.show import load_session
from tui.redaction import Redaction


def main(args: argparse.Namespace) -> int:
    if args.step and args.step not in STEP_IDS:
        raise usage(f"{visible(args.step)} is no step; the steps are {' '.join(STEP_IDS)}")
    session = load_session(args.session)
    if args.format in DOCUMENTS:
        return _document(session, args)
    wanted = [entry for entry in session.exchanges if args.step in (None, entry.step)]
    if not wanted:
        where = f"at {STEP[args.step].title}" if args.step else "in it"
        print(f"authwalk: the session has no requests {where}", file=sys.stderr)
    if args.with_secrets and not _has_secrets(session):
        print("authwalk: the session was saved without its secrets", file=sys.stderr)
    blocks = (_command(entry, args.format, args.with_secrets) for entry in wanted)
    print("\n\n".join(blocks))
    return SOUND


def _document(session: Session, args: argparse.Namespace) -> int:
    """A report or diagram is always without secrets."""
    if args.step or args.with_secrets:
        option = "--step" if args.step else "--with-secrets"
        raise usage(f"{option} is not for --as {args.format}")
    try:
        text = DOCUMENTS[args.format](Walk(session, Wire()))
    except SecretLeak as error:
        raise Failure("secret-leak", f"not written: {error}", INTERNAL) from error
    sys.stdout.write(text)
    return SOUND


def _sequence(draw: Callable[[tuple[Arrow, ...]], str]) -> Callable[[Walk], str]:
    def document(walk: Walk) -> str:
        redaction = Redaction(walk.session)
        return redaction.text(draw(arrows(walk.session, walk.findings, walk.diagnosis)))

    return document


DOCUMENTS: dict[str, Callable[[Walk], str]] = {
    "report": report,
    "report-html": lambda walk: report(walk, "html"),
    "sequence": _sequence(lambda found: "\n".join(drawn(found)) + "\n"),
    "mermaid": _sequence(mermaid),
}


def _command(entry: Exchanged, form: str, with_secrets: bool) -> str:
    exchange = entry.exchange
    came = exchange.status or (exchange.error.kind if exchange.error else "no answer")
    comments = (
        f"{STEP[entry.step].title}: {entry.label}" if entry.label else STEP[entry.step].title,
        f"{exchange.started:%Y-%m-%d %H:%M:%S} UTC, {came}, {duration(exchange.timing.total)}",
    )
    secrets = "values" if with_secrets else "variables"
    try:
        command = EXPORTS[form](exchange.request, secrets=secrets, comments=comments)
    except Unquotable as error:
        return "\n".join(_comments((*comments, f"no command sends this request: {error}")))
    return "\n".join((*_comments(command.warnings), command.text))


def _comments(texts: tuple[str, ...]) -> Iterator[str]:
    return (f"# {visible(text)}" for text in texts)


def _has_secrets(session: Session) -> bool:
    return bool(session.seed)
