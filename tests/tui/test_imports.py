"""What the first frame costs is what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "httpx",
    "click",
    "jwt",
    "cryptography",
    "pydantic",
    "mcp",
    "jsonschema",
    "starlette",
    "uvicorn",
)

LATER = ("flows.jwt", "flows.steps.call")
"""Our own that only a later step needs."""

PROBE = """
import asyncio, sys
from flows.session import Target
from flows.wire import WireOptions
from tui.app import AuthwalkApp

seen = {{}}

class Probe(AuthwalkApp):
    def warm(self):  # called once the first frame is painted
        seen["at the first frame"] = sorted({heavy!r} & sys.modules.keys())
        super().warm()
        seen["after warming"] = sorted({heavy!r} & sys.modules.keys())

async def main():
    app = Probe(WireOptions(), session={session})
    async with app.run_test() as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()

asyncio.run(main())
print(seen)
"""
WALK = "__import__('flows.walk', fromlist=['']).new_session(Target('https://mcp.example.com/mcp'))"


@pytest.mark.parametrize("session", ["None", WALK], ids=["start", "walk"])
def test_the_first_frame_is_light_and_then_httpx_is_warm(session: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy={*HEAVY, *LATER}, session=session)],
        cwd=ROOT,
        env={"PATH": "", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    seen = {"at the first frame": [], "after warming": [*LATER, "httpx"]}
    assert done.stdout.strip() == str(seen)


@pytest.mark.parametrize("module", ["flows.walk", "flows.store", "flows.lab.faults", "tui.app"])
def test_a_module_alone_is_light(module: str) -> None:
    code = f"import sys, {module}; print(sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_engine_knows_no_terminal() -> None:
    code = "import sys, flows.walk, flows.store; print({'textual', 'rich', 'tui'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "set()", done.stderr
