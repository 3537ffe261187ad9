"""The compare screen: what differs, folded; both events whole; hostile text shown as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from flows.compare import Compared, Comparison, Difference, Pairing
from flows.exchange import Exchange, Request, Response
from flows.moves import Send
from flows.session import Exchanged
from flows.store import save
from tests.hostile import HOSTILE
from tests.tui.walking import LOW, OPTIONS, SIZES, WIDE, Walking, on_lab, screen_text
from tui.app import AuthwalkApp
from tui.screens.compare import CompareScreen, PairScreen
from tui.screens.sessions import SessionPicker
from tui.screens.start import StartScreen
from tui.screens.walk import WalkScreen
from tui.widgets.list_view import LineList

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)


async def two_attempts(w: Walking) -> None:
    """The token step, once as it should be and once with the code already used."""
    await w.to("token")
    move = w.walk.current
    assert isinstance(move, Send)
    await w.walk.perform(move)
    w.walk.rerun("token")
    again = w.walk.current
    assert isinstance(again, Send)
    await w.walk.perform(again)
    w.screen.point_at("token")
    await w.settle()


def choose(w: Walking, words: str) -> None:
    """Bring the cursor to the first row that holds these words."""
    found = w.app.screen.query_one(LineList)
    for number in range(found.row_count):
        found.cursor = number
        if words in "".join(text for text, _ in (found.current.cells if found.current else ())):
            return
    raise AssertionError(f"no row says {words}:\n{w.text}")


@pytest.mark.parametrize("size", SIZES)
async def test_two_attempts_of_the_step_on_show(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        await two_attempts(w)
        await w.press("d")
        await w.until(lambda: isinstance(w.app.screen, CompareScreen))
        await w.until(lambda: "They differ at 9 Exchange code: response status" in w.words)
        for words in ("A Exchange code, attempt 1", "B Exchange code, attempt 2", "/error", "400"):
            assert words in w.words, w.text
        assert "header date" not in w.text
        await w.press("v")
        await w.until(lambda: "as it must" in w.text)
        await w.press("v")
        choose(w, "response status")
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen, PairScreen) and "200 OK" in w.text)
        assert ("400 Bad Request" in w.text) == (size[0] >= 110), "side by side where both fit"
        await w.press("]")
        await w.until(lambda: "400 Bad Request" in w.text)
        await w.press("q", "q")
        await w.until(lambda: isinstance(w.app.screen, WalkScreen))


async def test_the_row_of_a_side_opens_that_side_at_the_place() -> None:
    async with on_lab(size=LOW) as w:
        await two_attempts(w)
        await w.press("d")
        await w.until(lambda: isinstance(w.app.screen, CompareScreen))
        choose(w, "invalid_grant")
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen, PairScreen) and "attempt 2" in w.text)
        await w.until(lambda: '"error"' in w.text and "1 of 1" in w.text)


async def test_one_attempt_has_nothing_beside_it() -> None:
    async with on_lab() as w:
        await w.to("token")
        await w.press("d")
        assert isinstance(w.app.screen, WalkScreen)


async def test_the_walk_beside_a_saved_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.store.default_folder", lambda: tmp_path)
    async with on_lab("missing-aud") as w:
        await w.to("connect")
        save(tmp_path / "broken.toml", w.walk.session)
        assert w.lab
        w.lab.set_faults(())
        w.walk.rerun("client")
        await w.to("connect")
        await w.press("D")
        await w.until(lambda: isinstance(w.app.screen, SessionPicker) and "broken" in w.text)
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen, CompareScreen))
        await w.until(lambda: "/access_token, claim aud" in w.words)
        assert "A broken.toml" in w.words and "B this walk" in w.words
        await w.press("escape")
        await w.until(lambda: isinstance(w.app.screen, WalkScreen))


async def until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    for _ in range(6000):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"never came true; on screen:\n{screen_text(pilot.app)}")


async def test_two_sessions_from_the_start_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.store.default_folder", lambda: tmp_path)
    for name, fault in (("works", ()), ("broken", ("token-500",))):
        async with on_lab(*fault) as w:
            await (w.stop() if fault else w.to("call"))
            save(tmp_path / f"{name}.toml", w.walk.session)
    app = AuthwalkApp(OPTIONS)
    async with app.run_test(size=LOW) as pilot:
        await until(pilot, lambda: app.screen.query("#recent") and "works" in screen_text(app))
        await pilot.press("down", "d")
        await until(pilot, lambda: "is A. Press d on another" in screen_text(app))
        await pilot.press("down", "d")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await until(pilot, lambda: "They differ at 9 Exchange code" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, StartScreen))
        await pilot.press("d", "d")  # the same one twice takes the mark back
        assert isinstance(app.screen, StartScreen)


@pytest.mark.parametrize("size", [WIDE, LOW])
async def test_hostile_text_in_every_place(size: tuple[int, int]) -> None:
    text = "".join(HOSTILE)

    def hostile(id: str) -> Exchanged:
        response = Response(200, text, (("X", "1"),), text.encode("utf-8", "surrogatepass"))
        request = Request("GET", "https://a.example/")
        return Exchanged(NOW, "token", Exchange(id, request, NOW, response), text)

    differences = tuple(
        Difference("response", f"/{one}", one, None if number % 2 else f"{one}!")
        for number, one in enumerate(HOSTILE)
    )
    findings = (Difference("finding", "X-01", None, text),)
    pairing = Pairing("token", hostile("a"), hostile("b"), differences)
    comparison = Comparison((Compared("token", (pairing,), findings),))
    async with on_lab(size=size) as w:
        screen = CompareScreen(comparison, (text, "B\x1b[2J"), OPTIONS)
        w.app.push_screen(screen)
        await w.until(lambda: "X-01" in w.text or "response" in w.text)
        found = screen.query_one(LineList)
        for number in range(found.row_count):
            found.cursor = number
            assert not any(ord(char) < 32 for line in w.lines for char in line)
        found.cursor = 1
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen, PairScreen))
        assert not any(ord(char) < 32 for line in w.lines for char in line)
        assert w.app.is_running
