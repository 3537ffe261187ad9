"""The walk as a sequence diagram: lanes for its parties, an arrow a message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from flows.export.sequence import draw, lane_stops, lane_titles
from flows.sequence import Arrow
from tui.widgets.key_bar import KeyBar
from tui.widgets.list_view import LineList, Look, Row

LOOKS: dict[str, Look] = {"ok": "", "warn": "warn", "fail": "error"}
LEAST = 60
"""Columns below which the lanes do not fit."""


class SequenceScreen(Screen[Arrow | None]):
    """Dismissed with the arrow that was chosen, or None."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "sequence.tcss"
    BINDING_GROUP_TITLE = "Sequence"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,s,q,ctrl+g", "leave", "Back", id="sequence.leave", tooltip="Back to the walk"
        ),
    ]

    def __init__(self, arrows: tuple[Arrow, ...], verdict: str) -> None:
        super().__init__()
        self._arrows = arrows
        self._verdict = verdict

    def compose(self) -> ComposeResult:
        yield Static(id="lanes", markup=False)
        yield LineList(empty="Nothing has been sent yet.", id="arrows")
        yield Static(Content(self._verdict), id="verdict", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(LineList).focus()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        arrows = self.query_one(LineList)
        width = max(LEAST, arrows.text_size.width - 1)
        titles = lane_titles(lane_stops(width), width)
        self.query_one("#lanes", Static).update(Content(f" {titles}"))
        arrows.set_rows(self._rows(width))
        marked = (str(at) for at, arrow in enumerate(self._arrows) if arrow.verdict)
        arrows.highlight(next(marked, str(len(self._arrows) - 1)))

    def _rows(self, width: int) -> Iterator[Row]:
        stops = lane_stops(width)
        for at, arrow in enumerate(self._arrows):
            look = "muted" if arrow.past else LOOKS[arrow.state]
            yield Row(str(at), ((draw(arrow, stops, width), look),))

    @on(LineList.Selected)
    def _chosen(self, event: LineList.Selected) -> None:
        event.stop()
        self.dismiss(self._arrows[int(event.row.id)])

    def action_leave(self) -> None:
        self.dismiss(None)
