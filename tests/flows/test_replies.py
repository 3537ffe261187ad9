"""Requests of the server: answered once each, moot when the stream is over."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from flows.mcp.rpc import RpcError
from flows.mcp.task import RELATED
from flows.replies import Replies, Reply
from flows.session import StepId
from flows.sse import ServerSentEvent


class Sent(list[tuple[StepId, str, str | int, Reply]]):
    async def take(self, *reply: Any) -> None:
        await asyncio.sleep(0)
        self.append(reply)


def request(rpc_id: object, method: object = "elicitation/create", **more: Any) -> ServerSentEvent:
    return ServerSentEvent(data=json.dumps({"id": rpc_id, "method": method, **more}))


async def until(condition: asyncio.Event) -> None:
    await asyncio.wait_for(condition.wait(), 10)


async def test_a_ping_is_always_answered_and_the_rest_by_the_responder() -> None:
    sent = Sent()
    replies = Replies(None, sent.take)
    replies.take(request("a", "ping"), "call")
    replies.take(request(0, "roots/list"), "connect")
    while len(sent) < 2:
        await asyncio.sleep(0)
    assert sent[0] == ("call", "ping", "a", {})
    step, method, rpc_id, answer = sent[1]
    assert (step, method, rpc_id) == ("connect", "roots/list", 0)
    assert isinstance(answer, RpcError) and answer.code == -32601


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[]",
        '{"method": "m"}',
        '{"id": 1}',
        '{"id": 1, "result": {}}',
        '{"id": [], "method": "m"}',
    ],
)
async def test_what_is_no_request_is_not_answered(data: str) -> None:
    sent = Sent()
    replies = Replies(None, sent.take)
    replies.take(ServerSentEvent(data=data), "call")
    await replies.settle()
    assert sent == []


async def test_a_request_that_is_delivered_again_is_answered_once() -> None:
    sent, asked = Sent(), list[Mapping[str, Any]]()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        asked.append(params)
        return {"action": "accept"}

    replies = Replies(responder, sent.take)
    for _ in range(2):
        replies.take(request(1, params={"message": "?"}), "call")
    while not sent:
        await asyncio.sleep(0)
    await replies.settle()
    assert asked == [{"message": "?"}] and len(sent) == 1


async def test_what_nobody_answered_is_moot_and_what_is_under_way_arrives() -> None:
    sent, on_its_way = Sent(), asyncio.Event()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        if method == "quick":
            on_its_way.set()
            return {}
        await asyncio.Event().wait()
        raise AssertionError

    replies = Replies(responder, sent.take)
    replies.take(request(1, "quick"), "call")
    replies.take(request(2, "slow"), "call")
    await until(on_its_way)
    await replies.settle()
    assert [reply[2] for reply in sent] == [1]


async def test_a_fault_of_the_responder_is_not_lost() -> None:
    failed = asyncio.Event()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        failed.set()
        raise ZeroDivisionError

    replies = Replies(responder, Sent().take)
    replies.take(request(1), "call")
    await until(failed)
    with pytest.raises(ZeroDivisionError):
        await replies.settle()


async def test_what_came_on_a_lasting_stream_stays_open_until_the_end() -> None:
    sent, asked, answer = Sent(), asyncio.Event(), asyncio.Event()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        asked.set()
        await answer.wait()
        return {"roots": []}

    replies = Replies(responder, sent.take)
    replies.take(request("kept", "roots/list"), "connect", lasting=True)
    await until(asked)
    await replies.settle()
    replies.take(request("kept", "roots/list"), "connect", lasting=True)
    answer.set()
    while not sent:
        await asyncio.sleep(0)
    await replies.settle(lasting=True)
    assert [reply[2] for reply in sent] == ["kept"]


async def test_the_end_of_the_connection_ends_every_question() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            over.set()
        raise AssertionError

    sent = Sent()
    replies = Replies(responder, sent.take)
    replies.take(request(1), "connect", lasting=True)
    await until(asked)
    await replies.settle(lasting=True)
    assert over.is_set() and sent == []


async def test_a_request_that_the_server_takes_back_is_not_answered() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            over.set()
        raise AssertionError

    sent = Sent()
    replies = Replies(responder, sent.take)
    replies.take(request("q"), "call")
    await until(asked)
    for params in ({"requestId": "other"}, {}, {"requestId": "q"}):
        data = json.dumps({"method": "notifications/cancelled", "params": params})
        replies.take(ServerSentEvent(data=data), "call")
    await until(over)
    await replies.settle()
    assert sent == []


async def test_the_answer_to_a_request_of_a_task_names_the_task() -> None:
    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        return RpcError(-1, "no") if method == "no" else {"action": "cancel", "_meta": {"a": 1}}

    sent = Sent()
    replies = Replies(responder, sent.take)
    related = {RELATED: {"taskId": "t"}}
    replies.take(request(1, params={"_meta": {**related, "progressToken": 2}}), "call")
    replies.take(request(2, "no", params={"_meta": related}), "call")
    while len(sent) < 2:
        await asyncio.sleep(0)
    assert sent[0][3] == {"action": "cancel", "_meta": {"a": 1, **related}}
    assert sent[1][3] == RpcError(-1, "no")
