"""`authwalk keys`: every key of the app, with the ids that keys.toml goes by."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from itertools import groupby

from flows.text import visible
from tui import config
from tui.commands import SOUND
from tui.console import Console
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    from tui.all_keys import all_keys, named_key

    entries = all_keys()
    path = config.folder() / "keys.toml"
    own, problems = config.load_keys(path, {entry.id: entry.pane for entry in entries})
    entries = tuple(
        replace(entry, keys=tuple(map(named_key, own[entry.id].split(","))))
        if entry.id in own
        else entry
        for entry in entries
    )
    for words in problems:
        print(f"authwalk: {words}", file=sys.stderr)
    if args.json:
        print_document({"keys": [asdict(entry) for entry in entries], "file": str(path)})
        return SOUND
    console = Console(sys.stdout)
    for pane, group in groupby(entries, key=lambda entry: entry.pane):
        console.say(console.paint("bold", pane))
        for entry in group:
            first = f"  {', '.join(entry.keys):<18} {entry.id:<24} "
            console.say(*console.wrapped(entry.tooltip or entry.title, first=first, rest=45))
    console.say("", f'Your own keys stand in {visible(str(path))}: "walk.next" = "enter,n"')
    return SOUND
