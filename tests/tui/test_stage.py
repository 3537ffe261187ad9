"""What is on show of a step: the item pointed at, its attempt, its edit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen

from flows.moves import Blocked, Make, Send
from flows.session import Pairs, StepId
from flows.steps import STEP
from flows.text import visible
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.world import ISSUER, METADATA, World, answer
from tests.hostile import HOSTILE
from tests.tui.walking import screen_lines, screen_text, strips, words
from tui.hint_keys import HintKeys
from tui.widgets.list_view import LineList
from tui.widgets.response_panel import ResponsePanel
from tui.widgets.stage import Stage

METADATA_URL = f"GET {ISSUER}/.well-known/oauth-authorization-server"


class WalkScreen(Screen[None]):
    """Of the same name as the real one, so that its styles are those of the walk."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk
        self.pointed = 0

    def compose(self) -> ComposeResult:
        yield Stage(self.walk, in_lab=False, id="middle")

    async def on_mount(self) -> None:
        stage = self.query_one(Stage)
        stage.on_pointed = self.count
        await stage.mount_forms()
        stage.show()

    def count(self) -> None:
        self.pointed += 1


class Host(App[None]):
    CSS_PATH = Path(__file__).parents[2] / "tui" / "styles" / "walk.tcss"
    hint_keys = HintKeys()

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk

    def get_default_screen(self) -> Screen[None]:
        return WalkScreen(self.walk)

    @property
    def stage(self) -> Stage:
        return self.screen.query_one(Stage)

    @property
    def pointed(self) -> int:
        assert isinstance(self.screen, WalkScreen)
        return self.screen.pointed


