"""Notes on steps: written with n, shown with the step, kept in the file, told in the report."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from flows.export.report import report
from flows.session import Noted, Target
from flows.store import decode, encode
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.flows.world import NOW, World
from tests.hostile import HOSTILE
from tests.tui.walking import LOW, WIDE, shown
from tui.screens.dialogs import NoteDialog


@pytest.mark.parametrize("size", [WIDE, LOW])
async def test_a_note_is_written_shown_changed_and_taken_back(size: tuple[int, int]) -> None:
    async with shown(new_session(Target("http://127.0.0.1:9/mcp")), size=size) as w:
        before = w.walk.moves
        await w.press("n")
        assert "Note on Challenge" in w.words
        await w.press(*"ask", "enter", *"ops", "ctrl+s")
        assert w.walk.session.notes == {"challenge": "ask\nops"}
        assert "≡ ask" in w.text and "ops" in w.text and "* unsaved" in w.text
        await w.press("n")
        await w.press(*" now", "ctrl+s")
        assert w.walk.session.notes == {"challenge": "ask\nops now"}
        await w.press("n")
        await w.press(*"never", "ctrl+g")
        assert len(w.events) == 2
        w.screen.point_at("token")
        await w.settle()
        assert "≡" not in w.text
        w.walk.note("challenge", "")
        w.screen.point_at("challenge")
        await w.settle()
        assert "≡" not in w.text and w.walk.session.notes == {}
        assert w.walk.moves == before  # nothing of the walk rests on a note


async def test_a_hostile_note_is_only_shown() -> None:
    async with shown(new_session(Target("http://127.0.0.1:9/mcp"))) as w:
        for text in HOSTILE:
            w.walk.note("challenge", text)
            await w.settle()
            await w.press("n")
            assert isinstance(w.app.screen, NoteDialog)
            await w.press("ctrl+g")
        assert w.app.is_running and w.screen.query_one("#written", Static).display


def noted() -> World:
    world = World()
    world.walk()
    events = (Noted(NOW, "token", "opaque-token-0001 looks odd"), Noted(NOW, "client", "a | b"))
    world.session = world.session.append(*events)
    return world


def test_notes_are_in_the_report_in_the_order_of_the_steps_and_without_secrets() -> None:
    text = report(Walk(noted().session, Wire()))
    notes = text.partition("## Notes")[2].partition("\n## ")[0]
    assert notes.index("Client") < notes.index("Exchange code")
    assert r"a \| b" in notes and "looks odd" in notes and "opaque-token-0001" not in text
    world = World()
    world.walk()
    assert "## Notes" not in report(Walk(world.session, Wire()))


def test_notes_are_in_the_file_without_secrets() -> None:
    text = encode(noted().session)
    assert "opaque-token-0001" not in text
    assert decode(text).notes["token"].endswith("looks odd")


def test_a_note_is_no_attempt() -> None:
    session = new_session(Target("http://127.0.0.1:9/mcp"))
    walk = Walk(session.append(Noted(NOW, "token", "x")), Wire())
    assert walk.attempts == {} and walk.step_back() is None
