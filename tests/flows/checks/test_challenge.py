import json
from typing import Any

import pytest

from flows.checks.kernel import Place
from flows.exchange import Failure, Request, Response
from flows.moves import Blocked
from flows.session import Target
from flows.steps.challenge import CHECK_URL
from tests.flows.checks.judging import only
from tests.flows.world import MCP, RESOURCE, World, answer, challenge, mcp

WELL_KNOWN = "https://mcp.example.com/.well-known/oauth-protected-resource"


def page(status: int) -> Response:
    return answer(status, b"<html>", "text/html", ("WWW-Authenticate", "Bearer"))


def challenged(given: Response) -> World:
    world = World(routes={f"POST {MCP}": given})
    world.perform(world.standing())  # type: ignore[arg-type]
    return world


@pytest.mark.parametrize(
    ("check", "given", "result", "said"),
    [
        ("CHAL-01", challenge(), "pass", ""),
        ("CHAL-01", challenge(status=403), "fail", "403 where 401 belongs"),
        ("CHAL-01", answer(418), "not-applicable", ""),
        (
            "CHAL-01",
            answer(302, b"", None, ("Location", "/in")),
            "fail",
            "a redirect to https://mcp.example.com/in",
        ),
        ("CHAL-01", answer(404), "not-applicable", ""),  # `initialize` is still to be tried
        ("CHAL-02", challenge(), "pass", ""),
        ("CHAL-02", answer(401, b"", None), "fail", "401 with no WWW-Authenticate"),
        (
            "CHAL-02",
            answer(401, b"", None, ("WWW-Authenticate", "Basic realm=x")),
            "fail",
            "WWW-Authenticate offers Basic",
        ),
        ("CHAL-03", challenge(), "pass", ""),
        ("CHAL-03", challenge("realm=x"), "info", "names no resource_metadata"),
        ("CHAL-03", challenge('resource_metadata="/here"'), "fail", "it needs http"),
        ("CHAL-04", challenge(f'resource_metadata="{WELL_KNOWN}/mcp"'), "pass", ""),
        ("CHAL-04", challenge(f'resource_metadata="{WELL_KNOWN}"'), "info", "clients that look"),
        ("CHAL-04", challenge('resource_metadata="https://x.example"'), "info", "another origin"),
        ("CHAL-05", challenge(), "pass", ""),
        ("CHAL-05", challenge("resource_metadata=https://x.example/y"), "warn", "quotation marks"),
        ("CHAL-05", challenge('realm="x" resource_metadata="/y"'), "fail", "without a comma"),
        ("CHAL-05", challenge('realm="x", realm="y"'), "warn", "realm comes twice"),
        ("CHAL-05", answer(401), "not-applicable", ""),
        ("CHAL-06", challenge('scope="a b"'), "pass", ""),
        ("CHAL-06", challenge('scope=""'), "warn", "no scope token"),
        ("CHAL-06", challenge('scope="caf\xe9"'), "warn", "no scope token"),
        ("CHAL-06", challenge(), "not-applicable", ""),
        ("CHAL-07", challenge(), "pass", ""),
        ("CHAL-07", challenge('error="invalid_token"'), "warn", "no credentials were sent"),
        ("CHAL-10", challenge(), "pass", ""),
        ("CHAL-10", page(401), "info", "a web page"),
    ],
)
def test_what_the_challenge_says(check: str, given: Response, result: str, said: str) -> None:
    found = only(challenged(given), check)
    assert (found.result, found.step) == (result, "challenge")
    assert said in found.says
    if result in ("fail", "warn"):
        assert found.party == "resource-server"
        assert found.fix and found.place


def test_the_evidence_is_the_header_field() -> None:
    found = only(challenged(challenge('error="x"')), "CHAL-07")
    assert found.place == Place("x1", "response", "header WWW-Authenticate")


def test_nothing_is_asked_of_a_server_that_got_a_token_at_once() -> None:
    world = World(Target(MCP, bearer="t"))
    world.walk()
    assert only(world, "CHAL-02").result == "not-applicable"


