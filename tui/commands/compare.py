"""`authwalk compare A B`: two saved sessions side by side."""

from __future__ import annotations

import argparse
import sys

from flows.compare import compare
from flows.session import Session
from flows.store import redact_session
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import SOUND, STOPPED
from tui.commands.show import load_session
from tui.comparison import Comparing, Walked
from tui.console import Console
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    a, b = (_session(path, keep=args.with_secrets) for path in (args.a, args.b))
    comparison = compare(Walk(a, Wire()), Walk(b, Wire()))
    console = Console(sys.stderr if args.json else sys.stdout, quiet=args.quiet)
    comparing = Comparing(console)
    one, other = Walked(args.a, a), Walked(args.b, b)
    if args.json:
        print_document(comparing.document(comparison, one, other))
    else:
        console.say(*comparing.lines("authwalk compare", comparison, one, other), "")
        console.tell(comparing.verdict(comparison))
    return SOUND if comparison.same else STOPPED


def _session(path: str, *, keep: bool) -> Session:
    """Without its secrets unless they are wanted; equal ones have equal marks and still compare.
    Raises Failure."""
    session = load_session(path)
    return session if keep else redact_session(session)
