"""`authwalk explain NAME`: what a parameter, a claim, a header field, an error code or a check
means."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from flows.checks import Check, all_checks
from flows.meanings import near, terms
from flows.session import PARTIES
from flows.steps import STEP
from flows.text import visible
from tui.commands import SOUND, usage
from tui.explaining import explained
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    if check := next((one for one in all_checks() if one.id == args.name.upper()), None):
        return _tell(check, args)
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


def _tell(check: Check, args: argparse.Namespace) -> int:
    party = PARTIES[check.party]
    if args.json:
        told = {"check": check.id, "step": check.step, "party": check.party}
        rule = {"rule": check.asserts, "standard": check.standard, "fix": check.fix}
        print_document(told | rule)
        return SOUND
    print(f"{check.id}, {STEP[check.step].title}: {check.asserts}")
    print(f"  {check.standard}\n\nAt fault where it does not hold: {party}.\n{check.fix}")
    return SOUND
