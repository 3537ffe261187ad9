"""The step list: every step with its mark and the one word that decides."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from flows.session import StepId
from flows.walk import Walk
from tui import view
from tui.widgets.list_view import Cell, LineList, Look, Row

LOOKS: dict[view.State, Look] = {
    "ok": "ok",
    "warn": "warn",
    "error": "error",
    "next": "accent",
    "pending": "muted",
    "skipped": "muted",
    "optional": "info",
}


class Menu(LineList):
    """A list of the walk, where enter goes on whatever row is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.next", "Next", id="walk.next", tooltip="Make the next move")
    ]

    filling = False
    """Rows are being replaced: a cursor that moves is not a choice of the person."""

    def fill(self, rows: list[Row], chosen: str) -> None:
        """Other rows, with the cursor on `chosen`; nobody is told."""
        self.filling = True
        self.set_rows(rows)
        self.highlight(chosen)
        self.filling = False


class StepList(Menu):
    """Made anew from the walk with every `show`."""

    BINDING_GROUP_TITLE = "Steps"

    def show(self, walk: Walk, chosen: StepId) -> None:
        rows, phase = [], ""
        for row in view.step_rows(walk):
            if row.step.phase != phase:
                phase = row.step.phase
                rows.append(Row(phase, ((phase, ""),), kind="header"))
            rows.append(_row(row))
        self.fill(rows, chosen)


def _row(row: view.StepRow) -> Row:
    look = LOOKS[row.state]
    again = f" ×{row.attempts}" if row.attempts > 1 else ""
    cells: tuple[Cell, ...] = (
        (f"{row.number:>2} ", "muted"),
        (f"{row.mark} ", look),
        (row.step.title, "muted" if row.state in ("pending", "skipped") else ""),
        (again, "muted"),
    )
    return Row(row.step.id, cells, (row.word, look))
