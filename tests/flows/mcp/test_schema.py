from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.mcp.form import FieldSpec, build
from flows.mcp.schema import MAX_DEPTH, MAX_FIELDS, fields
from tests.hostile import HOSTILE


def one(schema: Any, **around: Any) -> FieldSpec:
    """The only field of an object with a member `x`."""
    (spec,) = fields({"type": "object", "properties": {"x": schema}, **around})
    return spec


@pytest.mark.parametrize(
    ("schema", "kind", "hint"),
    [
        ({"type": "string"}, "string", ""),
        ({"type": "string", "minLength": 1}, "string", "not empty"),
        ({"type": "string", "minLength": 2, "maxLength": 9}, "string", "2 to 9 characters"),
        ({"type": "string", "maxLength": 9}, "string", "up to 9 characters"),
        ({"type": "string", "format": "date"}, "string", "a date, as 2026-11-23"),
        ({"type": "string", "format": "new"}, "string", "new"),
        ({"type": "string", "pattern": "^a"}, "string", "matches ^a"),
        ({"type": "string", "examples": ["x"]}, "string", 'such as "x"'),
        ({"type": "integer"}, "integer", "a whole number"),
        ({"type": "integer", "minimum": 0}, "integer", "a whole number, at least 0"),
        ({"type": "integer", "minimum": 0, "maximum": 9}, "integer", "a whole number, 0 to 9"),
        ({"type": "number", "exclusiveMinimum": 0}, "number", "a number, over 0"),
        ({"type": "number", "multipleOf": 0.5}, "number", "a number, a multiple of 0.5"),
        ({"type": "boolean"}, "boolean", ""),
        ({"enum": ["a", "b"]}, "choice", ""),
        ({"const": 1}, "choice", ""),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, "choice", ""),
        ({"type": "array", "items": {"type": "string"}}, "list", "one a line"),
        (
            {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 3},
            "list",
            "one a line, up to 3 entries, each a whole number, at least 1",
        ),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list", "one a line, each one of a, b"),
        (
            {
                "type": "array",
                "items": {"properties": {"a": {}, "b": {}}, "required": ["a"]},
            },
            "json",
            "a JSON array, objects of a, b?",
        ),
        ({"type": "array"}, "json", "a JSON array"),
        (
            {"type": "array", "prefixItems": [{}], "items": {"type": "string"}},
            "json",
            "a JSON array",
        ),
        ({"type": "object"}, "json", "a JSON object"),
        ({"type": ["string", "integer"]}, "json", "JSON, texts in quotes"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "json", "JSON, texts in quotes"),
        ({}, "json", "JSON, texts in quotes"),
        (True, "json", "JSON"),
    ],
)
def test_a_schema_becomes_a_field(schema: Any, kind: str, hint: str) -> None:
    spec = one(schema)
    assert (spec.kind, spec.hint) == (kind, hint)


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        {"type": ["integer", "null"]},
        {"allOf": [{"type": "integer"}]},
        {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/n"}]},
        {"$ref": "#/$defs/n"},
        {"$ref": "#/$defs/a~1b"},
    ],
)
def test_wrappings_of_one_type_are_opened(schema: Any) -> None:
    definitions = {"n": {"type": "integer"}, "a/b": {"type": "integer"}}
    spec = one(schema | {"description": "how many"}, **{"$defs": definitions})
    assert (spec.kind, spec.description, spec.default) == ("integer", "how many", "")


def test_names_titles_descriptions_and_what_is_required() -> None:
    specs = fields(
        {
            "properties": {"a": {"type": "string", "title": "T", "description": "D"}, "b": True},
            "required": ["a", "c", 7],
        }
    )
    assert [(s.path, s.title, s.description, s.required) for s in specs] == [
        (("a",), "T", "D", True),
        (("b",), "", "", False),
        (("c",), "", "", True),
    ]


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        ({"type": "integer", "default": 5}, "5"),
        ({"type": "string", "default": "x"}, "x"),
        ({"type": "boolean", "default": False}, "false"),
        ({"type": "string", "default": 5}, ""),
        ({"type": "array", "items": {"type": "string"}, "default": ["a", "b"]}, "a\nb"),
        ({"enum": ["a", "b"], "default": "b"}, '"b"'),
        ({"enum": ["a", "b"], "default": "c"}, ""),
        ({"type": "object", "default": {}}, "{}"),
    ],
)
def test_defaults_are_typed_already(schema: Any, default: str) -> None:
    assert one(schema).default == default


