"""Which faults the lab has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Label

from flows.lab.faults import FAULTS, Fault
from flows.steps import STEPS
from tui.screens.dialogs import Dialog
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import Cell, LineList, Row

TITLES: dict[str, str] = {step.id: step.title for step in STEPS}
NAME_WIDTH = max(map(len, FAULTS)) + 2


class FaultList(LineList):
    BINDING_GROUP_TITLE = "Faults"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space",  # a page further, in other lists
            "screen.switch",
            "Toggle",
            id="faults.toggle",
            tooltip="Turn this fault on or off",
        ),
    ]


class FaultPicker(Dialog[tuple[str, ...] | None]):
    """Dismissed with the names that are on, in the order of the walk; None when cancelled."""

    BINDING_GROUP_TITLE = "Faults"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="faults.filter", tooltip="Find faults by a word"),
        Binding("n", "none", "None", id="faults.none", tooltip="Turn every fault off"),
        Binding("down", "list", "List", show=False, id="faults.list", tooltip="Go to the list"),
    ]
    HINT = "space toggle · n none · / filter · enter accept · ctrl+g or esc cancel"

    def __init__(self, faults: Iterable[str] = ()) -> None:
        super().__init__("Faults of the lab")
        self._on = set(faults)

    def compose_body(self) -> ComposeResult:
        yield LineInput(placeholder="filter", id="filter")
        yield FaultList(
            self._rows(), on_highlight=self._describe, empty="No fault has this word.", id="faults"
        )
        yield Label("", id="summary", markup=False)

    def on_mount(self) -> None:
        faults = self.query_one("#faults", LineList)
        faults.focus()
        if first := next((name for name in FAULTS if name in self._on), None):
            faults.highlight(first)
        self._redraw()

    def _rows(self, wanted: str = "") -> Iterator[Row]:
        step = ""
        for fault in FAULTS.values():
            if wanted.casefold() not in f"{fault.name} {fault.summary} {fault.step}".casefold():
                continue
            if fault.step != step:
                step = fault.step
                title = TITLES.get(fault.step, step.capitalize())
                yield Row(f"step {step}", ((title, ""),), kind="header")
            chosen = fault.name in self._on
            mark: Cell = ("[x] ", "accent") if chosen else ("[ ] ", "muted")
            name: Cell = (fault.name.ljust(NAME_WIDTH), "strong" if chosen else "")
            word: Cell = ("legal" if fault.legal else "", "muted")
            yield Row(fault.name, (mark, name, (fault.summary, "muted")), word)

    def _describe(self, row: Row) -> None:
        self.query_one("#summary", Label).update(Content(_sentence(FAULTS[row.id])))

    def _redraw(self) -> None:
        self.query_one("#faults", LineList).set_rows(self._rows(self.query_one(Input).value))
        number = len(self._on)
        title = f"Faults of the lab: {number} on" if number else "Faults of the lab"
        self.query_one(".dialog").border_title = Content(title)

    @on(Input.Changed)
    def _filtered(self) -> None:
        self._redraw()

    @on(Input.Submitted)
    def action_list(self) -> None:
        self.query_one("#faults").focus()

    @on(LineList.Selected)
    def _accept(self) -> None:
        self.dismiss(tuple(name for name in FAULTS if name in self._on))

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_switch(self) -> None:
        if row := self.query_one("#faults", LineList).current:
            self._on ^= {row.id}
            self._redraw()

    def action_none(self) -> None:
        self._on.clear()
        self._redraw()


def _sentence(fault: Fault) -> str:
    return f"{fault.summary[:1].upper()}{fault.summary[1:]}."
