from __future__ import annotations

import json
from typing import Any

import pytest

from flows.mcp.form import build
from flows.mcp.offer import METHODS, Offer, Unsayable
from flows.mcp.schema import fields
from flows.mcp.validation import validate

TEMPLATE = Offer("template", {"uriTemplate": "db://{table}{?columns*}", "name": "Rows"})
PROMPT = Offer(
    "prompt",
    {
        "name": "review",
        "arguments": [
            {"name": "code", "description": "What to review", "required": True},
            {"name": "style", "required": "yes"},
            {"title": "nameless"},
            "junk",
        ],
    },
)


def typed(offer: Offer, **texts: str) -> Any:
    """The arguments that the form of an offer makes of these texts."""
    specs = fields(offer.schema)
    defaults = {spec.path: spec.default for spec in specs if spec.default}
    arguments, problems = build(specs, {**defaults, **{(n,): t for n, t in texts.items()}})
    assert problems == ()
    return arguments


def test_a_tool_is_called_with_its_own_schema() -> None:
    offer = Offer("tool", {"name": "add", "inputSchema": {"type": "object"}})
    assert offer.schema == {"type": "object"}
    assert offer.values({"a": 1}) == {"name": "add", "arguments": '{"a": 1}'}
    assert offer.ref is None


def test_a_resource_is_read_by_its_uri_or_by_another() -> None:
    offer = Offer("resource", {"uri": "lab://about", "name": "about"})
    assert offer.values(typed(offer)) == {"method": "resources/read", "uri": "lab://about"}
    assert offer.values(typed(offer, uri="lab://x"))["uri"] == "lab://x"
    with pytest.raises(Unsayable):
        offer.values({"uri": 7})


def test_a_template_has_a_field_for_each_variable() -> None:
    assert [(spec.path, spec.kind) for spec in fields(TEMPLATE.schema)] == [
        (("table",), "string"),
        (("columns",), "list"),
    ]
    assert TEMPLATE.uri({}) == "db://"
    assert TEMPLATE.uri({"table": "a b"}) == "db://a%20b"
    arguments = typed(TEMPLATE, table="t", columns="x\ny")
    assert TEMPLATE.values(arguments)["uri"] == "db://t?columns=x&columns=y"
    assert TEMPLATE.ref == {"type": "ref/resource", "uri": "db://{table}{?columns*}"}


def test_what_is_no_template_is_shown_and_cannot_be_read() -> None:
    offer = Offer("template", {"uriTemplate": "db://{"})
    assert fields(offer.schema) == ()
    with pytest.raises(Unsayable, match="no URI template"):
        offer.values({})


def test_the_arguments_of_a_prompt_are_texts_and_may_be_required() -> None:
    specs = fields(PROMPT.schema)
    assert [(spec.path, spec.kind, spec.required) for spec in specs] == [
        (("code",), "string", True),
        (("style",), "string", False),
    ]
    assert specs[0].description == "What to review"
    assert PROMPT.values({"code": "x"}) == {
        "method": "prompts/get",
        "name": "review",
        "arguments": '{"code": "x"}',
    }
    (problem,) = validate(PROMPT.schema, {"code": 7})
    assert problem.path == ("code",)
    assert PROMPT.ref == {"type": "ref/prompt", "name": "review"}


@pytest.mark.parametrize("entry", METHODS, ids=lambda entry: str(entry["name"]))
def test_each_method_has_parameters_to_start_from(entry: dict[str, Any]) -> None:
    offer = Offer("method", entry)
    if entry is METHODS[0]:
        with pytest.raises(Unsayable):
            offer.values({})
        values = offer.values(typed(offer, method="x/y", params='{"a": [1]}'))
        assert (values["method"], json.loads(values["arguments"])) == ("x/y", {"a": [1]})
    else:
        values = offer.values(typed(offer))
        assert values["method"] == entry["name"]
        assert json.loads(values["arguments"]) == entry.get("params", {})
    with pytest.raises(Unsayable):
        offer.values({"method": "x", "params": [1]})


@pytest.mark.parametrize(
    "entry", [{}, {"name": 7, "arguments": 7, "annotations": 7}, {"name": "a", "arguments": None}]
)
def test_any_entry_can_be_shown(entry: dict[str, Any]) -> None:
    for kind in ("tool", "resource", "template", "prompt"):
        offer = Offer(kind, entry)
        assert (offer.key, offer.title, offer.description) is not None
        assert fields(offer.schema) is not None
