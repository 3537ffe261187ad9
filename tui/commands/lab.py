"""`authwalk lab`: the practice servers alone, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

from flows.lab.faults import FAULTS
from flows.text import visible
from tui.commands import SOUND, UNREACHABLE, Failure, usage
from tui.commands.options import not_listening
from tui.console import table
from tui.spelling import hint


def main(args: argparse.Namespace) -> int:
    if args.list_faults:
        _list(as_json=args.json)
        return SOUND
    faults = known_faults(args.fault)
    with suppress(KeyboardInterrupt):  # where signals have no handler of ours
        asyncio.run(_serve(faults, args))
    return SOUND


def known_faults(names: Sequence[str]) -> tuple[str, ...]:
    """The names, all of them known. Raises Failure."""
    for name in names:
        if name not in FAULTS:
            meant = hint(name, FAULTS, "authwalk lab --list-faults names them")
            raise usage(f"{visible(name)} is no fault: {meant}")
    return tuple(names)


async def _serve(faults: tuple[str, ...], args: argparse.Namespace) -> None:
    from flows.lab import Lab, PortError

    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        practice = Lab(faults, mcp_port=args.port, as_port=args.as_port)
        try:
            lab = await stack.enter_async_context(practice)
        except PortError as error:
            option = "--port" if error.port == args.port else "--as-port"
            says = not_listening(error.port, option, error)
            raise Failure("listen", says, UNREACHABLE) from error
        # Only now: until the servers are up, a signal ends the process as it always does.
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        _announce(lab.mcp_url, lab.issuer, lab.control_url, faults, as_json=args.json)
        await stop.wait()


def _announce(
    mcp_url: str, issuer: str, control_url: str, faults: tuple[str, ...], *, as_json: bool
) -> None:
    if as_json:
        ready = {"mcp": mcp_url, "issuer": issuer, "control": control_url, "faults": faults}
        print(json.dumps(ready), flush=True)
        return
    rows = [
        ("MCP server", mcp_url),
        ("authorization server", issuer),
        ("faults", ", ".join(faults) or "none"),
        ("walk it", f"authwalk run {mcp_url} --approve"),
    ]
    print(*table(rows, indent=0), sep="\n", flush=True)
    print("Ctrl-C ends it.", file=sys.stderr)


def _list(*, as_json: bool) -> None:
    if as_json:
        listed = [
            {
                "name": fault.name,
                "summary": fault.summary,
                "step": fault.step,
                "party": fault.party,
                "legal": fault.legal,
            }
            for fault in FAULTS.values()
        ]
        print(json.dumps(listed, indent=2))
        return
    rows = [(fault.name, fault.summary) for fault in FAULTS.values()]
    print(*table(rows, indent=0, most=30), sep="\n")
