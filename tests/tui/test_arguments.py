"""A command's parser alone, which is made when the command is given, and that of all of them."""

from __future__ import annotations

import re

import pytest

from tui.argument_parser import parsers
from tui.arguments import parser
from tui.help_texts import COMMANDS


@pytest.mark.parametrize("name", ["app", *COMMANDS])
def test_a_command_alone_takes_what_it_takes_in_the_whole(name: str) -> None:
    alone, whole = parsers(parser(name)), parsers(parser())
    assert list(alone) == [name]
    assert alone[name].format_help() == whole[name].format_help()


def test_help_names_every_command() -> None:
    said = parser().format_help()
    named = re.findall(r"^    ([a-z-]+)", said, re.MULTILINE)
    assert named == list(COMMANDS)
