"""A tool of the lab that is a task: tea takes its time, and asks how strong it should be.

The SDK has the types of 2025-11-25 but serves no tasks, so a middleware does: what it answers
goes out as it is. In that revision brew_tea requires a task (MCP Tasks); since 2026-07-28 it is
one for clients that declare io.modelcontextprotocol/tasks, and answers others at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
)
from pydantic import BaseModel

from flows.mcp.task import EXTENSION, RELATED

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
TOOL = "brew_tea"
POLL = 500
"""Milliseconds that a client is asked to wait between polls."""
TTL = 300_000
MOST = 100
"""Tasks that are kept; the oldest go first."""
STEPS = ("the water boils", "the leaves are in")
"""What is said of each poll until the question comes."""
KEY = "strength"
MESSAGE = "How strong should it be?"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "strength": {"type": "string", "enum": ["weak", "strong"], "default": "strong"},
        "milk": {"type": "boolean", "default": False},
    },
    "required": ["strength"],
}
FINAL = ("completed", "failed", "cancelled")

Json = dict[str, Any]


async def brew_tea(cups: int = 1) -> str:
    """Brew tea as a task: polled, and asked about, until it is ready."""
    return f"{cups} x tea, as it comes"


@dataclass
class _Task:
    """One pot of tea. `owner` is the subject of the token it was ordered with."""

    owner: str | None
    cups: int
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: str = "working"
    message: str = STEPS[0]
    polls: int = 0
    result: Json | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def become(self, status: str, message: str) -> None:
        self.status, self.message, self.updated = status, message, datetime.now(UTC)
        if status in FINAL:
            self.over.set()

    def poll(self) -> None:
        """Time passes by being looked at, so that nobody waits longer than they care to."""
        if self.status == "working" and self.result is None:
            self.polls += 1
            if self.polls < len(STEPS):
                self.become("working", STEPS[self.polls])
            else:
                self.become("input_required", MESSAGE)

    def answer(self, response: object) -> None:
        """Take the ElicitResult for the question, and finish."""
        action = response.get("action") if isinstance(response, Mapping) else None
        content = response.get("content") if isinstance(response, Mapping) else None
        if action != "accept" or not isinstance(content, Mapping):
            self.finish("no tea: nobody said how strong", is_error=True)
            return
        milk = " with milk" if content.get("milk") is True else ""
        self.finish(f"{self.cups} x {content.get('strength', 'plain')} tea{milk}")

    def finish(self, text: str, *, is_error: bool = False) -> None:
        self.result = {"content": [{"type": "text", "text": text}], "isError": is_error}
        self.become("completed", "the tea is ready")

    def told(self, *, modern: bool) -> Json:
        """The Task object of an era."""
        ms = "Ms" if modern else ""
        return {
            "taskId": self.id,
            "status": self.status,
            "statusMessage": self.message,
            "createdAt": self.created.isoformat(),
            "lastUpdatedAt": self.updated.isoformat(),
            f"ttl{ms}": TTL,
            f"pollInterval{ms}": POLL,
        }

    @property
    def meta(self) -> Json:
        return {RELATED: {"taskId": self.id}}


class Tasks:
    """The middleware of one server, and the tasks it keeps."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        params = ctx.params or {}
        modern = ctx.protocol_version >= MODERN
        serves = modern or ctx.protocol_version == LEGACY
        match ctx.method:
            case "tools/call" if params.get("name") == TOOL and serves:
                return await self._call(ctx, call_next, modern)
            case "tasks/get" | "tasks/update" | "tasks/cancel" if modern:
                return self._modern(ctx.method, params)
            case "tasks/get" | "tasks/result" | "tasks/cancel" | "tasks/list" if serves:
                return await self._legacy(ctx, params)
        result = await call_next(ctx)
        if ctx.method not in ("initialize", "server/discover", "tools/list"):
            return result
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return _declared(ctx.method, dict(result or {}), modern)

    async def _call(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext, modern: bool
    ) -> HandlerResult:
        params = ctx.params or {}
        if modern:
            capabilities = ctx.session.client_capabilities
            if EXTENSION not in ((capabilities and capabilities.extensions) or {}):
                return await call_next(ctx)
        elif "task" not in params:
            raise MCPError(METHOD_NOT_FOUND, f"{TOOL} has to be called as a task")
        arguments = params.get("arguments")
        cups = arguments.get("cups", 1) if isinstance(arguments, Mapping) else 1
        if isinstance(cups, bool) or not isinstance(cups, int):
            return await call_next(ctx)  # which says what is wrong with it
        task = _Task(_subject(), cups)
        while len(self._tasks) >= MOST:
            del self._tasks[next(iter(self._tasks))]
        self._tasks[task.id] = task
        if modern:
            return {"resultType": "task", **task.told(modern=True)}
        return {"task": task.told(modern=False)}

    def _found(self, params: Mapping[str, Any]) -> _Task:
        task = self._tasks.get(str(params.get("taskId")))
        if task is None or task.owner != _subject():
            raise MCPError(INVALID_PARAMS, "There is no such task")
        return task

    def _modern(self, method: str, params: Mapping[str, Any]) -> Json:
        task, complete = self._found(params), {"resultType": "complete"}
        if method == "tasks/cancel":
            if task.status not in FINAL:
                task.become("cancelled", "cancelled as the client wished")
            return complete
        if method == "tasks/update":
            responses = params.get("inputResponses")
            if task.status == "input_required" and isinstance(responses, Mapping):
                task.answer(responses.get(KEY))
            return complete
        task.poll()
        told = {**complete, **task.told(modern=True)}
        if task.status == "input_required":
            asked = {"mode": "form", "message": MESSAGE, "requestedSchema": SCHEMA}
            told["inputRequests"] = {KEY: {"method": "elicitation/create", "params": asked}}
        if task.result is not None:
            told["result"] = {"resultType": "complete", **task.result}
        return told

    async def _legacy(self, ctx: ServerRequestContext[Any, Any], params: Mapping[str, Any]) -> Json:
        if ctx.method == "tasks/list":
            own = [task for task in self._tasks.values() if task.owner == _subject()]
            return {"tasks": [task.told(modern=False) for task in own]}
        task = self._found(params)
        if ctx.method == "tasks/get":
            task.poll()
            return task.told(modern=False)
        if ctx.method == "tasks/cancel":
            if task.status in FINAL:
                raise MCPError(INVALID_PARAMS, f"The task is {task.status} already")
            task.become("cancelled", "cancelled as the client wished")
            return task.told(modern=False)
        if task.status == "input_required":
            await self._ask(ctx, task)
        await task.over.wait()
        if task.result is None:
            raise MCPError(INVALID_PARAMS, f"The task was {task.status}")
        return {**task.result, "_meta": task.meta}

    async def _ask(self, ctx: ServerRequestContext[Any, Any], task: _Task) -> None:
        """Ask on the stream of tasks/result (2025-11-25 Tasks, Input Required Status)."""
        asked = {"_meta": task.meta, "message": MESSAGE, "requestedSchema": SCHEMA}
        request = ElicitRequest(params=ElicitRequestFormParams.model_validate(asked))
        response = await ctx.session.send_request(
            request,
            ElicitResult,
            metadata=ServerMessageMetadata(related_request_id=ctx.request_id),
        )
        if task.status == "input_required":
            task.answer(response.model_dump(mode="json", by_alias=True))


def _subject() -> str | None:
    """Whose token came with this request: a task belongs to who ordered it."""
    token = get_access_token()
    return token.subject if token else None


def _declared(method: str, result: Json, modern: bool) -> Json:
    """A result that tells of capabilities or tools, with what it has to say of tasks."""
    if method == "tools/list":
        for tool in result.get("tools", ()):
            if not modern and tool.get("name") == TOOL:
                tool["execution"] = {"taskSupport": "required"}
        return result
    capabilities = dict(result.get("capabilities") or {})
    if modern:
        capabilities["extensions"] = {**capabilities.get("extensions", {}), EXTENSION: {}}
    elif result.get("protocolVersion") == LEGACY:
        calls: Json = {"tools": {"call": {}}}
        capabilities["tasks"] = {"list": {}, "cancel": {}, "requests": calls}
    return {**result, "capabilities": capabilities}
