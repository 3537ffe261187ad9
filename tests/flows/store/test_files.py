from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from flows.exchange import Exchange, Request
from flows.session import Exchanged, Session, Target
from flows.store import (
    SessionFileError,
    default_folder,
    delete,
    files,
    load,
    recent,
    rename,
    save,
    suggest_name,
)
from flows.store.bodies import LARGE, folder_of
from flows.store.toml import Summary
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.store.strategies import TEXT
from tests.flows.world import MCP, NOW, World
from tests.long import long_session

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")


def walked() -> Session:
    world = World()
    world.walk()
    return world.session


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_session_with_secrets_comes_back_exactly(tmp_path: Path) -> None:
    save(tmp_path / "s.toml", walked(), with_secrets=True)
    assert load(tmp_path / "s.toml") == walked()


def test_a_session_is_saved_without_secrets_unless_asked_for(tmp_path: Path) -> None:
    save(tmp_path / "s.toml", walked())
    assert b"opaque-token-0001" not in (tmp_path / "s.toml").read_bytes()


@posix
def test_the_file_is_the_owners_alone_and_so_are_new_folders(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)
    path = tmp_path / "new" / "newer" / "s.toml"
    before = os.umask(0)
    try:
        save(path, walked())
    finally:
        os.umask(before)
    assert mode(path) == 0o600
    assert mode(path.parent) == mode(path.parent.parent) == 0o700
    assert mode(tmp_path) == 0o755


@posix
def test_a_file_that_others_could_read_is_private_once_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("old")
    path.chmod(0o644)
    save(path, walked())
    assert mode(path) == 0o600


@posix
def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("stays")
    path = tmp_path / "s.toml"
    path.symlink_to(other)
    save(path, walked())
    assert other.read_text() == "stays"
    assert not path.is_symlink()


def test_the_old_file_stays_when_the_new_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.toml"
    save(path, walked())
    old = path.read_bytes()
    broken = replace(walked(), created="not a time")  # type: ignore[arg-type]
    with pytest.raises(SessionFileError):
        save(path, broken)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(path, walked(), with_secrets=True)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["s.toml"]


def test_a_folder_in_the_way_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.toml").mkdir()
    with pytest.raises(OSError):
        save(tmp_path / "s.toml", walked())
    assert os.listdir(tmp_path) == ["s.toml"]


def test_what_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"version = 1\nx = '\xff'")
    cases = [
        (tmp_path / "none.toml", None, "No such file"),
        (tmp_path, None, "directory"),
        (tmp_path / "a\0b", None, "null"),
        (bad, 2, "not UTF-8: byte 18"),
    ]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        cases.append((tmp_path / "pipe", None, "not a regular file"))
    for path, line, says in cases:
        with pytest.raises(SessionFileError) as caught:
            load(path)
        assert says in caught.value.text
        assert (caught.value.path, caught.value.line) == (path, line)
    monkeypatch.setattr(files, "MAX_SIZE", 10)
    with pytest.raises(SessionFileError, match="larger than 10 B"):
        load(bad)


def test_a_file_that_an_editor_saved_with_its_own_line_ends_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    save(path, walked(), with_secrets=True)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(path) == walked()


def test_recent_lists_the_last_written_first(tmp_path: Path) -> None:
    empty = Session(Target("https://empty.example.com"), NOW)
    long = Session(Target(MCP, scope="x" * 100_000), NOW)
    for number, (name, session) in enumerate(
        [("walked", walked()), ("empty", empty), ("long", long)]
    ):
        path = tmp_path / f"{name}.toml"
        save(path, session, with_secrets=name == "empty")
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
    (tmp_path / "not-a-session.toml").write_text("[tool]\n")
    (tmp_path / "broken.toml").write_bytes(b"\xff")
    (tmp_path / "folder.toml").mkdir()
    found = recent(tmp_path)
    assert [one.path.stem for one in found] == ["long", "empty", "walked"]
    _, second, third = found
    assert (second.url, second.summary) == ("https://empty.example.com", Summary(True, 0, 0))
    assert (third.url, third.summary.exchanges, third.summary.reached) == (MCP, 8, "call")
    assert not third.summary.secrets
    assert third.created == NOW
    assert third.modified == datetime.fromtimestamp(1_000_000, UTC)
    assert recent(tmp_path, most=1) == found[:1]
    assert recent(tmp_path / "none") == ()


def test_recent_reads_the_head_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange("x1", Request("POST", MCP, body=b"x" * 1_000_000), NOW)
    save(tmp_path / "s.toml", Session(Target(MCP), NOW, events=(Exchanged(NOW, "call", exchange),)))
    with open(tmp_path / "s.toml", "ab") as file:
        file.write(b"\nbroken behind the head")
    assert [one.summary.exchanges for one in recent(tmp_path)] == [1]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://mcp.example.com/mcp", "mcp.example.com-2026-11-23-081500.toml"),
        ("https://user:pw@MCP.example.com:8443/", "mcp.example.com-8443-2026-11-23-081500.toml"),
        ("http://[::1]:8080/", "1-8080-2026-11-23-081500.toml"),
        ("https://../..\\x", "session-2026-11-23-081500.toml"),
        ("https://[oops", "session-2026-11-23-081500.toml"),
        ("", "session-2026-11-23-081500.toml"),
    ],
)
def test_a_name_is_suggested(url: str, name: str) -> None:
    assert suggest_name(Session(Target(url), NOW)) == name


@given(TEXT)
def test_every_suggested_name_is_a_safe_one(url: str) -> None:
    name = suggest_name(Session(Target(f"https://{url}"), NOW))
    assert name == name.strip(". ") and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert len(name) < 150


