"""connect, tools, call: both eras, pages, errors."""

import json
from dataclasses import replace
from typing import Any

import pytest

from flows.exchange import Exchange, Request, Response, header
from flows.mcp.rpc import header_text, reply
from flows.moves import Ask, Blocked, Done, Send, Skipped
from flows.session import Exchanged, StepId, Target
from tests.flows.checks.judging import only
from tests.flows.world import MCP, TOOLS, World, answer, challenge, mcp


def legacy(request: Request) -> Response:
    """A server of 2025-11-25 with sessions that checks the token first."""
    if header(request.headers, "authorization") is None:
        return challenge()
    message = json.loads(request.body)
    if message["method"] == "server/discover":
        return answer(400, b"Bad Request: no session", "text/plain")
    if message["method"] == "initialize":
        result: dict[str, Any] = {
            "protocolVersion": "2025-11-25",
            "serverInfo": {"name": "old", "version": "1"},
            "capabilities": {},
        }
        body = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        return answer(200, body, "application/json", ("Mcp-Session-Id", "s-1"))
    if header(request.headers, "mcp-session-id") != "s-1":
        return answer(404, b"", None)
    if "id" not in message:
        return answer(202, b"", None)
    result = {"tools": TOOLS} if message["method"] == "tools/list" else {"content": []}
    event = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
    return answer(200, f"event: message\ndata: {event}\n\n".encode(), "text/event-stream")


def methods(world: World) -> list[str]:
    return [
        json.loads(request.body)["method"] for request in world.requests("/mcp") if request.body
    ]


def tools_of(*pages: dict[str, Any]) -> World:
    """A world whose tools/list answers page by page."""
    world, left = World(), list(pages)

    def server(request: Request) -> Response:
        message = json.loads(request.body)
        if message["method"] != "tools/list":
            return mcp(request)
        result = left.pop(0) if len(left) > 1 else left[0]
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    world.routes[f"POST {MCP}"] = server
    return world


def test_a_legacy_server_is_walked_with_its_session() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = legacy
    assert world.walk() == Done("call", "add")
    assert methods(world) == [
        "server/discover",
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/list",
        "tools/call",
    ]
    assert header(world.sent[-1].headers, "mcp-protocol-version") == "2025-11-25"
    connection = world.facts.connection
    assert connection and (connection.era, connection.server_name) == ("legacy", "old")


def test_request_ids_are_never_used_twice() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = legacy
    world.walk()
    ids = [json.loads(request.body).get("id") for request in world.requests("/mcp") if request.body]
    known = [rpc_id for rpc_id in ids if rpc_id is not None]
    assert len(known) == len(set(known))


@pytest.mark.parametrize(("status", "error"), [(401, "invalid_token"), (403, "insufficient_scope")])
def test_a_refused_token_is_the_resource_servers_word(status: int, error: str) -> None:
    world = World()

    def refuse(request: Request) -> Response:
        if header(request.headers, "authorization") is None:
            return challenge()
        words = f'error="{error}", error_description="audience", scope="tools admin"'
        return challenge(words, status)

    world.routes[f"POST {MCP}"] = refuse
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party, move.word) == ("connect", "resource-server", str(status))
    assert f"{error}: audience" in move.reason
    assert methods(world) == ["server/discover", "server/discover"], "the era is not in doubt"


def test_a_bearer_token_goes_straight_to_the_server() -> None:
    world = World(Target(MCP, bearer="given"))
    world.walk()
    assert [request.url for request in world.sent] == [MCP] * 3
    assert dict(world.sent[0].headers)["Authorization"] == "Bearer given"
    for step in ("challenge", "client", "token"):
        assert isinstance(world.move(step), Skipped)


def test_extra_headers_go_to_the_mcp_server_only() -> None:
    world = World(Target(MCP, headers=(("X-Tenant", "acme"),)))
    world.walk()
    for request in world.sent:
        assert (header(request.headers, "x-tenant") == "acme") == (request.url == MCP)


def test_pages_are_gathered() -> None:
    world = tools_of(
        {"tools": [{"name": "a"}], "nextCursor": "2"},
        {"tools": [{"name": "b"}, "junk", {"title": "nameless"}]},
    )
    world.walk("call")
    assert [tool["name"] for tool in world.facts.tool_list.tools] == ["a", "b"]
    assert json.loads(world.sent[-1].body)["params"]["cursor"] == "2"


