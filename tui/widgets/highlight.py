"""Which part of a line is what: names, strings, numbers. Pygments only where it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual.cache import LRUCache

from flows.rows import Rows
from tui.opening import openable
from tui.widgets.lines import Span

LOOKS = ("name", "string", "number", "constant", "mark", "comment", "head", "opens")
"""What a highlighter tells apart, which `RowsView.LOOKS` draws."""

_STRING = r'"(?:[^"\\]|\\.)*+'
_PATTERNS = {
    "json": re.compile(
        rf'(?P<name>{_STRING}"(?=\s*:))|(?P<string>{_STRING}"?)|(?P<mark>[{{}}\[\],:]+)'
        r"|(?P<number>-?\d[\d.eE+-]*)|(?P<constant>\b(?:true|false|null)\b)"
    ),
    "form": re.compile(r"^(?P<name>[^=]+?) +(?P<mark>=) (?P<string>.*)$"),
    "hex": re.compile(r"^(?P<mark>[0-9a-f]{8,})"),
    "sse": re.compile(r"^(?P<head>\S+)(?P<mark>.*)$"),
}


# Of one folded line; far into a longer one nothing is told apart. Pygments takes 10 ms for these.
_ROWS, _CHARACTERS, _WITH_PYGMENTS = 64, 8192, 1536


class RowHighlighter:
    """Highlights rows, each as a part of the line that was folded into it."""

    def __init__(self, rows: Rows, language: str) -> None:
        self._rows = rows
        self._language = language
        self._lines: LRUCache[int, list[list[Span]]] = LRUCache(256)  # by first row

    def clear(self) -> None:
        """Forget what was found, for rows that are folded anew or still come in."""
        self._lines.clear()

    def spans(self, row: int) -> list[Span]:
        rows, first = self._rows, row
        while rows.continues(first):
            if row - first == _ROWS:
                return []
            first -= 1
        line = self._lines.get(first)
        if line is None:
            language = self._language
            most = _CHARACTERS if language in (*_PATTERNS, "") else _WITH_PYGMENTS
            texts = [rows.text(first)[:most]]
            room, end = most - len(texts[0]), first + 1
            while room > 0 and end < min(len(rows), first + _ROWS) and rows.continues(end):
                texts.append(rows.text(end)[:room])
                room -= len(texts[-1])
                end += 1
            whole = "".join(texts)
            opens = ((*columns, "opens") for columns in openable(whole))
            line = list(_split([*highlight(whole, language), *opens], texts))
            self._lines[first] = line
        return line[row - first] if row - first < len(line) else []


def _split(spans: list[Span], texts: list[str]) -> Iterator[list[Span]]:
    """The spans of the joined texts, for each of them."""
    at = 0
    for text in texts:
        end = at + len(text)
        yield [
            (max(start, at) - at, min(stop, end) - at, name)
            for start, stop, name in spans
            if start < end and stop > at
        ]
        at = end


def highlight(line: str, language: str) -> list[Span]:
    """The spans of a line in a language, in order; none for a language nobody knows."""
    if language == "sse" and line.startswith(" "):
        language = "json"  # the data of an event
    pattern = _PATTERNS.get(language)
    if pattern is None:
        return _with_pygments(line, language) if language else []
    return [
        (*found.span(name), name)
        for found in pattern.finditer(line)
        for name, text in found.groupdict().items()
        if text
    ]


def _with_pygments(line: str, language: str) -> list[Span]:
    # Importing it costs what a screen without such a body need not pay.
    from textual.highlight import HighlightTheme, highlight

    class Theme(HighlightTheme):
        STYLES = _PYGMENTS

    # The lexer sees a line end behind the line.
    return [
        (span.start, min(span.end, len(line)), span.style)
        for span in highlight(line, language=language, theme=Theme).spans
        if isinstance(span.style, str)
        if span.style in LOOKS and span.start < len(line)
    ]


_PYGMENTS: dict[tuple[str, ...], str] = {
    ("Comment",): "comment",
    ("Name", "Tag"): "name",
    ("Name", "Attribute"): "name",
    ("Name", "Variable"): "name",
    ("Name", "Builtin"): "head",
    ("Keyword",): "constant",
    ("Literal", "String"): "string",
    ("Literal", "Number"): "number",
    ("Punctuation",): "mark",
    ("Operator",): "mark",
}
