"""A parser whose help costs no time, and which says of a mistyped word what was meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui.commands import usage
from tui.help_texts import COMMANDS
from tui.spelling import hint

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class Formatter(argparse.RawDescriptionHelpFormatter):
    """80 columns, whatever the terminal: to look at its size costs as much as all the rest."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=31, width=80)


class Parser(argparse.ArgumentParser):
    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        # argparse's own says nothing of output that cannot be written.
        print(self.format_help(), end="", file=file)

    def error(self, message: str) -> NoReturn:
        raise usage(f"{message}\nTry: {self.prog} --help")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse's own, with what was meant."""
        if action.choices is not None and value not in action.choices:
            choices = tuple(map(str, action.choices))
            meant = hint(str(value), choices)
            says = f"{value!r} is none of {', '.join(choices)}{meant and f': {meant}'}"
            raise argparse.ArgumentError(action, says)


def check_word(first: str) -> None:
    """A word that is neither a URL nor a file was meant to be a command. Raises Failure."""
    if re.fullmatch(r"[A-Za-z][A-Za-z-]*", first) and not Path(first).exists():
        if meant := hint(first.lower(), COMMANDS):
            raise usage(f"{first} is no command: {meant}\nTry: authwalk --help")
        says = f"{first} is no command, no http or https URL and no session file"
        raise usage(f"{says}\nTry: authwalk --help")


def refuse(
    unknown: Sequence[str], command: str, every: Mapping[str, argparse.ArgumentParser]
) -> NoReturn:
    """Raises Failure. The value of an option is not repeated: it may be a secret."""
    from flows.text import visible

    mine, name = every[command], unknown[0].partition("=")[0]
    shown = visible(name, limit=200)
    if not name.startswith("-"):
        mine.error(f"unrecognized argument: {shown}")
    known = {other: _options(parser) for other, parser in every.items()}
    # Without the dashes, which all of them have.
    meant = hint(name.lstrip("-"), (option.lstrip("-") for option in known[command]), dashed="--")
    others = [other for other, options in known.items() if name in options and other in COMMANDS]
    if not meant and others:
        meant = f"it is one of {' and '.join(others[:3])}"
    mine.error(f"{mine.prog} has no option {shown}{meant and f': {meant}'}")


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [name for action in parser._actions for name in action.option_strings]


def parsers(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands, by name."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found
