"""What a terminal shows that is too small for anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

FLOOR = (60, 16)
"""Columns and rows below which nothing but a message is shown."""


class TooSmall(ModalScreen[None]):
    """Covers a terminal too small for any screen, until it has grown."""

    DEFAULT_CSS = """
    TooSmall {
        align: center middle;
        background: $background;
        & > Static { width: auto; max-width: 100%; text-align: center; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def on_resize(self, event: Resize) -> None:
        self._judge()

    def on_screen_resume(self) -> None:
        self._judge()

    def _judge(self) -> None:
        size, (columns, rows) = self.app.size, FLOOR
        words = f"authwalk needs {columns} x {rows}.\nThis is {size.width} x {size.height}."
        self.query_one(Static).update(Content(f"{words}\n\nctrl+q quits"))
        if not is_too_small(size) and self.is_active:  # not below another, which would go
            self.dismiss()


def is_too_small(size: Size) -> bool:
    return size.width < FLOOR[0] or size.height < FLOOR[1]
