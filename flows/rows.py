"""Rows of a large text, indexed in slices and read one at a time.

A body is kept as bytes and an index of where its rows start: a million lines as a million `str`
would take ten times the body. Work comes in slices (`step`), so that an event loop can do
something else in between; what is indexed so far can be read at any moment.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Protocol

from flows.text import visible

SLICE = 32 * 1024
"""Bytes of text that one `step` looks at."""

LONGEST_ROW = 1024
"""Cells of a row where lines are not folded to a width: beyond, a line goes on in the next row."""

MOST_HITS = 100_000


class Rows(Protocol):
    """What a body view draws: rows of text made safe to show, over bytes that can be searched."""

    @property
    def data(self) -> bytes | bytearray: ...

    @property
    def complete(self) -> bool: ...

    def __len__(self) -> int: ...

    def text(self, row: int) -> str:
        """One row as it is shown: passed through `visible`, without its line end."""

    def start(self, row: int) -> int:
        """Offset in `data` of a row's first byte."""

    def row_at(self, offset: int) -> int:
        """The row that holds the byte at `offset`, the last one indexed when it lies beyond."""

    def continues(self, row: int) -> bool:
        """Whether a row goes on with the line of the row above."""

    def spans(self, row: int, start: int, end: int) -> list[tuple[int, int]]:
        """The columns of `text(row)` that show the bytes of `data[start:end]`."""

    def fold(self, width: int | None) -> None:
        """Fold to a new width in cells, None for `LONGEST_ROW`; the index starts again."""

    def step(self) -> bool:
        """Do one slice of work; False when there is nothing left to do."""


def shown(data: bytes | bytearray) -> str:
    """UTF-8 text, safe to show; bytes that are wrong in UTF-8 show as `\\xNN`."""
    return visible(data.decode("utf-8", "backslashreplace"), lines=True)


