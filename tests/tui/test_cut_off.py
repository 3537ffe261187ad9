"""Walks that are cut off, and come back."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flows.lab import Lab
from flows.session import Made, Noted, Session, Target
from flows.store import load, save
from flows.store.journal import Journal, left_behind
from flows.walk import Walk, new_session
from flows.wire import Wire, WireOptions
from tests.flows.world import NOW, World
from tests.tui.cut_off import ROOT, finished, recovered, run_command
from tests.tui.test_terminal import program, terminal
from tests.tui.walking import Walking, screen_text
from tui.app import AuthwalkApp
from tui.screens.start import StartScreen
from tui.screens.walk import WalkScreen
from tui.widgets.list_view import LineList
from tui.widgets.tool_form import ToolForm

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
TARGET = Target("http://127.0.0.1:9/mcp")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@asynccontextmanager
async def walking(
    session: Session | None, journals: Path, *, path: Path | None = None
) -> AsyncIterator[Walking]:
    app = AuthwalkApp(WireOptions(), session=session, journals=journals, path=path)
    async with app.run_test(size=(140, 44), notifications=True) as pilot:
        app.animation_level = "none"
        walk = Walking(app, pilot, [])
        if session:
            await walk.until(lambda: walk.screen.query(ToolForm))
        await walk.settle()
        yield walk


def cut_off(journals: Path, session: Session, file: Path | None = None) -> None:
    journal = Journal(journals, file)
    assert journal.keep(session) == ""
    journal.close()


# The journal of a walk in the app


async def test_every_event_is_on_disk_before_the_next_move(tmp_path: Path) -> None:
    async with Lab() as lab, walking(new_session(Target(lab.mcp_url)), tmp_path) as w:
        assert os.listdir(tmp_path) == []  # nothing happened yet
        lines = []
        on_event = w.walk.on_event

        def count(event: object) -> None:
            on_event(event)  # type: ignore[arg-type]
            (path,) = tmp_path.glob("*.journal")
            lines.append((path.read_bytes().count(b"\n"), len(w.events)))

        w.walk.on_event = count
        await w.to("call")
        assert lines and all(written == events + 1 for written, events in lines)
        assert left_behind(tmp_path) == ()  # the app has it


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+n"])
async def test_a_walk_that_is_left_leaves_nothing(key: str, tmp_path: Path) -> None:
    async with walking(new_session(TARGET), tmp_path) as w:
        w.walk.answer("client", client_id="x")
        assert len(os.listdir(tmp_path)) == 1
        await w.press(key)
        await w.press("n")
        assert len(os.listdir(tmp_path)) == 1
        await w.press(key)
        await w.press("y")
        assert os.listdir(tmp_path) == []


async def test_saving_ends_the_journal_and_the_next_event_begins_a_whole_one(
    tmp_path: Path,
) -> None:
    journals, file = tmp_path / "journal", tmp_path / "staging.toml"
    async with walking(new_session(TARGET), journals, path=file) as w:
        w.walk.answer("client", client_id="x")
        await w.press("ctrl+s")
        await w.press("enter")
        await w.until(lambda: file.exists() and not w.screen.unsaved)
        assert os.listdir(journals) == []
        w.walk.note("client", "asked twice")
        (path,) = journals.glob("*.journal")
        assert path.read_bytes().count(b"\n") == 3
    (left,) = left_behind(journals)  # closed by no key of the person's
    assert left.file == file


async def test_what_cannot_be_kept_is_said_once_and_the_walk_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with walking(new_session(TARGET), tmp_path / "file" / "journal") as w:
        w.walk.answer("client", client_id="x")
        w.walk.note("client", "still here")
        await w.settle()
        (told,) = w.screen.query("Toast")  # its lines depend on how long the path is
        assert "Not a directory. The walk goes on" in str(told.render())
        assert len(w.events) == 2


# Having it back


async def test_a_walk_that_was_cut_off_is_offered_and_taken_up(tmp_path: Path) -> None:
    world = World()
    world.walk("callback")
    cut_off(tmp_path, world.session)
    async with walking(None, tmp_path) as w:
        await w.app.workers.wait_for_complete()
        assert "cut off  https://mcp.example.com/mcp" in w.text and "Authorization URL" in w.text
        await w.press("down")
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen_stack[0], WalkScreen))
        await w.settle()
        assert w.walk.session == world.session
        assert w.screen.unsaved and "* unsaved" in w.text
        assert left_behind(tmp_path) == ()
        w.walk.note("callback", "after")
    (left,) = left_behind(tmp_path)
    assert left.reached == "callback"


async def test_it_goes_on_under_the_name_of_its_file(tmp_path: Path) -> None:
    file, journals = tmp_path / "my staging.toml", tmp_path / "journal"
    cut_off(journals, new_session(TARGET).append(Noted(NOW, "client", "x")), file)
    async with walking(None, journals) as w:
        await w.app.workers.wait_for_complete()
        assert "cut off  my staging  http://127.0.0.1:9/mcp" in w.text
        await w.press("down")
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen_stack[0], WalkScreen))
        await w.press("ctrl+s")
        await w.press("enter")
        await w.until(file.exists)
    assert load(file).notes == {"client": "x"} and os.listdir(journals) == []


async def test_a_walk_of_the_same_server_offers_it_and_is_not_in_the_way(tmp_path: Path) -> None:
    cut_off(tmp_path, new_session(TARGET).append(Made(NOW, "pkce", (("state", "x"),))))
    async with walking(new_session(TARGET), tmp_path) as w:
        await w.until(lambda: "was cut off at PKCE" in w.words)
        assert w.app.screen is w.screen
        await w.press("ctrl+n")
        await w.until(lambda: "cut off  http://127.0.0.1:9/mcp" in w.text)
    async with walking(new_session(Target("http://127.0.0.1:9/other")), tmp_path) as w:
        await w.app.workers.wait_for_complete()
        await w.settle()
        assert "cut off" not in w.text


async def test_one_that_is_taken_or_broken_is_said(tmp_path: Path) -> None:
    cut_off(tmp_path, new_session(TARGET))
    async with walking(None, tmp_path) as w:
        await w.app.workers.wait_for_complete()
        for path in tmp_path.iterdir():
            path.unlink()
        await w.press("down")
        await w.press("enter")
        await w.until(lambda: "No such file" in w.words)
        assert isinstance(w.app.screen, StartScreen)


async def test_it_can_be_discarded(tmp_path: Path) -> None:
    cut_off(tmp_path, new_session(TARGET))
    async with walking(None, tmp_path) as w:
        await w.app.workers.wait_for_complete()
        await w.press("down")
        await w.press("x")
        assert "It is in no file yet" in w.words
        await w.press("n")
        assert len(os.listdir(tmp_path)) == 1
        await w.press("x")
        await w.press("y")
        await w.until(lambda: "cut off" not in w.text)
    assert os.listdir(tmp_path) == []


# The sessions of before


async def test_a_session_is_renamed_and_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "authwalk" / "sessions"
    save(folder / "one.toml", new_session(TARGET))
    save(folder / "two.toml", new_session(TARGET))
    os.utime(folder / "one.toml", (1, 1))
    async with walking(None, tmp_path / "journal") as w:
        await w.until(lambda: w.app.screen.query_one("#recent", LineList).row_count == 2)
        await w.press("down")
        await w.press("r")
        await w.press("ctrl+u", *"one", "enter")
        assert "There is a session of this name" in w.words
        await w.press("ctrl+u", *"a/b", "enter")
        assert "A name has none of" in w.words
        await w.press("ctrl+u", *"three", "enter")
        await w.until(lambda: "three" in screen_text(w.app))
        assert sorted(os.listdir(folder)) == ["one.toml", "three.toml"]
        await w.press("x")
        assert "Delete three.toml?" in w.words
        await w.press("y")
        await w.until(lambda: "three" not in screen_text(w.app))
        assert os.listdir(folder) == ["one.toml"]


# Killed


@posix
async def test_killed_at_any_moment_no_finished_exchange_is_lost(tmp_path: Path) -> None:
    """A trace has each exchange after the journal has it: what is in the one is in the other."""
    chance = random.Random(20261126)
    moments: set[int] = set()
    async with Lab() as lab:
        for number in range(20):
            state, trace = tmp_path / f"state-{number}", tmp_path / f"trace-{number}"
            command = run_command(lab.mcp_url, state, trace)
            wanted, turns = chance.randrange(12), chance.randrange(60)
            with subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            ) as child:
                assert child.stderr
                while child.poll() is None and len(finished(trace)) < wanted:
                    await asyncio.sleep(0)
                for _ in range(turns):
                    await asyncio.sleep(0)
                child.kill()
                assert b"Traceback" not in child.stderr.read()
            told, session = finished(trace), recovered(state)
            if child.returncode == 0:  # it was faster
                assert session is None
                continue
            kept = [one.exchange.id for one in session.exchanges] if session else []
            assert kept[: len(told)] == told
            moments.add(len(kept))
            if session:
                assert Walk(session, Wire()).moves
    assert len(moments) > 5


@posix
async def test_a_walk_that_was_killed_goes_on_to_its_end(tmp_path: Path) -> None:
    state, trace = tmp_path / "state", tmp_path / "trace"
    async with Lab() as lab:
        with subprocess.Popen(
            run_command(lab.mcp_url, state, trace), cwd=ROOT, stdout=subprocess.DEVNULL
        ) as child:
            while len(finished(trace)) < 6:
                assert child.poll() is None
                await asyncio.sleep(0)
            child.kill()
        session = recovered(state)
        assert session
        walk = Walk(session, Wire())
        try:
            move = await walk.run(hold=frozenset())
            if move and move.step == "callback":
                assert await walk.approve() == ""
                move = await walk.run(hold=frozenset())
            assert move is None or move.step == "call"
            assert walk.session.events[: len(session.events)] == session.events
        finally:
            await walk.close()


async def test_a_terminal_that_goes_away_leaves_the_walk(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with Lab() as lab:
        command = program(lab.mcp_url, "--state-dir", str(state))
        async with terminal((140, 44), tmp_path, command) as t:
            await t.until("enter sends POST")
            await t.press("Enter")
            await t.until("1 ✓ Challenge +401")
        # The server of the terminal is gone, and with it the app.
        while not (found := left_behind(state / "journal")):
            await asyncio.sleep(0.05)
        assert [left.exchanges for left in found] == [1]
        command = program("--state-dir", str(state))
        async with terminal((140, 44), tmp_path, command) as t:
            await t.until(r"cut off +http://127")
            await t.press("Down")
            await t.until("x Delete")
            await t.press("Enter")
            await t.until(r"\* unsaved")
            await t.until("1 ✓ Challenge +401")
            await t.press("C-q")
            await t.until("This walk is not saved")
            await t.press("y")
            await t.until("left 0")
    assert os.listdir(state / "journal") == []


async def test_without_a_journal_there_is_none(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with Lab() as lab:
        command = program(lab.mcp_url, "--state-dir", str(state), "--no-journal")
        async with terminal((100, 30), tmp_path, command) as t:
            await t.until("enter sends POST")
            await t.press("Enter")
            await t.until("Challenge +401")
            assert not state.exists()


async def test_what_the_end_of_a_walk_that_was_left_brings_is_not_kept(tmp_path: Path) -> None:
    async with walking(new_session(TARGET), tmp_path) as w:
        w.walk.note("client", "x")
        w.screen.keeping.leave()
        w.walk.note("client", "y")
        assert os.listdir(tmp_path) == []
