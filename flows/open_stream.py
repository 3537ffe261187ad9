"""The stream that stays open while the walk goes on: the server's own (2025-11-25), that of a
subscription (2026-07-28), or the one that carries every response (HTTP+SSE, 2024-11-05)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from flows.exchange import Failure
from flows.mcp.http_sse import response_id
from flows.sse import ServerSentEvent


class OpenStream:
    """At most one exchange under way. `failure` is why it was closed, where that is one."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.failure: Failure | None = None
        self._closed = asyncio.Event()
        self._news = asyncio.Event()
        self._responses: set[str | int] = set()
        self._task: asyncio.Task[None] | None = None

    async def open(
        self,
        send: Callable[[asyncio.Event], Coroutine[None, None, None]],
        cancel: asyncio.Event | None,
        seconds: float,
    ) -> None:
        """Begin another exchange in place of the former; `send` is given what ends it. The stream
        has begun, or come to nothing within `seconds`, when this returns."""
        await self.close()
        self.began, self._closed, self._news = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.failure, self._responses = None, set()
        self._task = asyncio.create_task(send(self._closed))
        if await _first(self._task, (self.began, cancel), seconds):
            if not (cancel and cancel.is_set()):
                return
        else:
            self.failure = Failure(
                "timeout", f"the stream did not begin as it must within {seconds:g} s"
            )
        await self.close()

    def hear(self, event: ServerSentEvent) -> None:
        """Take note of what came on the stream."""
        rpc_id = response_id(event)
        if rpc_id is not None:
            self._responses.add(rpc_id)
        self._news.set()

    async def response(
        self, rpc_id: str | int, seconds: float, cancel: asyncio.Event | None
    ) -> Failure | None:
        """Wait until the response to `rpc_id` has come; else say why it has not. `seconds` is how
        long the stream may be without any event."""
        waiting = "waiting for the response on the event stream"
        while rpc_id not in self._responses:
            if self._task is None or self._task.done():
                words = "accepted, but the event stream has ended without the response"
                return Failure("protocol", words)
            if cancel and cancel.is_set():
                return Failure("cancelled", f"cancelled while {waiting}")
            self._news.clear()
            if not await _first(self._task, (self._news, cancel), seconds):
                return Failure("timeout", f"no event came for {seconds:g} s while {waiting}")
        self._responses.discard(rpc_id)
        return None

    async def ended(self, seconds: float) -> None:
        """Wait until the stream has ended, and no longer than `seconds`."""
        if self._task:
            await _first(self._task, (), seconds)

    async def close(self) -> None:
        """Hang up, if need be, and wait until that is recorded."""
        self._closed.set()
        if self._task:
            task, self._task = self._task, None
            await task


async def _first(
    task: asyncio.Task[None], events: Iterable[asyncio.Event | None], seconds: float
) -> bool:
    """Wait until the task is done or an event is set; False when neither came to be in time."""
    waits: list[Awaitable[Any]] = [event.wait() for event in events if event]
    waiting = [asyncio.ensure_future(wait) for wait in waits]
    done, _ = await asyncio.wait(
        [task, *waiting], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
    )
    for wait in waiting:
        wait.cancel()
    return bool(done)
