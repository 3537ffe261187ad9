"""Walks the lab in the app and takes the pictures of the README.

    python screenshots/make.py [NAME...]

Needs `rsvg-convert` for the PNG files. What varies from run to run (ports, times, ids) is the
lab's own, so a picture changes when its screen does and a little besides.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).parents[1]))

from flows.lab import Lab
from flows.session import Target
from flows.walk import new_session
from flows.wire import WireOptions
from tui.app import AuthwalkApp
from tui.screens.walk import WalkScreen
from tui.widgets.tool_form import ToolForm

HERE = Path(__file__).parent
Act = Callable[[Pilot[None], WalkScreen], Awaitable[None]]


async def settle(pilot: Pilot[None]) -> None:
    """Let everything finish but the listener, which waits for a browser."""
    if busy := [worker for worker in pilot.app.workers if worker.group != "listener"]:
        await pilot.app.workers.wait_for_complete(busy)
    await pilot.pause()


async def until(pilot: Pilot[None], screen: WalkScreen, step: str) -> None:
    """Walk on until `step` is up, approving on the way."""
    for _ in range(60):
        move = screen.walk.current
        if move is None or move.step == step:
            break
        if move.step == "callback":
            await pilot.press("A")
        else:
            await pilot.press("enter")
        await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def at_token(pilot: Pilot[None], screen: WalkScreen) -> None:
    await until(pilot, screen, "connect")
    screen.point_at("token", 0)
    await settle(pilot)


async def at_start(pilot: Pilot[None], screen: WalkScreen) -> None:
    await settle(pilot)


async def at_response(pilot: Pilot[None], screen: WalkScreen) -> None:
    await until(pilot, screen, "callback")


async def at_call(pilot: Pilot[None], screen: WalkScreen) -> None:
    await until(pilot, screen, "call")


PICTURES: dict[str, tuple[tuple[int, int], tuple[str, ...], str, Act]] = {
    "walk": ((140, 44), (), "textual-dark", at_token),
    "walk-light": ((140, 44), (), "textual-light", at_token),
    "missing-aud": ((140, 44), ("missing-aud",), "textual-dark", at_token),
    "first": ((140, 44), (), "textual-dark", at_start),
    "response": ((140, 44), (), "textual-dark", at_response),
    "tool": ((140, 44), (), "textual-dark", at_call),
    "medium": ((100, 30), (), "textual-dark", at_token),
    "narrow": ((80, 24), (), "textual-dark", at_token),
}


async def picture(name: str) -> None:
    size, faults, theme, act = PICTURES[name]
    async with Lab(faults=faults) as lab:
        app = AuthwalkApp(WireOptions(), session=new_session(Target(lab.mcp_url)))
        async with app.run_test(size=size) as pilot:
            app.theme = theme
            app.animation_level = "none"
            while not app.screen.query(ToolForm):  # what comes last
                await pilot.pause(0.01)
            screen = app.screen
            assert isinstance(screen, WalkScreen)
            await act(pilot, screen)
            svg = HERE / f"{name}.svg"
            drawn = app.export_screenshot(title="authwalk")
            # Without this rsvg-convert drops the spaces that a piece of text begins with.
            svg.write_text(drawn.replace("<svg ", '<svg xml:space="preserve" ', 1))
    subprocess.run(["rsvg-convert", "--zoom", "1", svg, "-o", svg.with_suffix(".png")], check=True)
    print(svg.with_suffix(".png").name)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or PICTURES:
        asyncio.run(picture(chosen))
