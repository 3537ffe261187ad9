"""What a person sees and does in a list that draws its lines itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from flows.text import visible
from tests.hostile import HOSTILE
from tui.widgets.list_view import LineList, Row

STEPS = (
    Row("discover", (("Discover", ""),), kind="header"),
    Row("challenge", ((" 1 ", "muted"), ("✓ ", "ok"), ("Challenge", "")), ("401", "ok")),
    Row("metadata", ((" 2 ", "muted"), ("  ", ""), ("Protected resource metadata", ""))),
    Row("token", (("Token", ""),), kind="header"),
    Row("exchange", (("Exchange the authorization code", "strong"),), ("invalid_grant", "error")),
)


class Lists(App[None]):
    CSS = "LineList { height: 1fr; }"

    def __init__(self, rows: tuple[Row, ...]) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.taken: list[str] = []
        self._rows = rows

    def compose(self) -> ComposeResult:
        yield LineList(
            self._rows, on_highlight=lambda row: self.seen.append(row.id), empty="nothing yet"
        )

    def on_line_list_selected(self, event: LineList.Selected) -> None:
        self.taken.append(event.row.id)

    @property
    def lines(self) -> LineList:
        return self.query_one(LineList)

    def current(self) -> object:
        return self.lines.current

    def drawn(self) -> list[str]:
        return [self.lines.render_line(y).text for y in range(self.lines.size.height)]


@asynccontextmanager
async def lists(
    rows: tuple[Row, ...] = STEPS, size: tuple[int, int] = (30, 8)
) -> AsyncIterator[tuple[Lists, Pilot[None]]]:
    app = Lists(rows)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        app.lines.focus()
        await pilot.pause()
        yield app, pilot


async def test_the_decisive_word_stands_whole_at_the_right() -> None:
    async with lists() as (app, _):
        assert app.lines.text_size.width == 29
        assert [line.rstrip() for line in app.drawn()[:5]] == [
            " Discover",
            "▌ 1 ✓ Challenge          401",
            "  2   Protected resource me…",
            " Token",
            " Exchange the… invalid_grant",
        ]
        assert all(cell_len(line) == 30 for line in app.drawn())


async def test_keys_skip_headers() -> None:
    async with lists() as (app, pilot):
        assert app.seen == ["challenge"]
        await pilot.press("down", "j", "down", "up", "k", "up", "up")
        assert app.seen == ["challenge", "metadata", "exchange", "metadata", "challenge"]
        await pilot.press("end", "home", "pagedown", "pageup")
        assert app.seen[5:] == ["exchange", "challenge", "exchange", "challenge"]


async def test_the_header_above_comes_into_view_with_its_first_row() -> None:
    async with lists(size=(30, 2)) as (app, pilot):
        await pilot.press("end", "home")
        assert app.lines.scroll_offset.y == 0


async def test_the_detail_is_called_at_once() -> None:
    async with lists() as (app, _):
        app.lines.cursor = 4
        assert app.seen[-1] == "exchange"  # no message had a chance to go round


async def test_enter_takes_a_row_and_a_click_only_points() -> None:
    async with lists() as (app, pilot):
        await pilot.click(LineList, offset=(5, 2))
        assert (app.seen[-1], app.taken) == ("metadata", [])
        await pilot.click(LineList, offset=(5, 3))
        await pilot.click(LineList, offset=(5, 7))
        assert app.seen[-1] == "metadata"
        await pilot.press("enter")
        assert app.taken == ["metadata"]


async def test_other_rows_keep_the_cursor_on_the_same_one() -> None:
    async with lists() as (app, pilot):
        app.lines.highlight("exchange")
        app.lines.set_rows([Row("new", (("New", ""),)), *STEPS])
        assert app.current() == STEPS[4]
        assert app.seen == ["challenge", "exchange"]
        app.lines.set_rows(STEPS[:3])
        assert app.seen[-1] == "metadata"
        assert not app.lines.highlight("exchange")
        app.lines.set_rows(())
        assert app.current() is None
        assert app.drawn()[0].strip() == "nothing yet"
        await pilot.press("down", "enter", "end")
        assert app.taken == []
        app.lines.set_rows(STEPS)
        assert app.current() == STEPS[1]
        assert app.seen[-1] == "challenge"


async def test_only_headers_hold_no_cursor() -> None:
    async with lists((STEPS[0], STEPS[3])) as (app, pilot):
        await pilot.press("down", "enter")
        assert app.current() is None
        assert (app.seen, app.taken) == ([], [])
        assert "▌" not in "".join(app.drawn())


async def test_many_rows() -> None:
    rows = tuple(Row(str(n), ((f"tools/call {n}", ""),), ("200", "ok")) for n in range(10_000))
    async with lists(rows) as (app, pilot):
        await pilot.press("end")
        assert app.lines.cursor == 9_999
        assert app.drawn()[-1].startswith("▌tools/call 9999")
        await pilot.press("pageup")
        assert app.drawn()[-1].startswith("▌tools/call 9992")


@pytest.mark.parametrize("no_colour", [False, True])
async def test_the_cursor_is_seen_with_and_without_focus(
    no_colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    async with lists() as (app, pilot):
        focused = app.lines.render_line(1)
        app.screen.set_focus(None)
        await pilot.pause()
        blurred = app.lines.render_line(1)
        assert focused.text[0] == blurred.text[0] == "▌"
        assert list(focused) != list(blurred)
        if no_colour:
            *text, _ = focused  # the last is of the scroll bar
            assert all(segment.style and segment.style.reverse for segment in text)


async def test_nothing_hostile_reaches_the_screen() -> None:
    for size in ((30, 8), (4, 4)):
        async with lists(size=size) as (app, pilot):
            for hostile in HOSTILE:
                row = Row(hostile, ((hostile, "muted"), (hostile, "")), (hostile, "ok"), indent=1)
                app.lines.set_rows([Row("h", ((hostile, ""),), kind="header"), row])
                await pilot.pause()
                for y in range(2):
                    strip = app.lines.render_line(y)
                    assert visible(strip.text) == strip.text
                    assert strip.cell_length == app.lines.scrollable_size.width
                    assert not any(s.style and "@click" in s.style.meta for s in strip)