@asynccontextmanager
async def staged(
    world: World, *, size: tuple[int, int] = (66, 30)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    async with (app := Host(Walk(world.session, Wire()))).run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def walked(until: StepId | None = None) -> World:
    world = World()
    world.walk(until=until)
    return world


def edits(app: Host) -> bool:
    """Whether what is on show was edited; a call, so that a type checker does not remember."""
    return app.stage.edit is not None


def stopped() -> World:
    world = World()
    world.routes[METADATA_URL] = answer(200, {**METADATA, "issuer": f"{ISSUER}/"})
    world.walk()
    return world


async def test_it_opens_on_the_move_to_come() -> None:
    async with staged(walked("token")) as (app, _):
        assert app.stage.step == "token"
        assert isinstance(app.stage.shown and app.stage.shown.move, Send)
        assert "not sent yet" in screen_text(app) and "grant_type" in screen_text(app)
        assert app.stage.request and app.stage.request.method == "POST"


async def test_a_complete_walk_opens_on_its_last_step() -> None:
    async with staged(walked()) as (app, _):
        assert app.stage.step == "call" and "200" in screen_text(app)


@pytest.mark.parametrize("step", list(STEP))
async def test_every_step_says_what_it_is_for_and_by_which_standard(step: StepId) -> None:
    async with staged(walked()) as (app, pilot):
        app.stage.point_at(step)
        await pilot.pause()
        seen = words(app)
        for word in (STEP[step].title, *STEP[step].purpose.split(), *STEP[step].standard.split()):
            assert word in seen, f"clipped: {word}"


async def test_the_items_of_a_step_stand_in_columns() -> None:
    async with staged(stopped()) as (app, pilot):
        rows = [line for line in screen_lines(app) if "GET https" in line and "200" in line]
        rows += [line for line in screen_lines(app) if "GET https" in line and "404" in line]
        assert len({row.index("GET") for row in rows}) == 1 and len(rows) > 1
        assert len({row.rstrip("│ ").rindex(" ") for row in rows}) == 1
        items = app.screen.query_one("#items", LineList)
        items.focus()
        before = app.stage.request
        await pilot.press("home")
        assert app.stage.request and app.stage.request != before
        assert "200 OK" in screen_text(app) or "200" in screen_text(app)


async def test_a_stop_is_told_beside_its_labels() -> None:
    async with staged(stopped()) as (app, pilot):
        for _ in range(2):
            assert "at fault the MCP server" in words(app)
            lines = [line.strip("│ ") for line in screen_lines(app)]
            first = next(line for line in lines if line.startswith("✗ "))
            assert len(first) > 10, "the words begin beside the mark"
            mend = next(at for at, line in enumerate(lines) if line.startswith("to mend"))
            assert lines[mend + 1] == "" or not lines[mend + 1].startswith(("is", "the"))
            await pilot.resize_terminal(50, 30)
            await pilot.pause()
        assert app.stage.request is None, "a note is no request"


async def test_a_long_reason_can_be_scrolled() -> None:
    world = walked("callback")
    world.respond(
        error="server_error", error_description="why " * 900, state=world.state, iss=ISSUER
    )
    async with staged(world, size=(50, 20)) as (app, pilot):
        app.stage.focus_content()
        await pilot.pause()
        note = app.screen.query_one("#note")
        assert note.has_focus and note.max_scroll_y > 0
        await pilot.press("end")
        assert "RFC 6749" in screen_text(app)


async def test_not_reached_skipped_and_done() -> None:
    world = World(target=replace(World().target, bearer="given-token-0001"))
    async with staged(world) as (app, pilot):
        app.stage.point_at("call")
        await pilot.pause()
        assert "Not reached yet." in screen_text(app)
        app.stage.point_at("client")
        await pilot.pause()
        assert "Skipped: " in screen_text(app)
    async with staged(walked()) as (app, pilot):
        app.stage.point_at("claims")
        await pilot.pause()
        assert "Done: " in screen_text(app)


async def test_the_form_is_filled_when_it_comes() -> None:
    async with staged(walked("callback")) as (app, pilot):
        assert app.screen.query_one(ResponsePanel).is_on_screen
        assert "auth.example.com" in words(app) and "127.0.0.1:7777" in words(app)
        app.stage.focus_content()
        await pilot.pause()
        assert app.screen.query_one(ResponsePanel).pasted.has_focus


@pytest.mark.parametrize(
    ("columns", "cited"),
    [(66, "RFC 6749 §4.1.2, RFC 9207 §2.4"), (46, "RFC 6749 §4.1.2"), (24, "")],
)
async def test_a_citation_is_told_whole_or_not_at_all(columns: int, cited: str) -> None:
    async with staged(walked("callback"), size=(columns, 30)) as (app, _):
        title = screen_lines(app)[0]
        assert title.strip("╭╮─ ") == f"8 Response  {cited}".strip()


async def test_an_edit_stands_in_until_it_is_taken_back() -> None:
    async with staged(walked("pkce")) as (app, pilot):
        while not isinstance(app.walk.current, Make):
            await app.walk.perform(app.walk.current)  # type: ignore[arg-type]
        app.stage.point_at("pkce")
        move = app.walk.current
        edit: Pairs = (("state", "mine"), *move.values[1:])
        app.stage.set_edit(move, edit)
        await pilot.pause()
        assert edits(app) and "mine" in screen_text(app)
        app.stage.point_at("challenge")
        assert not edits(app)
        app.stage.point_at("pkce")
        assert edits(app), "looking elsewhere does not lose it"
        app.stage.set_edit(move, move.values)
        assert not edits(app)


async def test_an_edit_does_not_outlive_its_move() -> None:
    async with staged(walked("token")) as (app, _):
        move = app.walk.current
        assert isinstance(move, Send)
        app.stage.set_edit(move, replace(move.request, method="PUT"))
        app.walk.rerun("pkce")
        for _ in range(3):
            if (now := app.walk.current) and now.step == "callback":
                break
            await app.walk.perform(now)  # type: ignore[arg-type]
        pkce = app.walk.facts.pkce
        assert pkce
        app.walk.answer("callback", redirect=f"?code=other&state={pkce.state}&iss={ISSUER}")
        app.stage.point_at("token")
        assert isinstance(app.walk.current, Send) and app.stage.edit is None


async def test_attempts_turn_and_stop_at_the_ends() -> None:
    world = walked("client")
    world.rerun("server-metadata")
    world.walk(until="client")
    async with staged(world) as (app, _):
        app.stage.point_at("server-metadata")
        titles = []
        for by in (-1, -1, 1, 1):
            app.stage.turn_attempt(by)
            titles.append(str(app.stage.border_subtitle))
        assert [title[:14].strip() for title in titles] == [
            "attempt 1 of 2",
            "attempt 1 of 2",
            "attempt 2 of 2",
            "attempt 2 of 2",
        ]


async def test_pointing_is_told() -> None:
    async with staged(walked("client")) as (app, pilot):
        before = app.pointed
        app.stage.point_at("challenge")
        await pilot.pause()
        assert app.pointed > before


@pytest.mark.parametrize("size", [(66, 40), (46, 19)])
async def test_nothing_hostile_reaches_the_terminal(size: tuple[int, int]) -> None:
    for at in range(0, len(HOSTILE), 6):
        text = " ".join(text[:200] for text in HOSTILE[at : at + 6])
        text = text.encode(errors="replace").decode()  # a URL holds no lone surrogates
        world = walked("callback")
        world.respond(error=text, error_description=text, state=world.state)
        async with staged(world, size=size) as (app, _):
            assert isinstance(app.walk.current, Blocked)
            for strip in strips(app):
                assert visible(strip) == strip
