import json

import pytest

from flows.exchange import Failure, Request, Response
from flows.moves import Blocked, Done, Send, Skipped
from flows.session import Target
from tests.flows.world import ISSUER, MCP, World, answer, challenge


def methods(world: World) -> list[str]:
    return [
        json.loads(request.body)["method"] for request in world.requests("/mcp") if request.body
    ]


def test_the_first_request_is_modern_and_carries_no_credentials() -> None:
    move = World().standing()
    assert isinstance(move, Send)
    headers = dict(move.request.headers)
    message = json.loads(move.request.body)
    assert message["method"] == headers["Mcp-Method"] == "server/discover"
    meta = message["params"]["_meta"]
    assert meta["io.modelcontextprotocol/protocolVersion"] == headers["MCP-Protocol-Version"]
    assert "Authorization" not in headers


def test_401_with_a_challenge_is_done_without_remarks() -> None:
    world = World()
    world.walk("resource-metadata")
    assert world.move("challenge") == Done("challenge", "401")


@pytest.mark.parametrize("status", [400, 404, 405, 406])
def test_a_legacy_server_is_asked_to_initialize(status: int) -> None:
    """Streamable HTTP 2026-07-28, Backward Compatibility: any other 4xx means `initialize`."""
    world = World()

    def legacy(request: Request) -> Response:
        method = json.loads(request.body)["method"]
        return challenge() if method == "initialize" else answer(status, b"no", "text/plain")

    world.routes[f"POST {MCP}"] = legacy
    world.walk("resource-metadata")
    assert methods(world) == ["server/discover", "initialize"]


def test_a_modern_error_names_the_version_to_use_next() -> None:
    world = World()

    def only_2025(request: Request) -> Response:
        message = json.loads(request.body)
        if message["method"] == "initialize":
            return challenge()
        data = {"supported": ["2025-06-18"], "requested": "2026-07-28"}
        error = {"code": -32022, "message": "Unsupported protocol version", "data": data}
        return answer(400, {"jsonrpc": "2.0", "id": message["id"], "error": error})

    world.routes[f"POST {MCP}"] = only_2025
    world.walk("resource-metadata")
    assert methods(world) == ["server/discover", "initialize"]
    assert json.loads(world.sent[1].body)["params"]["protocolVersion"] == "2025-06-18"


def test_method_not_found_with_404_is_a_modern_server() -> None:
    world = World()
    error = {"code": -32601, "message": "Method not found"}
    world.routes[f"POST {MCP}"] = answer(404, {"jsonrpc": "2.0", "id": 1, "error": error})
    move = world.walk("resource-metadata")
    assert isinstance(move, Blocked)
    assert methods(world) == ["server/discover"]


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18", "2025-03-26"])
def test_a_pinned_legacy_revision_starts_with_initialize(version: str) -> None:
    world = World(Target(MCP, protocol=version))  # type: ignore[arg-type]
    move = world.standing()
    assert isinstance(move, Send)
    assert json.loads(move.request.body)["params"]["protocolVersion"] == version


def test_an_open_server_needs_no_authorization() -> None:
    world = World()

    def open_server(request: Request) -> Response:
        message = json.loads(request.body)
        result = {"supportedVersions": ["2026-07-28"], "tools": [], "capabilities": {}}
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    world.routes[f"POST {MCP}"] = open_server
    world.walk("tools")
    assert isinstance(world.move("challenge"), Done)
    for step in ("resource-metadata", "client", "pkce", "token"):
        assert world.move(step) == Skipped(step, "no authorization asked for")
    # The server answered once already: opening it again would be a request no client makes.
    assert methods(world) == ["server/discover"]


@pytest.mark.parametrize(
    ("given", "party"),
    [
        (answer(500, b"oops", "text/plain"), "resource-server"),
        (answer(302, b"", None, ("Location", "https://login.example.com/")), "resource-server"),
        (answer(200, b"<html>", "text/html"), "resource-server"),
        (Failure("refused", "connection refused"), "network"),
    ],
)
def test_anything_else_stops_the_walk(given: Response | Failure, party: str) -> None:
    world = World()
    world.routes[f"POST {MCP}"] = given
    move = world.walk("resource-metadata")
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("challenge", party)


def test_the_person_may_go_on_without_a_challenge() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = answer(500, b"", None)
    world.walk("resource-metadata")
    world.override("challenge")
    assert isinstance(world.standing(), Send)
    assert world.standing().step == "resource-metadata"


@pytest.mark.parametrize(
    "target", [Target(ISSUER, kind="authorization-server"), Target(MCP, bearer="t")]
)
def test_other_starts_skip_it(target: Target) -> None:
    assert isinstance(World(target).move("challenge"), Skipped)
