"""`authwalk help [TOPIC | COMMAND]`, and the manual page."""

from __future__ import annotations

import argparse

from flows.text import visible
from tui.arguments import parse
from tui.commands import SOUND, usage
from tui.help_texts import COMMANDS
from tui.spelling import hint
from tui.topics import TOPICS, listing, manual


def main(args: argparse.Namespace) -> int:
    if args.man:
        print(manual())
    elif args.topic is None:
        print(listing())
    elif args.topic in TOPICS:
        print(TOPICS[args.topic][1], end="")
    elif args.topic in COMMANDS:
        parse([args.topic, "--help"])
    else:
        meant = hint(args.topic, (*TOPICS, *COMMANDS), "authwalk help lists the topics")
        raise usage(f"{visible(args.topic)} is no topic: {meant}")
    return SOUND
