"""`authwalk compare A B`: two saved sessions side by side; with a URL and two hosts, one server
walked as each of them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from flows.compare import Comparison, compare
from flows.session import CAPABILITIES, Session, Target
from flows.steps import numbered
from flows.store import redact_session
from flows.unattended import walk_as_both
from flows.walk import Walk
from flows.wire import Wire
from tui.commands import PERSON, SOUND, STOPPED, usage
from tui.commands.hosts import known_host
from tui.commands.options import headers_of, web_url, wire_options
from tui.commands.show import load_session
from tui.comparison import Comparing, Walked
from tui.console import Console
from tui.ending import ending_of
from tui.lines import Lines
from tui.output import console_of
from tui.redaction import Redaction
from tui.report import print_document, report


def main(args: argparse.Namespace) -> int:
    if args.hosts:
        return _hosts(args)
    if args.b is None:
        raise usage("compare wants two session files, or a URL with --as twice")
    if args.approve:
        raise usage("--approve goes with a URL and --as")
    a, b = (_session(path, keep=args.with_secrets) for path in (args.a, args.b))
    comparison = compare(Walk(a, Wire()), Walk(b, Wire()))
    console = console_of(args)
    comparing = Comparing(console)
    one, other = Walked(args.a, a), Walked(args.b, b)
    if args.json:
        print_document(comparing.document(comparison, one, other))
    else:
        console.say(*comparing.lines("authwalk compare", comparison, one, other), "")
        console.tell(comparing.verdict(comparison))
    return _status(comparison)


def _hosts(args: argparse.Namespace) -> int:
    if args.b is not None or len(args.hosts) != 2:
        raise usage("to compare two hosts: authwalk compare URL --as HOST --as HOST")
    first, second = (known_host(name) for name in args.hosts)
    if first == second:
        raise usage(f"--as {first.name} twice: two hosts are compared")
    target = Target(web_url(args.a), headers=headers_of(args.header), declare=CAPABILITIES)
    console = console_of(args)
    walks = asyncio.run(
        walk_as_both(
            target,
            (first, second),
            wire_options(args),
            approve=args.approve,
            observe=lambda title: console.progress(f"… {title}"),
        )
    )
    console.progress("")
    comparison = compare(*walks)
    waits = _waiting(walks)
    status = PERSON if comparison.same and waits else _status(comparison)
    if args.json:
        print_document(_document(comparison, walks, waits, keep=args.with_secrets))
        return status
    redactions = [Redaction(walk.session, keep=args.with_secrets) for walk in walks]

    def text(text: str) -> str:
        return redactions[1].text(redactions[0].text(text))

    comparing = Comparing(console, text)
    named = [
        Walked(f"as {host.title}", walk.session)
        for host, walk in zip((first, second), walks, strict=True)
    ]
    console.say(*comparing.lines("authwalk compare, as two hosts", comparison, *named), "")
    console.tell(comparing.verdict(comparison, waits))
    if waits and not args.approve:
        console.tell("  --approve goes on without a person.")
    for letter, host, walk, redaction in zip("AB", (first, second), walks, redactions, strict=True):
        console.tell("", console.paint("bold", f"{letter}  as {host.title}"))
        lines = Lines(console, redaction)
        console.tell(*(line for line in lines.ending(walk, ending_of(walk)) if line))
    return status


def _waiting(walks: tuple[Walk, Walk]) -> str:
    """The step at which both wait for a person; "" where not both do."""
    endings = [ending_of(walk) for walk in walks]
    step = endings[0].verdict.step
    if step is None or any(ending.outcome != "needs-person" for ending in endings):
        return ""
    return numbered(step)


def _document(
    comparison: Comparison, walks: tuple[Walk, Walk], waits: str, *, keep: bool
) -> dict[str, Any]:
    """The document of a comparison, and in `walks` the report of each."""
    redactions = [Redaction(walk.session, keep=keep) for walk in walks]
    a, b = (Walked(walk.session.target.host or "", walk.session) for walk in walks)
    document = Comparing(Console(sys.stderr)).document(comparison, a, b, waits)
    for redaction in redactions:
        document = redaction.json(document)
    reports = [
        report(walk, ending_of(walk), redaction)
        for walk, redaction in zip(walks, redactions, strict=True)
    ]
    return {**document, "walks": reports}


def _status(comparison: Comparison) -> int:
    return SOUND if comparison.same else STOPPED


def _session(path: str, *, keep: bool) -> Session:
    """Without its secrets unless they are wanted; equal ones have equal marks and still compare.
    Raises Failure."""
    session = load_session(path)
    return session if keep else redact_session(session)
