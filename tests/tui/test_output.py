"""Where output goes: alone to standard output for "-"; and output that cannot be written, which is
one line on stderr and an exit code, no trace of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.session import Session, Target
from flows.store import decode, save
from tests.flows.world import MCP, NOW, World
from tui.cli import main
from tui.commands import PIPE_CLOSED, SOUND, UNREADABLE, USAGE

COMMANDS = {
    "version": ["--version"],
    "help": ["--help"],
    "run help": ["run", "--help"],
    "run": ["run", "http://127.0.0.1:9/"],
    "run json": ["run", "http://127.0.0.1:9/", "--json", "--quiet"],
    "token": ["token", "eyJhbGciOiJub25lIn0.e30."],
    "token json": ["token", "eyJhbGciOiJub25lIn0.e30.", "--json"],
    "show": ["show", "walk.toml"],
    "show json": ["show", "walk.toml", "--json", "--quiet"],
    "export": ["export", "walk.toml", "--as", "curl"],
    "faults": ["lab", "--list-faults"],
    "completion": ["completion", "bash"],
    "lab": ["lab"],
}

NOBODY = "http://127.0.0.1:9/mcp"

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    world = World()
    world.walk()
    save(tmp_path / "walk.toml", world.session)
    return tmp_path


def started(words: list[str], folder: Path, out: int, err: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "tui", *words]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
    )


def _session(text: str) -> None:
    assert decode(text).target.url == NOBODY


def _trace(text: str) -> None:
    assert [json.loads(line)["step"] for line in text.splitlines()] == ["challenge"]


@pytest.mark.parametrize(
    ("words", "reads"),
    [
        (["check", NOBODY, "--junit", "-"], ElementTree.fromstring),
        (["check", NOBODY, "--save", "-"], _session),
        (["run", NOBODY, "--save", "-"], _session),
        (["run", NOBODY, "--trace", "-"], _trace),
        (["import", "curl", f"curl {NOBODY}", "--save", "-"], _session),
        (["client-document", "https://a.example/c.json", "--save", "-"], json.loads),
    ],
)
def test_a_file_named_by_a_dash_has_standard_output_for_itself(
    words: list[str],
    reads: Callable[[str], object],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    main(words)
    reads(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [("--json", "--save", "-"), ("--save", "-", "--trace", "-")])
def test_two_things_do_not_share_standard_output(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", NOBODY, *options]) == USAGE
    assert "would both write to standard output" in capsys.readouterr().err


@full
def test_a_full_disk_behind_a_dash(folder: Path) -> None:
    words = ["run", NOBODY, "--save", "-"]
    with open("/dev/full", "wb") as disk:
        process = started(words, folder, disk.fileno(), subprocess.PIPE)
        _, said = process.communicate(timeout=120)
    assert process.returncode == UNREADABLE
    assert said.decode().splitlines()[-1].startswith("authwalk: the output cannot be written")


@full
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk(name: str, folder: Path) -> None:
    with open("/dev/full", "wb") as disk:
        process = started(COMMANDS[name], folder, disk.fileno(), subprocess.PIPE)
        _, said = process.communicate(timeout=120)
    assert process.returncode == UNREADABLE
    *verdict, last = said.decode().splitlines()
    assert last == "authwalk: the output cannot be written: No space left on device"
    assert not verdict or name == "run json"


@full
def test_a_full_disk_for_both(folder: Path) -> None:
    with open("/dev/full", "wb") as disk:
        process = started(["show", "none.toml"], folder, disk.fileno(), disk.fileno())
        assert process.wait(timeout=120) == UNREADABLE


@pytest.mark.parametrize("name", ["help", "token", "show", "export", "faults"])
def test_a_closed_pipe_ends_quietly(name: str, folder: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    process = started(COMMANDS[name], folder, writes, subprocess.PIPE)
    os.close(writes)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (PIPE_CLOSED, b"")


@pytest.mark.skipif(os.name != "posix", reason="closes streams as a shell does")
@pytest.mark.parametrize("name", ["help", "token json", "show", "show json", "export"])
def test_streams_that_the_shell_closed(name: str, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    script = 'exec "$0" -m tui "$@" <&- >&- 2>&-'
    words = ["/bin/sh", "-c", script, sys.executable, *COMMANDS[name]]
    code = subprocess.run(words, cwd=folder, env=environment, timeout=120, check=False).returncode
    assert code in (SOUND, 1 if "token" in name else SOUND)


def test_no_name_for_a_file(tmp_path: Path) -> None:
    for path in (Path("/"), tmp_path / "a\0b"):
        with pytest.raises(OSError, match="no name for a file"):
            save(path, Session(Target(MCP), NOW))
