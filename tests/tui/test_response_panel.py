from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from flows.facts import Facts
from flows.text import visible
from tests.flows.world import ISSUER, REDIRECT, World
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, paste, settled
from tui.hint_keys import HintKeys
from tui.widgets.response_panel import ResponsePanel


def awaiting() -> World:
    world = World()
    world.walk(until="callback")
    return world


WORLD = awaiting()
GOOD = f"{REDIRECT}?code=abc&state={WORLD.state}&iss={quote(ISSUER, safe='')}"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class PanelHost(Host):
    hint_keys = HintKeys()

    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(lambda: ResponsePanel(clock=self.clock))

    @property
    def panel(self) -> ResponsePanel:
        return self.query_one(ResponsePanel)

    @property
    def answers(self) -> list[str]:
        return [posted.text for posted in self.posted if isinstance(posted, ResponsePanel.Answered)]

    def on_response_panel_answered(self, event: ResponsePanel.Answered) -> None:
        self.posted.append(event)

    def says(self, name: str = "verdict") -> str:
        return " ".join(str(self.panel.query_one(f"#response-{name}", Static).content).split())


@asynccontextmanager
async def waiting(
    facts: Facts = WORLD.facts,
    *,
    listening: str | None = REDIRECT,
    lab: bool = False,
    size: tuple[int, int] = (54, 18),
) -> AsyncIterator[tuple[PanelHost, Pilot[None]]]:
    app = PanelHost()
    async with app.run_test(size=size) as pilot:
        app.panel.show(facts, listening=listening, lab=lab)
        app.panel.pasted.focus()
        await settled(pilot)
        yield app, pilot


async def test_over_ssh_the_browser_is_on_the_other_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    async with waiting() as (app, _):
        told = app.says("todo")
        assert told.startswith("ctrl+y copies the URL, for the browser on your side of SSH.")
        assert told.endswith("It ends on a page that is not found there: paste its address.")


async def test_it_says_where_to_go_and_where_the_answer_comes() -> None:
    async with waiting(size=(54, 40)) as (app, _):
        seen = painted(app)
        assert "auth.example.com" in seen
        assert REDIRECT in seen
        assert "code_challenge" in "".join(seen.split())
        assert app.says("back").endswith("● listening there for 0:00")
        app.clock.now = 65.0
        app.panel.show(WORLD.facts, listening=REDIRECT, lab=False)
        assert app.says("back").endswith("listening there for 1:05")
        assert "look at the browser" in app.says()


async def test_without_a_listener_it_says_so() -> None:
    async with waiting(listening=None) as (app, _):
        assert "nothing listens there" in app.says("back")
        assert "paste where you end up" in app.says("todo")
    async with waiting(listening="http://127.0.0.1:1/callback") as (app, _):
        assert "waits elsewhere" in app.says("back")


async def test_a_redirect_uri_of_another_host_is_explained() -> None:
    facts = replace(WORLD.facts, redirect_uri="https://claude.ai/api/mcp/auth_callback")
    async with waiting(facts, listening=None) as (app, _):
        assert "end up on a page of claude.ai, not here" in app.says()


async def test_the_lab_needs_no_browser() -> None:
    async with waiting(lab=True) as (app, _):
        assert "A: the lab needs no browser" in app.says("todo")


async def test_the_keys_that_it_names_are_those_that_work() -> None:
    async with waiting(lab=True) as (app, pilot):
        assert "ctrl+o opens the URL, ctrl+y copies it." in app.says("todo")
        await pilot.press("escape")
        assert "o opens the URL, u copies it. Or A:" in " ".join(app.says("todo").split())
        assert "ctrl" not in app.says("todo")


async def test_the_port_is_part_of_where_it_goes() -> None:
    facts = replace(WORLD.facts, authorization_url="http://127.0.0.1:8401/authorize?x=1")
    async with waiting(facts) as (app, _):
        assert app.says("host") == "goes to 127.0.0.1:8401"


async def test_plain_http_and_foreign_letters_are_pointed_out() -> None:
    facts = replace(WORLD.facts, authorization_url="http://exämple.com/authorize?x=1")
    async with waiting(facts) as (app, _):
        assert app.says("host") == "goes to exämple.com xn--exmple-cua.com http, not encrypted"


