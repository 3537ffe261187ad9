"""`authwalk explain NAME`: what a parameter, a claim, a header field or an error code means."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from flows.meanings import near, terms
from flows.text import visible
from tui.commands import SOUND, usage
from tui.explaining import explained
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    found = terms(args.name)
    if args.json:
        print_document({"name": args.name, "terms": [asdict(term) for term in found]})
        return SOUND
    if not found and not args.name.isdecimal():
        close = near(args.name)
        hint = f": did you mean {' or '.join(close)}" if close else ""
        shown = visible(args.name, limit=80)
        raise usage(f"{shown} is in no standard that authwalk knows{hint}")
    print(explained(args.name))
    return SOUND
