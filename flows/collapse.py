"""Rows of laid-out JSON of which some are hidden behind the row that opens an array or object.

What is hidden is kept as offsets in the text, which stay when the rows are folded to another width.
Finding the brackets of one value is a search in bytes and reads no value.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from flows.frozen import frozen
from flows.rows import TextRows
from flows.slices import WINDOW, Sliced, find, find_last, finish

MOST = 2000
"""Values collapsed at once by `collapse_members`."""
_COUNTED = 1 << 19
"""Bytes of a value up to which its members are counted."""
_NAME = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+": )?'
_OPENS = re.compile(rb"( *)%b([{\[])" % _NAME)
_MEMBER_OPENS = re.compile(rb"^  %b[{\[]$" % _NAME, re.MULTILINE)
_CLOSER = {b"{": b"}", b"[": b"]"}


@frozen
class Hidden:
    """`start` and `end` are the offsets of the hidden lines, that of the closing bracket among
    them; `words` stand behind the bracket that opens, in their place."""

    start: int
    end: int
    words: str


class CollapsibleRows:
    """`TextRows`, some of them hidden. A row of these is one that is shown."""

    def __init__(self, rows: TextRows) -> None:
        self._rows = rows
        self._hidden: dict[int, Hidden] = {}  # by start
        self._known = -1  # rows below when the gaps were found
        self._gaps: list[tuple[int, int, Hidden]] = []  # first and last row + 1, none in another
        self._shown: list[int] = []  # the row that stands behind each gap
        self._skipped: list[int] = []  # rows hidden up to there, each gap included

    # Rows

    @property
    def data(self) -> bytes | bytearray:
        return self._rows.data

    @property
    def complete(self) -> bool:
        return self._rows.complete

    def __len__(self) -> int:
        self._find_gaps()
        return len(self._rows) - (self._skipped[-1] if self._skipped else 0)

    def text(self, row: int) -> str:
        below = self._below(row)
        text = self._rows.text(below)
        hidden = self._behind(below)
        return f"{text} {hidden.words}" if hidden else text

    def start(self, row: int) -> int:
        return self._rows.start(self._below(row))

    def row_at(self, offset: int) -> int:
        """The row that holds the byte at `offset`, or the one that it is hidden behind."""
        self._find_gaps()
        below = self._rows.row_at(offset)
        at = bisect_right(self._gaps, below, key=_first)
        if at and below < self._gaps[at - 1][1]:
            return self._shown[at - 1] - 1
        return below - (self._skipped[at - 1] if at else 0)

    def continues(self, row: int) -> bool:
        return self._rows.continues(self._below(row))

    def spans(self, row: int, start: int, end: int) -> list[tuple[int, int]]:
        return self._rows.spans(self._below(row), start, end)

    def line_bounds(self, row: int) -> tuple[int, int]:
        return self._rows.line_bounds(self._below(row))

    def fold(self, width: int | None) -> None:
        self._rows.fold(width)
        self._known = -1

    def step(self) -> bool:
        return self._rows.step()

    # Hiding

    @property
    def collapsed(self) -> int:
        """How many values are collapsed."""
        return len(self._hidden)

    def is_collapsed(self, row: int) -> bool:
        """Whether something is hidden behind this row."""
        return self._behind(self._below(row)) is not None

    def collapse(self, row: int) -> int | None:
        """Hide what the row opens, or else the value that it stands in. The offset of the line
        that stays, or None where there is nothing to hide, or its end has not come yet."""
        return finish(self.collapsing(row))

    def collapsing(self, row: int) -> Sliced[int | None]:
        """As `collapse`, in slices."""
        start, _ = self.line_bounds(row)
        opens: int | None = start
        if self.is_collapsed(row) or not self._opens(start):
            opens = yield from self._around(start)
        hidden = None if opens is None else (yield from self._behind_bracket(opens))
        if hidden is None:
            return None
        self._hidden[hidden.start] = hidden
        self._known = -1
        return opens

    def expand(self, row: int) -> bool:
        """Show again what is hidden behind the row."""
        hidden = self._behind(self._below(row))
        if hidden is None:
            return False
        del self._hidden[hidden.start]
        self._known = -1
        return True

    def expand_all(self) -> None:
        self._hidden.clear()
        self._known = -1

    def collapse_members(self) -> int:
        """Hide the arrays and objects inside the outermost value, at most `MOST`; how many."""
        return finish(self.collapsing_members())

    def collapsing_members(self) -> Sliced[int]:
        """As `collapse_members`, in slices, and all of them together at the end."""
        data, at = self.data, 0
        members: dict[int, Hidden] = {}
        while at < len(data) and len(members) < MOST:
            stop = data.find(b"\n", at + WINDOW) + 1 or len(data)
            found = _MEMBER_OPENS.search(data, at, stop)
            hidden = (yield from self._behind_bracket(found.start())) if found else None
            if hidden:
                members[hidden.start] = hidden
            at = hidden.end if hidden else found.end() if found else stop
            yield
        self._hidden = members
        self._known = -1
        return len(members)

    def reveal(self, offset: int) -> bool:
        """Show the byte at `offset` if it is hidden."""
        around = [one for one in self._hidden.values() if one.start <= offset < one.end]
        for hidden in around:
            del self._hidden[hidden.start]
        if around:
            self._known = -1
        return bool(around)

    # Where things stand

    def _opens(self, start: int) -> re.Match[bytes] | None:
        """The opening bracket that ends the line at `start`."""
        end = self.data.find(b"\n", start)
        return _OPENS.fullmatch(self.data, start, len(self.data) if end < 0 else end)

    def _around(self, start: int) -> Sliced[int | None]:
        """The line that opens the value in which the line at `start` stands, its own closing
        bracket included."""
        data = self.data
        indent = _indent(data, start)
        closes = data[start + indent : start + indent + 1] in (b"}", b"]")
        outer = indent if closes else indent - 2
        if outer < 0:
            return None
        before = b"\n" + b" " * outer
        firsts = (before + b'"', before + b"{", before + b"[")
        found = yield from find_last(data, firsts, start)
        opens = found + 1 if found >= 0 or _indent(data, 0) == outer else None
        return opens if opens is not None and self._opens(opens) else None

    def _behind_bracket(self, opens: int) -> Sliced[Hidden | None]:
        """What there is to hide behind the line at `opens`."""
        found, data = self._opens(opens), self.data
        if found is None:
            return None
        start, indent = found.end() + 1, bytes(found[1])
        closer = _CLOSER[bytes(found[2])]
        close = yield from find(data, b"\n" + indent + closer, found.end())
        if close < 0:
            return None
        end = data.find(b"\n", close + 1)
        end = len(data) if end < 0 else end + 1
        closing = bytes(data[close + 1 : end]).strip().decode("utf-8", "backslashreplace")
        words = f"… {self._count(start, close, indent, closer)} {closing}"
        return Hidden(start, end, words)

    def _count(self, start: int, end: int, indent: bytes, closer: bytes) -> str:
        if end - start > _COUNTED:
            return f"{(end - start) / 1e6:.1f} MB"
        pattern = re.compile(rb"^%b  [^ \]}]" % indent, re.MULTILINE)
        number = sum(1 for _ in pattern.finditer(self.data, start, end))
        noun = "member" if closer == b"}" else "item"
        return f"{number:,} {noun}{'s'[: number != 1]}"

    def _find_gaps(self) -> None:
        """The rows that are hidden, as far as they are indexed."""
        count = len(self._rows)
        if self._known == count:
            return
        self._known = count
        self._gaps, self._shown, self._skipped = [], [], []
        skipped = behind = 0
        for hidden in sorted(self._hidden.values(), key=lambda one: one.start):
            if hidden.start < behind or not count or self._rows.start(count - 1) < hidden.start:
                continue  # inside another, or not there yet
            behind = hidden.end
            first, last = self._rows.row_at(hidden.start), self._rows.row_at(hidden.end)
            if self._rows.start(last) < hidden.end:
                last += 1  # nothing stands behind it so far
            self._shown.append(first - skipped)
            skipped += last - first
            self._skipped.append(skipped)
            self._gaps.append((first, last, hidden))

    def _below(self, row: int) -> int:
        self._find_gaps()
        at = bisect_right(self._shown, row)
        return row + (self._skipped[at - 1] if at else 0)

    def _behind(self, below: int) -> Hidden | None:
        """What is hidden right behind a row."""
        self._find_gaps()
        at = bisect_right(self._gaps, below, key=_first)
        return (
            self._gaps[at][2] if at < len(self._gaps) and self._gaps[at][0] == below + 1 else None
        )


def _first(gap: tuple[int, int, Hidden]) -> int:
    return gap[0]


def _indent(data: bytes | bytearray, start: int) -> int:
    at = start
    while data[at : at + 1] == b" ":
        at += 1
    return at - start