def test_pages_that_come_round_again_end() -> None:
    world = tools_of({"tools": [{"name": "a"}], "nextCursor": "again"})
    move = world.walk("call")
    assert isinstance(move, Blocked)
    assert "never end" in move.reason


@pytest.mark.parametrize("result", [{}, {"tools": None}, {"tools": {}}])
def test_a_result_without_tools(result: dict[str, Any]) -> None:
    move = tools_of(result).walk("call")
    assert isinstance(move, Blocked) and move.step == "tools"
    assert "no array `tools`" in move.reason


def test_no_tools_is_worth_a_word() -> None:
    world = tools_of({"tools": []})
    world.walk()
    move = world.move("tools")
    assert isinstance(move, Done)
    assert isinstance(world.move("call"), Skipped)


@pytest.mark.parametrize(
    ("given", "word", "said"),
    [
        (answer(500, b"boom", "text/plain"), "500", "not JSON"),
        (
            answer(200, {"jsonrpc": "2.0", "id": 3, "error": {"code": -32603, "message": "no"}}),
            "error",
            "-32603: no",
        ),
        (answer(200, {"jsonrpc": "2.0", "id": 99, "result": {}}), "error", "answers id 99"),
        (answer(200, b"data: {}\n\n", "text/event-stream"), "error", "without a response"),
    ],
)
def test_a_call_that_gives_no_result(given: Response, word: str, said: str) -> None:
    world = World()
    world.walk("call")
    world.routes[f"POST {MCP}"] = given
    move = world.walk()
    assert isinstance(move, Blocked) and move.step == "call"
    assert move.word == word
    assert said in move.reason


def test_a_tools_own_error_is_no_stop() -> None:
    world = World()
    world.walk("call")
    result = {"isError": True, "content": []}
    world.routes[f"POST {MCP}"] = answer(200, {"jsonrpc": "2.0", "id": 4, "result": result})
    move = world.walk()
    assert move == Done("call", "tool error")


def test_tools_can_be_called_again_and_again() -> None:
    world = World()
    world.walk()
    world.rerun("call")
    assert isinstance(world.standing(), Ask)
    assert world.facts.connection, "the connection stands"
    world.walk()
    assert methods(world)[-2:] == ["tools/call", "tools/call"]


def test_a_refused_token_that_gives_cause_is_its_issuers_fault() -> None:
    """The refusal is right; what made it so is the token."""
    from tests.flows.tokens import b64
    from tests.flows.world import ISSUER, TOKEN

    world = World()
    header, claims = (
        b64('{"alg":"RS256","typ":"at+jwt"}'),
        b64('{"iss":"https://auth.example.com"}'),
    )
    token = {**TOKEN, "access_token": f"{header}.{claims}.AA"}
    world.routes[f"POST {ISSUER}/token"] = answer(200, token)
    world.routes[f"POST {MCP}"] = challenge()
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("connect", "authorization-server")
    assert "It has cause: aud" in move.reason


def calling(*results: dict[str, Any], tools: list[dict[str, Any]] | None = None) -> World:
    """A world with every capability declared that stands before its first act; each request but
    tools/list then gets the next result, or error where it has a `code`."""
    world = World(Target(MCP, bearer="b", declare=("roots", "sampling", "elicitation")))
    left = list(results)

    def server(request: Request) -> Response:
        message = json.loads(request.body)
        if message["method"] == "server/discover":
            return mcp(request)
        if message["method"] == "tools/list":
            given: dict[str, Any] = {"tools": TOOLS if tools is None else tools}
        else:
            given = left.pop(0)
        kind = "error" if "code" in given else "result"
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], kind: given})

    world.routes[f"POST {MCP}"] = server
    world.walk("call")
    return world


def parameters(world: World) -> dict[str, Any]:
    """Of the last request, without its `_meta`."""
    found: dict[str, Any] = json.loads(world.sent[-1].body)["params"]
    meta = found.pop("_meta")
    assert meta["io.modelcontextprotocol/clientCapabilities"]["elicitation"]["form"] == {}
    return found


def asked(world: World) -> Ask:
    """What the walk asks of the person next; forms of the server are left open."""
    for _ in range(9):
        move = world.standing()
        if isinstance(move, Ask):
            return move
        assert isinstance(move, Send), move
        world.perform(move)
    raise AssertionError("nothing is asked")


