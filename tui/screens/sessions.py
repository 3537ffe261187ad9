"""Which of the sessions of before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult

from tui.recent import recent_rows
from tui.screens.dialogs import Dialog
from tui.widgets.list_view import LineList, Row


class SessionPicker(Dialog[Path | None]):
    """Dismissed with the file that was chosen, or None."""

    BINDING_GROUP_TITLE = "Sessions"
    HINT = "enter accept · ctrl+g or esc cancel"

    def __init__(self, title: str, folder: Path | None = None) -> None:
        """`folder` holds the sessions; None is where authwalk keeps them."""
        super().__init__(title)
        self._folder = folder

    def compose_body(self) -> ComposeResult:
        yield LineList(empty="Reading…", id="sessions")

    def on_mount(self) -> None:
        self.query_one(LineList).focus()
        self._load()

    @work(thread=True, exit_on_error=False)
    def _load(self) -> None:
        rows = recent_rows(self._folder, datetime.now(UTC))
        self.app.call_from_thread(self._show, rows)

    def _show(self, rows: tuple[Row, ...]) -> None:
        for found in self.query(LineList):
            found.empty = "No session has been saved yet."
            found.set_rows(rows)

    @on(LineList.Selected)
    def _accept(self, event: LineList.Selected) -> None:
        event.stop()
        self.dismiss(Path(event.row.id))
