"""`authwalk export SESSION --as curl`: the requests of a session in the words of another tool."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from flows.export import EXPORTS, Unquotable
from flows.session import STEP_IDS, Exchanged, Session
from flows.steps import STEP
from flows.text import duration, visible
from tui.commands import SOUND, usage
from tui.commands.show import load_session


def main(args: argparse.Namespace) -> int:
    if args.step and args.step not in STEP_IDS:
        raise usage(f"{visible(args.step)} is no step; the steps are {' '.join(STEP_IDS)}")
    session = load_session(args.session)
    wanted = [entry for entry in session.exchanges if args.step in (None, entry.step)]
    if not wanted:
        where = f"at {STEP[args.step].title}" if args.step else "in it"
        print(f"authwalk: the session has no requests {where}", file=sys.stderr)
    if args.with_secrets and not _has_secrets(session):
        print("authwalk: the session was saved without its secrets", file=sys.stderr)
    blocks = (_command(entry, args.format, args.with_secrets) for entry in wanted)
    print("\n\n".join(blocks))
    return SOUND


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