class TextRows:
    """Rows of UTF-8 text, whole or growing: `pieces` are appended to `data` as steps are made.

    `measure` says how many cells a text takes; a protocol module knows no terminal, so the widget
    hands in its own.
    """

    def __init__(
        self,
        data: bytes = b"",
        pieces: Iterator[bytes] | None = None,
        *,
        measure: Callable[[str], int] = len,
    ) -> None:
        self.data: bytes | bytearray = data if pieces is None else bytearray(data)
        self.lines = 0
        """Lines begun so far, however many rows each takes."""
        self._pieces = pieces
        self._sizes = _Sizes(measure)
        self._width = LONGEST_ROW
        self._starts = array("Q" if len(data) >> 32 else "I")
        self._indexed = 0

    @property
    def complete(self) -> bool:
        return self._pieces is None and self._indexed == len(self.data)

    def __len__(self) -> int:
        return len(self._starts)

    def text(self, row: int) -> str:
        start, end = self._bounds(row)
        return shown(self.data[start:end])

    def start(self, row: int) -> int:
        return self._starts[row]

    def row_at(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)

    def continues(self, row: int) -> bool:
        start = self._starts[row]
        return start > 0 and self.data[start - 1] != 0x0A

    def line_bounds(self, row: int) -> tuple[int, int]:
        """Offsets of the whole line that a row belongs to, without its line end."""
        start = self.data.rfind(b"\n", 0, self._starts[row]) + 1
        end = self.data.find(b"\n", start)
        return start, self._without_cr(start, len(self.data) if end < 0 else end)

    def spans(self, row: int, start: int, end: int) -> list[tuple[int, int]]:
        first, last = self._bounds(row)
        start, end = max(start, first), min(end, last)
        if start >= end:
            return []
        return [(len(shown(self.data[first:start])), len(shown(self.data[first:end])))]

    def fold(self, width: int | None) -> None:
        width = LONGEST_ROW if width is None else min(max(width, 1), LONGEST_ROW)
        if width != self._width:
            self._width = width
            self._starts = array(self._starts.typecode)
            self._indexed = self.lines = 0

    def step(self) -> bool:
        if self._pieces is not None:
            piece = next(self._pieces, None)
            if piece is None:
                self._pieces = None
            else:
                self.data += piece
        self._index()
        return not self.complete

    def _bounds(self, row: int) -> tuple[int, int]:
        start = self._starts[row]
        end = self._starts[row + 1] if row + 1 < len(self._starts) else self._indexed
        if end > start and self.data[end - 1] == 0x0A:
            end = self._without_cr(start, end - 1)
        return start, end

    def _without_cr(self, start: int, end: int) -> int:
        line_end = end < len(self.data)
        return end - 1 if line_end and end > start and self.data[end - 1] == 0x0D else end

    def _index(self) -> None:
        data, at = self.data, self._indexed
        stop = min(at + SLICE, len(data))
        whole = self._pieces is None and stop == len(data)
        if not whole:
            line_end = data.rfind(b"\n", at, stop) + 1
            if line_end == 0 and stop - at < SLICE:
                return  # a line that has not come in full
            whole = line_end > 0
            stop = line_end or _before_character(data, stop)
        piece = bytes(data[at:stop])
        if whole:
            lines = piece.split(b"\n")
            if not lines[-1]:
                lines.pop()
            self._lines(at, lines, plain=_as_it_is(piece))
            self._indexed = stop
        else:
            # Somewhere in a line longer than a slice: its last row is left for the next one.
            *rows, last = self._cuts(at, piece)
            self._begin(at, len(rows))
            self._starts.extend(rows)
            self._indexed = last

    def _begin(self, at: int, rows: int) -> None:
        if rows and (at == 0 or self.data[at - 1] == 0x0A):
            self.lines += 1

    def _lines(self, at: int, lines: list[bytes], *, plain: bool) -> None:
        self.lines += len(lines) - (at > 0 and self.data[at - 1] != 0x0A)
        lengths = [len(line) for line in lines]
        if plain and max(lengths, default=0) <= self._width:
            starts = accumulate((length + 1 for length in lengths[:-1]), initial=at)
            self._starts.extend(starts if lines else ())
            return
        for line, length in zip(lines, lengths, strict=True):
            self._starts.extend(self._cuts(at, line.removesuffix(b"\r")))
            at += length + 1

    def _cuts(self, at: int, line: bytes) -> list[int]:
        """Where the rows of a line, or of a piece of one, start: after a space, where the last
        third of the row before has one."""
        width, length = self._width, len(line)
        if _as_it_is(line):
            if length <= width:  # no character takes more cells than bytes
                return [at]
            if line.isascii():
                return [at + start for start in _between_words(line, width)]
        starts = [at]
        offset, room, end = 0, width, 4 * width
        space: tuple[int, int] | None = None
        for char in line.decode("utf-8", "surrogateescape"):
            cells, size = self._sizes[char]
            # Marks take no cell: without the second condition a row of them would not end.
            if (cells > room or offset >= end) and offset:
                start, left = space or (offset, room)
                starts.append(at + start)
                room, end, space = width - left + room, start + 4 * width, None
            room -= cells
            offset += size
            if char == " " and room < width // 3:
                space = offset, room
        return starts


