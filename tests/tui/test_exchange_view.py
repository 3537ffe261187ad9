"""One exchange, request to come, or set of values, tab by tab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from flows.exchange import Exchange, Failure, Request, Response
from flows.moves import Compose, Make, Send
from flows.session import Answered, Exchanged, Made
from flows.text import visible
from flows.wire import WireOptions
from tests.flows.world import MCP, NOW
from tests.hostile import HOSTILE
from tests.tui.walking import OPTIONS, screen_lines, screen_text, strips, words
from tui.view import Item
from tui.widgets.exchange_view import TABS, ExchangeView

REQUEST = Request("POST", MCP, (("Authorization", "Bearer s3cret-token-1"),), b'{"id": 1}')
RESPONSE = Response(200, "OK", (("Content-Type", "application/json"),), b'{"ok": true}')
EXCHANGE = Exchange("x1", REQUEST, NOW, RESPONSE)
SENT = Item("initialize", Exchanged(NOW, "connect", EXCHANGE, "initialize"))
PENDING = Item("initialize", move=Send("connect", REQUEST, "initialize"))
VALUES = Item("values", move=Make("pkce", (("state", "abc"), ("code_verifier", "v")), "values"))
URL = "https://auth.example.com/authorize?response_type=code&state=abc"


class Host(App[None]):
    CSS_PATH = Path(__file__).parents[2] / "tui" / "styles" / "walk.tcss"

    def __init__(self, options: WireOptions) -> None:
        super().__init__()
        self.options = options

    def compose(self) -> ComposeResult:
        yield ExchangeView(self.options)

    @property
    def view(self) -> ExchangeView:
        return self.query_one(ExchangeView)

    def on_mount(self) -> None:
        self.view.body.focus()


@asynccontextmanager
async def showing(
    item: Item,
    *,
    size: tuple[int, int] = (70, 24),
    options: WireOptions = OPTIONS,
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    async with (app := Host(options)).run_test(size=size) as pilot:
        app.view.show(item)
        await pilot.pause()
        yield app, pilot


def offered(app: Host) -> list[str]:
    return screen_lines(app)[1].split()


async def test_an_exchange_opens_on_its_response() -> None:
    async with showing(SENT) as (app, _):
        assert offered(app) == ["Request", "Response", "Curl", "Timing"]
        assert "200 OK" in screen_lines(app)[0] and app.view.tab == "response"
        assert "Content-Type: application/json" in screen_text(app)
        assert '"ok": true' in screen_text(app)


async def test_each_tab_by_its_number() -> None:
    async with showing(SENT) as (app, pilot):
        for key, text in (("1", '"id": 1'), ("3", "curl "), ("4", "first byte"), ("2", '"ok"')):
            await pilot.press(key)
            if key == "4":
                text = "total"
            assert text in screen_text(app), key


async def test_tabs_by_mouse() -> None:
    async with showing(SENT) as (app, pilot):
        line = screen_lines(app)[1]
        await pilot.click(offset=(line.index("Curl") + 1, 1))
        assert "curl " in screen_text(app)


async def test_the_command_in_other_formats() -> None:
    async with showing(SENT) as (app, pilot):
        await pilot.press("3")
        for name, text in (
            ("PowerShell", "curl.exe -sS"),
            ("HTTPie", "http --ignore-netrc"),
            (".http", "### initialize"),
            ("Raw", "POST /mcp HTTP/1.1"),
            ("Curl", "curl -sS -i"),
        ):
            await pilot.press("3")
            assert text in screen_text(app) and name in offered(app)
            assert "s3cret" not in screen_text(app)
        await pilot.press("3", "1", "3")
        assert "curl.exe" in screen_text(app), "the format stays"
        await pilot.click(offset=(screen_lines(app)[1].index("PowerShell") + 1, 1))
        assert "http --ignore-netrc" in screen_text(app)


async def test_a_request_to_come() -> None:
    async with showing(PENDING) as (app, pilot):
        assert offered(app) == ["Request", "Curl"] and "not sent yet" in screen_text(app)
        await pilot.press("2")
        assert app.view.tab == "request", "there is no response to show"
        app.view.show(PENDING, replace(REQUEST, url=f"{MCP}/other"))
        await pilot.pause()
        assert "edited, not sent yet" in screen_text(app) and "/mcp/other" in screen_text(app)
        assert app.view.request and app.view.request.url == f"{MCP}/other"


async def test_values_need_no_tabs() -> None:
    async with showing(VALUES) as (app, pilot):
        assert offered(app) == []
        assert "state          abc" in screen_text(app) and app.view.request is None
        assert app.view.command_text() == ""
        app.view.show(VALUES, (("state", "mine"),))
        await pilot.pause()
        assert "mine" in screen_text(app) and "edited" in screen_lines(app)[0]


async def test_what_the_browser_asks_for() -> None:
    made = Item("computed", Made(NOW, "authorize", (("authorization_url", URL),)))
    for item in (made, Item("request", move=Compose("authorize", Request("GET", URL), "request"))):
        async with showing(item) as (app, _):
            assert "response_type  code" in screen_text(app)
            assert ("for the browser" in screen_text(app)) is (item is made)
            assert app.view.request == Request("GET", URL)


async def test_an_answer_with_its_verdict() -> None:
    given = Answered(NOW, "callback", (("redirect", "?code=abc&state=s"), ("via", "pasted")))
    async with showing(Item("what came back", given)) as (app, pilot):
        app.view.show(Item("what came back", given), notes="✓ state matches")
        await pilot.pause()
        seen = words(app)
        assert "code abc" in seen and "came pasted" in seen and "✓ state matches" in seen


async def test_no_answer_at_all_says_why() -> None:
    refused = replace(EXCHANGE, response=None, error=Failure("refused", "nobody listens there"))
    async with showing(Item("x", Exchanged(NOW, "connect", refused, "x"))) as (app, _):
        assert "✗ refused: nobody listens there" in screen_text(app)


async def test_an_answer_that_was_cut_short_says_both() -> None:
    cut = replace(EXCHANGE, error=Failure("too-large", "more than 1 MB"))
    async with showing(Item("x", Exchanged(NOW, "connect", cut, "x"))) as (app, _):
        seen = screen_text(app)
        assert "✗ too-large: more than 1 MB" in seen and '"ok": true' in seen


async def test_curl_hides_secrets_unless_asked_and_keeps_the_options() -> None:
    options = WireOptions(insecure=True, proxy="http://proxy.example:3128")
    async with showing(SENT, options=options) as (app, _):
        plain, full = app.view.command_text(), app.view.command_text(secrets="values")
        assert "s3cret" not in plain and "$ACCESS_TOKEN" in plain and "s3cret-token-1" in full
        assert " -k" in plain
        assert "proxy.example" in plain and "initialize, 2026-11-23T08:15:00Z" in plain


async def test_what_no_shell_can_hold_is_said_instead() -> None:
    request = Request("POST", f"{MCP}?q=\x00", REQUEST.headers, b"{}")
    async with showing(Item("x", move=Send("connect", request, "x"))) as (app, _):
        assert app.view.command_text().startswith("#")


@pytest.mark.parametrize("width", [70, 46, 40])
async def test_the_ends_of_a_long_url_are_kept(width: int) -> None:
    url = f"https://auth.example.com/{'deep/' * 20}token"
    request = replace(REQUEST, url=url)
    sent = Exchanged(NOW, "connect", replace(EXCHANGE, request=request), "x")
    async with showing(Item("x", sent), size=(width, 20)) as (app, pilot):
        for _ in range(2):
            line = screen_lines(app)[0]
            assert line.startswith(" POST ") and "/token" in line and "200 OK" in line
            await pilot.resize_terminal(width + 8, 20)
            await pilot.pause()


async def test_the_same_again_keeps_the_tab() -> None:
    async with showing(SENT) as (app, pilot):
        await pilot.press("4")
        app.view.show(SENT)
        assert "total" in screen_text(app)
        app.view.show(Item("x", Exchanged(NOW, "connect", EXCHANGE, "x")))
        await pilot.pause()
        assert "HTTP/1.1 200 OK" in screen_text(app)


def hostile_items(text: str) -> list[Item]:
    fields = ((text, text),)
    request = Request(
        text,
        f"https://a.example/{text}?{text}={text}",
        fields,
        text.encode("utf-16", "surrogatepass"),
    )
    response = Response(200, text, fields, text.encode("utf-8", "surrogatepass"))
    exchange = Exchange("x", request, NOW, response, Failure("protocol", text), peer=text)
    return [
        Item(text, Exchanged(NOW, "connect", exchange, text)),
        Item(text, move=Send("connect", request, text)),
        Item(text, move=Make("pkce", fields, text)),
        Item(text, Made(NOW, "authorize", (("authorization_url", text or "x"),))),
        Item(text, Answered(NOW, "callback", (("redirect", text), ("via", text)))),
    ]


async def test_nothing_hostile_reaches_the_terminal() -> None:
    async with showing(SENT) as (app, pilot):
        for text in HOSTILE:
            for item in hostile_items(text):
                app.view.show(item, notes=visible(text))
                for tab in TABS:
                    app.view.action_tab(tab)
                    for strip in strips(app):
                        assert visible(strip) == strip, (text, tab)
        await pilot.pause()
        assert app.is_running


@pytest.mark.parametrize(
    "make",
    [
        lambda url: Item("x", move=Send("connect", Request("GET", url), "x")),
        lambda url: Item("x", move=Compose("authorize", Request("GET", url), "x")),
        lambda url: Item("x", Made(NOW, "authorize", (("authorization_url", url),))),
    ],
)
@pytest.mark.parametrize(
    "url", ["", "http://[", "http://a:b:c/", "?", "x" * 70_000, "http://a?" + "a=1&" * 2000]
)
async def test_what_is_no_url_is_shown_all_the_same(make: Callable[[str], Item], url: str) -> None:
    async with showing(make(url)) as (app, pilot):
        await pilot.press("3", "1")
        assert app.is_running and app.query_one("#headline").is_on_screen
