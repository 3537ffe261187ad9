"""ASGI layers around both servers: CORS where the standards want it, and the faults.

    Replies( CORS( Refusals( application ) ) )

Refusals stand inside CORS, as a failing endpoint does; changes of replies stand outside, so that
they can take the CORS fields away.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.middleware.cors import CORSMiddleware

from flows.lab.faults.mechanism import Call, Endpoint, Reply

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from flows.lab.faults import Switchboard

BODY_LIMIT = 1 << 16


def layered(
    app: ASGIApp,
    faults: Switchboard,
    endpoints: Mapping[str, Endpoint],
    same_origin: Iterable[str] = (),
) -> ASGIApp:
    """`app` with faults at `endpoints` (path to endpoint), and CORS everywhere but at the paths
    that begin with one of `same_origin`."""
    inner = Refusals(app, faults, endpoints)
    shared = CORSMiddleware(
        inner,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "DELETE"],
        # Named, not "*": a wildcard does not cover Authorization (Fetch, CORS-preflight fetch).
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Accept",
            "Last-Event-ID",
            "MCP-Protocol-Version",
            "Mcp-Session-Id",
            "Mcp-Method",
            "Mcp-Name",
            "Mcp-Param-Region",
        ],
        expose_headers=["WWW-Authenticate", "Mcp-Session-Id"],
    )
    private = tuple(same_origin)

    async def cors(scope: Scope, receive: Receive, send: Send) -> None:
        here = scope["type"] == "http" and private and scope["path"].startswith(private)
        await (inner if here else shared)(scope, receive, send)

    return Replies(cors, faults, endpoints)


class Refusals:
    """Asks the faults that are on whether to answer in the endpoint's place."""

    def __init__(
        self, app: ASGIApp, faults: Switchboard, endpoints: Mapping[str, Endpoint]
    ) -> None:
        self._app, self._faults, self._endpoints = app, faults, endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        hooks = self._faults.hooks("refuse", endpoint) if endpoint else []
        if not hooks:
            await self._app(scope, receive, send)
            return
        call, receive = await _call(scope, receive)
        for hook in hooks:
            if (answer := hook(call)) is not None:
                await send_reply(answer, send)
                return
        await self._app(scope, receive, send)


class Replies:
    """Holds a reply back until the faults that are on have changed it. Event streams pass."""

    def __init__(
        self, app: ASGIApp, faults: Switchboard, endpoints: Mapping[str, Endpoint]
    ) -> None:
        self._app, self._faults, self._endpoints = app, faults, endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        hooks = self._faults.hooks("reply", endpoint) if endpoint else []
        if not hooks:
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if _is_stream(message):
                    await send(message)
                else:
                    start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, hold)
        if start is None:
            return
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in start["headers"])
        answer = Reply(start["status"], headers, bytes(body))
        for hook in hooks:
            answer = hook(answer)
        await send_reply(answer, send)


def _is_stream(start: Message) -> bool:
    headers = dict(start["headers"])
    return bool(headers.get(b"content-type", b"").startswith(b"text/event-stream"))


async def send_reply(answer: Reply, send: Send) -> None:
    if answer.delay:
        await asyncio.sleep(answer.delay)
    answer = answer.with_header("content-length", str(len(answer.body)))
    headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _call(scope: Scope, receive: Receive) -> tuple[Call, Receive]:
    """The request with its form or JSON, and a `receive` that gives the body once more."""
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
    parameters = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    document: Any = None
    kind = headers.get("content-type", "").partition(";")[0]
    if kind in ("application/x-www-form-urlencoded", "application/json"):
        body, receive = await buffered(receive)
        if kind == "application/json":
            with suppress(ValueError, RecursionError):
                document = json.loads(body[:BODY_LIMIT])
        else:
            parameters |= parse_qsl(body[:BODY_LIMIT].decode("utf-8", "replace"))
    members = document if isinstance(document, dict) else {}
    return Call(scope["method"], scope["path"], parameters, headers, members), receive


async def buffered(receive: Receive) -> tuple[bytes, Receive]:
    """A request's body, and a `receive` that gives it once more. The caller limits its size."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body.extend(message.get("body", b""))
        more = message.get("more_body", False)
    whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return bytes(body), again
