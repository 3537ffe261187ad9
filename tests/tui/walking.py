"""The app on a walk of the real lab, and its whole screen as lines of text."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.widget import Widget

from flows.exchange import Exchange
from flows.lab import Lab
from flows.moves import Act, Ask
from flows.session import Event, Exchanged, Session, StepId, Target
from flows.walk import Walk, new_session
from flows.wire import WireOptions
from tui.app import AuthwalkApp
from tui.screens.walk import WalkScreen
from tui.widgets.stage import Stage
from tui.widgets.tool_form import ToolForm

WIDE, MEDIUM, LOW = (140, 44), (100, 30), (80, 24)
SIZES = (WIDE, MEDIUM, LOW)
OPTIONS = WireOptions()
_TEXT = re.compile(r'<text class="[^"]*-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')


def screen_lines(app: App[Any]) -> list[str]:
    """What stands on the screen, line by line, as the person sees it."""
    rows: dict[float, dict[int, str]] = {}
    for x, y, text in _TEXT.findall(app.export_screenshot()):
        rows.setdefault(float(y), {})[round(float(x) / 12.2)] = html.unescape(text)
    lines = []
    for _, pieces in sorted(rows.items()):
        line = ""
        for at, text in sorted(pieces.items()):
            line = line.ljust(at) + text.replace("\xa0", " ")
        lines.append(line.rstrip())
    return lines


def screen_text(app: App[Any]) -> str:
    return "\n".join(screen_lines(app))


def strips(app: App[Any]) -> Iterator[str]:
    """Every line of every widget on screen, borders and titles with it, as the terminal gets it."""
    for screen in app.screen_stack:
        for widget in (screen, *screen.query("*")):
            if widget.is_on_screen and widget.region.area:
                for strip in widget.render_lines(widget.outer_size.region):
                    yield strip.text


def words(app: App[Any]) -> str:
    """The screen in one line with single spaces: for words that may be wrapped anywhere."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", screen_text(app)).split())


@dataclass
class Walking:
    """A walk on screen."""

    app: AuthwalkApp
    pilot: Pilot[None]
    copied: list[str]
    lab: Lab | None = None

    @property
    def screen(self) -> WalkScreen:
        base = self.app.screen_stack[0]
        assert isinstance(base, WalkScreen)
        return base

    @property
    def walk(self) -> Walk:
        return self.screen.walk

    @property
    def stage(self) -> Stage:
        return self.screen.stage

    @property
    def events(self) -> tuple[Event, ...]:
        return self.walk.session.events

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def exchange(self) -> Exchange:
        """The newest exchange of the record."""
        return [event for event in self.events if isinstance(event, Exchanged)][-1].exchange

    @property
    def lines(self) -> list[str]:
        return screen_lines(self.app)

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def words(self) -> str:
        return words(self.app)

    @property
    def hint(self) -> str:
        return self.lines[-2].strip()

    @property
    def keys(self) -> str:
        return self.lines[-1]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def paste(self, text: str) -> None:
        """Paste as a terminal does: to whatever has the focus, or to the screen."""
        self.app.post_message(Paste(text))
        await self.settle()

    async def settle(self) -> None:
        """Let everything finish but the listener, which waits for a browser, and questions."""
        await self.pilot.pause()
        if busy := [w for w in self.app.workers if w.group in ("walk", "clipboard", "tool-check")]:
            await self.app.workers.wait_for_complete(busy)
        await self.pilot.pause()

    async def until(self, true: Callable[[], object]) -> None:
        """Poll until something has come true."""
        for _ in range(6000):
            if true():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came true; on screen:\n{self.text}")

    async def to(self, step: StepId) -> None:
        """Walk on, without the keys, until the next move is one of `step`; show that."""
        for _ in range(60):
            move = self.walk.current
            assert isinstance(move, Act), f"the walk stops before {step}: {move}"
            if move.step == step:
                break
            await self._make(move)
        await self.pilot.pause()
        self.screen.point_at(step)
        await self.settle()

    async def stop(self) -> None:
        """Walk on, without the keys, until the walk is blocked or done; show what came last."""
        for _ in range(60):
            move = self.walk.current
            if not isinstance(move, Act):
                break
            await self._make(move)
        await self.settle()

    async def _make(self, move: Act) -> None:
        if isinstance(move, Ask):
            assert move.kind == "authorization-response" and await self.walk.approve() == ""
        else:
            await self.walk.perform(move)


@asynccontextmanager
async def shown(
    session: Session,
    *,
    size: tuple[int, int] = WIDE,
    options: WireOptions = OPTIONS,
    lab: Lab | None = None,
) -> AsyncIterator[Walking]:
    """The app on `session`, once everything has been mounted."""
    app = AuthwalkApp(options, session=session)
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[assignment,method-assign]
    async with app.run_test(size=size, notifications=True) as pilot:
        app.animation_level = "none"
        walking = Walking(app, pilot, copied, lab)
        await walking.until(lambda: walking.screen.query(ToolForm))
        await walking.settle()
        yield walking


@asynccontextmanager
async def on_lab(
    *faults: str,
    size: tuple[int, int] = WIDE,
    options: WireOptions = OPTIONS,
    **target: Any,
) -> AsyncIterator[Walking]:
    """The app on a fresh walk of a lab with `faults`."""
    async with Lab(faults=faults) as lab:
        session = new_session(Target(lab.mcp_url, **target))
        async with shown(session, size=size, options=options, lab=lab) as walking:
            yield walking


def panes(app: App[Any]) -> dict[str, Widget]:
    """The panes that can be seen, by id."""
    names = ("steps-pane", "middle", "token-pane", "findings-pane")
    found = ((name, app.screen_stack[0].query_one(f"#{name}")) for name in names)
    return {name: pane for name, pane in found if pane.is_on_screen and pane.size.area}
