"""The state of a search in a body: what is typed, where it was found, which match is current."""

from __future__ import annotations

from bisect import bisect_left

from flows.rows import Rows, Search
from flows.text import visible


class Find:
    """Goes from match to match by offsets in the text; knows no widget."""

    def __init__(self) -> None:
        self.typing = False
        self.needle = ""
        self.search: Search | None = None
        self.hit: int | None = None
        """Index in `search.hits` of the match that was gone to last."""
        self._origin = 0

    @property
    def active(self) -> bool:
        return self.typing or self.search is not None

    def begin(self, offset: int) -> None:
        """Start typing; the first match from `offset` on will be gone to."""
        self.clear()
        self.typing = True
        self._origin = offset

    def clear(self) -> None:
        self.typing = False
        self.needle = ""
        self.search = self.hit = None

    def look(self, rows: Rows, needle: str) -> None:
        """Search `rows` from the start, `needle` being what is typed so far."""
        self.needle = needle
        self.search = Search(rows, needle) if needle else None
        self.hit = None

    def step(self) -> bool:
        """Search on for one slice; False when there is nothing left."""
        return self.search is not None and self.search.step()

    def first(self) -> int | None:
        """The offset of the match to go to first, once it is known and only then."""
        search = self.search
        if search is None or self.hit is not None or not search.hits:
            return None
        hit = bisect_left(search.hits, self._origin)
        return self._at(hit) if hit < len(search.hits) or search.complete else None

    def move(self, by: int, start: int, end: int) -> int | None:
        """The offset of the match before or after. Counts from the current match, or, if that
        does not stand in `start` to `end`, from there."""
        if self.search is None or not self.search.hits:
            return None
        hits = self.search.hits
        if self.hit is not None and start <= hits[self.hit] < end:
            return self._at(self.hit + by)
        return self._at(bisect_left(hits, end) if by > 0 else bisect_left(hits, start) - 1)

    def _at(self, hit: int) -> int | None:
        assert self.search is not None
        self.hit = hit % len(self.search.hits)
        return self.search.hits[self.hit]

    @property
    def prompt(self) -> str:
        return f"/{visible(self.needle)}" + "▏" * self.typing

    @property
    def count(self) -> str:
        """Such as "3 of 17"."""
        search = self.search
        if search is None:
            return ""
        found = f"{len(search.hits):,}" + ("" if search.complete and not search.more else "+")
        if not search.hits:
            return "no match" if search.complete else "searching"
        return f"{'–' if self.hit is None else f'{self.hit + 1:,}'} of {found}"
