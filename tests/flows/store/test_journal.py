from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given

from flows.session import Event, Made, Session, Target
from flows.store import SessionFileError, journal
from flows.store.journal import Journal, discard, left_behind, take_up
from flows.store.tables import to_table
from tests.flows.store.strategies import SESSION
from tests.flows.world import MCP, NOW, World


def walked() -> Session:
    world = World()
    world.walk()
    return world.session


def kept(folder: Path, session: Session, file: Path | None = None) -> Path:
    """A journal whose process went away; its path."""
    made = Journal(folder, file)
    assert made.keep(session) == ""
    made.close()
    (path,) = folder.glob("*.journal")
    return path


@given(SESSION)
def test_every_session_comes_back_exactly(session: Session) -> None:
    with TemporaryDirectory() as folder:
        made = Journal(Path(folder))
        for number in range(len(session.events) + 1):
            assert made.keep(replace(session, events=session.events[:number])) == ""
        made.close()
        (left,) = left_behind(Path(folder))
        read, again = take_up(left.path)
        again.close()
        assert read == session


def test_cut_anywhere_it_holds_every_whole_event(tmp_path: Path) -> None:
    session = walked()
    path = kept(tmp_path, session)
    data = path.read_bytes()
    ends = [at for at, byte in enumerate(data, 1) if byte == 0x0A]
    for at in sorted({0, 1, len(data), *(end + by for end in ends for by in (-2, -1, 0, 1, 9))}):
        path.write_bytes(data[:at])
        whole = sum(end <= at for end in ends)
        if not whole:
            assert left_behind(tmp_path) == ()
            with pytest.raises(SessionFileError, match="no first line"):
                take_up(path)
            continue
        (left,) = left_behind(tmp_path)
        events = session.events[: whole - 1]
        assert left.reached == (events[-1].step if events else None)
        read, again = take_up(path)
        assert read == replace(session, events=events)
        again.drop()


def test_a_list_tells_what_it_was(tmp_path: Path) -> None:
    file = tmp_path / "staging.toml"
    path = kept(tmp_path, walked(), file)
    (left,) = left_behind(tmp_path)
    assert (left.path, left.url, left.file) == (path, MCP, file)
    assert (left.exchanges, left.reached) == (8, "call")
    _, again = take_up(path)
    assert again.file == file
    again.close()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_it_is_the_owners_alone(tmp_path: Path) -> None:
    path = kept(tmp_path / "state" / "journal", walked())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_it_goes_when_it_is_not_needed_and_comes_back_whole(tmp_path: Path) -> None:
    session = walked()
    made = Journal(tmp_path)
    made.keep(session)
    made.drop()
    assert os.listdir(tmp_path) == []
    made.drop()
    longer = session.append(Made(NOW, "pkce", (("state", "x"),)))
    made.keep(longer)
    made.close()
    (left,) = left_behind(tmp_path)
    read, again = take_up(left.path)
    assert read == longer
    again.drop()
    kept(tmp_path, session)
    (left,) = left_behind(tmp_path)
    discard(left.path)
    assert os.listdir(tmp_path) == []


