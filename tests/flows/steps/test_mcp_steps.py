"""connect, tools, call: both eras, pages, errors."""

import json
from typing import Any

import pytest

from flows.exchange import Request, Response, header
from flows.moves import Ask, Blocked, Done, Skipped
from flows.session import Target
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
    assert isinstance(move, Done) and move.level == "warn"
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
    assert isinstance(move, Done) and (move.word, move.level) == ("tool error", "warn")


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


def test_a_tool_without_an_object_schema_is_remarked() -> None:
    world = tools_of({"tools": [{"name": "bad", "inputSchema": {"type": "string"}}, *TOOLS]})
    world.walk("call")
    move = world.move("tools")
    assert isinstance(move, Done) and move.level == "error"
    assert "inputSchema of bad " in move.remarks[0].text
