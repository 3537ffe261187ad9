"""`python -m flows.lab`: the practice servers alone, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from typing import Any

from flows.lab import FAULTS, Lab, UnknownFault


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.lab", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the MCP server; 0: a free one")
    parser.add_argument(
        "--as-port", type=int, default=0, help="of the authorization server; 0: a free one"
    )
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="repeatable")
    parser.add_argument("--list", action="store_true", help="list the faults and end")
    parser.add_argument("--json", action="store_true", help="one JSON line when ready")
    parser.add_argument("--follow-stdin", action="store_true", help="end when stdin is closed")
    return parser.parse_args(arguments)


async def _stdin_closed() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


async def _serve(options: argparse.Namespace) -> None:
    async with Lab(options.fault, mcp_port=options.port, as_port=options.as_port) as lab:
        # Only now: until the servers are up, a signal ends the process as it always does.
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: KeyboardInterrupt ends it
                loop.add_signal_handler(number, stop.set)
        ready = {
            "mcp": lab.mcp_url,
            "issuer": lab.issuer,
            "control": lab.control_url,
            "faults": list(lab.faults),
        }
        if options.json:
            print(json.dumps(ready), flush=True)
        else:
            print(f"MCP server            {lab.mcp_url}")
            print(f"authorization server  {lab.issuer}")
            print(f"faults                {', '.join(lab.faults) or 'none'}", flush=True)
        waits: set[asyncio.Task[Any]] = {asyncio.create_task(stop.wait())}
        if options.follow_stdin:
            waits.add(asyncio.create_task(_stdin_closed()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 ended as asked, 2 unknown fault, 4 a port is taken."""
    options = _options(arguments)
    if options.list:
        for fault in FAULTS.values():
            print(f"{fault.name:30} {fault.summary}")
        return 0
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(options))
    except UnknownFault as error:
        print(f"{error}; --list names them all", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"cannot listen: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
