"""Work in a large text that gives way in between, so that an event loop can answer keys.

Each is a generator: what it yields says nothing, what it returns is the result. The text may grow
at its end meanwhile.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Sliced = Generator[None, None, T]

WINDOW = 1 << 18
"""Bytes looked through at once, less than 2 ms whatever is looked for."""


def finish(work: Sliced[T]) -> T:
    """Do all of the work at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def find(data: bytes | bytearray, sought: bytes, start: int) -> Sliced[int]:
    """As `data.find(sought, start)`."""
    while start < len(data):
        found = data.find(sought, start, start + WINDOW + len(sought) - 1)
        if found >= 0:
            return found
        start += WINDOW
        yield
    return -1


def find_last(data: bytes | bytearray, sought: tuple[bytes, ...], end: int) -> Sliced[int]:
    """Where the last of some texts of one length begins in `data[:end]`; -1 where there is none."""
    overlap = len(sought[0]) - 1
    while True:
        start = max(0, end - WINDOW)
        found = max(data.rfind(one, start, end) for one in sought)
        if found >= 0 or start == 0:
            return found
        end = start + overlap
        yield


def count(data: bytes | bytearray, sought: bytes, start: int, end: int) -> Sliced[int]:
    """As `data.count(sought, start, end)`, of a text that cannot overlap itself."""
    number = 0
    while start < end:
        number += data.count(sought, start, min(end, start + WINDOW + len(sought) - 1))
        start += WINDOW
        yield
    return number


def text(data: bytes | bytearray, start: int, end: int, less: bytes = b"") -> Sliced[str]:
    """`data[start:end]` as text, wrong bytes as `\\xNN`, without `less` at the start of lines."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    parts = []
    while start < end:
        # Up to a line end, so that no start of a line is cut; escapes take the most time.
        stop = data.rfind(b"\n", start + 1, start + WINDOW // 8) if less else -1
        stop = min(end, stop if stop > 0 else start + WINDOW // 8)
        piece = data[start:stop]
        piece = piece.replace(b"\n" + less, b"\n") if less else piece
        parts.append(decoder.decode(piece, final=stop == end))
        start = stop
        yield
    return "".join(parts)
