"""The walk and servers of HTTP+SSE, the transport of 2024-11-05. Over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from flows.limits import Limits
from flows.moves import Blocked, Done, Send
from flows.session import Exchanged, Made, Protocol, Received, Target
from flows.walk import Walk, new_session
from flows.wire import Wire, WireOptions
from tests.flows.servers import Connection, Served, ok, serve
from tests.flows.test_walk_streams import ELICIT, STREAM, accept, event, labels

ACCEPTED = ok(b"Accepted", status="202 Accepted")


@dataclass
class Server:
    """`endpoint` is the URI it names; `wanted`, when set, is the token that its stream asks for."""

    endpoint: str = "/messages?session=1"
    wanted: bytes = b""
    stream: Connection | None = None
    asked: list[str] = field(default_factory=list)
    waiting: int = 0  # the call that is answered once we have answered its question

    async def __call__(self, connection: Connection) -> None:
        while request := await connection.request():
            path = request.split(b" ", 2)[1]
            if request.startswith(b"GET /sse"):
                await self.open(connection, request)
            elif path.startswith(b"/messages"):
                await self.message(connection, json.loads(request.partition(b"\r\n\r\n")[2]))
            else:
                await connection.send(ok(status="405 Method Not Allowed"))

    async def open(self, connection: Connection, request: bytes) -> None:
        if self.wanted and self.wanted not in request:
            await connection.send(ok(b"", "WWW-Authenticate: Bearer", status="401 Unauthorized"))
            return
        self.stream = connection
        await connection.send(STREAM + f"event: endpoint\ndata: {self.endpoint}\n\n".encode())
        await connection.reader.read()

    async def message(self, connection: Connection, message: dict[str, Any]) -> None:
        method, rpc_id = message.get("method"), message.get("id")
        self.asked.append(str(method))
        if method == "tools/call" and isinstance(rpc_id, int):
            await self.call(connection, rpc_id)
            return
        await connection.send(ACCEPTED)
        if method is None:
            await self.say(self.waiting, {"content": []})
        elif method == "initialize":
            version = message["params"]["protocolVersion"]
            await self.say(rpc_id, {"protocolVersion": version, "capabilities": {"tools": {}}})
        elif method == "tools/list":
            tool = {"name": "ask", "inputSchema": {"type": "object"}}
            await self.say(rpc_id, {"tools": [tool]})

    async def call(self, connection: Connection, rpc_id: int) -> None:
        await connection.send(ACCEPTED)
        await self.say(rpc_id, {"content": []})

    async def say(self, rpc_id: object, result: dict[str, Any]) -> None:
        assert self.stream
        await self.stream.send(event({"id": rpc_id, "result": result}))


@asynccontextmanager
async def walking(
    server: Server,
    protocol: Protocol = "auto",
    limits: Limits | None = None,
    **more: Any,
) -> AsyncIterator[tuple[Walk, Served]]:
    async with serve(server) as served:
        target = Target(f"{served.url}/sse", protocol=protocol, **more)
        options = WireOptions(limits or Limits())
        walk = Walk(new_session(target), Wire(options), responder=accept)
        try:
            async with asyncio.timeout(30):
                yield walk, served
        finally:
            await walk.close()


async def call(walk: Walk) -> None:
    await walk.run()
    walk.answer("call", name="ask")
    await walk.run()


async def test_the_transport_is_found_by_asking() -> None:
    server = Server()
    async with walking(server) as (walk, served):
        await call(walk)
        assert walk.moves["call"] == Done("call", "ask")
        connect = walk.moves["connect"]
        assert isinstance(connect, Done) and connect.word == "2025-11-25"
        (older,) = (one for one in walk.findings if one.check == "MCP-24")
        assert older.result == "info" and "HTTP+SSE" in older.says
    assert [request.split(b" HTTP")[0] for request in served.requests] == [
        b"POST /sse",
        b"POST /sse",
        b"GET /sse",
        *[b"POST /messages?session=1"] * 4,
    ]
    recorded = {exchanged.exchange.request.body for exchanged in walk.session.exchanges}
    assert recorded == {request.partition(b"\r\n\r\n")[2] for request in served.requests}
    last = walk.session.events[-1]
    assert isinstance(last, Exchanged) and last.label == "the stream of HTTP+SSE"
    assert last.exchange.error is None, "to hang up is no failure"


async def test_a_pinned_revision_asks_nothing_else() -> None:
    async with walking(Server(), "2024-11-05") as (walk, served):
        await call(walk)
        assert walk.facts.connection and walk.facts.connection.version == "2024-11-05"
    assert [request.split(b" ")[0] for request in served.requests] == [b"GET", *[b"POST"] * 4]
    assert b'"protocolVersion":"2024-11-05"' in served.requests[1]


async def test_what_comes_on_the_stream_belongs_to_the_step_that_asked() -> None:
    async with walking(Server(), "2024-11-05") as (walk, _):
        await call(walk)
    heard = [event for event in walk.session.events if isinstance(event, Received)]
    assert [event.step for event in heard] == ["challenge", "challenge", "tools", "call"]
    (began,) = [event for event in walk.session.events if isinstance(event, Made)]
    assert dict(began.values) == {"stream": heard[0].exchange_id, "first": "endpoint"}
    (called,) = [x for x in walk.session.exchanges if x.step == "call"]
    assert called.exchange.status == 202, "the record keeps what came"


async def test_a_stream_without_a_token_is_not_the_one_with() -> None:
    async with walking(Server(wanted=b"Bearer b"), bearer="b") as (walk, served):
        await call(walk)
        assert walk.moves["call"] == Done("call", "ask")
    assert all(b"\r\nAuthorization: Bearer b\r\n" in request for request in served.requests)


async def test_a_stream_that_asks_for_a_token_is_the_challenge() -> None:
    async with walking(Server(wanted=b"Bearer b")) as (walk, _):
        await walk.run()
        challenge = walk.moves["challenge"]
        assert isinstance(challenge, Done) and challenge.word == "401"


async def test_the_endpoint_must_be_of_the_same_origin() -> None:
    elsewhere = Server(endpoint="https://evil.example/messages")
    async with walking(elsewhere, "2024-11-05", bearer="b") as (walk, served):
        blocked = await walk.run()
        assert isinstance(blocked, Blocked) and not blocked.can_override
        assert (blocked.word, blocked.party) == ("other origin", "resource-server")
        assert "https://evil.example/messages" in blocked.reason
    assert len(served.requests) == 1


async def test_an_absolute_endpoint_of_the_same_origin_is_taken() -> None:
    server = Server()
    async with walking(server, "2024-11-05") as (walk, served):
        server.endpoint = f"{served.url}/messages/absolute"
        await call(walk)
    assert served.requests[-1].startswith(b"POST /messages/absolute ")


async def test_a_server_of_neither_transport_is_judged_by_its_own_answer() -> None:
    async def nothing(connection: Connection) -> None:
        while request := await connection.request():
            status = "404 Not Found" if request.startswith(b"POST") else "400 Bad Request"
            await connection.send(ok(status=status))

    async with serve(nothing) as served:
        walk = Walk(new_session(Target(served.url)), Wire())
        blocked = await walk.run()
        await walk.close()
    assert isinstance(blocked, Blocked) and blocked.word == "404"
    assert [request.split(b" ")[0] for request in served.requests] == [b"POST", b"POST", b"GET"]


async def test_a_stream_that_names_no_endpoint_in_time() -> None:
    class Mute(Server):
        async def open(self, connection: Connection, request: bytes) -> None:
            await connection.send(STREAM + b": nothing\n\n")
            await connection.reader.read()

    async with walking(Mute(), "2024-11-05", Limits(deadline=1)) as (walk, _):
        blocked = await walk.run()
        assert isinstance(blocked, Blocked)
        assert "the stream did not begin as it must within 1 s" in blocked.reason
    assert labels(walk) == ["the stream of HTTP+SSE"]


async def test_a_stream_that_ends_before_its_endpoint() -> None:
    class Brief(Server):
        async def open(self, connection: Connection, request: bytes) -> None:
            await connection.send(STREAM + b"data: hello\n\n")
            connection.writer.close()

    async with walking(Brief(), "2024-11-05") as (walk, _):
        blocked = await walk.run()
        assert isinstance(blocked, Blocked)
        assert "the stream brought no `endpoint` event" in blocked.reason


async def test_the_server_asks_back_on_the_stream() -> None:
    class Asks(Server):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            assert self.stream
            await connection.send(ACCEPTED)
            self.waiting = rpc_id
            await self.stream.send(event(ELICIT))

    server = Asks()
    async with walking(server, "2024-11-05", declare=("elicitation",)) as (walk, _):
        await call(walk)
        assert walk.moves["call"] == Done("call", "ask")
    assert server.asked[-1] == "None", "our answer"
    assert labels(walk).count("stream of the server's messages") == 0


async def test_a_response_may_come_before_the_post_is_accepted() -> None:
    class Hasty(Server):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            await self.say(rpc_id, {"content": []})
            await connection.send(ACCEPTED)

    async with walking(Hasty(), "2024-11-05") as (walk, _):
        await call(walk)
        assert walk.moves["call"] == Done("call", "ask")


async def test_an_error_on_the_stream_is_the_answer() -> None:
    class Refuses(Server):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            assert self.stream
            await connection.send(ACCEPTED)
            error = {"code": -32602, "message": "no such tool"}
            await self.stream.send(event({"id": rpc_id, "error": error}))

    async with walking(Refuses(), "2024-11-05") as (walk, _):
        await call(walk)
        blocked = walk.moves["call"]
        assert isinstance(blocked, Blocked) and "-32602: no such tool" in blocked.reason


async def test_a_stream_that_ends_leaves_the_call_without_a_response() -> None:
    class Dies(Server):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            assert self.stream
            await connection.send(ACCEPTED)
            self.stream.writer.close()

    async with walking(Dies(), "2024-11-05") as (walk, _):
        await call(walk)
        blocked = walk.moves["call"]
        assert isinstance(blocked, Blocked)
        assert "the event stream has ended without the response" in blocked.reason


async def test_a_response_that_does_not_come_is_given_up_and_told_so() -> None:
    class Silent(Server):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            await connection.send(ACCEPTED)

    server = Silent()
    async with walking(server, "2024-11-05", Limits(idle=0.5)) as (walk, _):
        await call(walk)
        blocked = walk.moves["call"]
        assert isinstance(blocked, Blocked) and "no event came for 0.5 s" in blocked.reason
    assert server.asked[-1] == "notifications/cancelled"
    assert labels(walk)[-2:] == ["notifications/cancelled", "the stream of HTTP+SSE"]


async def test_waiting_for_a_response_can_be_cancelled() -> None:
    called = asyncio.Event()

    class Silent(Server):
        async def call(self, connection: Connection, rpc_id: int) -> None:
            await connection.send(ACCEPTED)
            called.set()

    server = Silent()
    async with walking(server, "2024-11-05") as (walk, _):
        await walk.run()
        walk.answer("call", name="ask")
        move, cancel = walk.current, asyncio.Event()
        assert isinstance(move, Send)
        task = asyncio.create_task(walk.perform(move, cancel=cancel))
        await called.wait()
        cancel.set()
        await task
        assert server.asked[-1] == "notifications/cancelled"
    exchange = next(x.exchange for x in walk.session.exchanges if x.step == "call")
    assert exchange.error and exchange.error.kind == "cancelled"