def _between_words(line: bytes, width: int) -> Iterator[int]:
    """`TextRows._cuts` of an ASCII line, from 0."""
    start, length = 0, len(line)
    yield start
    while length - start > width:
        end = start + width
        space = line.rfind(b" ", end - width // 3, end)
        start = end if space < 0 else space + 1
        yield start


def _before_character(data: bytes | bytearray, end: int) -> int:
    """`end`, or up to three bytes before it where that would cut a UTF-8 sequence."""
    for back in range(end, end - 4, -1):
        if back == len(data) or data[back] & 0xC0 != 0x80:
            return back
    return end


class _Sizes(dict[str, tuple[int, int]]):
    """Cells that a character takes when shown, and its bytes in UTF-8."""

    def __init__(self, measure: Callable[[str], int]) -> None:
        self._measure = measure

    def __missing__(self, char: str) -> tuple[int, int]:
        if len(self) > 10_000:
            self.clear()
        data = char.encode("utf-8", "surrogateescape")
        self[char] = self._measure(shown(data)), len(data)
        return self[char]


_AS_IT_IS = bytes(range(0x20, 0x7F)) + b"\n"


def _as_it_is(data: bytes) -> bool:
    """Whether every character of some lines is shown as itself."""
    if data.isascii():
        return not data.translate(None, _AS_IT_IS)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return visible(text, lines=True) is text


class HexRows:
    """Offset, bytes and characters, computed row by row: `0000001f  7b 22 61  {"a`."""

    complete = True

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._per_row = 16

    def __len__(self) -> int:
        return -(-len(self.data) // self._per_row)

    def text(self, row: int) -> str:
        at, count = row * self._per_row, self._per_row
        chunk = self.data[at : at + count]
        characters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in chunk)
        return f"{at:08x}  {chunk.hex(' '):<{count * 3 - 1}}  {characters}"

    def start(self, row: int) -> int:
        return row * self._per_row

    def row_at(self, offset: int) -> int:
        return min(offset, max(0, len(self.data) - 1)) // self._per_row

    def continues(self, row: int) -> bool:
        return False

    def spans(self, row: int, start: int, end: int) -> list[tuple[int, int]]:
        at = row * self._per_row
        first = max(start - at, 0)
        last = min(end - at, self._per_row, len(self.data) - at)
        if first >= last:
            return []
        characters = 10 + self._per_row * 3 + 1
        return [(10 + first * 3, 9 + last * 3), (characters + first, characters + last)]

    def fold(self, width: int | None) -> None:
        """Sixteen bytes a row, or eight or four where the width has no room for them."""
        room = 80 if width is None else width
        self._per_row = next((n for n in (16, 8) if 11 + n * 4 <= room), 4)

    def step(self) -> bool:
        return False


class Search:
    """Where a text stands in the bytes under some rows, without regard to letter case.

    `hits` are offsets in order, at most `MOST_HITS` of them: `more` says that there are others.
    """

    def __init__(self, rows: Rows, needle: str) -> None:
        self.needle = needle
        self.hits = array("Q")
        self.more = False
        self._rows = rows
        self._pattern = re.compile(b"".join(map(_either_case, needle)))
        self._longest = 4 * len(needle)
        self._at = 0

    @property
    def complete(self) -> bool:
        scanned = self._at >= len(self._rows.data)
        return not self.needle or self.more or (self._rows.complete and scanned)

    def step(self) -> bool:
        """Search one slice of what has come so far; False when all there is was searched."""
        data, at = self._rows.data, self._at
        if not self.needle or self.more or at >= len(data):
            return False
        # A match may reach over the slice; while data still comes, its end waits for more.
        known = len(data) if self._rows.complete else max(at, len(data) - self._longest)
        stop = min(at + 8 * SLICE, known)
        for found in self._pattern.finditer(data, at, stop + self._longest):
            if found.start() >= stop:
                break
            if len(self.hits) == MOST_HITS:
                self.more = True
                break
            self.hits.append(found.start())
            self._at = found.end()
        self._at = max(self._at, stop)
        return stop > at

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """The matches that touch `data[start:end]`, as offsets of their start and end."""
        first = bisect_right(self.hits, start - self._longest)
        touching = []
        for index in range(first, len(self.hits)):
            hit = self.hits[index]
            if hit >= end:
                break
            found = self._pattern.match(self._rows.data, hit)
            if found and found.end() > start:
                touching.append(found.span())
        return touching


def _either_case(char: str) -> bytes:
    forms = dict.fromkeys((char, char.lower(), char.upper()))
    return b"(?:%b)" % b"|".join(
        re.escape(form.encode("utf-8", "surrogatepass")) for form in forms if len(form) == 1
    )
