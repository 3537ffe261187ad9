"""What the widgets that draw line by line share: a cursor, its keys, and strips drawn once.

Only the rows on screen are drawn, so that the cost is that of the screen and not of the text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.events import Click, MouseEvent
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.style import Style as TextStyle

from tui.widgets.barred import BAR, Barred

Span = tuple[int, int, str]
"""Columns of a text, start and end, and the name in LOOKS of how they are drawn."""

CURSOR_MARK = "▌"  # so that the cursor is seen without colour

SLICE = 0.006
"""Seconds of work at once, so that a key is answered in between."""


async def rest() -> None:
    """Let keys be answered between two slices."""
    await asyncio.sleep(0.004)


def segments(
    text: str, spans: list[Span], base: Style, style: Callable[[str], Style]
) -> list[Segment]:
    """`text` in `base`, the columns of each span in its own style; later spans win."""
    if not spans:
        return [Segment(text, base)] if text else []
    names = [""] * len(text)
    for start, end, name in spans:
        names[start:end] = [name] * (min(end, len(text)) - start)
    parts = []
    at = 0
    for name, run in groupby(names):
        end = at + sum(1 for _ in run)
        parts.append(Segment(text[at:end], style(name) if name else base))
        at = end
    return parts


def cut(text: str, width: int, *, from_end: bool = False) -> str:
    """`text` in `width` cells, with an ellipsis where some of it had to go."""
    if width < 1 or cell_len(text) <= width:
        return text if width > 0 else ""
    if not from_end:
        return set_cell_size(text, width - 1) + "…"
    text = text[-width:]  # of a long text, cell by cell would take seconds
    while cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"


class LineView(Barred, can_focus=True, inherit_bindings=False):
    """A column of rows, one of them under the cursor.

    Subclasses say how many rows there are and draw one; rows are drawn again after
    `redraw`, a change of style, or when the cursor comes or goes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="lines.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "Down", show=False, id="lines.down", tooltip="One row down"),
        Binding(
            "pageup", "page(-1)", "Page up", show=False, id="lines.page-up", tooltip="One page up"
        ),
        Binding(
            "pagedown,space",
            "page(1)",
            "Page down",
            show=False,
            id="lines.page-down",
            tooltip="One page down",
        ),
        Binding("home", "first", "First", show=False, id="lines.first", tooltip="The first row"),
        Binding("end", "last", "Last", show=False, id="lines.last", tooltip="The last row"),
    ]

    @dataclass
    class Explain(Message):
        """The reader wants to know what a thing is; `text` says it, in lines safe to show."""

        title: str
        text: str

    LOOKS: ClassVar[Mapping[str, str]] = {}
    """How what has a name is drawn, written as in Textual's markup. Component classes would do the
    same, and each have the style sheet applied with every change of the widget's own style."""

    cursor: reactive[int] = reactive(0, init=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: LRUCache[Hashable, Strip] = LRUCache(512)
        self._looks: dict[str, Style] = {}

    @property
    def row_count(self) -> int:
        raise NotImplementedError

    def said(self, row: int) -> Hashable:
        """All that the drawing of a row depends on, except the styles, its width and how far it is
        scrolled to the side: where that is the same, so is the strip."""
        raise NotImplementedError

    def draw_row(self, row: int, width: int) -> Strip:
        """One row as it is seen at the present scroll offset, `width` cells wide."""
        raise NotImplementedError

    def holds_cursor(self, row: int) -> bool:
        return True

    @property
    def base(self) -> Style:
        """The style of plain text here."""
        return self.look("")

    def look(self, name: str) -> Style:
        """The style of a name, put together once and not for every drawing."""
        if name not in self._looks:
            style = self.visual_style + TextStyle.parse(self.look_of(name)) if name else None
            self._looks[name] = style.rich_style if style else self.rich_style
        return self._looks[name]

    def look_of(self, name: str) -> str:
        """How a name is drawn now, for what LOOKS cannot say."""
        return self.LOOKS[name]

    @property
    def page_height(self) -> int:
        """Rows of text on screen at once."""
        return max(1, self.text_size.height)

    def redraw(self) -> None:
        """Draw every row again and fit the scrollable area to their number."""
        self.fit(Size(self.virtual_size.width, self.row_count))
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
        self._looks.clear()

    def render_line(self, y: int) -> Strip:
        row, edge = self.scroll_offset.y + y, self.edge(y)
        width, blank = self.painted.width, row >= self.row_count
        key = None if blank else self.said(row), row, self.scroll_offset.x, width, edge
        strip = self._drawn.get(key)
        if strip is None:
            line = Strip.blank(width, self.base) if blank else self.draw_row(row, width)
            strip = self._drawn[key] = Strip([*line, edge], width + BAR)
        return strip

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.refresh()  # the row under the cursor is drawn otherwise

    def validate_cursor(self, row: int) -> int:
        """The row nearest to the one asked for that can hold the cursor, in the direction of
        the movement if there is one."""
        row = max(0, min(row, self.row_count - 1))
        ahead = range(row, self.row_count)
        behind = range(row, -1, -1)
        for rows in (ahead, behind) if row >= self.cursor else (behind, ahead):
            for candidate in rows:
                if self.holds_cursor(candidate):
                    return candidate
        return row

    def watch_cursor(self, before: int, after: int) -> None:
        for row in (before, after):
            self.refresh_line(row)
        self.show_cursor()

    def show_cursor(self) -> None:
        """Scroll as little as brings the cursor into view, with the headings right above it."""
        top, height, first = self.scroll_offset.y, self.page_height, self.cursor
        while first > 0 and not self.holds_cursor(first - 1) and self.cursor - first < height - 1:
            first -= 1
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)

    def on_resize(self) -> None:
        self.show_cursor()

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_page(self, pages: int) -> None:
        by = pages * max(1, self.page_height - 1)
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)
        self.cursor += by

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self.row_count - 1

    def on_click(self, event: Click) -> None:
        row = self.row_under(event)
        if row is not None and self.holds_cursor(row):
            self.cursor = row

    def row_under(self, event: MouseEvent) -> int | None:
        """The row that the mouse is on."""
        line = self.line_under(event)
        row = self.row_count if line is None else self.scroll_offset.y + line
        return row if row < self.row_count else None
