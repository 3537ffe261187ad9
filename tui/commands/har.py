"""`authwalk import FILE.har`: what a browser saw of a connection, as a session with a verdict."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flows.checks import Record
from flows.har import MOST_BYTES, HarError, read_har, session_of
from flows.health import health
from flows.session import Session
from flows.text import size, visible
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import SOUND, unreadable
from tui.commands.check import Checked, document, save_walk
from tui.commands.options import reason
from tui.console import Console
from tui.lines import Lines
from tui.redaction import Redaction
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    session = _read(Path(args.file))
    walk = Walk(session, Wire())
    checked = Checked(walk, health(Record(session, walk.facts), walk.findings))
    redaction = Redaction(session, keep=args.with_secrets)
    console = Console(sys.stderr if args.json else sys.stdout, quiet=args.quiet)
    if args.save:
        save_walk(Path(args.save), walk, args.with_secrets)
    if args.json:
        print_document(document(checked, redaction))
        return SOUND
    lines = Lines(console, redaction)
    console.say(*lines.head(session.target), "", *lines.exchanges(session))
    if told := [one for one in checked.findings if one.speaks]:
        console.say("", *lines.findings(told))
    console.tell("", *lines.diagnosis(walk, checked.diagnosis))
    if not args.save:
        console.say("", "  --save FILE keeps it; authwalk FILE then walks on from there.")
    return SOUND


def _read(path: Path) -> Session:
    """Raises Failure."""
    shown = visible(str(path))
    try:
        if path.stat().st_size > MOST_BYTES:
            raise unreadable(f"{shown} has more than {size(MOST_BYTES)}")
        return session_of(read_har(path.read_bytes()))
    except OSError as error:
        raise unreadable(f"{shown} cannot be read: {reason(error)}") from error
    except HarError as error:
        raise unreadable(f"{shown}: {visible(str(error), limit=300)}") from error
