"""Bad input through the whole app: a clear line, the record kept, and the app goes on."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Label

from flows.exchange import Request
from flows.limits import Limits
from flows.moves import Act, Blocked, Done
from flows.session import Exchanged, Target
from flows.store import save
from flows.text import visible
from flows.walk import new_session
from flows.wire import WireOptions
from tests.flows.servers import answers, make_certificate, ok, serve
from tests.flows.world import ISSUER, METADATA, World, answer
from tests.hostile import HOSTILE
from tests.tui.walking import LOW, SIZES, WIDE, Walking, on_lab, shown, strips
from tui.app import AuthwalkApp
from tui.cli import main
from tui.screens.help import HelpScreen
from tui.widgets.exchange_view import ExchangeView
from tui.widgets.findings_list import FindingsList
from tui.widgets.token_pane import TokenPane


async def goes_on(w: Walking, step: str, *words: str) -> Blocked:
    """The walk is stopped at `step` and says these words; every event is still there, and it can
    be tried again."""
    stop = w.walk.current
    assert isinstance(stop, Blocked) and stop.step == step, stop
    w.screen.point_at(stop.step)
    await w.settle()
    for word in words:
        assert word in w.words, f"{word!r} is not on screen:\n{w.text}"
    count = len(w.events)
    assert count and w.app.is_running and len(w.app.screen_stack) == 1
    await w.press("r")
    assert isinstance(w.walk.current, Act) and len(w.events) == count + 1
    await w.press("enter")
    assert len(w.events) == count + 2, "it was tried again"
    return stop


@pytest.mark.parametrize("size", SIZES)
async def test_nobody_listens(size: tuple[int, int]) -> None:
    async with shown(new_session(Target("http://127.0.0.1:1/mcp")), size=size) as w:
        await w.press("enter")
        await goes_on(w, "challenge", "refused", "at fault the network in between")


async def test_a_host_that_is_none() -> None:
    async with shown(new_session(Target("http://a host/mcp"))) as w:
        await w.press("enter")
        assert isinstance(w.walk.current, Blocked) and "bad-request" in w.words


async def test_a_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    context: ssl.SSLContext = make_certificate().context(tmp_path)
    async with serve(answers(ok(b"{}")), context) as server:
        async with shown(new_session(Target(f"{server.url}/mcp"))) as w:
            await w.press("enter")
            await goes_on(w, "challenge", "tls", "self-signed")
        insecure = WireOptions(insecure=True)
        async with shown(new_session(Target(f"{server.url}/mcp")), options=insecure) as w:
            await w.press("enter", "m", "4")
            assert w.exchange.error is None and "NOT verified (--insecure)" in w.text
            await w.press("3")
            assert "--insecure" in w.text or " -k " in w.text


async def test_what_is_not_http() -> None:
    async with (
        serve(answers(b"SSH-2.0-OpenSSH\r\n\x1b]0;x\x07")) as server,
        shown(new_session(Target(f"{server.url}/mcp"))) as w,
    ):
        await w.press("enter")
        await goes_on(w, "challenge", "protocol")


@pytest.mark.parametrize("size", [WIDE, LOW])
async def test_a_web_page_where_metadata_belongs(size: tuple[int, int]) -> None:
    async with on_lab("metadata-html", size=size) as w:
        await w.stop()
        stop = await goes_on(w, "server-metadata", "HTML", "authorization server")
        assert stop.party == "authorization-server"


async def test_a_bomb_is_not_inflated() -> None:
    async with on_lab("gzip-bomb") as w:
        await w.stop()
        sizes = [
            len(e.exchange.response.body) for e in w.walk.session.exchanges if e.exchange.response
        ]
        assert max(sizes) <= Limits().body
        await goes_on(w, "server-metadata", "too-large")


async def test_the_deadline_ends_a_slow_answer() -> None:
    options = WireOptions(limits=Limits(deadline=1.0))
    async with on_lab("slow-token", options=options) as w:
        await w.to("token")
        await w.press("enter")
        await goes_on(w, "token", "timeout")


async def test_redirected_metadata_is_followed_hop_by_hop() -> None:
    async with on_lab("redirect-metadata") as w:
        await w.to("client")
        hops = [e for e in w.walk.session.exchanges if e.exchange.status in (301, 302, 307, 308)]
        assert hops, "each hop is an exchange of its own"
        w.screen.point_at("resource-metadata")
        await w.settle()
        assert str(hops[0].exchange.status) in w.text


async def test_a_list_without_an_end_is_ended() -> None:
    async with on_lab("tools-endless") as w:
        await w.to("tools")
        await w.press("a")
        assert w.app.is_running and w.walk.current
        pages = [e for e in w.walk.session.exchanges if e.step == "tools"]
        assert 1 < len(pages) <= 101
        w.screen.point_at("tools")
        await w.settle()
        assert "tools/list" in w.text and w.hint


async def test_an_answer_of_20_mb_is_shown_and_scrolled() -> None:
    async with on_lab("huge-body") as w:
        await w.to("call")
        w.walk.answer("call", name="echo", arguments='{"text": "x"}')
        await w.pilot.pause()
        await w.press("enter")
        if not isinstance(w.last, Exchanged):
            await w.press("enter")
        assert w.exchange.response and len(w.exchange.response.body) > 20_000_000
        assert isinstance(w.walk.moves["call"], Done)
        assert "MB" in w.text
        await w.press("m", "end", "home", "pagedown")
        assert w.app.is_running and w.hint


@pytest.mark.parametrize("size", [WIDE, LOW])
async def test_hostile_text_through_a_whole_walk(size: tuple[int, int]) -> None:
    def look() -> None:
        for strip in strips(w.app):
            assert visible(strip) == strip, strip

    async with on_lab("hostile-text", size=size) as w:
        for _ in range(60):
            move = w.walk.current
            look()
            if not isinstance(move, Act) or move.step == "call":
                break
            await w.press("A" if move.step == "callback" else "enter")
        assert w.walk.current and w.walk.current.step == "call"
        await w.press("enter")
        look()
        await w.press("escape", *"add", "enter")
        look()
        for step in ("challenge", "client", "token", "claims", "connect", "tools"):
            w.screen.show_pane("middle")
            w.screen.point_at(step)
            await w.press("m")
            for key in ("1", "2", "3", "4"):
                await w.press(key)
                look()
            for key in ("underscore", "asterisk", "i", "escape", "minus"):
                await w.press(key)
                look()
        await w.press("t")
        look()
        await w.press("escape")
        for keys in (("T",), ("s",), ("P",), ("y",), ("h",), ("ctrl+p", "h")):
            w.screen.steps.focus()
            await w.press(*keys)
            if busy := [worker for worker in w.app.workers if worker.group == "ask"]:
                await w.app.workers.wait_for_complete(busy)
            await w.settle()
            look()
            await w.press("ctrl+g" if keys[0] != "ctrl+p" else "escape")
            assert len(w.app.screen_stack) == 1, keys
        await w.press("escape", "l", "f1")
        assert isinstance(w.app.screen, HelpScreen)
        look()
        await w.press("escape")
        assert w.app.is_running, "no [@click=app.quit] was obeyed"


async def test_a_hostile_refusal_in_note_remarks_hint_and_title() -> None:
    for at in range(0, len(HOSTILE), 8):
        text = " ".join(text[:300] for text in HOSTILE[at : at + 8])
        world = World()
        metadata = {**METADATA, "issuer": text, "client_name": text}
        world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(
            200, metadata, "application/json", ("X-Text", text.replace("\n", " ")), reason=text
        )
        world.walk()
        async with shown(world.session, size=LOW) as w:
            assert isinstance(w.walk.current, Blocked)
            for keys in (("enter",), ("l",), ("m",), ("t",)):
                await w.press(*keys)
                for strip in strips(w.app):
                    assert visible(strip) == strip


@pytest.mark.parametrize(
    "url", ["http://[", "https://a.example/?" + "a=1&" * 5000, "", "javascript:alert(1)"]
)
async def test_an_endpoint_that_is_no_url(url: str) -> None:
    world = World()
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(
        200, {**METADATA, "authorization_endpoint": url}
    )
    world.walk(until="callback")
    async with shown(world.session) as w:
        await w.press("enter", "m", "l")
        for step in ("authorize", "callback", "server-metadata"):
            w.screen.point_at(step)
            await w.settle()
        await w.press("c", "o", "p")
        assert w.app.is_running and w.hint


@pytest.mark.parametrize("size", [WIDE, LOW])
async def test_a_paste_of_anything(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        await w.to("callback")
        count = len(w.events)
        for text in HOSTILE:
            await w.paste(text)
            for strip in strips(w.app):
                assert visible(strip) == strip
        assert len(w.events) == count, "nothing is recorded before enter"
        await w.press("escape", "A")
        assert len(w.events) > count


async def test_an_exchange_that_was_never_one() -> None:
    """A file may hold an exchange with neither an answer nor a failure."""
    world = World()
    request = Request("", "", (("", ""),), b"\xff")
    exchange = world.exchange(Request("GET", "https://nowhere.example"))
    from dataclasses import replace

    odd = replace(exchange, request=request, response=None, error=None)
    world.record(Exchanged(exchange.started, "challenge", odd, ""))
    async with shown(world.session) as w:
        w.screen.point_at("challenge", 0)
        await w.press("m", "1", "2", "3", "4")
        assert w.app.is_running and w.screen.query_one(ExchangeView).is_on_screen


@pytest.mark.parametrize(
    "broken",
    [b"", b"version = 1\n[[[", b"\xff\xfe", b"version = 99\n", b"version = 1\n[session]\n" * 2],
)
def test_a_broken_file_ends_before_the_app_begins(
    broken: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "[b]broken\x1b[31m.toml"
    path.write_bytes(broken)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the app must not start")

    monkeypatch.setattr(AuthwalkApp, "run", never)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("tui.commands.app.refusal", lambda environ, terminal: "")
    assert main([str(path)]) == 6
    said = capsys.readouterr().err
    assert said.startswith("authwalk: ") and "\x1b" not in said and said.count("\n") == 1


async def test_a_broken_file_is_told_on_the_start_screen(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken.toml", tmp_path / "good.toml"
    broken.write_bytes(b"version = 1\n[[[")
    save(good, new_session(Target("http://127.0.0.1:1/mcp")))
    app = AuthwalkApp(WireOptions())
    async with app.run_test() as pilot:
        app.open_file(broken)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "broken.toml" in str(app.screen.query_one("#words", Label).content)
        app.open_file(good)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.screen.query("#steps"), "and another can be opened"


async def test_the_token_pane_and_remarks_of_a_hostile_walk() -> None:
    async with on_lab("hostile-text", "missing-aud") as w:
        await w.to("connect")
        pane, remarks = w.screen.query_one(TokenPane), w.screen.query_one(FindingsList)
        assert pane.inspection and remarks.row_count
        for strip in strips(w.app):
            assert visible(strip) == strip
