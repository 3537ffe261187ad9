"""What a server says without being asked: notifications, in few words (MCP Progress, Logging,
Subscriptions)."""

from __future__ import annotations

import json
from typing import Any

from flows.documents import read_json
from flows.facts import Json
from flows.sse import ServerSentEvent

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
_PREFIX = "notifications/"


def notification(event: ServerSentEvent) -> tuple[str, Json] | None:
    """`(method, params)` when this event of a stream is a JSON-RPC notification."""
    message, problem = read_json(event.data.encode("utf-8", "replace"))
    if problem or not isinstance(message, dict) or "id" in message:
        return None
    method, params = message.get("method"), message.get("params")
    if not isinstance(method, str):
        return None
    return method, params if isinstance(params, dict) else {}


def notice(method: str, params: Json) -> tuple[str, str]:
    """`(kind, words)` of a notification, as the server has them."""
    match method:
        case "notifications/progress":
            return "progress", _progress(params)
        case "notifications/message":
            logger, data = params.get("logger"), _text(params.get("data"))
            return _text(params.get("level")), f"{_text(logger)}: {data}" if logger else data
        case "notifications/resources/updated":
            return "updated", _text(params.get("uri"))
        case "notifications/cancelled":
            return "cancelled", _text(params.get("reason") or params.get("requestId"))
        case "notifications/subscriptions/acknowledged":
            return "subscribed", _text(params.get("notifications"))
    bare = {name: value for name, value in params.items() if name != "_meta"}
    return method.removeprefix(_PREFIX), _text(bare) if bare else ""


def _progress(params: Json) -> str:
    total, message = params.get("total"), params.get("message")
    words = _text(params.get("progress"))
    words += f" of {_text(total)}" if total is not None else ""
    return f"{words}  {message}" if isinstance(message, str) else words


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
