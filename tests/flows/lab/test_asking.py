"""Tools of the lab that ask back, and the one that is a task, by hand and by the walk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from flows.lab import Lab
from flows.mcp.task import EXTENSION
from flows.moves import Ask, Done, Send
from flows.replies import Reply
from flows.session import CAPABILITIES, Target
from flows.steps.call import STEP
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.flows.lab.conftest import Hand, messages, result

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASKS = {"extensions": {EXTENSION: dict[str, Any]()}}
DECLARED = {"io.modelcontextprotocol/clientCapabilities": TASKS}
REPLIES: dict[str, dict[str, Any]] = {
    "sampling/createMessage": {
        "role": "assistant",
        "content": {"type": "text", "text": "sea"},
        "model": "a person",
    },
    "roots/list": {"roots": [{"uri": "file:///work", "name": "Work"}]},
    "elicitation/create": {"action": "accept"},
}
FORM = {"action": "accept", "content": {"strength": "weak", "milk": True}}


async def respond(method: str, params: Mapping[str, Any]) -> Reply:
    return FORM if "requestedSchema" in params else REPLIES[method]


async def called(lab: Lab, protocol: Any, name: str, arguments: str = "{}") -> Walk:
    """A walk that has called a tool, with every question answered."""
    hand_over = Target(lab.mcp_url, protocol=protocol, declare=CAPABILITIES)
    walk = Walk(new_session(hand_over), Wire(), responder=respond)
    try:
        async with asyncio.timeout(60):
            assert isinstance(await walk.run(hold=frozenset()), Ask)
            assert await walk.approve() == ""
            await walk.run(hold=frozenset())
            walk.answer(STEP, name=name, arguments=arguments)
            while isinstance(ask := await walk.run(hold=frozenset()), Ask):
                replies = {
                    key: await respond(asked["method"], asked.get("params", {}))
                    for key, asked in ask.requests.items()
                }
                walk.answer(STEP, inputResponses=json.dumps(replies))
    finally:
        await walk.close()
    return walk


def text(walk: Walk) -> str:
    call = walk.facts.call
    assert call and call.result, walk.current
    said = call.result["content"][0]["text"]
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("rhyme", '{"word": "tea"}', "tea rhymes with sea, says a person"),
        ("list_projects", "{}", "Your projects: Work"),
        ("connect_calendar", "{}", "You chose to accept; no calendar was connected"),
        ("brew_tea", '{"cups": 2}', "2 x weak tea with milk"),
    ],
)
async def test_a_tool_that_asks(
    lab: Lab, protocol: str, name: str, arguments: str, said: str
) -> None:
    walk = await called(lab, protocol, name, arguments)
    assert text(walk) == said
    assert isinstance(walk.moves["call"], Done)
    assert [one.says for one in walk.findings if one.step == "call" and one.speaks] == []


async def test_a_task_in_the_middle_can_be_cancelled(lab: Lab) -> None:
    for protocol, acknowledged in (("2025-11-25", 3), ("2026-07-28", 4)):
        target = Target(lab.mcp_url, protocol=protocol, declare=CAPABILITIES)  # type: ignore[arg-type]
        walk = Walk(new_session(target), Wire(), responder=respond)
        try:
            await walk.run(hold=frozenset())
            assert await walk.approve() == ""
            await walk.run(hold=frozenset())
            walk.answer(STEP, name="brew_tea")
            for _ in range(2):
                move = walk.current
                assert isinstance(move, Send)
                await walk.perform(move)
            walk.answer(STEP, cancel="tasks/cancel")
            assert await walk.run() is None
            done = walk.moves["call"]
            assert isinstance(done, Done) and done.word == "cancelled"
            labels = [event.label for event in walk.session.exchanges if event.step == STEP]
            assert len(labels) == acknowledged and labels[2] == "tasks/cancel"
        finally:
            await walk.close()


async def test_the_tea_is_a_task_only_for_who_can_have_one(hand: Hand) -> None:
    token = await hand.access_token()
    call: dict[str, Any] = {"name": "brew_tea", "arguments": {"cups": 3}}
    said = result(await hand.mcp("tools/call", token, **call))
    assert said["content"][0]["text"] == "3 x tea, as it comes"
    made = result(await hand.mcp("tools/call", token, **call, _meta=DECLARED))
    assert (made["resultType"], made["status"]) == ("task", "working")
    opened = await hand.initialize(token)
    session = opened.headers["mcp-session-id"]
    assert "call" in result(opened)["capabilities"]["tasks"]["requests"]["tools"]
    await hand.legacy("notifications/initialized", token, session, id=None)
    refused = messages(await hand.legacy("tools/call", token, session, **call))[-1]
    assert refused["error"]["code"] == -32601
    made = result(await hand.legacy("tools/call", token, session, **call, task={}))["task"]
    listed = result(await hand.legacy("tasks/list", token, session))["tasks"]
    assert made["taskId"] in [task["taskId"] for task in listed]


async def test_a_task_that_is_not_there_or_over_is_invalid(hand: Hand) -> None:
    token = await hand.access_token()
    headers = {"mcp-name": "none"}
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        refused = await hand.mcp(method, token, headers, taskId="none", _meta=DECLARED)
        assert messages(refused)[-1]["error"]["code"] == -32602
    session = (await hand.initialize(token)).headers["mcp-session-id"]
    await hand.legacy("notifications/initialized", token, session, id=None)
    call: dict[str, Any] = {"name": "brew_tea", "arguments": {}, "task": {}}
    task = result(await hand.legacy("tools/call", token, session, **call))["task"]
    name = {"taskId": task["taskId"]}
    assert result(await hand.legacy("tasks/cancel", token, session, **name))["status"] == (
        "cancelled"
    )
    for method in ("tasks/cancel", "tasks/result"):
        again = messages(await hand.legacy(method, token, session, **name))[-1]
        assert again["error"]["code"] == -32602 and "cancelled" in again["error"]["message"]
