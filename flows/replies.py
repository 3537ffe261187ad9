"""What a server of 2025-11-25 or earlier asks of the client: requests on a stream, each answered
by a POST of its own while the stream is open (Streamable HTTP, Sending and Listening)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flows.mcp.rpc import METHOD_NOT_FOUND, RpcError, server_request
from flows.session import StepId
from flows.sse import ServerSentEvent

Reply = Mapping[str, Any] | RpcError
Responder = Callable[[str, Mapping[str, Any]], Awaitable[Reply]]
"""Given a method and its params, the result or the error that the server gets."""


class Replies:
    """Answers under way. `send` is given each with the step, the method and the id of what it
    answers.

    A person may take long, and the stream may break and be taken up again meanwhile, with the
    same requests on it: each id is answered once.
    """

    def __init__(
        self,
        responder: Responder | None,
        send: Callable[[StepId, str, str | int, Reply], Awaitable[None]],
    ) -> None:
        self.responder = responder
        self._send = send
        self._seen: set[str | int] = set()
        self._asking: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def take(self, event: ServerSentEvent, step: StepId) -> None:
        """Begin to answer what an event of a stream asks for, if it asks for something."""
        request = server_request(event)
        if request is None or request[0] in self._seen:
            return
        self._seen.add(request[0])
        self._asking.add(asyncio.create_task(self._reply(step, *request)))

    async def _reply(
        self, step: StepId, rpc_id: str | int, method: str, params: Mapping[str, Any]
    ) -> None:
        answer = await self._answer(method, params)
        task = asyncio.current_task()
        assert task
        self._asking.discard(task)
        self._sending.add(task)
        await self._send(step, method, rpc_id, answer)

    async def _answer(self, method: str, params: Mapping[str, Any]) -> Reply:
        if method == "ping":
            return {}
        if self.responder is None:
            return RpcError(METHOD_NOT_FOUND, f"this client has no {method}")
        return await self.responder(method, params)

    async def settle(self) -> None:
        """The stream is over: what nobody has answered yet is moot, what is being sent arrives."""
        for task in self._asking:
            task.cancel()
        tasks = [*self._asking, *self._sending]
        self._asking, self._sending, self._seen = set(), set(), set()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
