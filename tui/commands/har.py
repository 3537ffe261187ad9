"""`authwalk import FILE.har`: what a browser saw of a connection, as a session with a verdict."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.checks import Record
from flows.exchange import Exchange
from flows.har import HarError, read_file
from flows.health import health
from flows.recorded import UNREAD, session_of, tries
from flows.session import Exchanged, Session
from flows.steps import STEP, STEP_ORDER, STEPS
from flows.text import visible
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import SOUND, unreadable
from tui.commands.check import Checked, document
from tui.commands.options import reason
from tui.console import Console
from tui.lines import Lines
from tui.output import console_of, write_walk
from tui.redaction import Redaction
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    exchanges = _read(Path(args.file))
    session = _session(exchanges, args.file)
    walk = Walk(session, Wire())
    checked = Checked(walk, health(Record(session, walk.facts), walk.findings))
    redaction = Redaction(session, keep=args.with_secrets)
    console = console_of(args)
    if args.save:
        write_walk(args.save, walk, with_secrets=args.with_secrets, diagnosis=walk.diagnosis)
    lacks = _lacks(walk)
    if args.json:
        verdict = document(checked, redaction)
        sound = verdict["sound"] and not lacks
        print_document(verdict | {"sound": sound, "lacks": list(lacks)})
        return SOUND
    lines = Lines(console, redaction)
    console.say(*lines.head(session.target))
    kept = sum(1 for _ in session.exchanges)
    if kept < len(exchanges):
        console.say(f"{kept} of its {len(exchanges)} requests are of this connection")
    if (number := tries(exchanges)) > 1:
        console.say(f"{number} authorization requests are in it; the last one is read")
    tell(console, lines, walk)
    if not args.save:
        console.say("", "  --save FILE keeps it; authwalk FILE then walks on from there.")
    return SOUND


def tell(console: Console, lines: Lines, walk: Walk) -> None:
    """The exchanges of a record, what is found in them, and the verdict."""
    console.say("", *lines.exchanges(walk.session))
    if told := [one for one in walk.findings if one.speaks]:
        console.say("", *lines.findings(told))
    lacks = ", and ".join(_lacks(walk))
    console.tell("", *lines.diagnosis(walk, walk.diagnosis, lacks=lacks))


def _lacks(walk: Walk) -> tuple[str, ...]:
    """What keeps a record without a fault from being that of a sound walk."""
    if walk.current is None:
        return ()
    events = walk.session.events
    last = max((event.step for event in events), key=STEP_ORDER.__getitem__)
    ends = f"the record ends at {STEP[last].title}" if last != STEPS[-1].id else ""
    kept = [event for event in events if isinstance(event, Exchanged) and event.probe == UNREAD]
    unread = [event.exchange.error.text for event in kept if event.exchange.error]
    many = f"{len(unread)} answers" if len(unread) > 1 else "an answer"
    words = f"{many} in it cannot be read: {unread[0]}" if unread else ""
    return tuple(filter(None, (ends, words)))


def _read(path: Path) -> tuple[Exchange, ...]:
    """Raises Failure."""
    shown = visible(str(path))
    try:
        return read_file(path)
    except OSError as error:
        raise unreadable(f"{shown} cannot be read: {reason(error)}") from error
    except HarError as error:
        raise unreadable(f"{shown}: {visible(str(error), limit=300)}") from error


def _session(exchanges: tuple[Exchange, ...], name: str) -> Session:
    """Raises Failure."""
    try:
        return session_of(exchanges)
    except HarError as error:
        raise unreadable(f"{visible(name)}: {visible(str(error), limit=300)}") from error
