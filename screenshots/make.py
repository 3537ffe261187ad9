"""Walks the lab in the app and takes a picture of every screen.

    python screenshots/make.py             write them: SVG of each, PNG of those in the README
    python screenshots/make.py --check     write nothing; 1 when a screen is not as in its picture

What varies from run to run (ports, times, tokens) is the lab's own, so --check compares words and
styles without it. The PNG files need `rsvg-convert`.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

sys.path.insert(0, str(Path(__file__).parents[1]))

from flows.lab import Lab
from flows.session import Target
from flows.walk import new_session
from flows.wire import WireOptions
from tui.app import AuthwalkApp
from tui.screens.faults import FaultPicker
from tui.screens.walk import WalkScreen
from tui.widgets.tool_form import ToolForm

HERE = Path(__file__).parent
WIDE, MEDIUM, NARROW = "wide", "medium", "narrow"
SIZES = {WIDE: (140, 44), MEDIUM: (100, 30), NARROW: (80, 24)}
LIGHT = ("start", "token", "hosts", "sequence", "edit", "tool", "compare")
"""Pictures that are also taken in a light theme, in the wide terminal."""
README = ("token", "hosts", "sequence")
"""Those of the wide terminal that are also written as PNG."""
SHOWN_HOME = "~/authwalk-files"
"""What stands in the pictures for the folder of this run."""
FRAMES = (
    *("first", "metadata", "explain", "response", "edit", "token", "token-large"),
    *("sequence", "report", "hosts"),
)
"""The pictures of the recording, in the medium terminal, and how long each is shown."""
SECONDS = 3


class Camera:
    """One walk through the app in one size, a picture of each screen on the way."""

    def __init__(self, size: str, app: AuthwalkApp, pilot: Pilot[None], lab: Lab) -> None:
        self.size, self.app, self.pilot, self.lab = size, app, pilot, lab
        self.taken: dict[str, str] = {}

    @property
    def screen(self) -> WalkScreen:
        base = self.app.screen_stack[0]
        assert isinstance(base, WalkScreen)
        return base

    async def settle(self) -> None:
        """Let everything finish but the listener, which waits for a browser, and open dialogs."""
        await self.pilot.pause()
        groups = ("walk", "ask", "tool-check", "clipboard")
        if busy := [worker for worker in self.app.workers if worker.group in groups]:
            await self.app.workers.wait_for_complete(busy)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def to(self, step: str) -> None:
        """Walk on until `step` is up, approving on the way, and show it."""
        for _ in range(60):
            move = self.screen.walk.current
            if move is None or move.step == step:
                break
            self.screen.steps.focus()  # letters are keys there
            await self.press("A" if move.step == "callback" else "enter")
        await self.press("enter")

    async def take(self, name: str, *keys: str, back: str = "") -> None:
        """Press keys, take a picture, and go back."""
        await self.press(*keys)
        self.app.clear_notifications()
        await self.pilot.pause()
        self.taken[f"{self.size}/{name}"] = self._drawn()
        if self.size == WIDE and name in LIGHT:
            self.app.theme = "textual-light"
            await self.settle()
            self.taken[f"{self.size}-light/{name}"] = self._drawn()
            self.app.theme = "textual-dark"
            await self.settle()
        if back:
            await self.press(back)

    def _drawn(self) -> str:
        drawn = self.app.export_screenshot(title="authwalk")
        drawn = drawn.replace(os.environ["XDG_DATA_HOME"], SHOWN_HOME)
        # Without this rsvg-convert drops the spaces that a piece of text begins with.
        return drawn.replace("<svg ", '<svg xml:space="preserve" ', 1)


async def through(camera: Camera) -> None:
    """Every screen that has a picture. A new screen gets a line here."""
    app, walk = camera.app, camera.screen
    await camera.take("first")
    await camera.take("help", "f1", back="escape")
    await camera.take("palette", "ctrl+p", *"copy", back="escape")
    await camera.to("client")
    walk.point_at("server-metadata")
    await camera.take("metadata", "m")
    await camera.take("explain", "down", "i", back="escape")
    await camera.take("collapsed", "home", "_")
    await camera.press("*", "l")
    await camera.to("callback")
    await camera.take("response")
    await camera.press("escape")
    await camera.to("token")
    await camera.take("edit", "e", "down", "down", "down", back="ctrl+g")
    await camera.to("connect")
    walk.point_at("token", 0)
    await camera.press("l")
    await camera.take("token")
    if camera.size != WIDE:
        await camera.take("side", "t", back="escape")
        await camera.press("l", "m", "l")
    await camera.take("token-large", "T", back="T")
    await camera.take("sequence", "s", back="s")
    await camera.take("copy", "y", back="escape")
    await camera.take("report", "P", back="q")
    await camera.take("save", "ctrl+s", back="escape")
    camera.lab.set_faults(("resource-trailing-slash", "registration-drops-schemes"))
    await camera.press("h", "R", "y")
    await camera.take("hosts", *["down"] * 7, back="q")
    camera.lab.set_faults(("missing-aud",))
    await camera.take("settings", "f10", back="escape")
    app.push_screen(FaultPicker(("missing-aud",)))
    await camera.take("faults", back="escape")
    await camera.to("call")
    await camera.take("tool")
    camera.lab.set_faults(("tools-empty",))
    walk.point_at("tools")
    walk.steps.focus()
    await camera.press("r", "enter")
    await camera.take("compare", "l", "d", back="q")


async def session(size: str) -> dict[str, str]:
    """The pictures of one size, by their names."""
    taken: dict[str, str] = {}
    app = AuthwalkApp(WireOptions())
    async with app.run_test(size=SIZES[size]) as pilot, Lab() as lab:
        app.animation_level = "none"
        await pilot.pause(0.3)
        await app.workers.wait_for_complete()
        for field in app.screen.query(Input):
            field.cursor_blink = False
        camera = Camera(size, app, pilot, lab)
        await camera.take("start")
        taken |= camera.taken
    async with Lab(faults=("missing-aud",)) as lab:
        app = AuthwalkApp(WireOptions(), session=new_session(Target(lab.mcp_url)))
        async with app.run_test(size=SIZES[size]) as pilot:
            app.animation_level = "none"
            while not app.screen.query(ToolForm):  # what comes last
                await pilot.pause(0.01)
            camera = Camera(size, app, pilot, lab)
            await through(camera)
            taken |= camera.taken
    return taken


_TEXT = re.compile(r'<text class="[^"]*-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_SOURCES = (".py", ".toml")
_STYLE = re.compile(r"-r\d+ \{([^}]*)\}")
_BOXES = frozenset("│╭╮╰╯─▌")
_WORD = re.compile(r"[A-Za-z]{4,}")


@cache
def vocabulary() -> frozenset[str]:
    """The words that authwalk has of its own: tokens and identifiers are of none of them."""
    folders = (HERE.parent / name for name in ("flows", "tui"))
    files = (path for folder in folders for path in folder.rglob("*.*") if path.suffix in _SOURCES)
    return frozenset(word for path in files for word in _WORD.findall(path.read_text("utf-8")))


def essence(svg: str) -> tuple[Counter[str], frozenset[str]]:
    """The words of a picture that are ours with the lines of its boxes, and its styles."""
    text = " ".join(html.unescape(text) for _, _, _, text in _TEXT.findall(svg))
    # Of a URL that is cut, how much is seen depends on the time beside it.
    ours = vocabulary() - {"http", "https"}
    words = (word for word in _WORD.findall(text) if word in ours)
    lines = (char for char in text if char in _BOXES)
    return Counter([*words, *lines]), frozenset(_STYLE.findall(svg))


def differing(taken: dict[str, str]) -> Iterator[str]:
    """Which screens are not as in their pictures, and what is other."""
    kept = {
        path.relative_to(HERE).with_suffix("").as_posix(): path.read_text("utf-8")
        for path in HERE.glob("*/*.svg")
    }
    for name in sorted({*taken, *kept}):
        if name not in kept or name not in taken:
            yield f"{name}: there is no {'picture' if name in taken else 'such screen any more'}"
            continue
        (now, styles), (then, before) = essence(taken[name]), essence(kept[name])
        if now != then:
            other = ", ".join(
                (*(f"+{word}" for word in now - then), *(f"-{w}" for w in then - now))
            )
            yield f"{name}: {other[:200]}"
        elif styles != before:
            yield f"{name}: other styles: {'; '.join(sorted(styles ^ before))[:200]}"


def recording(taken: dict[str, str]) -> str:
    """Some of the pictures one after the other, as an SVG that moves."""
    frames = [taken[f"{MEDIUM}/{name}"] for name in FRAMES]
    whole = len(frames) * SECONDS
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', frames[0])
    assert size
    share = 100 / len(frames)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[1]} {size[2]}">',
        f"<style>.frame {{ visibility: hidden; animation: show {whole}s steps(1) infinite; }}"
        f"@keyframes show {{ 0% {{ visibility: visible }} {share:.3f}% {{ visibility: hidden }} }}"
        "</style>",
    ]
    for number, frame in enumerate(frames):
        delay = f"animation-delay: {number * SECONDS}s"
        parts.append(f'<g class="frame" style="{delay}">{frame}</g>')
    return "\n".join((*parts, "</svg>"))


def write(taken: dict[str, str]) -> None:
    for path in HERE.glob("*/*.svg"):
        path.unlink()
    for name, svg in taken.items():
        path = HERE / f"{name}.svg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(svg, "utf-8")
    (HERE / "walk.svg").write_text(recording(taken), "utf-8")
    for name in README:
        source, target = HERE / WIDE / f"{name}.svg", HERE / f"{name}.png"
        subprocess.run(["rsvg-convert", source, "-o", target], check=True)


def take_all() -> dict[str, str]:
    taken: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        # Settings and sessions of the person who takes the pictures are not in them.
        os.environ |= {f"XDG_{kind}_HOME": home for kind in ("CONFIG", "DATA", "STATE")}
        assert len(home) == len(SHOWN_HOME), home  # else it would not fit where it stands
        for size in SIZES:
            taken |= asyncio.run(session(size))
    return taken


def main(arguments: list[str]) -> int:
    taken = take_all()
    if "--check" not in arguments:
        write(taken)
        print(f"{len(taken)} pictures")
        return 0
    found = set(differing(taken))
    if found:  # a slow machine cuts a line short for the time that stands in it: once more
        found &= set(differing(take_all()))
    print(*sorted(found), f"{len(taken)} pictures, {len(found)} are of other screens", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
