"""Hostile sizes: the time to first paint, and the longest time for which no key is answered.

    python -m tests.bench.bench_hostile [ROUNDS] [CASE]...

Headless at 120x40; medians, and behind them the ratio to the first line of the same run: a bare
OptionList of 40 rows, shown or moved in. `held` is the longest that the event loop was held up
from the act until all of it was done, and so the longest that a key would have waited.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import OptionList

from flows.catalogue import ToolList
from flows.checks import Finding
from tests.bench.bench_body import body
from tests.flows import world
from tests.hostile import HOSTILE
from tests.tui.walking import shown
from tui.clipboard import encodable
from tui.widgets.body_view import BodyView
from tui.widgets.findings_list import FindingsList
from tui.widgets.offer_list import OfferList

SIZE = (120, 40)
MEGABYTE = 1_000_000
WORKERS = ("body", "findings", "preview")
"""Those that draw; others wait for a person."""
_STEP = 0.001


class Times:
    """Milliseconds to the first paint, and held, of each act by its name, a round each."""

    def __init__(self) -> None:
        self.taken: dict[str, list[tuple[float, float]]] = {}

    async def act(
        self, name: str, widget: Widget, do: Callable[..., object], *arguments: object
    ) -> None:
        """Do something, and wait until it was painted and until all of it was done."""
        longest = 0.0
        over = False

        async def watch() -> None:
            nonlocal longest
            while not over:
                before = perf_counter()
                await asyncio.sleep(_STEP)
                longest = max(longest, perf_counter() - before - _STEP)

        gc.collect()
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        painted = asyncio.Event()
        start = perf_counter()
        done = do(*arguments)
        if isinstance(done, Awaitable):
            await done
        widget.app.screen.call_after_refresh(painted.set)  # a key may have led to another
        await painted.wait()
        paint = perf_counter() - start
        await asyncio.sleep(2 * _STEP)
        if working := [one for one in widget.app.workers if one.name in WORKERS]:
            await widget.app.workers.wait_for_complete(working)
        await asyncio.sleep(2 * _STEP)
        over = True
        await watching
        self.taken.setdefault(name, []).append((paint * 1000, longest * 1000))

    def tell(self) -> None:
        print(f"{'ms, ratio to a bare list':44}{'paint':>8}{'':9}{'held':>9}")
        bare_shown, bare_key = (self._medians(name) for name in list(self.taken)[:2])
        for name in self.taken:
            bare = bare_shown if name.endswith(": show") else bare_key
            paint, held = self._medians(name)
            print(f"{name:44}{paint:8.1f} x{paint / bare[0]:<7.2f}{held:9.1f}")

    def _medians(self, name: str) -> tuple[float, float]:
        rounds = self.taken[name]
        return median(one for one, _ in rounds), median(one for _, one in rounds)


class Bench(App[None]):
    """Keeps what was copied to itself."""

    CSS = "Screen { overflow: hidden; }"

    def copy_to_clipboard(self, text: str) -> None:
        encodable(text)

    def on_body_view_copy(self, event: BodyView.Copy) -> None:
        self.copy_to_clipboard(event.text)


@asynccontextmanager
async def on_screen(widget: Widget) -> AsyncIterator[Pilot[None]]:
    app = Bench()
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        await app.mount(widget)
        widget.focus()
        await pilot.pause()
        gc.freeze()
        yield pilot
    gc.unfreeze()


async def bare(times: Times) -> None:
    widget = OptionList()
    async with on_screen(widget):
        rows = [f"row {number} ready" for number in range(40)]
        await times.act("bare OptionList: show", widget, widget.add_options, rows)
        for _ in range(5):
            await times.act("bare OptionList: down", widget, widget.action_cursor_down)


def texts(number: int) -> tuple[str, str]:
    return (
        f"{number} {HOSTILE[number % len(HOSTILE)]} says more than fits into one line of a pane",
        f"{number} {HOSTILE[(number + 1) % len(HOSTILE)]}",
    )


async def findings(times: Times) -> None:
    found = tuple(
        Finding("X-01", "fail", "error", "tools", "resource-server", *texts(number), "MCP Tools")
        for number in range(10_000)
    )
    widget = FindingsList()
    async with on_screen(widget):
        name = "10,000 findings"
        await times.act(f"{name}: show", widget, widget.show, found)
        await moves(times, name, widget)
        await times.act(f"{name}: all but one", widget, widget.show, found[:-1])


async def moves(times: Times, name: str, widget: Any) -> None:
    for _ in range(5):
        await times.act(f"{name}: down", widget, widget.action_move, 1)
    for _ in range(3):
        await times.act(f"{name}: page", widget, widget.action_page, 1)
    await times.act(f"{name}: end", widget, widget.action_last)
    await times.act(f"{name}: home", widget, widget.action_first)


def tools() -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "name": texts(number)[0],
            "title": texts(number)[1],
            "description": HOSTILE[number % len(HOSTILE)],
            "inputSchema": {"type": "object", "properties": {text: {} for text in HOSTILE[:6]}},
        }
        for number in range(2_000)
    )


async def offers(times: Times) -> None:
    widget, name = OfferList(), "2,000 tools"
    listed = {"tools/list": ToolList(tools(), complete=True)}
    async with on_screen(widget):
        await times.act(f"{name}: show", widget, widget.show, listed)
        await moves(times, name, widget._list)
        field = widget.query_one("#tool-filter")
        for typed in "1", "19", "199", "":
            await times.act(f"{name}: type", widget, setattr, field, "value", typed)


def lines() -> dict[str, tuple[bytes, str]]:
    """One line of a megabyte, as each kind of body."""
    plain = b"x" * MEGABYTE
    form = "application/x-www-form-urlencoded"
    return {
        "text": (plain, "text/plain"),
        "escapes": (b"\x1b" * MEGABYTE, "text/plain"),
        "bidi": ("\u202e".encode() * (MEGABYTE // 3), "text/plain"),
        "wide": ("全".encode() * (MEGABYTE // 3), "text/plain"),
        "marks": ("\u0301".encode() * (MEGABYTE // 2), "text/plain"),
        "not UTF-8": (b"\xff" * MEGABYTE, "text/plain"),
        "json": (b'"' + plain + b'"', "application/json"),
        "json, escapes": (b'"' + b'\\"\\u202e' * (MEGABYTE // 8) + b'"', "application/json"),
        "json, brackets": (b"[" * MEGABYTE, "application/json"),
        "form": (b"a=" + plain, form),
        "form, encoded": (b"a=" + b"%1b" * (MEGABYTE // 3), form),
        "form, pairs": (b"a=1&" * (MEGABYTE // 4), form),
        "sse": (b"data: " + plain + b"\n\n", "text/event-stream"),
        "sse, json": (b'data: {"a":"' + plain + b'"}\n\n', "text/event-stream"),
        "html": (b"<p>" + plain, "text/html"),
        "html, tags": (b"<p a='b'>" * (MEGABYTE // 9), "text/html"),
        "hex": (plain, "application/octet-stream"),
    }


async def one_line(times: Times) -> None:
    for kind, (data, media) in lines().items():
        widget, name = BodyView(), f"1 MB, {kind}"
        async with on_screen(widget):
            await times.act(f"{name}: show", widget, widget.show, data, media)
            await keys(times, name, widget)
            await times.act(f"{name}: view", widget, widget.action_cycle)
            widget.kind = "pretty"
            await times.act(f"{name}: unfold", widget, widget.action_wrap)
            await times.act(f"{name}: page, unfolded", widget, widget.action_page, 1)


async def keys(times: Times, name: str, widget: BodyView) -> None:
    for _ in range(3):
        await times.act(f"{name}: page", widget, widget.action_page, 1)
    for key in "explain", "open_value", "copy", "copy_path":
        await times.act(
            f"{name}: {key.replace('_', ' ')}", widget, getattr(widget, f"action_{key}")
        )
    widget.action_last()
    widget.action_move(-2)
    for key in "copy_path", "collapse":
        act = getattr(widget, f"action_{key}")
        await times.act(f"{name}: {key.replace('_', ' ')} at the end", widget, act)
    await times.act(f"{name}: search", widget, widget.look_for, "not in it")
    widget.action_clear_search()
    await times.act(f"{name}: search, everywhere", widget, widget.look_for, "x")
    await times.act(f"{name}: next match", widget, widget.action_match, 1)
    widget.action_clear_search()


async def twenty(times: Times) -> None:
    shapes = {
        "20 MB": body("20 MB one line"),
        "20 MB, one object": json.dumps({f"k{n}": n for n in range(1_000_000)}).encode(),
        "20 MB, one list": json.dumps(list(range(2_300_000))).encode(),
        "20 MB, three lists": json.dumps(dict.fromkeys("abc", [{"a": 1}] * 800_000)).encode(),
    }
    for name, data in shapes.items():
        widget = BodyView()
        async with on_screen(widget):
            await times.act(f"{name}: show", widget, widget.show, data, "application/json")
            await keys(times, name, widget)
            for key in "collapse_members", "expand_all":
                act = getattr(widget, f"action_{key}")
                await times.act(f"{name}: {key.replace('_', ' ')}", widget, act)
            widget.cursor = 0
            for key in "copy", "collapse", "expand":
                act = getattr(widget, f"action_{key}")
                await times.act(f"{name}: {key} the whole", widget, act)


async def walk(times: Times) -> None:
    """All of the app on a server with 2,000 hostile tools."""
    few, world.TOOLS[:] = list(world.TOOLS), [dict(tool) for tool in tools()]
    made = world.World()
    made.walk(until="call")
    world.TOOLS[:] = few
    async with shown(made.session) as w:
        for pressed in ("home", "end", "up", "m", "end", "3", "t", "s", "ctrl+g", "P", "ctrl+g"):
            await times.act(f"walk: {pressed}", w.screen, w.pilot.press, pressed)


CASES = {
    "findings": findings,
    "tools": offers,
    "line": one_line,
    "twenty": twenty,
    "walk": walk,
}


async def main() -> None:
    words = sys.argv[1:]
    rounds = int(words.pop(0)) if words and words[0].isdecimal() else 3
    times = Times()
    for _ in range(rounds):
        await bare(times)
        for name in words or CASES:
            await CASES[name](times)
    times.tell()


if __name__ == "__main__":
    asyncio.run(main())
