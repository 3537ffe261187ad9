"""A frame is drawn as Textual would draw it, from fewer lines."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Label

from tui.widgets.frame import Frame


class Boxes(App[None]):
    CSS = """
    #frame, #box {
        width: 20; height: 5; background: $boost;
        border: round red; border-title-color: green;
    }
    .-low { height: 2 !important; }
    .-bare { border: none !important; }
    """

    def compose(self) -> ComposeResult:
        yield Frame(Label("within"), id="frame")
        yield Vertical(Label("within"), id="box")


@pytest.mark.parametrize("classes", ["", "-low", "-bare"])
async def test_it_looks_like_any_box(classes: str) -> None:
    app = Boxes()
    async with app.run_test() as pilot:
        frame, box = app.query_one("#frame", Frame), app.query_one("#box")
        for widget in (frame, box):
            widget.set_classes(classes)
        frame.set_titles(Content("Above"), Content("below"))
        box.border_title, box.border_subtitle = "Above", "below"
        await pilot.pause()
        width, height = box.outer_size
        assert frame.outer_size == box.outer_size
        for crop in (Region(0, 0, width, height), Region(3, 1, 8, 1), Region(0, height - 1, 9, 1)):
            assert frame.render_lines(crop) == box.render_lines(crop)


async def test_a_new_title_has_its_border_drawn_anew() -> None:
    app = Boxes()
    async with app.run_test() as pilot:
        frame = app.query_one("#frame", Frame)
        frame.set_titles(Content("One"), Content(""))
        await pilot.pause()
        frame.set_titles(Content("Two"), Content(""))
        await pilot.pause()
        lines = frame.render_lines(Region(0, 0, *frame.outer_size))
        assert "Two" in lines[0].text and "One" not in lines[0].text


async def test_an_empty_one_says_nothing() -> None:
    app = Boxes()
    async with app.run_test() as pilot:
        frame = app.query_one("#frame", Frame)
        await frame.remove_children()
        await pilot.pause()
        lines = frame.render_lines(Region(0, 0, *frame.outer_size))
        assert {line.text.strip("│ ") for line in lines[1:-1]} == {""}