ASKS = {
    "resultType": "input_required",
    "inputRequests": {"who": {"method": "elicitation/create", "params": {"message": "Who?"}}},
    "requestState": '{"half": "\ud83d", "é": 1}',
}
COMPLETE = {"resultType": "complete", "content": []}


def test_input_is_asked_for_and_the_request_repeated_with_it() -> None:
    world = calling(ASKS, {**ASKS, "requestState": ""}, COMPLETE)
    world.answer("call", name="add", arguments='{"a": 1}')
    ask = asked(world)
    assert ask.kind == "input" and ask.requests == ASKS["inputRequests"]
    world.answer("call", inputResponses='{"who": {"action": "decline"}}')
    assert asked(world).kind == "input"
    assert parameters(world) == {
        "name": "add",
        "arguments": {"a": 1},
        "inputResponses": {"who": {"action": "decline"}},
        "requestState": ASKS["requestState"],
    }
    world.answer("call", inputResponses='{"who": {"action": "cancel"}}')
    assert world.walk() == Done("call", "add")
    assert parameters(world)["requestState"] == ""
    ids = [json.loads(request.body)["id"] for request in world.sent]
    assert len(ids) == len(set(ids))


def test_a_state_that_was_not_sent_is_not_echoed_nor_kept_for_the_next_act() -> None:
    world = calling(ASKS, {"resultType": "input_required", "requestState": "s"}, COMPLETE, COMPLETE)
    world.answer("call", name="add")
    asked(world)
    world.answer("call", inputResponses="{}")
    assert world.walk() == Done("call", "add"), "a state alone is sent back at once"
    assert parameters(world) == {"name": "add", "arguments": {}, "requestState": "s"}
    world.rerun("call")
    world.answer("call", name="other")
    world.walk()
    assert parameters(world) == {"name": "other", "arguments": {}}


@pytest.mark.parametrize(
    ("method", "values", "params"),
    [
        ("resources/read", {"uri": "file:///é"}, {"uri": "file:///é"}),
        ("prompts/get", {"name": "greet"}, {"name": "greet"}),
        (
            "prompts/get",
            {"name": "greet", "arguments": '{"who": "Ann"}'},
            {"name": "greet", "arguments": {"who": "Ann"}},
        ),
    ],
)
def test_resources_and_prompts_are_acts_too(
    method: str, values: dict[str, str], params: dict[str, Any]
) -> None:
    world = calling(ASKS, COMPLETE, tools=[])
    world.answer("call", method=method, **values)
    assert asked(world).requests
    assert parameters(world) == params
    assert header(world.sent[-1].headers, "mcp-method") == method
    name = header(world.sent[-1].headers, "mcp-name") or ""
    assert name == header_text(next(iter(params.values())))
    world.answer("call", inputResponses="{}")
    assert world.walk() == Done("call", next(iter(params.values())))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"resultType": "input_required"}, "neither `inputRequests` nor `requestState`"),
        ({"resultType": "input_required", "inputRequests": []}, "no JSON object"),
        ({"resultType": "partial"}, "unknown resultType 'partial'"),
        ({"resultType": "task"}, "a task without a `taskId`"),
    ],
)
def test_a_result_that_a_client_must_not_take(result: dict[str, Any], said: str) -> None:
    world = calling(result)
    world.answer("call", name="add")
    move = world.walk()
    assert isinstance(move, Blocked) and said in move.reason


def test_a_server_that_never_stops_asking_is_stopped() -> None:
    world = calling(*[{"resultType": "input_required", "requestState": "again"}] * 30)
    world.answer("call", name="add")
    move = world.walk()
    assert isinstance(move, Blocked) and "more than 20 times" in move.reason


def test_asking_for_what_was_not_declared_is_the_servers_fault() -> None:
    world = calling(ASKS, COMPLETE)
    world.session = replace(world.session, target=replace(world.target, declare=("roots",)))
    world.answer("call", name="add")
    asked(world)
    world.answer("call", inputResponses="{}")
    move = world.walk()
    assert isinstance(move, Done)
    found = only(world, "MCP-20")
    assert (found.result, found.party) == ("fail", "resource-server")
    assert "elicitation/create, which this client did not declare" in found.says
    assert found.place and world.session.exchange(found.place.exchange)


MIRRORED = {
    "name": "where",
    "inputSchema": {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    },
}
BROKEN = {
    "name": "broken",
    "inputSchema": {"type": "object", "properties": {"a": {"type": "null", "x-mcp-header": "A"}}},
}


