"""The clipboard ladder, with a real tmux and with programs that stand in for xclip."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.hostile import HOSTILE
from tui import clipboard

ALONE = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}


def test_nothing_but_the_terminal() -> None:
    assert clipboard.copy("text", ALONE) == ()


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.parametrize(
    "text", ["plain", "$(id) `id` 'quoted'\n", "ünïcode 👩", "-w", "x" * 200_000]
)
def test_tmux_takes_every_byte(text: str, tmp_path: Path) -> None:
    socket = tmp_path / "tmux"
    tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
    subprocess.run([*tmux, "new-session", "-d", "sleep 60"], check=True, env=ALONE)
    try:
        inside = {**ALONE, **SSH, "TMUX": f"{socket},1,0"}
        assert clipboard.copy(text, inside) == ("tmux",)
        shown = subprocess.run([*tmux, "show-buffer"], check=True, capture_output=True, env=ALONE)
        assert shown.stdout.decode() == text
    finally:
        subprocess.run([*tmux, "kill-server"], check=True, env=ALONE)


def test_a_dead_tmux_takes_nothing(tmp_path: Path) -> None:
    assert clipboard.copy("text", {**ALONE, **SSH, "TMUX": f"{tmp_path}/gone,1,0"}) == ()


def _xclip(folder: Path, script: str) -> dict[str, str]:
    program = folder / "xclip"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{ALONE['PATH']}"
    return {**ALONE, "PATH": path, "DISPLAY": ":0", "KEPT": str(folder / "kept")}


KEEPING = 'case "$*" in *-o*) cat "$KEPT";; *) cat > "$KEPT";; esac'


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for xclip")
@pytest.mark.parametrize("text", ["plain", "$(id)\n", "ünïcode"])
def test_the_desktop_takes_it(text: str, tmp_path: Path) -> None:
    environ = _xclip(tmp_path, KEEPING)
    assert clipboard.copy(text, environ) == ("the desktop",)
    assert (tmp_path / "kept").read_text() == text


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for xclip")
def test_a_program_that_fails_is_not_named(tmp_path: Path) -> None:
    environ = _xclip(tmp_path, "cat > /dev/null; echo 'no display' >&2; exit 1")
    assert clipboard.copy("text", environ) == ()


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for xclip")
def test_not_the_desktop_of_a_machine_far_away(tmp_path: Path) -> None:
    assert clipboard.copy("text", {**_xclip(tmp_path, KEEPING), **SSH}) == ()
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"])
def test_ssh_is_not_local(name: str) -> None:
    assert clipboard.is_local({"DISPLAY": ":0"})
    assert not clipboard.is_local({"DISPLAY": ":0", name: "x"})


@pytest.mark.parametrize(
    ("text", "ways", "words"),
    [
        ("x" * 312, ("tmux",), "copied 312 B by tmux and OSC 52"),
        ("x" * 312, ("tmux", "the desktop"), "copied 312 B by tmux, the desktop and OSC 52"),
        ("é", (), "copied 2 B by OSC 52"),
        ("x" * 80_000, (), "copied 80.0 kB by OSC 52; many terminals cut that at 75.0 kB"),
        ("x" * 80_000, ("tmux",), "copied 80.0 kB by tmux and OSC 52"),
        ("x" * 2_000_000, ("tmux",), "copied 2.0 MB by tmux"),
        (
            "x" * 2_000_000,
            (),
            "2.0 MB are too much for the clipboard of a terminal: save to a file",
        ),
    ],
)
def test_words(text: str, ways: tuple[str, ...], words: str) -> None:
    assert clipboard.copied(text, ways) == words


@pytest.mark.parametrize("text", HOSTILE)
def test_every_text_can_be_encoded(text: str) -> None:
    encodable = clipboard.encodable(text)
    assert encodable.encode() or not text
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert encodable == text
