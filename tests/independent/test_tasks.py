"""Tasks of the specification's own server-everything, to their result (2025-11-25)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from flows.exchange import Request
from flows.mcp.task import RELATED
from flows.moves import Done
from flows.replies import Reply
from flows.session import Target
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.independent.conftest import Start
from tests.independent.walking import result_text


def message(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.body or b"{}")
    return found


@pytest.mark.parametrize("ambiguous", [False, True])
async def test_a_tool_that_requires_a_task(start: Start, ambiguous: bool) -> None:
    url = start("everything.mjs", "streamableHttp")
    asked: list[Mapping[str, Any]] = []

    async def respond(method: str, params: Mapping[str, Any]) -> Reply:
        asked.append(params)
        (name,) = params["requestedSchema"]["properties"]
        return {"action": "accept", "content": {name: "technical"}}

    target = Target(url, protocol="2025-11-25", declare=("elicitation", "tasks"))
    walk = Walk(new_session(target), Wire(), responder=respond)
    try:
        async with asyncio.timeout(120):
            await walk.run()
            arguments = json.dumps({"topic": "tea", "ambiguous": ambiguous})
            walk.answer("call", name="simulate-research-query", arguments=arguments)
            assert await walk.run() is None
    finally:
        await walk.close()
    assert isinstance(walk.moves["call"], Done)
    assert [one.says for one in walk.findings if one.step == "call" and one.speaks] == []
    assert "Research Report: tea" in result_text(walk)
    sent = [message(e.exchange.request) for e in walk.session.exchanges if e.step == "call"]
    methods = [request.get("method") for request in sent]
    assert methods[:2] == ["tools/call", "tasks/get"] and methods[-1] == "tasks/result"
    replies = [request for request in sent if "method" not in request]
    assert len(asked) == len(replies) == ambiguous
    for reply in replies:
        assert RELATED in reply["result"]["_meta"]
