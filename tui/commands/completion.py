"""`authwalk completion SHELL`: a completion script, printed."""

from __future__ import annotations

import argparse

import shtab

from tui.argument_parser import parsers
from tui.arguments import parser
from tui.commands import SOUND
from tui.help_texts import COMMANDS
from tui.topics import TOPICS

_FILES = ("FILE", "SESSION", "A", "B", "URL | SESSION.toml", "FILE | URL")


def main(args: argparse.Namespace) -> int:
    top = parser()
    for each in (top, *parsers(top).values()):
        for action in each._actions:
            if action.dest == "topic":
                action.choices = [*TOPICS, *COMMANDS]
            if action.metavar in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(top, args.shell))
    return SOUND
