"""The scroll bar that is drawn with the lines: where it stands, and what the mouse does to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from tui.widgets.body_view import BodyView

BODY = "\n".join(f"line {number}" for number in range(100)).encode()
EDGE = 39  # the column of the bar


class Bars(App[None]):
    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def compose(self) -> ComposeResult:
        yield BodyView()

    @property
    def view(self) -> BodyView:
        return self.query_one(BodyView)

    def on_mount(self) -> None:
        self.view.show(self.body, "text/plain")

    @property
    def drawn(self) -> list[int]:
        """The lines of the screen that hold the thumb."""
        lines = range(self.view.size.height)
        last = {y: list(self.view.render_line(y))[-1].style for y in lines}
        return [y for y, style in last.items() if style and style.reverse]


@asynccontextmanager
async def bars(body: bytes = BODY) -> AsyncIterator[tuple[Bars, Pilot[None]]]:
    app = Bars(body)
    async with app.run_test(size=(EDGE + 1, 10)) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_the_thumb_tells_where_one_is() -> None:
    async with bars() as (app, pilot):
        app.view.focus()
        assert app.drawn == [0]
        await pilot.press("end")
        await pilot.pause()
        assert app.drawn == [9]


async def test_what_fits_has_no_thumb_and_keeps_its_width() -> None:
    async with bars(b"line 0") as (app, pilot):
        assert app.drawn == []
        width = app.view.text_size.width
        app.view.show(BODY, "text/plain")
        await pilot.pause()
        assert (app.drawn, app.view.text_size.width) == ([0], width)


async def test_the_wheel_scrolls() -> None:
    async with bars() as (app, pilot):
        app.view.post_message(MouseScrollDown(app.view, 3, 3, 0, 0, 0, False, False, False))
        await pilot.pause()
        assert app.view.scroll_offset.y > 0


async def test_every_cell_of_a_line_can_be_clicked() -> None:
    async with bars() as (app, pilot):
        for at, cursor in (((3, 4), 4), ((0, 0), 0), ((EDGE - 1, 9), 9)):
            await pilot.click(BodyView, offset=at)
            assert app.view.cursor == cursor


async def test_a_cursor_that_is_set_before_the_first_layout_leaves_the_lines_above_it() -> None:
    class Early(Bars):
        def on_mount(self) -> None:
            super().on_mount()
            self.view.cursor = 50

    app = Early(BODY)
    async with app.run_test(size=(EDGE + 1, 10)) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert (app.view.cursor, app.view.scroll_offset.y) == (50, 41)


async def test_one_line_has_a_bar_too() -> None:
    async with bars() as (app, pilot):
        app.view.styles.height = 1
        await pilot.pause()
        await pilot.mouse_down(BodyView, offset=(EDGE, 0))
        await pilot.hover(BodyView, offset=(EDGE, 0))
        assert app.drawn == [0] and app.is_running


async def test_the_thumb_is_dragged_and_selects_nothing() -> None:
    async with bars() as (app, pilot):
        await pilot.hover(BodyView, offset=(EDGE, 0))
        await pilot.mouse_down(BodyView, offset=(EDGE, 0))
        await pilot.hover(BodyView, offset=(EDGE, 5))
        assert app.view.scroll_offset.y == 50
        assert app.drawn == [5]
        await pilot.hover(BodyView, offset=(3, 9))  # beside the bar it is still held
        assert app.view.scroll_offset.y == 90
        await pilot.mouse_up(BodyView, offset=(3, 9))
        await pilot.hover(BodyView, offset=(3, 2))
        assert app.view.scroll_offset.y == 90
        assert app.screen.get_selected_text() is None


async def test_a_press_beside_the_thumb_turns_a_page() -> None:
    async with bars() as (app, pilot):
        await pilot.click(BodyView, offset=(EDGE, 8))
        await pilot.pause()
        assert app.view.scroll_offset.y == 10
        assert app.view.cursor == 0
        await pilot.click(BodyView, offset=(EDGE, 0))
        await pilot.pause()
        assert app.view.scroll_offset.y == 0
