"""A walk as a host, in the app."""

from __future__ import annotations

import pytest

from flows.wire import WireOptions
from tests.tui.walking import on_lab, words
from tui.app import AuthwalkApp
from tui.screens.walk import WalkScreen

SIZES = [(140, 44), (80, 24)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_top_line_says_whose_walk_it_is(size: tuple[int, int]) -> None:
    async with on_lab("host-refuses-token", size=size, host="chatgpt") as w:
        assert w.lines[0].strip().startswith("authwalk   as ChatGPT")
        await w.to("callback")
        assert "chatgpt.com, not here" in words(w.app)
        await w.to("call")
        assert w.walk.diagnosis.cause and w.walk.diagnosis.cause.host == "chatgpt"
    async with on_lab(size=size) as w:
        assert "as ChatGPT" not in w.lines[0]


async def test_a_demo_is_walked_as_the_host_it_was_asked_for() -> None:
    app = AuthwalkApp(WireOptions(), demo_faults=("host-refuses-token",), demo_host="chatgpt")
    async with app.run_test() as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        screen = app.screen_stack[0]
        assert isinstance(screen, WalkScreen)
        assert screen.walk.session.target.host == "chatgpt"
