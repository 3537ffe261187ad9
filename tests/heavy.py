"""An MCP server of 2026-07-28 with a lot of everything: tools, depth, bytes, events.

tools/list         2,000 tools, of which the first four are those below
progress           EVENTS progress notifications, then the result
huge               a text of 20 MB, as JSON
huge_stream        the same in one event of a stream
deep               takes arguments by a schema DEPTH levels deep, and gives them back
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.flows.servers import Connection, ok

TOOLS = 2_000
EVENTS = 3_000
HUGE = 20_000_000
DEPTH = 50
OPEN_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
JSON = "Content-Type: application/json"


def nested(depth: int = DEPTH) -> dict[str, Any]:
    """A schema of objects within each other, with a text to fill in at the bottom."""
    schema: dict[str, Any] = {"type": "string", "title": "The bottom"}
    for level in range(depth, 0, -1):
        name = f"level{level}"
        schema = {"type": "object", "properties": {name: schema}, "required": [name]}
    return schema


def bottom(text: str, depth: int = DEPTH) -> Any:
    """Arguments for that schema."""
    value: Any = text
    for level in range(depth, 0, -1):
        value = {f"level{level}": value}
    return value


def tools() -> list[dict[str, Any]]:
    empty: dict[str, Any] = {"type": "object"}
    special = [{"name": n, "inputSchema": empty} for n in ("progress", "huge", "huge_stream")]
    special.append({"name": "deep", "inputSchema": nested()})
    text = {"type": "object", "properties": {"text": {"type": "string"}}}
    rest = (
        dict[str, Any](name=f"tool_{n:04}", description=f"Number {n}. " * 8, inputSchema=text)
        for n in range(len(special), TOOLS)
    )
    return [*special, *rest]


def _message(rpc_id: object, result: dict[str, Any]) -> bytes:
    body = {"jsonrpc": "2.0", "id": rpc_id, "result": {"resultType": "complete", **result}}
    return json.dumps(body).encode()


def _text(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


class Heavy:
    """The server's handler. With `go` cleared, `progress` waits halfway until it is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, connection: Connection) -> None:
        while request := await connection.request():
            message = json.loads(request.partition(b"\r\n\r\n")[2])
            rpc_id, params = message["id"], message["params"]
            result: dict[str, Any]
            match message["method"], params.get("name"):
                case "server/discover", _:
                    result = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
                case "tools/list", _:
                    result = {"tools": tools(), "ttlMs": 0, "cacheScope": "private"}
                case _, "progress":
                    token = params["_meta"].get("progressToken", 0)
                    await self.progress(connection, token, _message(rpc_id, _text("the end")))
                    return
                case _, "huge":
                    result = _text("x" * HUGE)
                case _, "huge_stream":
                    await connection.send(OPEN_STREAM)
                    await connection.send(b"data: %b\n\n" % _message(rpc_id, _text("x" * HUGE)))
                    return
                case _, "deep":
                    result = _text(json.dumps(params["arguments"]))
                case _, name:
                    result = _text(f"{name} was called")
            await connection.send(ok(_message(rpc_id, result), JSON))

    async def progress(self, connection: Connection, token: object, last: bytes) -> None:
        await connection.send(OPEN_STREAM)
        for number in range(1, EVENTS + 1):
            params = {"progressToken": token, "progress": number, "message": f"event {number}"}
            note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
            await connection.send(b"data: %b\n\n" % json.dumps(note).encode())
            if number == EVENTS // 2:
                await self.go.wait()
        await connection.send(b"data: %b\n\n" % last)
