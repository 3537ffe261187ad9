"""The step list: every step with its mark and the one word that decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from flows.session import StepId
from flows.steps import STEPS
from flows.text import visible
from flows.walk import Walk
from tui.record import MARKS, State, StepRow, rows
from tui.widgets.lines import cut
from tui.widgets.list_view import Cell, LineList, Look, Row

LOOKS: dict[State, Look] = {
    "ok": "ok",
    "warn": "warn",
    "error": "error",
    "blocked": "error",
    "skipped": "muted",
    "optional": "info",
    "waiting": "accent",
    "ready": "accent",
    "pending": "muted",
}
SETTLED: frozenset[State] = frozenset({"ok", "warn", "error", "blocked"})
"""States whose word decides; of the others the mark says it all."""
_MEANINGS: Mapping[State, str] = {
    "ok": "done",
    "warn": "with a warning",
    "error": "broken",
    "ready": "next",
    "optional": "optional",
    "skipped": "not needed",
}
LEGEND = "  ".join(f"{MARKS[state]} {words}" for state, words in _MEANINGS.items())
"""What the marks of the list mean."""
WORD = 14
"""Characters of a step's decisive word."""


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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "i",
            "explain",
            "Explain",
            id="steps.explain",
            tooltip="What this step is for, what to look at, and where that is written",
        ),
    ]

    def show(self, walk: Walk, chosen: StepId) -> None:
        lines, phase = [], ""
        for row in rows(walk):
            if row.step.phase != phase:
                phase = row.step.phase
                lines.append(Row(phase, ((phase, ""),), kind="header"))
            lines.append(step_row(row))
        self.fill(lines, chosen)

    def action_explain(self) -> None:
        if self.current:
            from tui.looking import LOOK

            step = next(step for step in STEPS if step.id == self.current.id)
            look = f"What to look at: {LOOK[step.id]}"
            text = f"{step.purpose}\n\n{look}\n\n{step.standard}\n\n{LEGEND}"
            self.post_message(self.Explain(step.title, text))


def step_row(row: StepRow) -> Row:
    """A step as a row; its word comes from a server, and is cut."""
    look = LOOKS[row.state]
    again = f"×{row.attempt} " if row.attempt > 1 else ""  # where a long title leaves it whole
    word = cut(visible(row.word), WORD) if row.state in SETTLED else ""
    cells: tuple[Cell, ...] = (
        (f"{row.number:>2} ", "muted"),
        (f"{row.mark} ", look),
        (row.step.title, "muted" if row.state in ("pending", "skipped") else ""),
    )
    return Row(row.step.id, cells, (f"{again}{word}", look))
