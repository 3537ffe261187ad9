"""`authwalk show SESSION`: the steps of a saved session, as `run` would have printed them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flows.session import Session
from flows.store import SessionFileError, load
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import SOUND, har, unreadable
from tui.commands.run import Printer
from tui.ending import ending_of
from tui.lines import Lines
from tui.output import console_of
from tui.redaction import Redaction
from tui.report import print_document, report


def main(args: argparse.Namespace) -> int:
    session = load_session(args.session)
    walk = Walk(session, Wire())
    console = console_of(args)
    redaction = Redaction(session, keep=args.with_secrets)
    lines = Lines(console, redaction)
    ending = ending_of(walk)
    if args.json:
        print_document(report(walk, ending, redaction))
    elif session.imported and all(event.imported for event in session.exchanges):
        console.say(*lines.head(session.target), "recorded by a browser")
        har.tell(console, lines, walk)
    else:
        when = session.created.astimezone()
        console.say(*lines.head(session.target), f"walked {when:%Y-%m-%d %H:%M:%S %Z}")
        Printer(lines, lists=args.list).finish(walk)
        console.tell(*lines.ending(walk, ending))
    return SOUND


def load_session(path: str) -> Session:
    """Raises Failure."""
    try:
        return load(Path(path), lambda words: print(f"authwalk: {words}", file=sys.stderr))
    except SessionFileError as error:
        raise unreadable(str(error)) from error