def test_the_default_folder_is_the_users() -> None:
    assert default_folder().is_absolute()
    assert default_folder().name == "sessions"


def with_bodies(*bodies: bytes) -> Session:
    events = tuple(
        Exchanged(NOW, "call", Exchange(f"x{number}", Request("POST", MCP, body=body), NOW))
        for number, body in enumerate(bodies)
    )
    return Session(Target(MCP), NOW, b"\x01" * 32, events)


BODIES = (b"x" * (LARGE + 1), bytes(range(256)) * 300, b"x" * LARGE)


def test_large_bodies_stand_beside_the_file(tmp_path: Path) -> None:
    path, session = tmp_path / "s.toml", with_bodies(*BODIES, BODIES[0])
    save(path, session, with_secrets=True)
    assert path.stat().st_size < 2 * LARGE  # the one that is not large, and no other
    assert len(os.listdir(folder_of(path))) == 2  # equal ones once
    assert load(path) == session


@posix
def test_large_bodies_are_the_owners_alone(tmp_path: Path) -> None:
    save(tmp_path / "s.toml", with_bodies(*BODIES))
    folder = folder_of(tmp_path / "s.toml")
    assert mode(folder) == 0o700
    assert {mode(body) for body in folder.iterdir()} == {0o600}


def test_large_bodies_are_without_secrets_too(tmp_path: Path) -> None:
    body = b'{"access_token": "opaque-token-0001"}'.ljust(LARGE + 1)
    session = replace(with_bodies(body), target=Target(MCP, bearer="opaque-token-0001"))
    save(tmp_path / "s.toml", session)
    (kept,) = folder_of(tmp_path / "s.toml").iterdir()
    assert b"opaque-token-0001" not in kept.read_bytes()
    assert b"opaque-token-0001" not in (tmp_path / "s.toml").read_bytes()


def test_saving_anew_leaves_no_body_that_nobody_needs_and_nothing_else_is_touched(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s.toml"
    save(path, with_bodies(*BODIES))
    mine = folder_of(path) / "mine.txt"
    mine.write_text("stays")
    save(path, with_bodies(BODIES[0]))
    assert len(os.listdir(folder_of(path))) == 2 and mine.exists()
    mine.unlink()
    save(path, walked())
    assert os.listdir(tmp_path) == ["s.toml"]


def test_saving_elsewhere_copies_the_bodies(tmp_path: Path) -> None:
    save(tmp_path / "s.toml", with_bodies(*BODIES), with_secrets=True)
    there = tmp_path / "there" / "t.toml"
    save(there, load(tmp_path / "s.toml"), with_secrets=True)
    delete(tmp_path / "s.toml")
    assert os.listdir(tmp_path) == ["there"]
    assert load(there) == with_bodies(*BODIES)


def test_a_body_that_is_gone_or_another_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    save(path, with_bodies(*BODIES), with_secrets=True)
    first, second = sorted(folder_of(path).iterdir())
    first.unlink()
    second.write_bytes(b"other")
    missing: list[str] = []
    session = load(path, missing.append)
    assert sorted(missing) == [
        f"s.toml.bodies/{first.name[:8]}…: No such file or directory",
        f"s.toml.bodies/{second.name[:8]}…: what stands there has another hash",
    ]
    *lost, kept = [event.exchange.request.body for event in session.exchanges]
    assert kept == BODIES[2]
    assert all(body.startswith(b"[a body of ") and b"is missing" in body for body in lost)


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", "A" * 64])
def test_a_body_is_never_looked_for_elsewhere(name: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    save(path, with_bodies(BODIES[0]), with_secrets=True)
    (body,) = folder_of(path).iterdir()
    path.write_text(path.read_text().replace(body.name, name))
    assert b"missing" in next(load(path).exchanges).exchange.request.body


def test_a_session_is_renamed_with_its_bodies_and_never_over_another(tmp_path: Path) -> None:
    save(tmp_path / "s.toml", with_bodies(*BODIES), with_secrets=True)
    save(tmp_path / "other.toml", walked())
    with pytest.raises(FileExistsError):
        rename(tmp_path / "s.toml", "other.toml")
    there = rename(tmp_path / "s.toml", "new.toml")
    assert load(there) == with_bodies(*BODIES)
    assert sorted(os.listdir(tmp_path)) == ["new.toml", "new.toml.bodies", "other.toml"]


def test_the_verdict_is_in_the_summary(tmp_path: Path) -> None:
    world = World(routes={})
    world.walk()
    for name, session in (("stopped", world.session), ("sound", walked())):
        diagnosis = Walk(session, Wire()).diagnosis
        save(tmp_path / f"{name}.toml", session, diagnosis=diagnosis)
    found = {one.path.stem: one.summary for one in recent(tmp_path)}
    stopped = found["stopped"]
    assert (stopped.verdict, stopped.verdict_step) == ("fail", "challenge")
    assert stopped.verdict_party == "resource-server"
    assert found["sound"].verdict in ("pass", "warn")


def test_what_a_session_costs_to_read_grows_with_its_length_alone(tmp_path: Path) -> None:
    """Counted, as times differ: calls of Python functions, from the file to facts and findings."""
    counts: list[int] = []
    for exchanges in (60, 120, 240):
        save(tmp_path / "s.toml", long_session(exchanges))
        calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            walk = Walk(load(tmp_path / "s.toml"), Wire())
            assert walk.moves and walk.findings
        finally:
            sys.setprofile(before)
        counts.append(calls)
    assert counts[2] - counts[1] < 2.2 * (counts[1] - counts[0])
