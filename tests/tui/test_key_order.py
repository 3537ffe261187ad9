"""Keys that come all at once go where each one leads."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tests.tui.walking import on_lab
from tui.key_order import OrderedKeys

_NAMES = {"/": "slash", "-": "minus", " ": "space", "\r": "enter"}


def burst(app: OrderedKeys, text: str) -> None:
    for char in text:
        app.post_message(Key(_NAMES.get(char, char), char))


async def settled(app: OrderedKeys, pilot: Pilot[None]) -> None:
    while app._passing:
        await pilot.pause()
    await pilot.pause()


class Question(ModalScreen[str]):
    def compose(self) -> ComposeResult:
        yield Input(id="answer")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Asking(OrderedKeys):
    BINDINGS: ClassVar[list[BindingType]] = [("slash", "find", "Find"), ("q", "ask", "Ask")]

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str | None] = []

    def compose(self) -> ComposeResult:
        yield Label("a list", id="list")
        yield Input(id="find")

    def on_mount(self) -> None:
        self.query_one("#list").can_focus = True
        self.screen.set_focus(self.query_one("#list"))

    def action_find(self) -> None:
        self.query_one("#find").focus()

    def action_ask(self) -> None:
        self.push_screen(Question(), self.answers.append)


async def test_what_follows_a_key_goes_to_the_field_that_it_leads_to() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        burst(app, "/quick")
        await settled(app, pilot)
        assert app.query_one("#find", Input).value == "quick"
        assert not app.answers and len(app.screen_stack) == 1


async def test_a_dialog_takes_the_keys_behind_the_one_that_opens_it() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        burst(app, "qyes\rqno\r/x")
        await settled(app, pilot)
        assert app.answers == ["yes", "no"]
        assert app.query_one("#find", Input).value == "x"


async def test_a_paste_keeps_its_place_among_the_keys() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        burst(app, "/a")
        app.post_message(Paste("pasted"))
        burst(app, "z")
        await settled(app, pilot)
        assert app.query_one("#find", Input).value == "apastedz"


async def test_a_single_key_is_not_held() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        for char in "/ab":
            await pilot.press(_NAMES.get(char, char))
            assert app._passing is None
        assert app.query_one("#find", Input).value == "ab"


async def test_a_key_that_comes_while_the_last_of_a_burst_settles_is_not_left_behind() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        burst(app, "/a")
        while not (app._passing and not app._held):  # the last was handed on, and may lead anywhere
            await asyncio.sleep(0)
        burst(app, "b")
        await settled(app, pilot)
        assert app.query_one("#find", Input).value == "ab" and not app._held


async def test_a_note_is_written_in_one_burst_and_none_of_it_is_taken_for_a_key() -> None:
    async with on_lab() as w:
        burst(w.app, "na\rr")  # of which enter would send the request, a run on, and r rerun
        w.app.post_message(Key("ctrl+s", None))
        await w.until(lambda: w.walk.session.notes)
        assert w.walk.session.notes == {"challenge": "a\nr"} and not w.walk.facts.openings
