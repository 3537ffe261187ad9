from __future__ import annotations

import json
from typing import Any

import pytest

from flows.mcp.schema import MAX_DEPTH, fields

MAIL = {
    "title": "By mail",
    "type": "object",
    "properties": {"email": {"type": "string"}, "cc": {"type": "string"}},
    "required": ["email"],
}


def starts(schema: Any, **around: Any) -> list[tuple[str, Any]]:
    """Labels and values of what the only field of an object can start from."""
    (spec,) = fields({"type": "object", "properties": {"x": schema}, **around})
    return [(option.label, json.loads(option.json)) for option in spec.starts]


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_each_alternative_is_one(keyword: str) -> None:
    schema = {keyword: [MAIL, {"$ref": "#/$defs/n"}, {"type": "string", "examples": ["now"]}]}
    assert starts(schema, **{"$defs": {"n": {"type": "integer", "minimum": 3}}}) == [
        ("By mail (email)", {"email": ""}),
        ("a JSON number", 3),
        ("a JSON string", "now"),
    ]


def test_what_stands_beside_the_alternatives_is_in_each() -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "oneOf": [MAIL, {"properties": {"phone": {"default": "0"}}}],
    }
    spec = fields({"type": "object", "properties": {"list": {"type": "array", "items": schema}}})[0]
    assert json.loads(spec.starts[0].json) == [{"kind": "a"}]
    assert [value for _, value in starts({"oneOf": schema["oneOf"]})] == [
        {"email": ""},
        {"phone": "0"},
    ]


def test_an_array_of_objects_starts_with_one_entry() -> None:
    schema = {"type": "array", "items": {"$ref": "#/$defs/mail"}}
    assert starts(schema, **{"$defs": {"mail": MAIL}}) == [("one entry", [{"email": ""}])]
    assert starts({"type": "array"}) == []


def test_what_is_too_deep_for_a_form_can_be_started() -> None:
    schema: dict[str, Any] = {"type": "boolean"}
    for _ in range(50):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    *groups, last = fields(schema)
    assert len(groups) == len(last.path) - 1 == MAX_DEPTH
    assert list(json.loads(last.starts[0].json)) == ["a"]


def test_a_schema_that_contains_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}, "v": {"const": 1}}}
    ((_, value),) = starts(
        {"type": "array", "items": {"$ref": "#/$defs/n"}}, **{"$defs": {"n": node}}
    )
    assert value == [{"next": None, "v": 1}]


def test_a_hostile_schema_has_few_of_them() -> None:
    wide = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(300)}}
    many = {f"f{n}": {"oneOf": [{"$ref": "#/$defs/w"}] * 20} for n in range(99)}
    specs = fields({"type": "object", "properties": many, "$defs": {"w": wide}})
    assert specs[0].starts and not specs[-1].starts
    assert sum(len(option.json) for spec in specs for option in spec.starts) < 1_000_000
