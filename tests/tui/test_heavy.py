"""A lot of everything: the walk completes, and the app answers keys all the while."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.limits import Limits
from flows.session import Received, Target
from flows.walk import new_session
from flows.wire import WireOptions
from tests.flows.servers import serve
from tests.heavy import EVENTS, HUGE, TOOLS, Heavy, bottom
from tests.tui.walking import Walking, shown
from tui.screens.walk import WalkScreen

ROOT = Path(__file__).parents[2]
PATIENT = WireOptions(limits=Limits(deadline=math.inf, idle=math.inf, stream=math.inf))
"""A busy machine is no failure."""


async def test_run_completes() -> None:
    calls = ["progress={}", "huge_stream={}", f"deep={json.dumps(bottom('here'))}"]
    words = [f"--call={call}" for call in calls]
    async with serve(Heavy()) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui", "run", f"{server.url}/mcp", "--list", *words, "--json"),
            *("--timeout", "600"),
            stdout=PIPE,
            stderr=PIPE,
            cwd=ROOT,
        )
        out, said = await process.communicate()
    assert process.returncode == 0, said[-2000:]
    document = json.loads(out)
    assert len(document["tools"]) == TOOLS
    texts = [call["result"]["content"][0]["text"] for call in document["calls"]]
    assert texts[0] == "the end" and len(texts[1]) == HUGE
    assert json.loads(texts[2]) == bottom("here")
    # What a person reads of it is short.
    assert b"tool_1999" in said and len(said) < 500_000


@asynccontextmanager
async def calling(name: str, heavy: Heavy | None = None) -> AsyncIterator[Walking]:
    """The app with a tool chosen from among all, by its name."""
    async with serve(heavy or Heavy()) as server:
        async with shown(new_session(Target(f"{server.url}/mcp")), options=PATIENT) as w:
            await w.to("call")
            assert f"{TOOLS} tools" in w.text
            await w.press("enter", *name)
            await w.press("enter")
            yield w


async def result(w: Walking) -> Any:
    await w.until(lambda: w.walk.facts.call and w.walk.facts.call.result)
    await w.settle()
    assert w.walk.facts.call and w.walk.facts.call.result
    return w.walk.facts.call.result["content"][0]["text"]


async def test_keys_are_answered_while_events_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    heavy, hints = Heavy(), list[str]()
    heavy.go.clear()
    draw = WalkScreen._draw_hint

    def counting(screen: WalkScreen, words: str = "") -> None:
        hints.append(words)
        draw(screen, words)

    monkeypatch.setattr(WalkScreen, "_draw_hint", counting)
    async with calling("progress", heavy) as w:
        await w.pilot.press("f5")
        await w.until(lambda: sum(isinstance(e, Received) for e in w.events) == EVENTS // 2)
        await w.until(lambda: "notifications/progress" in w.hint)
        w.screen.steps.focus()
        await w.pilot.press("home")
        await w.until(lambda: w.stage.step == "challenge" and "RFC 9728" in w.text)
        heavy.go.set()
        assert await result(w) == "the end"
        assert sum(isinstance(e, Received) for e in w.events) == EVENTS + 1
        assert w.stage.step == "call" and "event of" not in w.hint
    assert len(hints) < EVENTS, "a hint was drawn for every event"


@pytest.mark.parametrize("name", ["huge", "huge_stream"])
async def test_twenty_megabytes_are_shown(name: str) -> None:
    async with calling(name) as w:
        await w.press("f5")
        assert len(await result(w)) == HUGE
        assert "20.0 MB" in w.text and "xxxxxxxxxx" in w.text
        w.stage.focus_content()
        await w.press("end")
        assert "}" in w.text
        w.screen.steps.focus()
        await w.press("up")
        assert w.stage.step == "tools"


async def test_fifty_levels_are_filled_in() -> None:
    async with calling("deep") as w:
        assert "level1" in w.text and "level5" in w.text
        value = bottom("here")
        for level in range(1, 5):
            value = value[f"level{level}"]
        await w.paste(json.dumps(value["level5"]))
        await w.press("f5")
        assert json.loads(await result(w)) == bottom("here")
