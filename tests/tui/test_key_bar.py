"""The line of keys: what applies, as much as fits, and a click runs one."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tests.tui.walking import screen_lines
from tui.widgets.key_bar import KeyBar


class Host(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "note('first')", "First"),
        Binding("b", "note('second')", "Second thing"),
        Binding("c", "note('hidden')", "Hidden", show=False),
        Binding("x", "note('never')", "Never"),
        Binding("f1", "note('help')", "Help"),
    ]
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []
        self.may = True

    def compose(self) -> ComposeResult:
        yield Input()
        yield Static("text")
        yield KeyBar()

    def action_note(self, word: str) -> None:
        self.noted.append(word)

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        if parameters == ("never",):
            return False
        return self.may or parameters != ("second",)


def bar(app: App[Any]) -> str:
    return screen_lines(app)[-1]


async def test_keys_that_show_and_apply() -> None:
    async with (app := Host()).run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert bar(app).strip() == "a First  b Second thing  f1 Help"
        assert "Hidden" not in bar(app) and "Never" not in bar(app)
        app.may = False
        app.refresh_bindings()
        await pilot.pause()
        assert "Second thing" not in bar(app)


async def test_a_field_takes_the_letters() -> None:
    async with (app := Host()).run_test(size=(80, 10)) as pilot:
        app.query_one(Input).focus()
        await pilot.pause()
        assert "a First" not in bar(app) and "f1 Help" in bar(app)


@pytest.mark.parametrize("width", [80, 40, 24, 12, 9])
async def test_what_does_not_fit_is_left_out_whole_but_not_the_last(width: int) -> None:
    async with (app := Host()).run_test(size=(width, 10)) as pilot:
        await pilot.pause()
        assert bar(app).rstrip().endswith("f1 Help") and len(bar(app)) <= width
        assert ("Second" in bar(app)) == ("Second thing" in bar(app))
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        assert "Second thing" in bar(app)


@pytest.mark.parametrize(
    ("word", "noted"), [("First", "first"), ("thing", "second"), ("Help", "help")]
)
async def test_a_click_runs_the_key_under_it(word: str, noted: str) -> None:
    async with (app := Host()).run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        await pilot.click(KeyBar, offset=(bar(app).index(word), 0))
        await app.workers.wait_for_complete()
        assert app.noted == [noted]
        await pilot.click(KeyBar, offset=(79, 0))
        await app.workers.wait_for_complete()
        assert app.noted == [noted], "beside the keys there is nothing to press"


async def test_a_dialog_above_does_not_change_it() -> None:
    async with (app := Host()).run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        before = bar(app)
        app.push_screen(ModalScreen())
        await pilot.pause()
        app.pop_screen()
        await pilot.pause()
        assert bar(app) == before
