"""Rows of a large text drawn as they come in, under a cursor, for reading and selecting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip

from flows.bodies import Rendered, render_text
from flows.rows import Rows, shown
from tui.widgets.barred import BAR
from tui.widgets.highlight import RowHighlighter
from tui.widgets.lines import CURSOR_MARK, SLICE, LineView, Span, rest, segments

Place = tuple[int, int]
"""An offset in the text, and the row of the screen it is on; -1 for any."""

EXPLAINED = 4096
"""Bytes of a line in which its name, and a value that can be explained, are looked for."""
_GUTTER = 1
_EDGES = b" ,"
_GOES_ON = "↳"


class RowsView(LineView):
    """Draws what was `Rendered`, whose work it does in slices after the first rows are there.

    Lines longer than the widget is wide are folded, or go on to the right when `wrap` is off.
    """

    DEFAULT_CSS = """
    RowsView {
        overflow-x: auto;
    }
    """
    LOOKS: ClassVar[Mapping[str, str]] = {
        "name": "$text-primary",
        "string": "$text-success",
        "number": "$text-warning",
        "constant": "$text-accent",
        "mark": "$text-muted",
        "comment": "italic $text-muted",
        "head": "bold $text-secondary",
        "opens": "underline",
        "goes-on": "$text-disabled",
        "cursor": "$text-primary on $boost",
        "cursor-blurred": "$text-muted on $boost",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "sideways(-8)", "Left", show=False, id="body.left", tooltip="To the left"),
        Binding(
            "right", "sideways(8)", "Right", show=False, id="body.right", tooltip="To the right"
        ),
        Binding(
            "g",
            "open_value",
            "Open value",
            show=False,
            id="body.open",
            tooltip="Take the token of this line apart, or open its URL, after a look at it",
        ),
        Binding(
            "i",
            "explain",
            "Explain",
            show=False,
            id="body.explain",
            tooltip="What the name on this line means, and where that is written",
        ),
        Binding("w", "wrap", "Wrap", show=False, id="body.wrap", tooltip="Fold long lines, or not"),
    ]

    wrap: reactive[bool] = reactive(True, init=False)
    _before: frozenset[bytes] | None = None

    @dataclass
    class OpenValue(Message):
        """The reader wants to follow what stands in `text`, which is as it was sent."""

        text: str

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.rendered = render_text("")
        self._highlighter = RowHighlighter(self.rendered.rows, "")
        self._seeking: Place | None = None
        self._working = False
        self._fitted = 0.0
        self._widest = 0
        self._width = 0

    @property
    def rows(self) -> Rows:
        return self.rendered.rows

    @property
    def row_count(self) -> int:
        return len(self.rows)

    @property
    def extent(self) -> Size:
        width = _GUTTER + self._widest + BAR
        return Size(width if width > self.scrollable_size.width else 0, self.row_count)

    def open(self, rendered: Rendered, place: Place | None = None) -> None:
        """Show other rows, from a place in them or from the top."""
        self.rendered = rendered
        self._highlighter = RowHighlighter(rendered.rows, rendered.language)
        if place is None:
            self.scroll_to(0, 0, animate=False)
            self.cursor = 0
        self._fold(place)

    def place(self) -> Place | None:
        """The cursor's offset in the text and its row on screen, which folding leaves alone."""
        if self._seeking or self.cursor >= self.row_count:
            return self._seeking
        return self.rows.start(self.cursor), self.cursor - self.scroll_offset.y

    def _fold(self, place: Place | None) -> None:
        """Fold to the width there is, and go back to a place."""
        width = self._width = self.text_size.width - _GUTTER
        if width > 0:
            self.rows.fold(width if self.wrap or self.rendered.kind == "hex" else None)
        self._seeking = place
        self._widest = 0
        self._fitted = 0.0
        self.work()

    def on_mount(self) -> None:
        self._fold(self.place())

    def on_resize(self) -> None:
        if self.text_size.width - _GUTTER != self._width:
            self._fold(self.place())

    def watch_wrap(self) -> None:
        self.scroll_to(x=0, animate=False)
        self._fold(self.place())

    # Work in slices

    def step(self) -> bool:
        """Do a few milliseconds of work; False when there is nothing left."""
        return self.rendered.step()

    def worked(self) -> None:
        """Called after each slice, for what can be said by now."""

    def work(self) -> None:
        """Do one slice of what there is to do, and the rest in the background."""
        if self._slice() and not self._working and self.is_running:
            self._working = True
            self.run_worker(self._work_on(), name="body")

    async def _work_on(self) -> None:
        try:
            await rest()
            while self._slice():
                await rest()
        finally:
            self._working = False

    def _slice(self) -> bool:
        until = perf_counter() + SLICE
        while (more := self.step()) and perf_counter() < until:
            pass
        if self._seeking and self._is_indexed(self._seeking[0]):
            self.go_to(*self._seeking)
        self.worked()
        # A change of size lays out the whole screen, so it is not made for every slice.
        if not more or perf_counter() - self._fitted > 0.1:
            self._fitted = perf_counter()
            self._highlighter.clear()
            self.redraw()
        return more

    def _is_indexed(self, offset: int) -> bool:
        rows = self.rows
        return rows.complete or (len(rows) > 0 and offset < rows.start(len(rows) - 1))

    def go_to(self, offset: int, screen_row: int = -1) -> None:
        """Put the cursor on the row of an offset, now or when that is indexed."""
        self._seeking = None if self._is_indexed(offset) else (offset, screen_row)
        if self._seeking is None and self.row_count:
            self.fit(self.extent)
            self.cursor = self.rows.row_at(offset)
            if screen_row >= 0:
                self.scroll_to(y=self.cursor - screen_row, animate=False)
            self.show_cursor()

    def row_bounds(self, row: int) -> tuple[int, int]:
        """Offsets of the first byte of a row and of the one behind its last."""
        rows = self.rows
        start = rows.start(row) if row < len(rows) else 0
        return start, rows.start(row + 1) if row + 1 < len(rows) else len(rows.data)

    def action_move(self, by: int) -> None:
        # From what is on screen: the wheel may have scrolled away from the cursor.
        top = self.scroll_offset.y
        self.cursor = min(max(self.cursor, top), top + self.page_height - 1) + by

    def action_wrap(self) -> None:
        self.wrap = not self.wrap

    def action_sideways(self, by: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + by, animate=False)

    def show_column(self, column: int) -> None:
        """Scroll to the side if the character at `column` of the cursor's row is out of view."""
        cells = cell_len(self.rows.text(self.cursor)[:column])
        left, width = self.scroll_offset.x, self.text_size.width - _GUTTER
        if not left <= cells < left + width - 1:
            self.scroll_to(x=cells - width // 2, animate=False)

    def action_open_value(self) -> None:
        if self.cursor < self.row_count:
            # Tokens and URLs are ASCII; escapes for a megabyte of wrong bytes would take a while.
            line = self.rendered.line_at(self.cursor).decode("utf-8", "replace")
            self.post_message(self.OpenValue(line))

    def action_explain(self) -> None:
        if self.cursor < self.row_count:
            from tui.explaining import explained, named

            start = self.rendered.line_at(self.cursor)[:EXPLAINED]
            line = start.decode("utf-8", "backslashreplace")
            name, value = named(line, self.rendered.path_at(self.cursor))
            if name:
                self.post_message(self.Explain(name, explained(name, value)))

    # Drawing

    def hold_against(self, lines: Iterable[bytes] | None) -> None:
        """Mark the lines that are not among `lines`, those of the attempt before; None marks
        none."""
        self._before = None if lines is None else frozenset(line.strip(_EDGES) for line in lines)
        self.redraw()

    def sign(self, row: int) -> str:
        """What stands in front of a row that is neither under the cursor nor goes on."""
        if self._before is None:
            return " "
        line = self.rendered.line_at(row).strip(_EDGES)
        return "≠" if line and line not in self._before else " "

    def marks(self, row: int) -> Iterable[Span]:
        """What is to stand out in a row, over its highlighting; whole styles of their own."""
        return ()

    def said(self, row: int) -> tuple[str, str, str, tuple[Span, ...], tuple[Span, ...]]:
        """Its text, its mark, the look of the cursor if that is on it, what is highlighted, what
        stands out."""
        text, here = self.rows.text(row), ""
        if row == self.cursor and self.holds_cursor(row):
            here = "cursor" if self.has_focus else "cursor-blurred"
        mark = CURSOR_MARK if here else _GOES_ON if self.rows.continues(row) else self.sign(row)
        marks = *self.marks(row), *self._selected(row, text)
        return text, mark, here, tuple(self._highlighter.spans(row)), marks

    def draw_row(self, row: int, width: int) -> Strip:
        text, mark, here, spans, marks = self.said(row)
        look = self.look(here or "goes-on")
        behind = Style(bgcolor=look.bgcolor) if here else Style.null()
        whole_styles = {name for _, _, name in marks}

        def style(name: str) -> Style:
            if name == "selection":
                return self.selection_style
            look = self.look(name)
            return look if name in whole_styles else look + behind

        base = self.base + behind
        parts = segments(text, [*spans, *marks], base, style)
        left, room, cells = self.scroll_offset.x, max(0, width - _GUTTER), cell_len(text)
        self._widen(cells)
        if left or cells > room:
            whole = Strip(parts, cells)
            seen = whole.crop(left, left + room).adjust_cell_length(room, base)
            # Selection counts in characters, wherever the row is scrolled to.
            skipped = len(whole.crop(0, left).text) if left else 0
        else:
            seen, skipped = Strip([*parts, Segment(" " * (room - cells), base)], room), 0
        return Strip([Segment(mark, look), *seen.apply_offsets(skipped, row)], width)

    def _widen(self, cells: int) -> None:
        """How far there is to scroll is known only of rows that were drawn."""
        if cells > self._widest:
            self._widest = cells
            if cells + _GUTTER > max(self.virtual_size.width - BAR, self.text_size.width):
                self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self.fit(self.extent)

    def _selected(self, row: int, text: str) -> Iterator[Span]:
        selection = self.text_selection
        if selection and (columns := selection.get_span(row)):
            start, end = columns
            yield start, len(text) if end < 0 else end, "selection"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        rows = self.rows
        if selection.start is None and selection.end is None:
            return shown(rows.data), "\n"
        first = selection.start.y if selection.start else 0
        last = min(selection.end.y if selection.end else len(rows), len(rows) - 1)
        parts: list[str] = []
        for row in range(first, last + 1):
            if row > first and not rows.continues(row):
                parts.append("\n")
            text = rows.text(row)
            start, end = selection.get_span(row) or (0, 0)
            parts.append(text[start : len(text) if end < 0 else end])
        return "".join(parts), "\n"
