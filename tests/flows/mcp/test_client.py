"""What the client answers when the server asks and no person is there."""

from typing import Any

import pytest

from flows.mcp.client import Stance, defaults, elicited
from flows.mcp.rpc import RpcError

FORM: dict[str, Any] = {
    "message": "Who?",
    "requestedSchema": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "default": "Ann"},
            "age": {"type": "integer", "default": 0},
            "sure": {"type": "boolean"},
        },
    },
}


def required(*names: str) -> dict[str, Any]:
    return {**FORM, "requestedSchema": {**FORM["requestedSchema"], "required": [*names]}}


def test_accepting_fills_in_the_defaults() -> None:
    assert elicited(FORM, "accept") == {"action": "accept", "content": {"name": "Ann", "age": 0}}
    assert elicited(FORM, {"age": 3, "sure": True})["content"] == {
        "name": "Ann",
        "age": 3,
        "sure": True,
    }


def test_a_form_that_the_defaults_do_not_complete_is_nobodys_choice() -> None:
    assert elicited(required("sure"), "accept") == {"action": "cancel"}
    assert elicited(required("sure"), {"sure": False})["action"] == "accept"


@pytest.mark.parametrize("action", ["decline", "cancel"])
def test_refusing_has_no_content(action: str) -> None:
    assert elicited(FORM, action) == {"action": action}


def test_a_url_is_accepted_without_content() -> None:
    params = {"mode": "url", "url": "https://example.com", "message": "Go there"}
    assert elicited(params, "accept") == {"action": "accept"}


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"properties": {"a": 1}}])
def test_a_schema_that_is_none_has_no_defaults(schema: dict[str, Any]) -> None:
    assert defaults(schema) == {}


def test_only_what_was_declared_is_answered() -> None:
    nothing = Stance()
    for method in ("roots/list", "sampling/createMessage", "elicitation/create", "tools/list"):
        answer = nothing.answer(method, {})
        assert isinstance(answer, RpcError) and answer.code == -32601
    stance = Stance(("roots", "sampling", "elicitation"), "decline")
    assert stance.answer("roots/list", {}) == {"roots": []}
    rejected = stance.answer("sampling/createMessage", {})
    assert isinstance(rejected, RpcError) and rejected.code == -1
    assert stance.answer("elicitation/create", FORM) == {"action": "decline"}


def test_input_responses_have_the_keys_of_the_requests() -> None:
    stance = Stance(("roots", "sampling", "elicitation"), "accept")
    form = {"method": "elicitation/create", "params": FORM}
    found = stance.responses({"a": form, "b": {"method": "roots/list"}})
    assert found == {"a": elicited(FORM, "accept"), "b": {"roots": []}}
    for odd in ({"method": "sampling/createMessage"}, {"method": 1}, "junk"):
        assert stance.responses({"a": form, "b": odd}) is None
