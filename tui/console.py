"""Lines for a person: marks, a little colour, and the way each line takes to its stream."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable
from typing import Literal, TextIO

from flows.text import visible

Style = Literal["ok", "info", "warn", "error", "dim", "bold"]

WIDTH = 80
_SGR = {"ok": "32", "info": "36", "warn": "33", "error": "31", "dim": "2", "bold": "1"}
_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_MARKS = {
    "ok": "✓",
    "info": "·",
    "warn": "!",
    "error": "✗",
    "skipped": "\N{EN DASH}",
    "waiting": "…",
    "unknown": "?",
}
_ASCII = {"ok": "+", "info": ".", "warn": "!", "error": "x", "skipped": "-"}
_ASCII |= {"waiting": "?", "unknown": "?"}


class Console:
    """A stream for lines, and stderr for what a terminal shows while they are awaited.

    Colour, signs beyond ASCII and the width follow the stream. `quiet` drops `say`; `tell` is
    always said.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.tty = stream.isatty()
        self.width = _columns(stream) if self.tty else WIDTH
        self._stream = stream
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self._colour = self.tty and not plain
        self._marks = _MARKS if _can_show("".join(_MARKS.values()), stream) else _ASCII
        self._shows_progress = sys.stderr.isatty() and not quiet
        self._progress = ""

    def mark(self, kind: str) -> str:
        styles: dict[str, Style] = {"skipped": "dim", "unknown": "dim", "waiting": "info"}
        style: Style = styles.get(kind, kind)  # type: ignore[arg-type]
        return self.paint(style, self._marks[kind])

    def paint(self, style: Style, text: str) -> str:
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self._colour and text else text

    def say(self, *lines: str) -> None:
        if not self.quiet:
            self.tell(*lines)

    def tell(self, *lines: str) -> None:
        self.progress("")
        for line in lines:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def progress(self, text: str) -> None:
        """What is under way; replaced by the next one, gone with the next line."""
        if self._shows_progress and text != self._progress:
            sys.stderr.write(f"\r\x1b[K{shortened(text, self.width - 1)}")
            sys.stderr.flush()
            self._progress = text

    def wrapped(self, text: str, *, first: str, rest: int, style: Style | None = None) -> list[str]:
        """`text`, which must be safe to show, in lines behind `first` and then `rest` spaces.
        Words are never broken, so that a URL can be copied."""
        start = len(_PAINT.sub("", first))
        lines = textwrap.wrap(
            text,
            max(24 + rest, self.width),
            initial_indent="x" * start,
            subsequent_indent=" " * rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        plain = [line[rest if number else start :] for number, line in enumerate(lines)] or [""]
        painted = (self.paint(style, line) if style else line for line in plain)
        return [f"{' ' * rest if i else first}{line}" for i, line in enumerate(painted)]


def shortened(text: str, most: int) -> str:
    """`text` with its middle left out where it has more than `most` characters: of a URL both
    ends say something."""
    if len(text) <= most:
        return text
    head = max(1, most * 2 // 5)
    return f"{text[:head]}…{text[len(text) - max(1, most - head - 1) :]}"


def table(
    rows: Iterable[tuple[str, str]], *, indent: int, gap: int = 2, most: int = 24
) -> list[str]:
    """Two aligned columns; the first no wider than `most`."""
    pairs = [(visible(left), right) for left, right in rows]
    width = min(most, max((len(left) for left, _ in pairs), default=0))
    return [f"{' ' * indent}{left:<{width}}{' ' * gap}{right}".rstrip() for left, right in pairs]


def _columns(stream: TextIO) -> int:
    """Never wider than can be read comfortably."""
    try:
        return min(100, max(40, os.get_terminal_size(stream.fileno()).columns))
    except (OSError, ValueError):
        return WIDTH


def _can_show(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
