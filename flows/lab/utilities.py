"""The utilities of the lab's MCP server: logging, and subscriptions to a resource.

The SDK leaves both to the server. Every call of a tool is logged at `info`, and changes the
resource ABOUT, which counts them. Who is told, and how, is a matter of the revision:

                up to 2025-11-25                         2026-07-28
    log level   logging/setLevel, for the session        `_meta` of the request
    changes     resources/subscribe, told on the         subscriptions/listen, told on its own
                session's GET stream                     stream; the SDK serves it from `bus`
"""

from __future__ import annotations

from typing import Any, get_args

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated
from mcp_types import (
    LOG_LEVEL_META_KEY,
    EmptyResult,
    LoggingLevel,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    SetLevelRequestParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

Ctx = ServerRequestContext[Any, Any]

ABOUT = "lab://about"
LEVELS: tuple[LoggingLevel, ...] = get_args(LoggingLevel)
"""From the least severe on (RFC 5424 section 6.2.1)."""


class Utilities:
    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.calls = 0
        self._levels: dict[str, LoggingLevel] = {}  # by session id, as is the next
        self._subscribers: dict[str, dict[str, ServerSession]] = {}

    async def middleware(self, ctx: Ctx, call_next: CallNext) -> HandlerResult:
        """Logs, counts and tells of every call of a tool."""
        if ctx.method != "tools/call":
            return await call_next(ctx)
        await self._log(ctx, "info", f"tools/call {(ctx.params or {}).get('name')}")
        result = await call_next(ctx)
        self.calls += 1
        await self.bus.publish(ResourceUpdated(ABOUT))
        for subscriber in tuple(self._subscribers.get(ABOUT, {}).values()):
            await subscriber.send_resource_updated(ABOUT)
        return result

    async def _log(self, ctx: Ctx, level: LoggingLevel, data: str) -> None:
        session_wants = self._levels.get(_session_id(ctx))
        wanted = (ctx.meta or {}).get(LOG_LEVEL_META_KEY, session_wants)
        if wanted not in LEVELS or LEVELS.index(level) < LEVELS.index(wanted):
            return
        params = LoggingMessageNotificationParams(level=level, logger="lab", data=data)
        # On the stream of the request, where 2026-07-28 demands it.
        await ctx.session.send_notification(
            LoggingMessageNotification(params=params), ctx.request_id
        )

    def serve(self, server: Server[Any]) -> None:
        """Add the methods that 2026-07-28 has taken away: there the SDK refuses them."""

        async def set_level(ctx: Ctx, params: SetLevelRequestParams) -> EmptyResult:
            self._levels[_session_id(ctx)] = params.level
            return EmptyResult()

        async def subscribe(ctx: Ctx, params: SubscribeRequestParams) -> EmptyResult:
            self._subscribers.setdefault(params.uri, {})[_session_id(ctx)] = ctx.session
            return EmptyResult()

        async def unsubscribe(ctx: Ctx, params: UnsubscribeRequestParams) -> EmptyResult:
            self._subscribers.get(params.uri, {}).pop(_session_id(ctx), None)
            return EmptyResult()

        server.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, subscribe)
        server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)


def _session_id(ctx: Ctx) -> str:
    return str(ctx.request.headers.get("mcp-session-id", "")) if ctx.request else ""
