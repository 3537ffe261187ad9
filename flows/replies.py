"""What a server of 2025-11-25 or earlier asks of the client: requests on a stream, each answered
by a POST of its own while the stream is open (Streamable HTTP, Sending and Listening)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flows.mcp.rpc import METHOD_NOT_FOUND, RpcError, server_request, withdrawn
from flows.mcp.task import related
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
        self._asking: dict[asyncio.Task[None], tuple[str | int, bool]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def take(self, event: ServerSentEvent, step: StepId, *, lasting: bool = False) -> None:
        """Begin to answer what an event of a stream asks for, if it asks for something; end what
        it withdraws. A `lasting` stream is over with the connection only."""
        if (gone := withdrawn(event)) is not None:
            for task, (rpc_id, _) in self._asking.items():
                if rpc_id == gone:
                    task.cancel()
        request = server_request(event)
        if request is None or request[0] in self._seen:
            return
        self._seen.add(request[0])
        self._asking[asyncio.create_task(self._reply(step, *request))] = (request[0], lasting)

    async def _reply(
        self, step: StepId, rpc_id: str | int, method: str, params: Mapping[str, Any]
    ) -> None:
        answer = await self._answer(method, params)
        task = asyncio.current_task()
        assert task
        self._asking.pop(task, None)
        self._sending.add(task)
        await self._send(step, method, rpc_id, answer)

    async def _answer(self, method: str, params: Mapping[str, Any]) -> Reply:
        if method == "ping":
            return {}
        if self.responder is None:
            return RpcError(METHOD_NOT_FOUND, f"this client has no {method}")
        answer = await self.responder(method, params)
        return answer if isinstance(answer, RpcError) else related(params, answer)

    async def settle(self, *, lasting: bool = False) -> None:
        """A stream is over, with `lasting` every one: what nobody has answered yet is moot, what
        is being sent arrives."""
        moot = [task for task, (_, stays) in self._asking.items() if lasting or not stays]
        for task in moot:
            task.cancel()
            del self._asking[task]
        tasks = [*moot, *self._sending]
        self._sending = set()
        if not self._asking:
            self._seen = set()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
