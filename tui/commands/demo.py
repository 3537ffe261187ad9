"""`authwalk demo`: the app on the practice servers."""

from __future__ import annotations

import argparse

from flows.wire import WireOptions
from tui.commands.app import journals_of, open_on
from tui.commands.lab import known_faults
from tui.commands.options import host_name


def main(args: argparse.Namespace) -> int:
    return open_on(
        wire_options=WireOptions(),
        demo_faults=known_faults(args.fault),
        demo_host=host_name(args.host),
        demo_tour=args.tour,
        journals=journals_of(args),
    )
