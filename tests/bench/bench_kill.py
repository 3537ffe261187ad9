"""The app killed at random moments of a walk: what its journal holds against what was answered.

    python -m tests.bench.bench_kill [TIMES]

A move starts once the one before it is on disk. So of the requests that a server got, all but the
last must be in the journal, whenever the app dies.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from flows.lab import Lab
from tests.bench.child import compiled
from tests.bench.pty_app import PtyApp
from tests.tui.cut_off import recovered

LONGEST = 2.0
"""Seconds that a walk is left alone at most: it has come to its end long before."""


class Witness:
    """Counts the requests that reach the lab from the app."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def layer(self, app: ASGIApp) -> ASGIApp:
        async def witnessed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                self.paths.append(f"{scope['method']} {scope['path']}")
            await app(scope, receive, send)

        return witnessed


async def killed(lab: Lab, witness: Witness, state: Path, wait: float) -> tuple[int, int]:
    """Requests that the lab got, and exchanges that the journal holds."""
    command = [sys.executable, "-m", "tui", lab.mcp_url, "--state-dir", str(state)]
    witness.paths.clear()
    with PtyApp(command) as app:
        await asyncio.to_thread(app.until, b"paste or type any token")
        os.write(app.fd, b"a")  # runs on to the response
        end = asyncio.get_running_loop().time() + wait
        approved = gone_on = False
        while (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.to_thread(app.read, min(0.02, left))
            if not approved and any("/register" in path for path in witness.paths):
                approved = True
                os.write(app.fd, b"A")
            elif approved and not gone_on and any("/authorize" in path for path in witness.paths):
                gone_on = True
                os.write(app.fd, b"\r\r\raa")
        os.kill(app.pid, signal.SIGKILL)
        await asyncio.sleep(0.05)  # what was on its way to the lab arrives
    session = recovered(state)
    return len(witness.paths), sum(1 for _ in session.exchanges) if session else 0


async def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    compiled()
    chance, witness = random.Random(20261126), Witness()
    held: Counter[int] = Counter()
    lost = 0
    async with Lab(layer=witness.layer) as lab:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(times):
                state = Path(folder) / str(number)
                got, kept = await killed(lab, witness, state, chance.random() * LONGEST)
                held[kept] += 1
                lost += max(0, got - 1 - kept)
    spread = ", ".join(f"{kept}: {count}" for kept, count in sorted(held.items()))
    print(f"killed {times} times; finished exchanges lost: {lost}")
    print(f"times by the exchanges that were held: {spread}")
    sys.exit(lost > 0)


if __name__ == "__main__":
    asyncio.run(main())
