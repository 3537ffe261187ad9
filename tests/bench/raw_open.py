"""Connect and list the tools of a server that asks for no token, as a script of bare httpx would.
The reference of bench_run.

    python tests/bench/raw_open.py URL
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx

VERSION = "2025-11-25"


async def main(url: str) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    client = {"name": "raw", "version": "1"}
    initialize = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
    async with httpx.AsyncClient() as http:

        async def rpc(method: str, params: dict[str, Any], number: int | None) -> httpx.Response:
            message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
            if number is not None:
                message["id"] = number
            return await http.post(url, json=message, headers=headers)

        begun = await rpc("initialize", initialize, 1)
        headers["MCP-Protocol-Version"] = VERSION
        if session := begun.headers.get("mcp-session-id"):
            headers["Mcp-Session-Id"] = session
        await rpc("notifications/initialized", {}, None)
        listed = await rpc("tools/list", {}, 2)
        listed.raise_for_status()
        print(len(listed.text))


asyncio.run(main(sys.argv[1]))
