"""`authwalk help [TOPIC | COMMAND]`, and the manual page."""

from __future__ import annotations

import argparse
from difflib import get_close_matches

from flows.text import visible
from tui.arguments import parse
from tui.commands import SOUND, usage
from tui.help_texts import COMMANDS
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
        close = get_close_matches(args.topic, (*TOPICS, *COMMANDS), 1)
        hint = f"did you mean {close[0]}" if close else "authwalk help lists the topics"
        raise usage(f"{visible(args.topic)} is no topic: {hint}")
    return SOUND
