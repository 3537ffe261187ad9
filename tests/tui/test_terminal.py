"""The program in a real terminal: tmux draws it, and says what stands on the screen."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from flows.lab import Lab
from flows.session import Target
from flows.store import save
from flows.walk import new_session

ROOT = Path(__file__).parents[2]
DEADLINE = 40.0
"""Seconds until what must come has come, on a busy machine."""
DIALOG = "This walk is not saved"


class Terminal:
    """A program in tmux, on a server of its own at `socket`."""

    def __init__(self, socket: Path, home: Path) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
        self._env = {
            "LC_ALL": "C.UTF-8",
            **kept,
            "HOME": str(home),
            "TERM": "xterm-256color",
            "PS1": "$ ",
        }

    async def tmux(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *self._tmux, *words, stdout=PIPE, stderr=PIPE, env=self._env, cwd=ROOT
        )
        out, problem = await process.communicate()
        assert process.returncode == 0, problem.decode()
        return out.decode()

    async def screen(self) -> str:
        return await self.tmux("capture-pane", "-p")

    async def press(self, *keys: str) -> None:
        await self.tmux("send-keys", *keys)

    async def flag(self, name: str) -> str:
        return (await self.tmux("display-message", "-p", f"#{{{name}}}")).strip()

    async def until(self, pattern: str) -> str:
        """The screen once `pattern` stands on it."""
        end = monotonic() + DEADLINE
        while monotonic() < end:
            if re.search(pattern, screen := await self.screen()):
                return screen
            await asyncio.sleep(0.05)
        raise AssertionError(f"{pattern!r} never came; on screen:\n{await self.screen()}")

    async def walk_to(self, step: str) -> None:
        """Press enter until the middle is headed by `step` with its move to come."""
        end = monotonic() + DEADLINE
        while monotonic() < end:
            screen = await self.screen()
            if re.search(rf"─ \d+ {step} ", screen) and "enter: on to" not in screen:
                return
            await self.press("Enter")
            # With every enter the line above the keys says something else.
            hint = now = screen.splitlines()[-2]
            while (now == hint or "x cancels" in now) and monotonic() < end:
                now = (await self.screen()).splitlines()[-2]
        raise AssertionError(f"{step} never came up; on screen:\n{await self.screen()}")

    async def is_clean(self) -> bool:
        """Nothing of the app is left: not its screen, nor its mouse, nor its cursor."""
        flags = [
            await self.flag(name) for name in ("alternate_on", "mouse_any_flag", "cursor_flag")
        ]
        return flags == ["0", "0", "1"]


@asynccontextmanager
async def terminal(size: tuple[int, int], home: Path, command: str) -> AsyncIterator[Terminal]:
    """Once `command` has ended, its exit code stands on the screen."""
    columns, rows = map(str, size)
    command += '; echo "left $?"; exec sleep 600'
    # A server that was told to end still answers for a while, and then hangs up: a socket is used
    # once. Its name has some 100 bytes, less than `home` may have.
    with TemporaryDirectory(prefix="authwalk-") as folder:
        made = Terminal(Path(folder) / "tmux", home)
        await made.tmux("new-session", "-d", "-x", columns, "-y", rows, "sh", "-c", command)
        try:
            yield made
        finally:
            await made.tmux("kill-server")


def program(*arguments: str) -> str:
    return shlex.join((sys.executable, "-m", "tui", *arguments))


async def test_the_story_it_was_made_for(tmp_path: Path) -> None:
    async with terminal((140, 44), tmp_path, program("demo", "--fault", "missing-aud")) as t:
        await t.until("enter sends POST")
        assert "lab: missing-aud" in await t.screen()
        await t.press("Enter")
        await t.until("1 ✓ Challenge +401")
        await t.press("a")
        await t.until("A approves")
        await t.press("A")
        await t.until("state matches")
        await t.press("Enter")
        await t.until("with a code")
        await t.press("Enter")
        screen = await t.until(r"aud +\(missing\)")
        assert "9 ✓ Exchange code" in screen and "verified" in screen
        await t.press("C-q")
        await t.until(DIALOG)
        await t.press("y")
        await t.until("left 0")
        assert await t.is_clean()


@pytest.mark.parametrize("size", [(100, 30), (80, 24)])
async def test_a_walk_by_hand_in_a_small_terminal(size: tuple[int, int], tmp_path: Path) -> None:
    async with Lab() as lab, terminal(size, tmp_path, program(lab.mcp_url)) as t:
        await t.until("enter sends POST")
        await t.walk_to("Response")
        screen = await t.until("listening there")
        lines = screen.splitlines()
        assert len(lines) == size[1] and "Help" in lines[-1] and "A approves" in lines[-2]
        await t.press("A")
        await t.until("on to Exchange code")
        await t.walk_to("Connect")
        await t.press("t")
        await t.until("JWT")
        await t.press("C-g")  # escape would wait, as it begins other keys too
        await t.until("enter sends")  # until the field is left, it takes the next key
        await t.press("l")
        await t.walk_to("tools/call")
        await t.press("C-q")
        await t.until(DIALOG)
        await t.press("y")
        await t.until("left 0")
        assert await t.is_clean()


async def test_a_saved_walk_and_a_resized_terminal(tmp_path: Path) -> None:
    path = tmp_path / "kept.toml"
    save(path, new_session(Target("http://127.0.0.1:1/mcp")))
    async with terminal((140, 44), tmp_path, program(str(path))) as t:
        await t.until("paste or type any token")
        await t.tmux("resize-window", "-x", "80", "-y", "24")
        await t.until(r"(?s)^(?!.*any token).*Challenge")
        await t.tmux("resize-window", "-x", "50", "-y", "12")
        await t.until("authwalk needs 60 x 16")
        await t.tmux("resize-window", "-x", "140", "-y", "44")
        await t.until("enter sends POST")
        await t.press("Enter")
        await t.until("refused")
        await t.press("C-q")
        await t.until(DIALOG)
        await t.press("y")
        await t.until("left 0")
        assert await t.is_clean()


async def test_a_file_that_is_none_and_a_terminal_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("version = 1\n[[[")
    async with terminal((100, 30), tmp_path, program(str(broken))) as t:
        screen = await t.until("left 6")
        assert "broken.toml" in screen and await t.is_clean()
    nowhere = f"{program('http://127.0.0.1:1/mcp')} </dev/null"
    async with terminal((100, 30), tmp_path, nowhere) as t:
        screen = await t.until("left 2")
        assert "needs a terminal" in screen and await t.is_clean()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
async def test_ended_from_outside_it_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    async with terminal((100, 30), tmp_path, program("http://127.0.0.1:1/mcp")) as t:
        await t.until("enter sends POST")
        assert not await t.is_clean()
        await t.press("Enter")
        await t.until("refused")  # long after the first frame, which is as early as it can be heard
        killer = await asyncio.create_subprocess_exec(
            "pkill", "-TERM", "-P", await t.flag("pane_pid")
        )
        await killer.wait()
        await t.until("left 143")
        assert await t.is_clean()
