"""What a line of an exchange leads to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.wellknown import is_web_url
from tests.tui.walking import LOW, on_lab, words
from tui import browser
from tui.opening import token_in, url_in
from tui.screens.dialogs import Confirm
from tui.screens.token import TokenScreen

TOKEN = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSJ9."


@pytest.mark.parametrize(
    ("line", "token"),
    [
        (f'  "access_token": "{TOKEN}",', TOKEN),
        (f"Authorization: Bearer {TOKEN}", TOKEN),
        (f"client_assertion = {TOKEN}x_-", f"{TOKEN}x_-"),
        ('  "access_token": "opaque.token.value",', ""),
        ("eyJ.a.b", ""),
    ],
)
def test_the_token_of_a_line(line: str, token: str) -> None:
    assert token_in(line) == token


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ('  "issuer": "https://a.example/x",', "https://a.example/x"),
        (r'  "issuer": "https:\/\/a.example\/x"', "https://a.example/x"),
        ("Location: http://127.0.0.1:1/cb?code=a&state=b", "http://127.0.0.1:1/cb?code=a&state=b"),
        ("see https://a.example/doc.", "https://a.example/doc"),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://user:pw@a.example/", ""),
    ],
)
def test_the_url_of_a_line(line: str, url: str) -> None:
    assert url_in(line) == url


@given(st.text())
def test_nothing_but_a_web_url_is_opened(text: str) -> None:
    found = url_in(text)
    assert not found or is_web_url(found)


async def test_a_token_in_a_body_and_in_a_header_is_taken_apart() -> None:
    async with on_lab(size=LOW) as w:
        await w.to("connect")
        w.screen.point_at("token")
        await w.press("m")
        w.stage.exchange_view.body.look_for('"access_token"')
        await w.press("g")
        assert isinstance(w.app.screen, TokenScreen)
        await w.press("ctrl+g")
        w.screen.point_at("connect")
        await w.press("l", "enter")
        w.stage.exchange_view.action_tab("request")
        head = w.stage.exchange_view.query_one("#head")
        head.focus()
        await w.pilot.pause()
        for _ in range(12):
            await w.press("g")
            if isinstance(w.app.screen, TokenScreen):
                break
            await w.press("down")
        assert isinstance(w.app.screen, TokenScreen)


async def test_the_token_has_the_whole_screen() -> None:
    async with on_lab(size=LOW) as w:
        assert not w.screen.check_action("token_large", ())
        await w.to("connect")
        await w.press("T")
        assert isinstance(w.app.screen, TokenScreen) and "aud" in words(w.app)
        await w.press("T")
        assert w.app.screen is w.screen


async def test_a_url_is_shown_whole_before_a_browser_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str | None] = []

    def take(url: str | None) -> str:
        opened.append(url)
        return ""

    monkeypatch.setattr(browser, "open_in_browser", take)
    async with on_lab(size=LOW) as w:
        await w.press("enter", "enter", "enter")
        w.screen.point_at("resource-metadata")
        await w.press("m")
        w.stage.exchange_view.body.look_for('"resource"')
        await w.press("g")
        assert isinstance(w.app.screen, Confirm) and w.walk.session.target.url in words(w.app)
        await w.press("n")
        assert not opened
        await w.press("g", "y")
        await w.until(lambda: opened)
        assert opened == [w.walk.session.target.url]
        w.stage.exchange_view.body.look_for('"scopes_supported"')
        await w.press("g")
        assert "There is no token and no URL in this line." in words(w.app)
