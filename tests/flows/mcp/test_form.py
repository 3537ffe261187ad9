from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.mcp.form import FieldSpec, Kind, Option, build, fill, json_text
from flows.mcp.schema import fields
from flows.mcp.validation import Path
from flows.text import visible

OPTIONS = (Option('"red"', "red"), Option("7", "7"))


def spec(kind: Kind, name: str = "x", **more: Any) -> FieldSpec:
    return FieldSpec((name,), kind, **more)


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        (spec("string"), "12", "12"),
        (spec("string"), " a\nb ", " a\nb "),
        (spec("integer"), " 12 ", 12),
        (spec("integer"), "-3", -3),
        (spec("integer"), "2.0", 2.0),
        (spec("number"), "1e3", 1000.0),
        (spec("boolean"), "true", True),
        (spec("choice", options=OPTIONS), '"red"', "red"),
        (spec("choice", options=OPTIONS), "7", 7),
        (spec("list"), "a\n\nb\n", ["a", "", "b"]),
        (spec("list"), '["a\\nb"]', ["a\nb"]),
        (spec("list"), "[]", []),
        (spec("list", items="integer"), "1\n\n2", [1, 2]),
        (spec("list", items="boolean"), "true", [True]),
        (spec("json"), '{"a": [1]}', {"a": [1]}),
        (spec("json"), "null", None),
    ],
)
def test_what_is_typed_becomes_a_value(field: FieldSpec, typed: str, value: Any) -> None:
    arguments, problems = build((field,), {("x",): typed})
    assert json_text(arguments) == json_text({"x": value})
    assert problems == ()


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        (spec("integer"), "abc", "not a number"),
        (spec("integer"), "1.5", "not a whole number"),
        (spec("integer"), "٣", "not a number"),
        (spec("integer"), "NaN", "not a number"),
        (spec("integer"), "9" * 10_000, "too many digits"),
        (spec("number"), "1e999", "too large a number"),
        (spec("boolean"), "yes", "neither true nor false"),
        (spec("choice", options=OPTIONS), '"blue"', "none of the values"),
        (spec("list", items="integer"), "1\nx", "line 2: not a number"),
        (spec("json"), "{", "not JSON"),
    ],
)
def test_what_does_not_fit_stands_as_it_was_typed(field: FieldSpec, typed: str, words: str) -> None:
    arguments, (problem,) = build((field,), {("x",): typed})
    assert arguments == {"x": typed}
    assert problem.path == ("x",)
    assert words in problem.text


def test_an_empty_field_is_left_out_unless_it_is_required() -> None:
    specs = (spec("string", "a"), spec("string", "b", required=True), spec("integer", "c"))
    arguments, (problem,) = build(specs, {})
    assert arguments == {"b": ""}
    assert problem.path == ("b",)
    assert "required" in problem.text


def test_an_optional_group_is_there_once_something_in_it_is() -> None:
    specs = (
        FieldSpec(("g",), "group"),
        FieldSpec(("g", "a"), "integer", required=True),
        FieldSpec(("g", "h"), "group", required=True),
        FieldSpec(("g", "h", "b"), "string"),
    )
    assert build(specs, {}) == ({}, ())
    assert build(specs, {("g", "h", "b"): "x"})[0] == {"g": {"h": {"b": "x"}}}
    arguments, problems = build(specs, {("g", "a"): "1"})
    assert (arguments, problems) == ({"g": {"a": 1, "h": {}}}, ())


def test_one_field_can_stand_for_all_arguments() -> None:
    whole = FieldSpec((), "json")
    assert build((whole,), {(): '{"a": 1}'}) == ({"a": 1}, ())
    assert build((whole,), {}) == ({}, ())
    assert build((whole,), {(): "[1]"})[0] == [1]
    assert fill((whole,), {"a": 1}) == {(): '{\n  "a": 1\n}'}


SCHEMA = {
    "properties": {
        "s": {"type": "string"},
        "i": {"type": "integer"},
        "n": {"type": "number"},
        "b": {"type": "boolean"},
        "e": {"enum": ["a", 1, None]},
        "l": {"type": "array", "items": {"type": "string"}},
        "m": {"type": "array", "items": {"type": "integer"}},
        "o": {"type": "object", "properties": {"x": {"type": "string"}, "y": {}}},
    },
    "required": ["s", "b"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from([*SCHEMA["properties"], "other"])


@given(st.dictionaries(NAMES, JSON, max_size=6) | JSON)
def test_filling_gives_back_exactly_the_arguments_or_says_that_it_cannot(arguments: Any) -> None:
    specs = fields(SCHEMA)
    typed = fill(specs, arguments)
    if typed is not None:
        assert json_text(build(specs, typed)[0], sort=True) == json_text(arguments, sort=True)


@pytest.mark.parametrize(
    "arguments",
    [
        {"s": "x", "b": True},
        {"s": "", "b": False, "i": -5, "n": 1.5, "e": None, "l": ["a", "b"], "m": [1]},
        {"s": "[", "b": True, "l": ["[1]", "", "x\ny"]},
        {"s": "x", "b": True, "l": [], "m": [], "o": {"x": "1", "y": {"z": [None]}}},
    ],
)
def test_what_the_schema_describes_can_be_filled_in(arguments: Any) -> None:
    specs = fields(SCHEMA)
    typed = fill(specs, arguments)
    assert typed is not None
    assert build(specs, typed)[0] == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        None,
        {"other": 1, "s": "x", "b": True},
        {"s": 1, "b": True},
        {"b": True},
        {"s": "x", "b": 1},
    ],
)
def test_what_the_form_cannot_say_is_refused(arguments: Any) -> None:
    assert fill(fields(SCHEMA), arguments) is None


@given(st.dictionaries(st.sampled_from([s.path for s in fields(SCHEMA)]), st.text(max_size=20)))
def test_building_never_raises(typed: dict[Path, str]) -> None:
    arguments, _ = build(fields(SCHEMA), typed)
    assert isinstance(arguments, dict)


@given(st.text())
def test_json_text_is_safe_to_show(text: str) -> None:
    shown = json_text([text], indent=2)
    assert shown is not None
    assert visible(shown, lines=True) == shown


def test_json_text_of_what_is_no_json() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert json_text(deep) is None
    assert json_text(float("nan")) is None
    assert json_text({1, 2}) is None
