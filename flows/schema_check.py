"""A value held against a stranger's schema in a child process, which can be ended."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from flows.mcp import validation
from flows.mcp.validation import Problem

MOST_SECONDS = 5.0


async def check(
    schema: Any, value: Any, *, name: str = "inputSchema", seconds: float = MOST_SECONDS
) -> tuple[Problem, ...]:
    """What `schema`, a tool's `name`, objects to, () when nothing. A check that takes too long or
    fails is itself a problem, never an exception."""

    def unchecked(reason: str) -> tuple[Problem, ...]:
        return (Problem((), f"not checked against the {name}: {reason}", checked=False),)

    try:
        asked = json.dumps({"schema": schema, "value": value, "name": name}).encode()
    except (RecursionError, ValueError, TypeError) as error:
        return unchecked(f"it cannot be written as JSON: {error}")
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the folder of the file must not provide modules
            validation.__file__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return unchecked(str(error))
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate(asked)
    except TimeoutError:
        return unchecked(f"it was given up after {seconds:g} s")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        return unchecked(f"it ended with status {process.returncode}")
    return tuple(Problem(tuple(path), text, ok) for path, text, ok in json.loads(said))
