"""A one-line editor that never holds what a terminal would obey or hide."""

from __future__ import annotations

from textual.widgets import Input

from flows.text import visible


def printable(text: str) -> str:
    """`text` without control, bidi and invisible characters: what can be read is what is sent."""
    if visible(text) == text:
        return text
    return "".join(char for char in text if visible(char) == char)


class LineInput(Input):
    """An Input whose value is always `printable`, whether typed, pasted or set."""

    def validate_value(self, value: str) -> str:
        return printable(value)