def test_without_a_scope_in_the_challenge_the_metadata_may_tell() -> None:
    world = World()
    world.walk("client")
    assert only(world, "CHAL-06").result == "pass"
    world = World()
    world.routes[f"GET {WELL_KNOWN}/mcp"] = answer(
        200, {name: RESOURCE[name] for name in RESOURCE if name != "scopes_supported"}
    )
    world.walk("client")
    assert "which scope to ask for" in only(world, "CHAL-06").says


def test_a_stop_at_the_challenge_is_what_the_check_says() -> None:
    world = challenged(answer(302, b"", None, ("Location", "/in")))
    move = world.move("challenge")
    assert isinstance(move, Blocked)
    found = only(world, move.check)
    assert (found.result, found.party) == ("fail", move.party)
    world.override("challenge")
    world.walk()
    assert only(world, move.check) == found, "going on makes it no better"


@pytest.mark.parametrize("streams", [False, True])
def test_an_mcp_answer_is_as_good_as_a_challenge(streams: bool) -> None:
    def open_server(request: Request) -> Response:
        response = mcp(Request("POST", MCP, (("Authorization", "x"),), request.body))
        if not streams:
            return response
        return answer(200, b"data: " + response.body + b"\n\n", "text/event-stream")

    world = World(routes={f"POST {MCP}": open_server})
    assert not isinstance(world.walk(), Blocked)
    assert only(world, "CHAL-01").result == "not-applicable"


def test_metadata_of_the_servers_own_network_is_its_own_fault() -> None:
    inside = "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"
    world = World(
        routes={
            f"POST {MCP}": challenge(f'resource_metadata="{inside}"'),
            f"GET {inside}": Failure("refused", "cannot be connected to"),
        }
    )
    stop = world.walk()
    assert isinstance(stop, Blocked)
    assert (stop.step, stop.party) == ("resource-metadata", "resource-server")
    found = only(world, stop.check)
    assert (found.result, found.party) == ("fail", stop.party)
    assert "own network" in found.says


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(404, b"", None), "nothing is at this URL"),
        (answer(405, b"", None), "nothing that takes POST is at this URL"),
        (answer(200, b"<html>Welcome", "text/html"), 'a web page "Welcome" is at this URL'),
    ],
)
def test_a_url_without_an_mcp_endpoint_is_told_for_that(given: Response, said: str) -> None:
    world = World(routes={f"POST {MCP}": given})
    move = world.walk()
    assert isinstance(move, Blocked) and move.check == "CHAL-01"
    found = only(world, "CHAL-01")
    assert said in found.says and said in move.reason
    assert found.fix == move.fix == CHECK_URL
    assert only(world, "MCP-06").result == "not-applicable", "said once"


def test_an_error_of_json_rpc_is_no_wrong_url() -> None:
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "unknown"}}
    world = World(routes={f"POST {MCP}": answer(404, body)})
    world.walk()
    assert only(world, "CHAL-01").fix != CHECK_URL


def test_a_server_that_breaks_on_everything_is_told_as_that() -> None:
    world = World(routes={f"POST {MCP}": answer(500)})
    move = world.walk()
    assert isinstance(move, Blocked) and [r.method for r in world.sent] == ["POST", "POST"]
    assert "500 where 401 or an MCP answer" in only(world, "CHAL-01").says


def test_a_server_that_breaks_on_server_discover_alone_is_gone_on_with() -> None:
    def breaking(request: Request) -> Response:
        if not any(name == "Authorization" for name, _ in request.headers):
            return challenge()
        message = json.loads(request.body)
        if message["method"] == "server/discover":
            return answer(500, b"oops", "text/plain")
        if message["method"] == "notifications/initialized":
            return answer(202, b"", None)
        info = {"name": "old", "version": "1"}
        result: Any = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": info}
        if message["method"] == "tools/list":
            result = {"tools": []}
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    world = World()
    world.routes[f"POST {MCP}"] = breaking
    world.walk("call")
    assert world.facts.connection and world.facts.connection.version == "2025-11-25"
    found = only(world, "MCP-14")
    assert found.result == "warn" and "server/discover" in found.says
