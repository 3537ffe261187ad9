"""Subscriptions, log levels, progress tokens: what the steps send, and what they make of it."""

import json
from typing import Any

import pytest

from flows.exchange import Exchange, Failure, Request, Response, header
from flows.moves import Blocked, Done, Move, Send
from flows.session import Exchanged, Made, Received, Target
from flows.sse import ServerSentEvent
from tests.flows.checks.judging import judged, only
from tests.flows.steps.test_mcp_steps import legacy
from tests.flows.world import MCP, NOW, World, answer, mcp

WISHES = {"toolsListChanged": True, "resourceSubscriptions": ["note://1"]}
ACK = "notifications/subscriptions/acknowledged"
ID = "io.modelcontextprotocol/subscriptionId"


def listening(target: Target | None = None) -> tuple[World, Send]:
    """A world of 2026-07-28 before its subscription, and the request for it."""
    world = World(target or Target(MCP))
    world.walk(until="call")
    world.answer("call", method="subscriptions/listen", arguments=json.dumps(WISHES))
    move = world.move("call")
    assert isinstance(move, Send)
    return world, move


def begin(world: World, *messages: Any) -> Move:
    """The stream begins and brings messages."""
    world.record(Made(NOW, "call", (("stream", "s-1"), ("first", ACK))))
    for message in messages:
        world.record(Received(NOW, "call", "s-1", ServerSentEvent(data=json.dumps(message))))
    return world.move("call")


def acknowledged(rpc_id: object, wishes: Any = None) -> dict[str, Any]:
    params = {"_meta": {ID: rpc_id}, "notifications": WISHES if wishes is None else wishes}
    return {"jsonrpc": "2.0", "method": ACK, "params": params}


def ended(move: Send, error: Failure | None = None, body: bytes = b"") -> Exchanged:
    head = (("Content-Type", "text/event-stream"),)
    exchange = Exchange("s-1", move.request, NOW, Response(200, "OK", head, body), error)
    return Exchanged(NOW, "call", exchange, move.label)


def test_a_subscription_is_a_stream_in_the_background() -> None:
    world, move = listening()
    assert move.background and move.first == ACK and move.label == "subscriptions/listen"
    assert header(move.request.headers, "mcp-method") == "subscriptions/listen"
    assert json.loads(move.request.body)["params"]["notifications"] == WISHES
    assert move.rpc_id
    assert begin(world, acknowledged(move.rpc_id)) == Done("call", "subscriptions/listen")
    world.rerun("call")
    world.answer("call", name="add")
    following = world.move("call")
    assert isinstance(following, Send) and following.rpc_id == move.rpc_id + 1
    world.record(ended(move))
    assert world.move("call") == following, "its end is nobody's answer"


def test_what_is_not_honoured_is_said() -> None:
    world, move = listening()
    done = begin(world, acknowledged(move.rpc_id, {"toolsListChanged": True}))
    assert isinstance(done, Done)
    found = only(world, "MCP-23")
    assert found.result == "warn" and "resourceSubscriptions" in found.says
    assert "toolsListChanged" not in found.says


@pytest.mark.parametrize("wrong", [None, 77, "x"])
def test_an_acknowledgment_names_its_subscription(wrong: object) -> None:
    world, _ = listening()
    done = begin(world, acknowledged(wrong))
    assert isinstance(done, Done)
    found = only(world, "MCP-23")
    assert found.result == "fail" and "does not name its subscription" in found.says


def test_the_acknowledgment_must_come_first() -> None:
    world, move = listening()
    early = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    done = begin(world, early, acknowledged(move.rpc_id))
    assert isinstance(done, Done)
    text = (
        "The subscription begins with notifications/tools/list_changed; its acknowledgment must "
        "come first."
    )
    found = judged(world, "MCP-23")[0]
    assert (found.result, found.party, found.says) == ("fail", "resource-server", text)


def test_a_stream_without_an_acknowledgment_is_a_stop() -> None:
    world, move = listening()
    begin(world)
    world.record(ended(move, Failure("timeout", "the stream did not begin as it must")))
    blocked = world.move("call")
    assert isinstance(blocked, Blocked) and "did not begin as it must" in blocked.reason


def test_a_refused_subscription_is_a_stop() -> None:
    world, move = listening()

    def refuses(request: Request) -> Response:
        rpc_id = json.loads(request.body)["id"]
        error = {"code": -32601, "message": "Method not found"}
        return answer(404, {"jsonrpc": "2.0", "id": rpc_id, "error": error})

    world.routes[f"POST {MCP}"] = refuses
    world.perform(move)
    blocked = world.move("call")
    assert isinstance(blocked, Blocked) and blocked.word == "404"


@pytest.mark.parametrize("method", ["resources/subscribe", "resources/unsubscribe"])
def test_an_older_server_is_asked_for_one_resource(method: str) -> None:
    world = World()
    world.routes[f"POST {MCP}"] = legacy
    world.walk(until="call")
    world.answer("call", method=method, uri="note://1")
    move = world.move("call")
    assert isinstance(move, Send) and not move.background
    message = json.loads(move.request.body)
    assert (message["method"], message["params"]) == (method, {"uri": "note://1"})
    world.perform(move)
    assert world.move("call") == Done("call", "note://1")


def test_a_tool_call_asks_for_progress() -> None:
    for server in (mcp, legacy):
        world = World()
        world.routes[f"POST {MCP}"] = server
        world.walk()
        message = json.loads(world.sent[-1].body)
        assert message["method"] == "tools/call"
        assert message["params"]["_meta"]["progressToken"] == message["id"]


def test_each_request_of_the_modern_era_names_the_log_level() -> None:
    world = World(Target(MCP, log_level="warning"))
    world.walk()
    for request in world.requests("/mcp"):
        if request.body:
            meta = json.loads(request.body)["params"]["_meta"]
            assert meta["io.modelcontextprotocol/logLevel"] == "warning"


def logging(request: Request) -> Response:
    """A server of 2025-11-25 that has log messages and refuses to be told which."""
    message = json.loads(request.body)
    response = legacy(request)
    if message["method"] == "initialize" and response.status == 200:
        body = json.loads(response.body)
        body["result"]["capabilities"] = {"logging": {}}
        return answer(200, body, "application/json", ("Mcp-Session-Id", "s-1"))
    if message["method"] == "logging/setLevel":
        error = {"code": -32602, "message": "no such level"}
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], "error": error})
    return response


def test_an_older_server_is_told_the_log_level_once() -> None:
    world = World(Target(MCP, log_level="warning"))
    world.routes[f"POST {MCP}"] = logging
    assert world.walk() == Done("call", "add"), "a refusal stops nothing"
    messages = [json.loads(request.body) for request in world.requests("/mcp") if request.body]
    (told,) = [m for m in messages if m["method"] == "logging/setLevel"]
    assert told["params"] == {"level": "warning"}
    assert len({m["id"] for m in messages if "id" in m}) == sum("id" in m for m in messages)


def test_an_older_server_without_log_messages_is_not_told() -> None:
    world = World(Target(MCP, log_level="warning"))
    world.routes[f"POST {MCP}"] = legacy
    world.walk()
    assert isinstance(world.move("connect"), Done)
    assert only(world, "MCP-25").result == "info"


def test_a_stream_of_the_servers_own_is_opened_when_it_is_to_be_heard() -> None:
    world = World(Target(MCP, listen=True))
    world.routes[f"POST {MCP}"] = legacy
    world.walk()
    (heard,) = [request for request in world.sent if request.method == "GET" and MCP == request.url]
    assert header(heard.headers, "accept") == "text/event-stream"
