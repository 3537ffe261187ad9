"""The lab as a child process: `python -m flows.lab`, which ends when its stdin is closed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import flows
from flows.exchange import Request
from flows.text import visible

READY = 20.0
"""Seconds until the lab must have said where it listens."""
GRACE = 3.0
"""Seconds for each way of ending it, the kind one first."""


class LabError(Exception):
    """The lab did not start, or did not take what it was told. Its text is fit to be shown."""


class LabProcess:
    """The practice servers behind the app.

    lab = await LabProcess.start(("missing-aud",))
    lab.mcp_url, lab.issuer, lab.control_url
    await lab.set_faults(("alg-none",))
    await lab.stop()
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        ready: dict[str, str],
        faults: tuple[str, ...],
        complaints: asyncio.Task[None],
    ) -> None:
        self.mcp_url = ready["mcp"]
        self.issuer = ready["issuer"]
        self.control_url = ready["control"]
        self.faults = faults
        self._process = process
        self._complaints = complaints

    @classmethod
    async def start(cls, faults: Iterable[str] = (), *, seconds: float = READY) -> LabProcess:
        """Start it on free loopback ports. Raises LabError."""
        names = tuple(faults)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the folder the person is in must not provide modules
            "-m",
            "flows.lab",
            *("--json", "--follow-stdin", "--port", "0", "--as-port", "0"),
            *(word for name in names for word in ("--fault", name)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_with_our_modules(),
        )
        said = bytearray()
        complaints = asyncio.create_task(_last_words(process, said))
        try:
            ready = await _readiness(process, seconds)
        except BaseException as error:
            await _end(process, complaints)
            if not isinstance(error, LabError):
                raise
            reason = visible(said.decode(errors="replace").strip(), lines=True)
            raise LabError(reason or str(error)) from error
        return cls(process, ready, names, complaints)

    async def set_faults(self, names: Iterable[str]) -> None:
        """Turn exactly these faults on, from the next request on. Raises LabError."""
        from flows.wire import Wire  # for the exchange alone: the first frame does without

        wanted = tuple(names)
        body = json.dumps({"faults": wanted}).encode()
        headers = (("Content-Type", "application/json"),)
        wire = Wire()
        try:
            exchange = await wire.send(Request("PUT", f"{self.control_url}/faults", headers, body))
        finally:
            await wire.close()
        if exchange.response is None:
            raise LabError(exchange.error.text if exchange.error else "the lab did not answer")
        if exchange.response.status >= 300:
            text = exchange.response.body.decode(errors="replace")
            raise LabError(visible(f"the lab answered {exchange.response.status}: {text}"))
        self.faults = wanted

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def stop(self) -> None:
        """End it: its stdin is closed, then it is terminated, then killed. Can be repeated."""
        await _end(self._process, self._complaints)


def _with_our_modules() -> dict[str, str]:
    """The environment in which the child imports the `flows` that runs here."""
    home = str(Path(flows.__file__).parents[1])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([home, known] if known else [home])}


async def _readiness(process: asyncio.subprocess.Process, seconds: float) -> dict[str, str]:
    """The line in which the lab says where it listens. Raises LabError."""
    assert process.stdout
    try:
        async with asyncio.timeout(seconds):
            line = await process.stdout.readline()
    except TimeoutError:
        raise LabError(f"the lab was not ready after {seconds:g} s") from None
    try:
        ready = json.loads(line)
        return {name: str(ready[name]) for name in ("mcp", "issuer", "control")}
    except (ValueError, KeyError, TypeError):
        raise LabError("the lab ended before it was ready") from None


async def _last_words(process: asyncio.subprocess.Process, said: bytearray) -> None:
    """Read stderr to its end, or the lab would block on it; keep the last of it."""
    assert process.stderr
    while piece := await process.stderr.read(4096):
        said += piece
        del said[:-4096]


async def _end(process: asyncio.subprocess.Process, complaints: asyncio.Task[None]) -> None:
    assert process.stdin
    if process.returncode is None:
        process.stdin.close()
        for more in (process.terminate, process.kill, None):
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await process.wait()
                    break
            if more:
                with suppress(ProcessLookupError):
                    more()
    await complaints
