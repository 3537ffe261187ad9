"""A list drawn line by line: steps, findings, tools, sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from flows.frozen import frozen
from flows.text import visible
from tui.widgets.lines import CURSOR_MARK, LineView, cut

Look = Literal["", "muted", "strong", "ok", "warn", "error", "info", "accent"]

Cell = tuple[str, Look]
"""A text and how it looks. The text may come from a server: the list makes it visible."""


@frozen
class Row:
    """One row. `cells` stand on the left with nothing between them and are cut with an ellipsis
    where there is no room; `word`, the decisive one, stands whole at the right edge."""

    id: str
    cells: tuple[Cell, ...]
    word: Cell = ("", "")
    indent: int = 0
    kind: Literal["item", "header"] = "item"


class LineList(LineView):
    """Rows of which one is under the cursor; headers never are.

    `on_highlight` is called with the row that the cursor came to, at once and not by a message,
    so that the list and what it shows beside it change in the same frame. Enter posts `Selected`.
    """

    DEFAULT_CSS = """
    LineList {
        min-height: 1;  /* for the words of an empty one */
    }
    """
    LOOKS: ClassVar[Mapping[str, str]] = {
        "muted": "$text-muted",
        "strong": "bold",
        "ok": "$text-success",
        "warn": "$text-warning",
        "error": "$text-error",
        "info": "$text-secondary",
        "accent": "$text-accent",
        "header": "bold $text-muted",
        "cursor": "bold $block-cursor-foreground on $block-cursor-background",
        "cursor-blurred": "$block-cursor-blurred-foreground on $block-cursor-blurred-background",
    }
    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Select", show=False, id="list.select", tooltip="Take this row"),
    ]

    @dataclass
    class Selected(Message):
        """Enter was pressed on a row."""

        list: LineList
        row: Row

        @property
        def control(self) -> LineList:
            return self.list

    def __init__(
        self,
        rows: Iterable[Row] = (),
        *,
        on_highlight: Callable[[Row], None] | None = None,
        empty: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.on_highlight = on_highlight
        self.empty = empty
        """Words that stand where there are no rows."""
        self._rows: list[Row] = []
        self._highlighted: str | None = None
        self.set_rows(rows)

    @property
    def row_count(self) -> int:
        return len(self._rows)

    @property
    def current(self) -> Row | None:
        """The row under the cursor; None when there is nothing but headers."""
        row = self._rows[self.cursor] if self.cursor < len(self._rows) else None
        return row if row and row.kind == "item" else None

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Show other rows. The cursor stays on the row with the same id if there still is one."""
        stay = self._highlighted
        self._rows = list(rows)
        same = (at for at, row in enumerate(self._rows) if row.id == stay and row.kind == "item")
        self.cursor = next(same, self.cursor)
        self.redraw()
        self.show_cursor()
        self._tell()

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Show more rows below those there are, which stay as they were drawn."""
        before = len(self._rows)
        self._rows.extend(rows)
        self.fit(Size(self.virtual_size.width, len(self._rows)))
        if before < self.scroll_offset.y + self.page_height:
            self.refresh()

    def highlight(self, row_id: str) -> bool:
        """Move the cursor to a row by its id; False when there is no such row."""
        for at, row in enumerate(self._rows):
            if row.id == row_id and row.kind == "item":
                self.cursor = at
                return True
        return False

    def holds_cursor(self, row: int) -> bool:
        return row < len(self._rows) and self._rows[row].kind == "item"

    def on_mount(self) -> None:
        self._tell()

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        self._tell()

    def _tell(self) -> None:
        """Call `on_highlight` when another row than before is under the cursor."""
        if self.is_running:
            row, before = self.current, self._highlighted
            self._highlighted = row.id if row else None
            if row and row.id != before and self.on_highlight:
                self.on_highlight(row)

    def action_select(self) -> None:
        if row := self.current:
            self.post_message(self.Selected(self, row))

    def render_line(self, y: int) -> Strip:
        if y == 0 and not self._rows and self.empty:
            words = Strip([Segment(f" {self.empty}", self.look("muted"))])
            return words.adjust_cell_length(self.scrollable_size.width, self.base)
        return super().render_line(y)

    def said(self, row: int) -> Hashable:
        return self._rows[row], row == self.cursor and (self.has_focus, "cursor")

    def draw_row(self, row: int, width: int) -> Strip:
        line = self._rows[row]
        here = row == self.cursor and line.kind == "item"
        space = self._style("", line, here)
        word = visible(line.word[0])
        left = (CURSOR_MARK if here else " ") + "  " * line.indent
        room = width - len(left) - cell_len(word) - (2 if word else 1)
        parts = [Segment(left, space)]
        for text, look in line.cells:
            text = cut(visible(text, limit=4 * width), room)
            room -= cell_len(text)
            parts.append(Segment(text, self._style(look, line, here)))
            if room <= 0:
                break
        parts.append(Segment(" " * (max(room, 0) + 1), space))
        if word:
            parts += (Segment(word, self._style(line.word[1], line, here)), Segment(" ", space))
        return Strip(parts).adjust_cell_length(width, space)

    def look_of(self, name: str) -> str:
        return "reverse" if name == "cursor" and self.app.no_color else super().look_of(name)

    def _style(self, look: Look, row: Row, here: bool) -> Style:
        style = self.look(look or ("header" if row.kind == "header" else ""))
        return self.under_cursor(style) if here else style

    def under_cursor(self, style: Style) -> Style:
        # With focus the cursor's background is strong, and one colour stands out against it.
        if self.has_focus:
            return self.look("cursor")
        return style + Style(bgcolor=self.look("cursor-blurred").bgcolor)
