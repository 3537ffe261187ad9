from __future__ import annotations

import json

import pytest
from textual.app import App
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from flows.facts import Facts
from tests.flows import tokens
from tests.tui.test_token_pane import CLAIMS, NOW, facts, screen, settled, signed
from tui.screens.token import TokenScreen
from tui.widgets.token_pane import TokenPane
from tui.widgets.token_rows import Shown


class Host(App[None]):
    def __init__(self, given: Facts, use: Shown = "access", pasted: str = "") -> None:
        super().__init__()
        self.given, self.use, self.pasted = given, use, pasted
        self.copied: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(
            TokenScreen(self.given, use=self.use, pasted=self.pasted, clock=lambda: NOW)
        )

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


async def press(app: Host, pilot: Pilot[None], *keys: str) -> str:
    await pilot.press(*keys)
    await settled(app, pilot)
    return screen(app)


@pytest.mark.parametrize("size", [(140, 44), (80, 24)])
async def test_claims_with_their_meaning_then_the_json_as_it_was_sent(
    size: tuple[int, int],
) -> None:
    token = signed()
    app = Host(facts(token))
    async with app.run_test(size=size) as pilot:
        seen = await press(app, pilot)
        assert "alg RS256  kid k1  ✓ verified" in seen
        assert "An identifier of this one token." in seen
        seen = await press(app, pilot, "2")
        assert '"alg": "RS256"' in seen
        seen = await press(app, pilot, "3")
        assert f'"sub": {json.dumps(CLAIMS["sub"])}' in seen
        seen = await press(app, pilot, "4")
        assert token[:40] in seen
        seen = await press(app, pilot, "1")
        assert "✓ verified" in seen


async def test_it_opens_on_what_was_on_show() -> None:
    app = Host(facts(signed(), refresh_token="refresh-0001"), use="refresh")
    async with app.run_test() as pilot:
        await settled(app, pilot)
        assert app.screen.query_one(TokenPane).use == "refresh"
    app = Host(facts(signed()), pasted="pasted-0001")
    async with app.run_test() as pilot:
        await settled(app, pilot)
        assert app.screen.query_one(TokenPane).pasted == "pasted-0001"
        assert "opaque: 11 characters" in screen(app)


async def test_the_json_follows_what_is_pasted() -> None:
    app = Host(facts(None))
    async with app.run_test() as pilot:
        app.screen.query_one(TokenPane).paste(tokens.sign("HS256", b"x" * 32, {"sub": "pasted"}))
        assert '"sub": "pasted"' in await press(app, pilot, "3")
        assert app.screen.query_one(TabbedContent).active == "payload"


async def test_values_are_copied_from_every_view() -> None:
    token = signed()
    app = Host(facts(token))
    async with app.run_test() as pilot:
        await press(app, pilot, "Y", "2", "down", "y")
        assert app.copied[0] == token
        assert app.copied[1:] == ["RS256"]


@pytest.mark.parametrize("key", ["escape", "ctrl+g", "T"])
async def test_it_closes(key: str) -> None:
    app = Host(facts(signed()))
    async with app.run_test() as pilot:
        await press(app, pilot, key)
        assert not isinstance(app.screen, TokenScreen)


async def test_leaving_the_field_does_not_leave_the_screen() -> None:
    app = Host(facts(signed()))
    async with app.run_test() as pilot:
        await press(app, pilot, "t", "x", "escape")
        assert isinstance(app.screen, TokenScreen)
        assert app.screen.query_one(TokenPane).use == "access"


def test_every_binding_can_be_remapped_and_says_what_it_does() -> None:
    for binding in TokenScreen.__dict__["BINDINGS"]:
        assert isinstance(binding, Binding)
        assert binding.id and binding.tooltip
