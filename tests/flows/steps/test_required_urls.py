"""URLs that a server of 2025-11-25 wants opened before it answers."""

import json
from typing import Any

import pytest

from flows.exchange import Request, Response
from flows.moves import Blocked, Done, Send
from flows.session import Target
from tests.flows.steps.test_mcp_steps import asked, legacy
from tests.flows.world import MCP, World, answer

LINK = {"mode": "url", "url": "https://a.example/x", "elicitationId": "e-1", "message": "Open"}


def requiring(*errors: Any) -> World:
    """A world of 2025-11-25 whose tools/call gets these errors' data first, then a result."""
    world, left = World(Target(MCP, bearer="b", declare=("elicitation",))), list(errors)

    def server(request: Request) -> Response:
        message = json.loads(request.body or b"{}")
        if message.get("method") != "tools/call" or not left:
            return legacy(request)
        error = {"code": -32042, "message": "first this", "data": left.pop(0)}
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], "error": error})

    world.routes[f"POST {MCP}"] = server
    world.walk("call")
    world.answer("call", name="add")
    return world


def test_a_url_that_a_server_requires_first_is_asked_about_and_the_call_made_again() -> None:
    world = requiring({"elicitations": [LINK]})
    ask = asked(world)
    assert ask.requests == {"1": {"method": "elicitation/create", "params": LINK}}
    world.answer("call", inputResponses='{"1": {"action": "accept"}}')
    again = world.standing()
    assert isinstance(again, Send) and again.label == "tools/call add, once more"
    assert world.walk() == Done("call", "add")
    sent = json.loads(world.sent[-1].body)["params"]
    sent.pop("_meta")
    assert sent == {"name": "add", "arguments": {}}, "nothing is added to it"


@pytest.mark.parametrize("responses", ["{}", '{"1": {"action": "decline"}}', '{"1": []}'])
def test_a_required_url_that_nobody_accepts_is_a_stop_that_can_be_overridden(
    responses: str,
) -> None:
    world = requiring({"elicitations": [LINK]})
    asked(world)
    world.answer("call", inputResponses=responses)
    move = world.walk()
    assert isinstance(move, Blocked) and (move.party, move.can_override) == ("person", True)
    world.override("call")
    assert world.walk() == Done("call", "add")


@pytest.mark.parametrize(
    "data", [None, {}, {"elicitations": {}}, {"elicitations": [{"mode": "form"}, 1]}]
)
def test_a_requirement_that_names_no_url_is_an_error_like_others(data: Any) -> None:
    move = requiring(data).walk()
    assert isinstance(move, Blocked) and "-32042: first this" in move.reason


def test_a_server_that_requires_the_same_for_ever_is_stopped() -> None:
    world = requiring(*[{"elicitations": [LINK]}] * 9)
    for _ in range(5):
        asked(world)
        world.answer("call", inputResponses='{"1": {"action": "accept"}}')
    move = world.walk()
    assert isinstance(move, Blocked) and "first this" in move.reason