def test_parameters_are_mirrored_into_headers() -> None:
    world = calling(COMPLETE, tools=[MIRRORED])
    world.answer("call", name="where", arguments='{"region": "ü"}')
    world.walk()
    assert header(world.sent[-1].headers, "mcp-param-region") == "=?base64?w7w=?="


def test_a_tool_with_a_broken_annotation_is_left_out_and_named() -> None:
    world = calling(COMPLETE, tools=[BROKEN, MIRRORED])
    move = world.move("tools")
    assert isinstance(move, Done) and move.word == "1 tool"
    assert "broken is left out: a has x-mcp-header" in only(world, "MCP-16").says
    world.answer("call", name="broken")
    stop = world.walk()
    assert isinstance(stop, Blocked) and stop.can_override and stop.word == "left out"
    world.override("call")
    assert world.walk() == Done("call", "broken")


def test_a_legacy_server_may_annotate_as_it_likes() -> None:
    world = World(Target(MCP, bearer="b", protocol="2025-11-25"))

    def server(request: Request) -> Response:
        if json.loads(request.body)["method"] != "tools/list":
            return legacy(request)
        result = {"tools": [BROKEN, MIRRORED]}
        rpc_id = json.loads(request.body)["id"]
        return answer(200, {"jsonrpc": "2.0", "id": rpc_id, "result": result})

    world.routes[f"POST {MCP}"] = server
    world.walk("call")
    assert len(world.facts.tool_list.tools) == 2


def test_a_header_mismatch_has_the_tools_listed_anew_once() -> None:
    mismatch = {"code": -32020, "message": "Mcp-Param-Region is missing"}
    tools: list[dict[str, Any]] = [{"name": "where", "inputSchema": {"type": "object"}}]
    world = calling(mismatch, COMPLETE, mismatch, mismatch, tools=tools)
    tools[0] = MIRRORED
    world.answer("call", name="where", arguments='{"region": "eu"}')
    assert world.walk() == Done("call", "where")
    assert methods(world)[-3:] == ["tools/call", "tools/list", "tools/call"]
    assert header(world.sent[-1].headers, "mcp-param-region") == "eu"
    assert len(world.facts.tool_list.tools) == 1

    world.rerun("call")
    world.answer("call", name="where")
    move = world.walk()
    assert isinstance(move, Blocked) and "-32020 HeaderMismatch" in move.reason
    assert methods(world)[-3:] == ["tools/call", "tools/list", "tools/call"]


def refusing(times: int, *supported: str) -> World:
    """A world whose server refuses the version of every request `times` times."""
    world, left = World(), {"server/discover": times, "tools/list": times}

    def server(request: Request) -> Response:
        message = json.loads(request.body)
        if left.get(message["method"], 0) <= 0:
            return mcp(request)
        left[message["method"]] -= 1
        data = {"supported": [*supported], "requested": "?"}
        error = {"code": -32022, "message": "no", "data": data}
        return answer(400, {"jsonrpc": "2.0", "id": message["id"], "error": error})

    world.routes[f"POST {MCP}"] = server
    return world


def test_a_server_that_refuses_the_version_it_supports_is_asked_once_more() -> None:
    world = refusing(1, "2026-07-28")
    world.walk("call")
    assert methods(world)[:3] == ["server/discover", "server/discover", "server/discover"]
    assert methods(world)[-2:] == ["tools/list", "tools/list"]

    pinned = refusing(1, "2026-07-28")
    pinned.target = Target(MCP, protocol="2026-07-28")
    pinned.session = replace(pinned.session, target=pinned.target)
    assert isinstance(pinned.walk("call"), Ask)

    for world in (refusing(9, "2026-07-28"), refusing(9, "1999-01-01"), refusing(9)):
        assert isinstance(world.walk("call"), Blocked)
        assert len(world.sent) <= 2


@pytest.mark.parametrize(("declared", "then"), [({}, Skipped), ({"prompts": {}}, Ask)])
def test_a_server_without_tools_is_no_fault(declared: dict[str, Any], then: type) -> None:
    world = World(Target(MCP, bearer="b"))

    def server(request: Request) -> Response:
        message = json.loads(request.body)
        if message["method"] == "server/discover":
            result = {"supportedVersions": ["2026-07-28"], "capabilities": declared}
            return answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})
        error = {"code": -32601, "message": "Method not found"}
        return answer(404, {"jsonrpc": "2.0", "id": message["id"], "error": error})

    world.routes[f"POST {MCP}"] = server
    world.walk("call")
    move = world.move("tools")
    assert isinstance(move, Done)
    assert isinstance(world.move("call"), then)


