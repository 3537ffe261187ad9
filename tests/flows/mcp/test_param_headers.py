"""x-mcp-header: which tools are refused, and what is mirrored."""

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.mcp.param_headers import Annotation, Invalid, mirrored, param_headers
from flows.mcp.rpc import header_text

STRING = {"type": "string", "x-mcp-header": "Region"}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_annotations_are_found_along_properties() -> None:
    nested = schema(deep={"type": "integer", "x-mcp-header": "Deep"})
    assert mirrored(schema(region=STRING, plain={"type": "string"}, inner=nested)) == (
        Annotation(("region",), "Region"),
        Annotation(("inner", "deep"), "Deep"),
    )


def test_a_property_may_have_the_name_of_the_annotation() -> None:
    assert mirrored(schema(**{"x-mcp-header": {"type": "string"}})) == ()
    data = {"type": "object", "default": {"x-mcp-header": ""}, "enum": [{"x-mcp-header": 1}]}
    assert mirrored(schema(a=data)) == ()


@pytest.mark.parametrize("name", ["", "My Region", "A:B", "Région", "Region\t1", "a\r\nb", 1, None])
def test_a_name_that_is_no_header_name(name: object) -> None:
    with pytest.raises(Invalid, match="the x-mcp-header of region"):
        mirrored(schema(region={"type": "string", "x-mcp-header": name}))


@pytest.mark.parametrize("kind", ["number", "object", "array", "null", ["string", "null"], None])
def test_a_type_that_is_not_mirrored(kind: object) -> None:
    with pytest.raises(Invalid, match="its type is"):
        mirrored(schema(region={"type": kind, "x-mcp-header": "Region"}))


def test_names_are_unique_whatever_their_case() -> None:
    with pytest.raises(Invalid, match="a and b have the same"):
        mirrored(schema(a=STRING, b={"type": "string", "x-mcp-header": "REGION"}))


@pytest.mark.parametrize(
    "part",
    [
        {"items": STRING},
        {"prefixItems": [STRING]},
        {"anyOf": [STRING]},
        {"not": STRING},
        {"if": schema(a=STRING)},
        {"additionalProperties": STRING},
        {"patternProperties": {"^a": STRING}},
        {"$defs": {"a": STRING}},
        {"items": schema(a=STRING)},
    ],
)
def test_an_annotation_off_the_chain_of_properties(part: dict[str, Any]) -> None:
    for where in (part, schema(outer=part)):
        with pytest.raises(Invalid, match="no chain of `properties`"):
            mirrored(where)
    with pytest.raises(Invalid):
        mirrored(STRING)


def test_the_depth_of_a_strangers_schema_is_no_danger() -> None:
    deep: dict[str, Any] = STRING
    for _ in range(5000):
        deep = schema(a=deep)
    (found,) = mirrored(deep)
    assert len(found.path) == 5000


def test_values_become_text() -> None:
    wanted = schema(
        a={"type": "string", "x-mcp-header": "A"},
        b={"type": "integer", "x-mcp-header": "B"},
        c={"type": "boolean", "x-mcp-header": "C"},
        d=schema(e={"type": "string", "x-mcp-header": "E"}),
    )
    arguments = {"a": "", "b": -7, "c": False, "d": {"e": "x"}, "f": 1}
    assert param_headers(wanted, arguments) == (
        ("Mcp-Param-A", ""),
        ("Mcp-Param-B", "-7"),
        ("Mcp-Param-C", "false"),
        ("Mcp-Param-E", "x"),
    )
    assert param_headers(wanted, {"b": 42.0, "c": None, "d": 3}) == (("Mcp-Param-B", "42"),)
    assert param_headers(wanted, {"a": ["x"], "b": 2**60}) == ()
    assert param_headers(schema(a={**STRING, "type": "null"}), {"a": "x"}) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("us-west1", "us-west1"),
        ("us west 1", "us west 1"),
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
    ],
)
def test_the_specifications_examples_of_encoding(value: str, text: str) -> None:
    assert header_text(value) == text


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_carried_and_comes_back(value: str) -> None:
    text = header_text(value)
    assert text == text.strip() and all(" " <= c <= "~" for c in text)
    if text.startswith("=?base64?") and text.endswith("?="):
        assert b64decode(text[9:-2]).decode("utf-8", "surrogatepass") == value
    else:
        assert text == value