HOLD = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from flows.session import Session, Target
from flows.store.journal import Journal
Journal(Path(sys.argv[1])).keep(Session(Target("https://a.example"), datetime.now(UTC)))
print("held", flush=True)
sys.stdin.read()
"""


def test_what_another_process_has_is_not_offered_nor_taken(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        (path,) = tmp_path.glob("*.journal")
        before = path.read_bytes()
        assert left_behind(tmp_path) == ()
        with pytest.raises(SessionFileError, match="another authwalk has this walk open"):
            take_up(path)
        with pytest.raises(BlockingIOError):
            discard(path)
        assert path.read_bytes() == before
        other.kill()
    assert [left.path for left in left_behind(tmp_path)] == [path]


def test_what_two_processes_do_at_once_stays_apart(tmp_path: Path) -> None:
    """Many journals in one folder, their events written in turn."""
    world = World()
    world.walk()
    targets = [Target(f"https://{number}.example") for number in range(5)]
    sessions = [replace(world.session, target=target) for target in targets]
    made = [Journal(tmp_path) for _ in sessions]
    for number in range(len(world.session.events) + 1):
        for one, session in zip(made, sessions, strict=True):
            one.keep(replace(session, events=session.events[:number]))
    for one in made:
        one.close()
    read = {left.url: take_up(left.path)[0] for left in left_behind(tmp_path)}
    assert read == {session.target.url: session for session in sessions}


def on_writing(monkeypatch: pytest.MonkeyPatch, does: Callable[[int, memoryview], int]) -> None:
    class Os:
        """The module, but for what it writes with."""

        write = staticmethod(does)

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

    monkeypatch.setattr(journal, "os", Os())


def test_a_full_disk_is_said_once_and_nothing_is_lost_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, made, room = walked(), Journal(tmp_path), 100

    def half(handle: int, data: memoryview) -> int:
        if room < len(data):
            if room > 20:
                return os.write(handle, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(handle, data)

    def so_far(number: int) -> Session:
        return replace(session, events=session.events[:number])

    made.keep(so_far(2))
    (path,) = tmp_path.glob("*.journal")
    before = path.read_bytes()
    on_writing(monkeypatch, half)
    room = 15
    assert made.keep(so_far(3)) == "No space left on device"
    assert made.keep(so_far(4)) == ""
    assert path.read_bytes() == before
    room = 10**9
    assert made.keep(so_far(5)) == ""
    made.close()
    assert take_up(path)[0] == so_far(5)


def test_what_was_written_in_part_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, made = walked(), Journal(tmp_path)
    made.keep(replace(session, events=session.events[:2]))
    (path,) = tmp_path.glob("*.journal")
    before, calls = path.read_bytes(), 0

    def stops(handle: int, data: memoryview) -> int:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(handle, data[:10])

    on_writing(monkeypatch, stops)
    assert made.keep(session) == "No space left on device"
    assert path.read_bytes() == before
    monkeypatch.undo()
    assert made.keep(session) == ""
    made.close()
    assert take_up(path)[0] == session


def test_a_folder_that_cannot_be_made_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = Journal(tmp_path / "file" / "journal")
    assert made.keep(walked()) == "Not a directory"
    assert made.keep(walked()) == ""
    made.drop()
    made.close()
    assert left_behind(tmp_path / "file" / "journal") == ()


def test_the_cost_of_an_event_does_not_grow_with_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def counted(handle: int, data: memoryview) -> int:
        written.append(len(data))
        return os.write(handle, data)

    tables: list[Event] = []

    def noted(record: Event) -> dict[str, object]:
        tables.append(record)
        return to_table(record)

    on_writing(monkeypatch, counted)
    monkeypatch.setattr(journal, "to_table", noted)
    made = Journal(tmp_path)
    session = Session(Target(MCP), NOW, b"\x01" * 32)
    for number in range(500):
        session = session.append(Made(NOW, "pkce", (("state", f"{number:05}"),)))
        made.keep(session)
    made.close()
    _, *events = written
    assert len(set(events)) == 1 and len(events) == 500
    assert len(tables) == 501


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no first line"),
        (b"\n", ":1: no line"),
        (b"[]\n", ":1: no line"),
        (b"{}\n", "version is missing"),
        (b'{"version": 99}\n', "newer authwalk"),
        (b"\xff\n", ":1: no line"),
        (b"[" * 100_000 + b"\n", ":1: no line"),
    ],
)
def test_what_is_no_journal(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(data)
    with pytest.raises(SessionFileError, match=says):
        take_up(path)
    assert left_behind(tmp_path) == ()
    assert path.read_bytes() == data


def test_a_line_that_is_broken_in_the_middle_is_named(tmp_path: Path) -> None:
    path = kept(tmp_path, walked())
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3][:-5]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(SessionFileError, match=r":4: no line of a journal"):
        take_up(path)
    assert path.exists()


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="links")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    real = kept(tmp_path / "real", walked())
    link = tmp_path / "x.journal"
    link.symlink_to(real)
    assert left_behind(tmp_path) == ()
    with pytest.raises(SessionFileError):
        take_up(link)
    assert real.exists()