def broken_stream(*bodies: bytes, get_status: int = 200) -> World:
    """A legacy world: tools/call is answered with the first body, each GET with the next."""
    world, left = World(Target(MCP, bearer="b", protocol="2025-11-25")), list(bodies)

    def server(request: Request) -> Response:
        if json.loads(request.body)["method"] != "tools/call":
            return legacy(request)
        return answer(200, left.pop(0), "text/event-stream")

    def resumed(request: Request) -> Response:
        body = left.pop(0) if len(left) > 1 else left[0]
        return answer(get_status, body, "text/event-stream")

    world.routes |= {f"POST {MCP}": server, f"GET {MCP}": resumed}
    world.walk("call")
    world.answer("call", name="add")
    return world


def event(rpc_id: int) -> bytes:
    message = {"jsonrpc": "2.0", "id": rpc_id, "result": {"content": []}}
    return f"id: last\ndata: {json.dumps(message)}\n\n".encode()


def test_a_stream_that_breaks_is_taken_up_where_it_ended() -> None:
    world = broken_stream(b"id: \xc3\xa9-1\nretry: 250\ndata:\n\n", b": still at it\n\n", event(3))
    sent = world.move("call")
    assert isinstance(sent, Send)
    world.perform(sent)
    move = world.move("call")
    assert isinstance(move, Send) and (move.delay, move.rpc_id) == (0.25, sent.rpc_id)
    assert move.request.method == "GET" and move.request.body == b""
    assert header(move.request.headers, "last-event-id") == "\xc3\xa9-1"
    assert header(move.request.headers, "mcp-session-id") == "s-1"
    assert header(move.request.headers, "authorization") == "Bearer b"
    assert world.walk() == Done("call", "add")
    assert [request.method for request in world.sent[-3:]] == ["POST", "GET", "GET"]


def test_without_a_time_from_the_server_a_second_passes() -> None:
    world = broken_stream(b"id: 1\ndata:\n\n", event(3))
    sent = world.move("call")
    assert isinstance(sent, Send)
    world.perform(sent)
    move = world.move("call")
    assert isinstance(move, Send) and move.delay == 1.0


@pytest.mark.parametrize(
    "body",
    [
        b"data:\n\n",
        b"id: 1\nretry: 999999999\ndata:\n\n",
        b'id: 1\ndata: {"id": 3, "error": {}}\n\n',
    ],
)
def test_a_stream_that_cannot_be_taken_up(body: bytes) -> None:
    world = broken_stream(body, event(3))
    move = world.walk()
    assert isinstance(move, Blocked)
    assert world.sent[-1].method == "POST"


def test_a_stream_is_not_taken_up_for_ever() -> None:
    world = broken_stream(b"id: 1\nretry: 0\ndata:\n\n", b"id: 1\ndata:\n\n")
    for _ in range(200):
        move = world.standing()
        if isinstance(move, Blocked):
            break
        assert isinstance(move, Send)
        world.perform(move)
    assert isinstance(world.standing(), Blocked)


def test_resuming_where_the_server_has_no_such_stream() -> None:
    world = broken_stream(b"id: 1\ndata:\n\n", b"", get_status=405)
    move = world.walk()
    assert isinstance(move, Blocked) and move.word == "405"


def test_an_answer_of_ours_is_no_attempt_of_the_step() -> None:
    world = broken_stream(event(3))
    before = world.facts
    connection = before.connection
    assert connection
    steps: tuple[StepId, ...] = ("challenge", "connect", "tools", "call")
    for step in steps:
        request = reply(before, connection, "x", {"action": "accept"})
        taken = Exchange("r", request, before.at, answer(202, b"", None))
        world.record(Exchanged(before.at, step, taken, "response"))
    assert world.facts == before


def test_a_client_that_declares_listens_for_the_servers_messages() -> None:
    target = Target(MCP, bearer="b", protocol="2025-11-25", declare=("elicitation",))
    for status in (200, 405):
        world = World(target)
        world.routes |= {f"POST {MCP}": legacy, f"GET {MCP}": answer(status, b"", None)}
        assert world.walk() == Done("call", "add")
        assert [request.method for request in world.sent].count("GET") == 1
        opened = json.loads(world.sent[0].body)["params"]["capabilities"]
        assert set(opened) == {"elicitation"}
