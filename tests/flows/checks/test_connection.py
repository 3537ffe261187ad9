import json
from typing import Any

import pytest

from flows.exchange import Request, Response
from flows.moves import Blocked
from flows.session import Target
from tests.flows.checks.judging import judged, only, results
from tests.flows.world import MCP, World, answer, challenge, mcp

DISCOVERED = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "ttlMs": 0,
    "cacheScope": "private",
}
LEGACY = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "old", "version": "1"},
}


def rpc(request: Request, result: Any, *headers: tuple[str, str], status: int = 200) -> Response:
    message = json.loads(request.body)
    body = {"jsonrpc": "2.0", "id": message.get("id"), "result": result}
    return answer(status, body, "application/json", *headers)


def walked(given: Response | None = None, *, method: str = "", result: Any = None) -> World:
    """A walk with a token in hand; `given` answers everything, or `result` one method."""

    def route(request: Request) -> Response:
        if given:
            return given
        if json.loads(request.body)["method"] == method:
            return rpc(request, result)
        return mcp(request)

    world = World(Target(MCP, bearer="t"), routes={f"POST {MCP}": route})
    world.walk()
    return world


def legacy(*headers: tuple[str, str], **members: Any) -> World:
    def route(request: Request) -> Response:
        method = json.loads(request.body)["method"]
        if method == "notifications/initialized":
            return answer(202, b"", None)
        if method == "initialize":
            return rpc(request, {**LEGACY, **members}, *headers)
        return rpc(request, {"tools": []})

    target = Target(MCP, protocol="2025-11-25", bearer="t")
    world = World(target, routes={f"POST {MCP}": route})
    world.walk("call")
    return world


def test_an_opening_that_says_everything_passes_in_both_eras() -> None:
    for world in (walked(), legacy()):
        assert results(world, "MCP-02") == ["pass"]


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (lambda: walked(method="server/discover", result={}), ["capabilities", "supportedV"]),
        (lambda: legacy(serverInfo=None), ["serverInfo of the initialize result is null"]),
        (lambda: legacy(capabilities=[]), ["capabilities of the initialize result is array"]),
        (lambda: legacy(protocolVersion="2099-01-01"), ["no revision of MCP"]),
    ],
)
def test_an_opening_that_lacks_something_is_told(world: Any, said: list[str]) -> None:
    found = judged(world(), "MCP-02")
    assert {one.result for one in found} == {"warn"}
    assert all(any(part in one.says for one in found) for part in said)


def test_a_token_that_opens_the_connection_passes() -> None:
    assert results(walked(), "MCP-04") == ["pass"]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("bearer", [None, "brought"])
def test_a_token_refused_is_told_with_its_words(status: int, bearer: str | None) -> None:
    given = challenge('error="invalid_token", error_description="not mine"', status)
    world = World(Target(MCP, bearer=bearer))
    world.walk("connect")
    world.routes[f"POST {MCP}"] = given
    world.walk()
    found = only(world, "MCP-04")
    party = "person" if bearer else "resource-server"
    assert (found.result, found.party, found.step) == ("fail", party, "connect")
    assert f"{status}: invalid_token: not mine" in found.says


def test_a_page_of_html_comes_from_something_in_between() -> None:
    found = only(walked(answer(200, b"<!doctype html>", "text/html")), "MCP-06")
    assert (found.result, found.party) == ("fail", "network")
    other = only(walked(answer(200, b"hello", "text/plain")), "MCP-06")
    assert (other.result, other.party) == ("fail", "resource-server")
    assert results(walked(), "MCP-06") == ["pass"]


@pytest.mark.parametrize(("value", "result"), [("abc-1", "pass"), ("a b", "fail"), ("é", "fail")])
def test_a_session_id_is_visible_ascii(value: str, result: str) -> None:
    assert results(legacy(("Mcp-Session-Id", value)), "MCP-07") == [result]
    assert results(legacy(), "MCP-07") == ["not-applicable"]


@pytest.mark.parametrize(
    ("parameters", "result"),
    [
        ('error="insufficient_scope", scope="more"', "pass"),
        ('error="insufficient_scope"', "warn"),
        ('error="invalid_token"', "warn"),
    ],
)
def test_a_403_names_the_scope_it_wants(parameters: str, result: str) -> None:
    assert results(walked(challenge(parameters, 403)), "MCP-08")[0] == result


@pytest.mark.parametrize(
    ("value", "result"), [("no-store", "pass"), ("public, max-age=60", "warn"), ("", "pass")]
)
def test_authorized_answers_are_not_for_shared_caches(value: str, result: str) -> None:
    def route(request: Request) -> Response:
        found = mcp(request)
        return answer(200, found.body, "application/json", ("Cache-Control", value))

    world = World(Target(MCP, bearer="t"), routes={f"POST {MCP}": route})
    world.walk("call")
    assert results(world, "MCP-12") == [result]


@pytest.mark.parametrize(
    ("hints", "result", "said"),
    [
        ({}, "pass", ""),
        ({"ttlMs": -1}, "warn", "server/discover: ttlMs is negative."),
        ({"ttlMs": None, "cacheScope": "all"}, "warn", "has no ttlMs and no cacheScope"),
    ],
)
def test_cache_hints_of_2026(hints: dict[str, Any], result: str, said: str) -> None:
    world = walked(method="server/discover", result={**DISCOVERED, **hints})
    found = judged(world, "MCP-13")[0]
    assert found.result == result and said in found.says


def test_an_error_of_the_server_itself_is_told() -> None:
    found = only(walked(answer(500, b"<h1>Oops", "text/html")), "MCP-14")
    assert (found.result, found.party) == ("fail", "resource-server")
    assert results(walked(), "MCP-14") == ["not-applicable"]


@pytest.mark.parametrize(
    ("given", "check"),
    [
        (answer(500, b"Oops", "text/plain"), "MCP-14"),
        (answer(200, b"hello", "text/plain"), "MCP-06"),
        (challenge("realm=x", status=403), "MCP-08"),
        (challenge(), "MCP-04"),
    ],
)
def test_what_fails_at_the_list_is_told_there(given: Response, check: str) -> None:
    def route(request: Request) -> Response:
        return given if json.loads(request.body)["method"] == "tools/list" else mcp(request)

    world = World(Target(MCP, bearer="t"), routes={f"POST {MCP}": route})
    world.walk()
    assert {found.step for found in judged(world, check)} == {"tools"}


@pytest.mark.parametrize(("status", "result"), [(202, "pass"), (200, "warn"), (204, "warn")])
def test_a_notification_is_answered_with_202(status: int, result: str) -> None:
    def route(request: Request) -> Response:
        method = json.loads(request.body)["method"]
        if method == "notifications/initialized":
            return answer(status, b"", None)
        return rpc(request, LEGACY if method == "initialize" else {"tools": []})

    target = Target(MCP, protocol="2025-11-25", bearer="t")
    world = World(target, routes={f"POST {MCP}": route})
    world.walk("call")
    assert results(world, "MCP-27") == [result]
    assert results(world, "MCP-06") == ["pass"], "an empty answer has no type"


def test_a_refused_token_that_was_given_up_blames_nobody() -> None:
    world = World()

    def refusing(request: Request) -> Response:
        return challenge('error="invalid_token"')

    world.routes[f"POST {MCP}"] = refusing
    stop = world.walk()
    assert isinstance(stop, Blocked) and stop.remedy and stop.remedy.label == "authorize again"
    assert only(world, "MCP-04").result == "fail"
    world.remedy(stop.remedy)
    assert only(world, "MCP-04").result == "skipped"