def test_a_required_constant_is_filled_in() -> None:
    assert one({"const": "v1"}, required=["x"]).default == '"v1"'
    assert one({"const": "v1"}).default == ""


def test_objects_become_groups_down_to_a_depth() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(50):
        schema = {"type": "object", "properties": {"a": schema}}
    specs = fields(schema)
    assert [spec.kind for spec in specs] == ["group"] * MAX_DEPTH + ["json"]
    assert specs[-1].path == ("a",) * (MAX_DEPTH + 1)


def test_a_schema_that_holds_itself_ends_in_json() -> None:
    node = {"type": "object", "properties": {"value": {"type": "string"}}}
    node["properties"]["next"] = {"$ref": "#/$defs/node"}  # type: ignore[index]
    specs = fields({"$defs": {"node": node}, "properties": {"list": {"$ref": "#/$defs/node"}}})
    assert [(".".join(s.path), s.kind) for s in specs] == [
        ("list", "group"),
        ("list.value", "string"),
        ("list.next", "json"),
    ]


def test_references_that_explode_end_at_the_number_of_fields() -> None:
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for n in range(1, 40):
        part = {"$ref": f"#/$defs/d{n - 1}"}
        members = {str(m): part for m in range(40)}
        definitions[f"d{n}"] = {"type": "object", "properties": members}
    (spec,) = fields({"$defs": definitions, "properties": {"x": {"$ref": "#/$defs/d39"}}})
    assert (spec.path, spec.kind) == ((), "json")
    assert str(MAX_FIELDS) in spec.hint


@pytest.mark.parametrize("count", [MAX_FIELDS, MAX_FIELDS + 1, 5000])
def test_too_many_members_are_asked_for_as_json(count: int) -> None:
    specs = fields({"properties": {str(n): {"type": "string"} for n in range(count)}})
    assert len(specs) == (count if count <= MAX_FIELDS else 1)
    required = fields({"required": [str(n) for n in range(count)]})
    assert len(required) == (count if count <= MAX_FIELDS else 1)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "object", "additionalProperties": False},
        {},
    ],
)
def test_a_tool_without_arguments_has_no_fields(schema: Any) -> None:
    assert fields(schema) == ()


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        "text",
        7,
        True,
        {"type": "string"},
        {"type": ["object", "string"]},
        {"$ref": "#"},
        {"$ref": "https://evil.example/schema.json"},
        {"$ref": 7},
        {"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
        {"additionalProperties": {"type": "string"}},
        {"patternProperties": {"^a": {}}},
    ],
)
def test_what_is_no_object_with_members_is_asked_for_as_json(schema: Any) -> None:
    (spec,) = fields(schema)
    assert (spec.path, spec.kind) == ((), "json")
    assert build((spec,), {(): '{"a": 1}'}) == ({"a": 1}, ())


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_hostile_texts_pass_through_as_data(text: str) -> None:
    schema = {"type": "string", "title": text, "description": text, "default": text}
    (spec,) = fields({"properties": {text: schema}})
    assert spec == FieldSpec((text,), "string", text, text, default=text)


KEYWORDS = st.sampled_from(
    "type properties required enum const items anyOf oneOf allOf $ref $defs default title "
    "description minimum maximum minLength maxItems format pattern examples prefixItems "
    "additionalProperties x".split()
)
WORDS = st.sampled_from(
    ["object", "string", "integer", "array", "null", "#", "#/$defs/x", "#/properties/x", "x"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=5),
    max_leaves=25,
)


@given(ANYTHING)
def test_no_schema_raises_and_every_form_can_be_built(schema: Any) -> None:
    specs = fields(schema)
    assert len(specs) <= MAX_FIELDS
    build(specs, {spec.path: spec.default for spec in specs})
