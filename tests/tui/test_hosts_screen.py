"""The table of hosts in the app, the choice of one, and a server walked as two."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from flows.hosts import hosts
from flows.lab import Lab
from flows.preflight import COLUMNS
from flows.session import Target
from flows.wire import WireOptions
from tests.tui.walking import LOW, SIZES, Walking, on_lab, screen_lines, words
from tui.app import AuthwalkApp
from tui.hosts_text import HEADS, TITLES
from tui.screens.compare import CompareScreen
from tui.screens.dialogs import Confirm, ListDialog, TextDialog
from tui.screens.hosts import AsBothDialog, HostsScreen
from tui.screens.start import StartScreen
from tui.screens.walk import WalkScreen
from tui.widgets.start_fields import HostChoice


async def idle(pilot: Pilot[None]) -> None:
    """Until the server has been asked everything."""
    await pilot.pause()
    if busy := [worker for worker in pilot.app.workers if worker.group == "ask"]:
        await pilot.app.workers.wait_for_complete(busy)
    await pilot.pause()


@asynccontextmanager
async def table(*faults: str, size: tuple[int, int] = LOW) -> AsyncIterator[Walking]:
    """The table of hosts, above the walk of a lab."""
    async with on_lab(*faults, size=size) as w:
        await w.press("h")
        assert isinstance(w.app.screen, HostsScreen)
        await idle(w.pilot)
        yield w


def row(app: AuthwalkApp, title: str) -> str:
    return next(line for line in screen_lines(app) if line.lstrip(" ▌").startswith(f"{title}  "))


@pytest.mark.parametrize("size", SIZES)
async def test_every_host_has_a_row_whose_marks_stand_below_their_heads(
    size: tuple[int, int],
) -> None:
    async with table("host-refuses-token", size=size) as w:
        lines = screen_lines(w.app)
        heads = next(line for line in lines if "register" in line)
        chatgpt = row(w.app, "ChatGPT")
        marks = [at for at, mark in enumerate(chatgpt) if mark in "✓✗?"]
        assert marks == [heads.index(name) for name in HEADS.values()]
        assert chatgpt[marks[0] :].split()[:6] == ["?", "?", "✓", "✓", "✓", "?"]
        screen = w.app.screen
        assert isinstance(screen, HostsScreen)
        assert screen.query_one("#table", expect_type=type(screen._list)).row_count == len(hosts())


async def test_what_refuses_is_explained_with_its_source() -> None:
    async with table("resource-trailing-slash") as w:
        screen = w.app.screen
        assert isinstance(screen, HostsScreen)
        screen._list.highlight("vscode")
        await w.pilot.pause()
        assert "refuses" in row(w.app, "VS Code")
        told = words(w.app)
        assert "✗ resource:" in told and "documented by" in told


async def test_registering_asks_first_and_fills_the_marks_in() -> None:
    async with table() as w:
        await w.press("R")
        assert isinstance(w.app.screen, Confirm)
        await w.press("n")
        assert "?" in row(w.app, "Cursor")
        await w.press("R", "y")
        await idle(w.pilot)
        assert row(w.app, "Cursor").split()[1:8] == [*"✓✓✓✓✓?", "passes"]
        # The walk below is as it was.
        assert not w.walk.session.events


async def test_the_facts_are_one_key_away() -> None:
    async with table() as w:
        await w.press("down", "i")
        dialog = w.app.screen
        assert isinstance(dialog, TextDialog)
        assert "documented by https://" in dialog.text


async def test_enter_walks_as_that_host() -> None:
    async with table() as w:
        await w.press("down", "enter")
        base = w.app.screen_stack[0]
        assert isinstance(base, WalkScreen) and len(w.app.screen_stack) == 1
        assert base.walk.session.target.host == sorted(hosts())[1]


async def test_a_walk_that_is_not_saved_is_asked_about() -> None:
    async with on_lab(size=LOW) as w:
        await w.press("enter", "h")
        await idle(w.pilot)
        await w.press("enter")
        assert isinstance(w.app.screen, Confirm)
        await w.press("n")
        assert isinstance(w.app.screen, HostsScreen)


async def test_two_hosts_are_compared() -> None:
    async with table("host-refuses-token") as w:
        screen = w.app.screen
        assert isinstance(screen, HostsScreen)
        screen._list.highlight("claude")
        await w.press("d")
        assert "Claude is A" in words(w.app) and " A  " in row(w.app, "Claude")
        screen._list.highlight("chatgpt")
        await w.press("d")
        assert isinstance(w.app.screen, AsBothDialog)
        await w.press("shift+tab", "right", "tab", "enter")
        await idle(w.pilot)
        assert isinstance(w.app.screen, CompareScreen)
        told = words(w.app)
        assert "A as Claude comes through" in told
        assert "B as ChatGPT comes through, but at 9 Exchange code" in told
        assert "They differ at 9 Exchange code: check HOST-09" in told
        for _ in range(4):
            await w.press("down")
        await w.press("enter")
        assert isinstance(w.app.screen, TextDialog)
        assert "is reported to refuse all but" in w.app.screen.text
        await w.press("escape", "escape")
        assert isinstance(w.app.screen, HostsScreen)
        # What the start screen's own styles say must not reach here.
        assert w.app.screen.query_one("#reasons").size.height > 1


async def test_the_same_host_twice_is_none() -> None:
    async with table() as w:
        await w.press("d", "d")
        assert isinstance(w.app.screen, HostsScreen) and "is A" not in words(w.app)


async def test_a_server_that_does_not_answer_has_no_table() -> None:
    app = AuthwalkApp(WireOptions())
    async with app.run_test(size=LOW) as pilot:
        app.show_hosts(Target("http://127.0.0.1:9/mcp"))
        await idle(pilot)
        assert "the server does not answer" in words(app) and "ChatGPT" not in words(app)
        assert "refused" in words(app) and "r asks again" in words(app)
        await pilot.press("R")
        assert isinstance(app.screen, HostsScreen)


@asynccontextmanager
async def start(size: tuple[int, int] = LOW) -> AsyncIterator[tuple[AuthwalkApp, Pilot[None]]]:
    app = AuthwalkApp(WireOptions())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        yield app, pilot


async def test_a_host_is_chosen_on_the_start_screen() -> None:
    async with Lab() as lab, start() as (app, pilot):
        app.screen.query_one(HostChoice).focus()
        await pilot.press("enter")
        assert isinstance(app.screen, ListDialog)
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert app.screen.query_one(HostChoice).value == "chatgpt" and "ChatGPT" in words(app)
        app.screen.query_one("#url").focus()
        await pilot.press(*lab.mcp_url, "enter")
        await pilot.pause()
        base = app.screen_stack[0]
        assert isinstance(base, WalkScreen) and base.walk.session.target.host == "chatgpt"


async def test_the_table_is_asked_for_from_the_start_screen() -> None:
    async with Lab() as lab, start() as (app, pilot):
        await pilot.press("ctrl+t")
        assert isinstance(app.screen, StartScreen) and "Type or paste a URL" in words(app)
        await pilot.press(*lab.mcp_url, "ctrl+t")
        await pilot.pause()
        assert isinstance(app.screen, HostsScreen)
        await idle(pilot)
        assert "✓" in row(app, "ChatGPT")
        await pilot.press("q")
        assert isinstance(app.screen, StartScreen)


def test_there_is_a_head_for_every_column() -> None:
    assert list(HEADS) == list(TITLES) == list(COLUMNS)
