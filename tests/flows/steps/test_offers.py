"""What a server offers besides tools, and what is done with it: lists, completions, any method,
results held against their schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from flows.catalogue import OPTIONAL
from flows.exchange import Failure, Request, Response
from flows.moves import Ask, Blocked, Done, Send, Validate
from flows.session import Target
from tests.flows.checks.judging import judged
from tests.flows.world import MCP, World, answer, challenge

METHODS = ("tools/list", "resources/list", "resources/templates/list", "prompts/list")
HINTS = {"ttlMs": 1000, "cacheScope": "private"}
ALL: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}, "completions": {}}
OUTPUT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
TOOL = {"name": "add", "inputSchema": {"type": "object"}, "outputSchema": OUTPUT}


def server(
    results: Mapping[str, Any],
    capabilities: Mapping[str, Any] = ALL,
    tool: Mapping[str, Any] = TOOL,
) -> World:
    """A world whose server answers methods with these results; a list of them page by page, a
    number as the code of an error."""
    world, left = World(Target(MCP, bearer="b")), {**results}

    def respond(request: Request) -> Response | Failure:
        message = json.loads(request.body)
        known: dict[str, Any] = {
            "server/discover": {"supportedVersions": ["2026-07-28"], "capabilities": capabilities},
            "tools/list": {"tools": [tool], **HINTS},
            **left,
        }
        result = known.get(message["method"], -32601)
        if isinstance(result, list):
            left[message["method"]] = result[1:] or result[0]
            result = result[0]
        if isinstance(result, Response | Failure):
            return result
        body = {"jsonrpc": "2.0", "id": message["id"]}
        if isinstance(result, int):
            error = {"code": result, "message": "Method not found"}
            return answer(404, {**body, "error": error})
        return answer(200, {**body, "result": result})

    world.routes[f"POST {MCP}"] = respond
    return world


def sent(world: World) -> list[tuple[str, Any]]:
    """Methods, and the parameters that are not `_meta`, after the opening."""
    found = []
    for request in world.sent[1:]:
        message = json.loads(request.body)
        found.append(
            (message["method"], {k: v for k, v in message["params"].items() if k != "_meta"})
        )
    return found


def told(world: World, *checks: str) -> list[tuple[str, str]]:
    """`(result, words)` of what these checks say."""
    found = [one for check in checks for one in judged(world, check)]
    return [(one.result, one.says) for one in found if one.result != "not-applicable"]


def test_lists_are_asked_for_only_when_somebody_wants_them() -> None:
    world = server({})
    assert isinstance(world.walk("call"), Ask)
    assert [method for method, _ in sent(world)] == ["tools/list"]


def test_lists_that_are_wanted_come_page_by_page() -> None:
    world = server(
        {
            "resources/list": [
                {"resources": [{"uri": "a:1"}], "nextCursor": "", **HINTS},
                {"resources": [{"uri": "a:2"}, {}], **HINTS},
            ],
            "resources/templates/list": {"resourceTemplates": [{"uriTemplate": "a:{x}"}], **HINTS},
            "prompts/list": {"prompts": [{"name": "p"}], **HINTS},
        }
    )
    world.answer("tools", list=" ".join(OPTIONAL))
    assert isinstance(world.walk("call"), Ask)
    assert sent(world) == [
        ("tools/list", {}),
        ("resources/list", {}),
        ("resources/list", {"cursor": ""}),
        ("resources/templates/list", {}),
        ("prompts/list", {}),
    ]
    lists = world.facts.listings
    assert [entry["uri"] for entry in lists["resources/list"].items] == ["a:1", "a:2"]
    assert told(world, "MCP-22")[1] == (
        "fail",
        "1 in the list of resources/list without a `uri`: left out.",
    )
    kept = "fresh for 1.00 s, may be kept for this authorization alone (private)"
    assert told(world, "MCP-13")[1:] == [("pass", f"{method}: {kept}") for method in METHODS]


def test_more_may_be_wanted_later_and_all_are_listed_anew() -> None:
    world = server({"prompts/list": {"prompts": [{"name": "p"}], **HINTS}})
    world.walk("call")
    world.answer("tools", list="prompts/list")
    move = world.standing()
    assert isinstance(move, Send) and move.label == "prompts/list"
    assert isinstance(world.walk("call"), Ask)
    assert world.facts.listings["prompts/list"].complete
    world.rerun("tools")
    world.walk("call")
    assert [method for method, _ in sent(world)] == ["tools/list", "prompts/list"] * 2


def test_what_the_server_does_not_declare_is_not_asked_for() -> None:
    world = server({}, {"tools": {}})
    world.answer("tools", list=" ".join(OPTIONAL))
    world.walk("call")
    assert [method for method, _ in sent(world)] == ["tools/list"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (-32601, "prompts/list: JSON-RPC error -32601: Method not found."),
        ({}, "prompts/list: the result holds no array `prompts`."),
        (
            {"prompts": [], "nextCursor": "again"},
            "prompts/list: the pages never end: a cursor came back.",
        ),
    ],
)
def test_a_list_that_cannot_be_had_stops_nothing(result: Any, words: str) -> None:
    world = server({"prompts/list": result})
    world.answer("tools", list="prompts/list")
    assert isinstance(world.walk("call"), Ask)
    assert ("fail", words) in told(world, "MCP-22")


@pytest.mark.parametrize("bad", [challenge('error="invalid_token"'), Failure("refused", "refused")])
def test_a_refused_token_and_a_dead_network_do(bad: Response | Failure) -> None:
    world = server({"prompts/list": bad})
    world.answer("tools", list="prompts/list")
    move = world.walk("call")
    assert isinstance(move, Blocked) and move.step == "tools"


def complete(world: World, **params: Any) -> None:
    world.walk("call")
    world.answer("call", method="completion/complete", arguments=json.dumps(params))
    assert isinstance(world.walk("call"), Send)


def test_a_completion_leaves_the_person_where_they_were() -> None:
    world = server({"completion/complete": {"completion": {"values": ["aud"], "total": 3}}})
    params = {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": ""}}
    complete(world, **params)
    move = world.move("call")
    assert isinstance(move, Send) and move.label == "completion/complete p a"
    world.perform(move)
    assert sent(world)[-1] == ("completion/complete", params)
    assert isinstance(world.move("call"), Ask)
    completion = world.facts.completion
    assert completion and (completion.values, completion.total) == (("aud",), 3)


def test_a_completion_that_fails_does_too() -> None:
    world = server({})
    complete(world)
    move = world.move("call")
    assert isinstance(move, Send)
    world.perform(move)
    assert isinstance(world.move("call"), Ask)
    assert world.facts.completion and "Method not found" in world.facts.completion.problem


def test_any_method_is_sent_as_it_is() -> None:
    world = server({"x/y": {"z": 1}})
    world.walk("call")
    world.answer("call", method="x/y", arguments='{"a": [1]}')
    world.perform(world.move("call"))  # type: ignore[arg-type]
    assert sent(world)[-1] == ("x/y", {"a": [1]})
    assert world.move("call") == Done("call", "x/y")


def called(result: Mapping[str, Any], tool: Mapping[str, Any] = TOOL) -> World:
    world = server({"tools/call": result}, tool=tool)
    world.walk("call")
    world.answer("call", name="add", arguments="{}")
    world.perform(world.move("call"))  # type: ignore[arg-type]
    return world


@pytest.mark.parametrize(
    ("content", "result", "words"),
    [
        ({"n": 1}, "pass", "structuredContent is as the tool's outputSchema says"),
        ({"n": "1"}, "fail", "structuredContent.n: '1' is not of type 'integer'."),
        ({}, "fail", "structuredContent.n: required."),
        (None, "fail", "structuredContent: None is not of type 'object'."),
    ],
)
def test_a_result_is_held_against_the_output_schema(content: Any, result: str, words: str) -> None:
    world = called({"content": [], "structuredContent": content})
    move = world.move("call")
    assert isinstance(move, Validate) and move.schema == OUTPUT
    world.perform(move)
    assert told(world, "MCP-19") == [(result, words)]
    world.rerun("call")
    assert told(world, "MCP-19") == [(result, words)], "what was called before is judged still"


def test_a_schema_elsewhere_is_not_fetched_and_is_no_error() -> None:
    tool = {**TOOL, "outputSchema": {"$ref": "https://elsewhere.example/s.json"}}
    world = called({"content": [], "structuredContent": {}}, tool)
    move = world.move("call")
    assert isinstance(move, Validate)
    world.perform(move)
    ((result, words),) = told(world, "MCP-19")
    assert result == "warn" and "is not fetched" in words


def test_what_has_no_schema_or_failed_is_not_checked() -> None:
    assert told(called({"content": [], "structuredContent": 1}, {"name": "add"}), "MCP-19") == []
    world = called({"content": [], "isError": True})
    assert told(world, "MCP-19") == []
    ((result, words),) = told(world, "MCP-21")
    assert result == "info" and "error of its own" in words


def test_a_result_without_what_its_schema_promises() -> None:
    words = "structuredContent: is missing from the result."
    assert told(called({"content": []}), "MCP-19") == [("fail", words)]


def test_data_that_is_no_base64_is_named() -> None:
    block = {"type": "image", "data": "§", "mimeType": "image/png"}
    world = called({"content": [block]}, {"name": "add"})
    assert told(world, "MCP-18") == [("fail", "The data of image is no Base64.")]


def test_cache_hints_of_what_was_read() -> None:
    world = server({"resources/read": {"contents": []}})
    world.walk("call")
    world.answer("call", method="resources/read", uri="a:1")
    world.perform(world.move("call"))  # type: ignore[arg-type]
    words = "resources/read: the result has no ttlMs and no cacheScope."
    assert ("warn", words) in told(world, "MCP-13")
