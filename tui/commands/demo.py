"""`authwalk demo`: the app on the practice servers."""

from __future__ import annotations

import argparse

from flows.wire import WireOptions
from tui.commands.app import journals_of, open_on
from tui.commands.lab import known_faults


def main(args: argparse.Namespace) -> int:
    faults = known_faults(args.fault)
    return open_on(wire_options=WireOptions(), demo_faults=faults, journals=journals_of(args))