@pytest.mark.parametrize(
    "wrapped",
    [
        GOOD,
        f'"{GOOD}"\n',
        GOOD[:30] + "\n" + GOOD[30:],
        GOOD[:30] + "\r\n  " + GOOD[30:60] + "\r" + GOOD[60:],
        f"<{GOOD}> ",
        GOOD.partition("?")[2],
    ],
)
async def test_a_paste_arrives_whole_and_is_judged_before_enter(wrapped: str) -> None:
    async with waiting() as (app, pilot):
        await paste(pilot, wrapped)
        said = app.says()
        assert "with code, state, iss" in said
        assert "✓ state matches." in said
        assert "✓ iss is the issuer." in said
        assert said.endswith("enter goes on with it")
        assert app.answers == []
        await pilot.press("enter")
        assert app.answers == [wrapped.replace("\r\n", "\n").replace("\r", "\n")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{REDIRECT}?code=abc&state=other&iss={ISSUER}", "✗ state is not the one sent"),
        (f"{REDIRECT}?code=abc&state={WORLD.state}", "✗ iss is missing"),
        (f"{REDIRECT}?error=access_denied&state={WORLD.state}&iss={ISSUER}", "✗ access_denied"),
        (f"{REDIRECT}?code=a&code=b&state={WORLD.state}&iss={ISSUER}", "✗ code appears more"),
    ],
)
async def test_a_bad_response_is_named_and_can_still_be_recorded(text: str, words: str) -> None:
    async with waiting() as (app, pilot):
        await paste(pilot, text)
        assert words in app.says()
        assert app.says().endswith("enter records it, and the walk stops there")
        await pilot.press("enter")
        assert app.answers == [text]


async def test_a_bare_code_goes_on_with_what_cannot_be_judged() -> None:
    async with waiting() as (app, pilot):
        await pilot.press(*"SplxlOBe")
        assert app.says().startswith("a bare code with code")
        assert "! A bare code: state cannot be judged." in app.says()
        await pilot.press("enter")
        assert app.answers == ["SplxlOBe"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "https://as.example.com/authorize?response_type=code&code_challenge=x",
            "this is the auth",
        ),
        ("two words", "it holds spaces"),
        ("https://as.example.com/", "neither code nor error"),
        ("x" * 100_000, "100,000 characters are no redirect URL"),
    ],
)
async def test_what_is_no_response_is_refused_in_words(text: str, words: str) -> None:
    async with waiting() as (app, pilot):
        await paste(pilot, text)
        assert words in app.says()
        await pilot.press("enter")
        assert app.answers == []


async def test_a_second_response_takes_the_place_of_the_first() -> None:
    async with waiting() as (app, pilot):
        await paste(pilot, f"{REDIRECT}?code=old")
        await paste(pilot, GOOD)
        await pilot.press("enter")
        assert app.answers == [GOOD]


async def test_what_was_typed_stays_until_there_is_another_authorization_url() -> None:
    async with waiting() as (app, pilot):
        await pilot.press("a", "b")
        app.panel.note_rejected("GET /favicon.ico: not the path")
        app.panel.show(WORLD.facts, listening=None, lab=False)
        assert app.panel.pasted.text == "ab"
        assert "favicon" in app.says("rejected")
        other = replace(WORLD.facts, authorization_url="https://other.example/authorize")
        app.panel.show(other, listening=None, lab=False)
        assert app.panel.pasted.text == ""
        assert app.says("rejected") == ""


async def test_foreign_requests_are_shown_and_counted() -> None:
    async with waiting() as (app, _):
        for number in range(5):
            app.panel.note_rejected(f"GET /{number}: wrong path")
        assert app.says("rejected") == (
            "2 more were turned away ! turned away: GET /2: wrong path "
            "! turned away: GET /3: wrong path ! turned away: GET /4: wrong path"
        )


async def test_the_url_is_copied_and_the_field_is_left_by_key() -> None:
    async with waiting() as (app, pilot):
        await pilot.press("ctrl+y")
        assert app.copied == [WORLD.facts.authorization_url]
        await pilot.press("escape")
        assert app.focused is None


async def test_nothing_is_shown_or_said_before_there_is_anything() -> None:
    app = PanelHost()
    async with app.run_test() as pilot:
        await pilot.press(*"abc", "enter", "ctrl+y")
        assert (app.answers, app.copied) == ([], [])


async def test_hostile_text_is_shown_harmless_wherever_it_stands() -> None:
    async with waiting(size=(54, 60)) as (app, pilot):
        for text in HOSTILE:
            facts = replace(
                WORLD.facts,
                authorization_url=f"https://{text}/{text}",
                redirect_uri=f"https://{text}/{text}",
            )
            app.panel.show(facts, listening=text, lab=False)
            app.panel.note_rejected(text)
            encoded = quote(text.encode("utf-8", "surrogatepass"))
            for pasted in (
                text,
                f"{REDIRECT}?code=1&{encoded}=1&state={encoded}&iss={encoded}",
                f"{REDIRECT}?error={encoded}&error_description={encoded}",
            ):
                await paste(pilot, pasted)
                seen = painted(app)
                assert visible(seen, lines=True) == seen
                app.panel.pasted.text = ""
