"""Questions that stay open while the walk goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from flows.fold import start
from flows.mcp.rpc import RpcError
from flows.session import CAPABILITIES, Session, Target
from tests.flows.world import MCP, NOW
from tui.asking import Asking, who

FORM: dict[str, Any] = {"message": "Who?"}


def asking(*declared: str) -> tuple[Asking, list[int]]:
    """One that is at the call step, and how many questions were open at each change."""
    changes: list[int] = []
    made = Asking(declared or CAPABILITIES, lambda: "call", lambda: changes.append(len(made.open)))
    return made, changes


async def test_a_question_is_open_until_it_is_answered() -> None:
    made, changes = asking()
    answer = asyncio.create_task(made.respond("elicitation/create", FORM))
    await asyncio.sleep(0)
    (question,) = made.open
    assert question.ask.step == "call" and question.ask.kind == "input"
    assert question.ask.requests == {"": {"method": "elicitation/create", "params": FORM}}
    assert made.asks(question.ask) is question
    assert made.asks(replace(question.ask)) is None, "the walk may ask the same"
    question.answer.set_result({"action": "decline"})
    assert await answer == {"action": "decline"}
    assert made.open == [] and changes == [1, 0]


async def test_a_question_of_a_stream_that_is_over_is_open_no_more() -> None:
    made, changes = asking()
    answer = asyncio.create_task(made.respond("roots/list", {}))
    await asyncio.sleep(0)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    assert made.open == [] and changes == [1, 0]


@pytest.mark.parametrize(
    ("declared", "method", "params", "code"),
    [
        (("roots",), "elicitation/create", FORM, -32601),
        (("elicitation",), "sampling/createMessage", {}, -32601),
        (("tasks",), "roots/list", {}, -32601),
        (CAPABILITIES, "tools/list", {}, -32601),
        (CAPABILITIES, "tasks/get", {}, -32601),
        (CAPABILITIES, "sampling/other", {}, -32601),
        (CAPABILITIES, "elicitation/create", {"mode": "voice"}, -32602),
    ],
)
async def test_what_was_not_declared_is_nothing_to_ask_a_person(
    declared: tuple[str, ...], method: str, params: dict[str, Any], code: int
) -> None:
    made, changes = asking(*declared)
    reply = await made.respond(method, params)
    assert isinstance(reply, RpcError) and reply.code == code
    assert changes == []


def test_roots_are_kept_for_the_next_time() -> None:
    made, _ = asking()
    made.keep_roots({"roots": [{"uri": "file:///a"}, 7]})
    assert made.roots == ({"uri": "file:///a"},)
    for other in (RpcError(-1, "no"), {"action": "accept"}, {"roots": 3}):
        made.keep_roots(other)
    assert made.roots == ({"uri": "file:///a"},)
    made.keep_roots({"roots": []})
    assert made.roots == ()


def test_who_asks_is_named_by_its_host() -> None:
    facts = start(Session(Target(MCP), NOW))
    assert who(facts) == "mcp.example.com"
    assert who(replace(facts, target=Target("nowhere"))) == "nowhere"
