"""The walk and servers of 2025-11-25 that use their streams: requests on them, breaks, a stream
of the server's own. Over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from flows.limits import Limits
from flows.moves import Blocked, Done, Send
from flows.replies import Reply
from flows.session import Exchanged, Made, Received, Target
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.flows.servers import Connection, Served, ok, serve

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
ELICIT = {"id": "q-1", "method": "elicitation/create", "params": {"message": "Who?"}}


def event(message: Mapping[str, Any], name: str = "") -> bytes:
    line = f"id: {name}\n" if name else ""
    return f"{line}data: {json.dumps({'jsonrpc': '2.0', **message})}\n\n".encode()


@dataclass
class Server:
    """A session server whose tools/call a test decides on. `replied` holds our answers by id."""

    replied: dict[object, Any] = field(default_factory=dict)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    listening: Connection | None = None
    get: bytes = ok(status="405 Method Not Allowed")

    async def __call__(self, connection: Connection) -> None:
        while request := await connection.request():
            if request.startswith(b"GET"):
                await self.stream(connection)
            else:
                await self.message(connection, json.loads(request.partition(b"\r\n\r\n")[2]))

    async def message(self, connection: Connection, message: dict[str, Any]) -> None:
        result: dict[str, Any] = {"tools": [{"name": "ask", "inputSchema": {"type": "object"}}]}
        match message.get("method"):
            case "tools/call":
                await self.call(connection, message["id"])
                return
            case "notifications/initialized" | "notifications/cancelled":
                await connection.send(ok(status="202 Accepted"))
                return
            case "initialize":
                result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
            case None:
                async with self.came:
                    self.replied[message["id"]] = message
                    self.came.notify_all()
                await connection.send(ok(status="202 Accepted"))
                return
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        await connection.send(ok(body, "Content-Type: application/json"))

    async def reply(self, rpc_id: object) -> Any:
        async with self.came:
            await self.came.wait_for(lambda: rpc_id in self.replied)
        return self.replied[rpc_id]

    async def call(self, connection: Connection, rpc_id: int) -> None:
        raise NotImplementedError

    async def stream(self, connection: Connection) -> None:
        await connection.send(self.get)


@asynccontextmanager
async def walking(
    server: Server, responder: Any = None, *declare: Any
) -> AsyncIterator[tuple[Walk, Served]]:
    """A walk that stands before its first act."""
    async with serve(server) as served:
        target = Target(served.url, protocol="2025-11-25", bearer="b", declare=declare)
        walk = Walk(new_session(target), Wire(), responder=responder)
        try:
            async with asyncio.timeout(20):
                await walk.run()
                walk.answer("call", name="ask")
                yield walk, served
        finally:
            await walk.close()


async def accept(method: str, params: Mapping[str, Any]) -> Reply:
    return {"action": "accept", "content": {"method": method, **params}}


def labels(walk: Walk) -> list[str]:
    return [event.label for event in walk.session.exchanges]


class Asks(Server):
    """Asks on the stream of the call, and answers it once it was answered."""

    async def call(self, connection: Connection, rpc_id: int) -> None:
        await connection.send(STREAM + event({"id": 7, "method": "ping"}) + event(ELICIT))
        await self.reply(7)
        await self.reply("q-1")
        await connection.send(event({"id": rpc_id, "result": {"content": []}}))
        connection.writer.close()


async def test_requests_on_the_stream_are_answered_while_it_is_open() -> None:
    server = Asks()
    async with walking(server, accept) as (walk, served):
        assert await walk.run() is None
        assert walk.moves["call"] == Done("call", "ask")
    content = {"method": "elicitation/create", "message": "Who?"}
    answer = {"action": "accept", "content": content}
    assert server.replied["q-1"] == {"jsonrpc": "2.0", "id": "q-1", "result": answer}
    assert server.replied[7]["result"] == {}
    assert sorted(labels(walk)[-3:]) == [
        "response to elicitation/create",
        "response to ping",
        "tools/call ask",
    ]
    recorded = [exchanged.exchange.request.body for exchanged in walk.session.exchanges]
    received = [request.partition(b"\r\n\r\n")[2] for request in served.requests]
    assert sorted(recorded) == sorted(received)


async def test_without_a_responder_the_server_is_told_so() -> None:
    server = Asks()
    async with walking(server) as (walk, _):
        await walk.run()
    assert server.replied["q-1"]["error"]["code"] == -32601


class BreaksOff(Server):
    """Ends the stream of the call, asking; the answer to the call waits on the next stream."""

    rpc_id = 0

    async def call(self, connection: Connection, rpc_id: int) -> None:
        self.rpc_id = rpc_id
        await connection.send(STREAM + event(ELICIT, "e-1") + b"retry: 1\n\n")
        connection.writer.close()

    async def stream(self, connection: Connection) -> None:
        await connection.send(STREAM + event(ELICIT, "e-2"))
        await self.reply("q-1")
        await connection.send(event({"id": self.rpc_id, "result": {"content": []}}))
        connection.writer.close()


async def test_a_stream_is_taken_up_while_a_person_still_thinks() -> None:
    thought, asked = asyncio.Event(), list[str]()

    async def responder(method: str, params: Mapping[str, Any]) -> Reply:
        asked.append(method)
        await thought.wait()
        return {"action": "decline"}

    server = BreaksOff()
    async with walking(server, responder) as (walk, served):
        first = walk.current
        assert isinstance(first, Send)
        await walk.perform(first)
        again = walk.current
        assert isinstance(again, Send) and again.request.method == "GET"
        assert again.delay == 0.001
        thought.set()
        assert await walk.run() is None
        assert walk.moves["call"] == Done("call", "ask")
    assert asked == ["elicitation/create"], "delivered twice, asked once"
    (resumed,) = [request for request in served.requests if request.startswith(b"GET")]
    assert b"\r\nLast-Event-ID: e-1\r\n" in resumed


async def test_waiting_for_the_servers_time_can_be_cancelled() -> None:
    class Slow(BreaksOff):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            await connection.send(STREAM + b"id: 1\nretry: 250000\ndata:\n\n")
            connection.writer.close()

    async with walking(Slow()) as (walk, _):
        cancel = asyncio.Event()
        first = walk.current
        assert isinstance(first, Send)
        await walk.perform(first)
        events = len(walk.session.events)
        cancel.set()
        move = await walk.run(cancel=cancel)
        assert isinstance(move, Send) and move.delay == 250.0
        assert len(walk.session.events) == events, "nothing was sent"


async def test_what_the_server_gave_up_on_is_not_answered() -> None:
    class Impatient(Asks):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            await connection.send(STREAM + event(ELICIT))
            await connection.send(event({"id": rpc_id, "result": {"content": []}}))
            connection.writer.close()

    async def never(method: str, params: Mapping[str, Any]) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError

    async with walking(Impatient(), never) as (walk, _):
        assert await walk.run() is None
    assert labels(walk)[-1] == "tools/call ask"


class Listened(Server):
    """Has a stream of its own, and asks there."""

    async def stream(self, connection: Connection) -> None:
        self.listening = connection
        await connection.send(STREAM)
        await connection.reader.read()

    async def call(self, connection: Connection, rpc_id: int) -> None:
        assert self.listening
        await self.listening.send(event(ELICIT))
        await self.reply("q-1")
        body = json.dumps({"jsonrpc": "2.0", "id": rpc_id, "result": {"content": []}}).encode()
        await connection.send(ok(body, "Content-Type: application/json"))


async def test_the_servers_own_stream_stays_open_and_is_heard() -> None:
    server = Listened()
    async with walking(server, accept, "elicitation") as (walk, _):
        assert walk.facts.connection and walk.facts.connection.listening
        assert await walk.run() is None
        (began,) = [event for event in walk.session.events if isinstance(event, Made)]
        assert not any(x.label.startswith("stream") for x in walk.session.exchanges)
        assert labels(walk)[-2:] == ["response to elicitation/create", "tools/call ask"]
    last = walk.session.events[-1]
    assert isinstance(last, Exchanged) and last.exchange.error is None
    assert began.values == (("stream", last.exchange.id),)
    (heard,) = [event for event in walk.session.events if isinstance(event, Received)]
    assert (heard.step, heard.exchange_id) == ("connect", last.exchange.id)


async def test_a_server_without_a_stream_of_its_own_is_walked_all_the_same() -> None:
    class Plain(Asks):
        pass

    async with walking(Plain(), accept, "elicitation") as (walk, _):
        assert await walk.run() is None
        assert walk.moves["call"] == Done("call", "ask")
        assert not any(isinstance(move, Blocked) for move in walk.moves.values())
    assert labels(walk).count("stream of the server's messages") == 1


class Slow(Server):
    """Never answers a call."""

    def __init__(self) -> None:
        super().__init__()
        self.called = asyncio.Event()

    async def call(self, connection: Connection, rpc_id: int) -> None:
        await connection.send(STREAM)
        self.called.set()
        await connection.reader.read()


async def test_a_cancelled_request_is_told_to_be() -> None:
    server = Slow()
    async with walking(server) as (walk, served):
        move, cancel = walk.current, asyncio.Event()
        assert isinstance(move, Send)
        task = asyncio.create_task(walk.perform(move, cancel=cancel))
        await server.called.wait()
        cancel.set()
        await task
    assert labels(walk)[-2:] == ["tools/call ask", "notifications/cancelled"]
    told = json.loads(served.requests[-1].partition(b"\r\n\r\n")[2])
    assert told["method"] == "notifications/cancelled" and "id" not in told
    assert told["params"]["requestId"] == move.rpc_id
    assert told["params"]["reason"].startswith("cancelled while receiving the event stream")
    blocked = walk.moves["call"]
    assert isinstance(blocked, Blocked)
    assert (blocked.party, blocked.word) == ("person", "cancelled")


async def test_a_request_that_takes_too_long_is_told_too() -> None:
    server = Slow()
    async with walking(server) as (walk, _):
        walk.wire.options = replace(walk.wire.options, limits=Limits(idle=0.3))
        await walk.run()
    assert labels(walk)[-2:] == ["tools/call ask", "notifications/cancelled"]


async def test_initialize_is_never_told_to_be_cancelled() -> None:
    asked = asyncio.Event()

    async def silent(connection: Connection) -> None:
        await connection.request()
        asked.set()
        await connection.reader.read()

    async with serve(silent) as served:
        walk = Walk(new_session(Target(served.url, protocol="2025-11-25")), Wire())
        move, cancel = walk.current, asyncio.Event()
        assert isinstance(move, Send)
        task = asyncio.create_task(walk.perform(move, cancel=cancel))
        await asyncio.wait_for(asked.wait(), 20)
        cancel.set()
        await task
        await walk.close()
    assert labels(walk) == ["initialize, 2025-11-25"]


async def test_what_the_server_never_got_is_not_cancelled() -> None:
    async with walking(Slow()) as (walk, served):
        move, cancel = walk.current, asyncio.Event()
        assert isinstance(move, Send)
        served_before = len(served.requests)
        cancel.set()
        await walk.perform(move, cancel=cancel)
        assert len(served.requests) == served_before
    assert labels(walk)[-1] == "tools/call ask"


class Sessions(Asks):
    """Gives a session id, and takes it back."""

    async def message(self, connection: Connection, message: dict[str, Any]) -> None:
        if message.get("method") != "initialize":
            await super().message(connection, message)
            return
        result = {"protocolVersion": "2025-11-25", "capabilities": {}}
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        await connection.send(ok(body, "Content-Type: application/json", "Mcp-Session-Id: s-1"))

    async def __call__(self, connection: Connection) -> None:
        while request := await connection.request():
            if request.startswith(b"DELETE"):
                await connection.send(ok(status="405 Method Not Allowed"))
            else:
                await self.message(connection, json.loads(request.partition(b"\r\n\r\n")[2]))


async def test_a_session_is_ended_whatever_the_server_says_to_that() -> None:
    async with walking(Sessions(), accept) as (walk, served):
        before = dict(walk.moves)
        await walk.end_session()
        assert walk.moves == before
        last = walk.session.events[-1]
    assert isinstance(last, Exchanged) and last.exchange.status == 405
    assert (last.step, last.label) == ("connect", "end of the session")
    head = served.requests[-1]
    assert head.startswith(b"DELETE / ") and b"\r\nMcp-Session-Id: s-1\r\n" in head
    assert b"\r\nAuthorization: Bearer b\r\n" in head
    assert b"\r\nMCP-Protocol-Version: 2025-11-25\r\n" in head


async def test_without_a_session_there_is_nothing_to_end() -> None:
    async with walking(Asks(), accept) as (walk, served):
        before = len(served.requests)
        await walk.end_session()
        assert len(served.requests) == before
