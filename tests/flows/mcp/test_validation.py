from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from flows.mcp import validation
from flows.mcp.validation import MOST_PROBLEMS, Problem, validate

ADD = {
    "type": "object",
    "properties": {"a": {"type": "integer", "maximum": 10}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}


def test_sound_arguments_have_no_problems() -> None:
    assert validate(ADD, {"a": 1, "b": 2}) == ()


def test_problems_name_the_member_they_are_about() -> None:
    assert validate(ADD, {"a": 12}) == (
        Problem(("a",), "12 is greater than the maximum of 10"),
        Problem(("b",), "required"),
    )


def test_a_member_of_an_array_is_named_by_its_place() -> None:
    schema = {"properties": {"xs": {"type": "array", "items": {"type": "string"}}}}
    (problem,) = validate(schema, {"xs": ["a", 1]})
    assert problem.path == ("xs", "1")


def test_the_default_dialect_is_2020_12_and_another_can_be_named() -> None:
    pairs = {"properties": {"xs": {"prefixItems": [{"type": "string"}]}}}
    draft7 = {"$schema": "http://json-schema.org/draft-07/schema#", **pairs}
    assert validate(pairs, {"xs": [1]})
    assert not validate(draft7, {"xs": [1]})  # draft 7 knows no prefixItems


def test_local_references_are_followed() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert validate(schema, {"a": 1}) == ()
    assert validate(schema, {"a": "x"})[0].path == ("a",)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"properties": {"a": {"$ref": "https://evil.example/s.json"}}}, "which is not fetched"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "which is not fetched"),
        ({"properties": {"a": {"$ref": "#/nowhere"}}}, "which is not fetched"),
        ({"type": "no such type"}, "is no valid JSON Schema"),
        ({"$schema": ["a", "list"]}, ""),
        ({"properties": []}, "is no valid JSON Schema"),
        ({"properties": {"a": {"pattern": "(["}}}, ""),
        ({"$ref": "#"}, "without end"),
        (None, ""),
        ([], ""),
        ("text", ""),
        (7, ""),
    ],
)
def test_a_hostile_schema_is_a_problem_of_the_server_and_never_an_error(
    schema: Any, words: str
) -> None:
    (problem,) = validate(schema, {"a": "x"})
    assert problem.path == ()
    assert problem.text.startswith("the tool's inputSchema ")
    assert words in problem.text


def test_deep_nesting_does_not_raise() -> None:
    schema: dict[str, Any] = {"type": "string"}
    value: Any = 1
    for _ in range(5000):
        schema, value = {"properties": {"a": schema}}, {"a": value}
    assert validate(schema, value)


def test_the_number_of_problems_and_their_length_are_bounded() -> None:
    schema = {"additionalProperties": {"type": "string"}}
    problems = validate(schema, {str(n): [n] * 1000 for n in range(1000)})
    assert len(problems) == MOST_PROBLEMS
    assert all(len(problem.text) < 400 for problem in problems)


def test_as_a_program_it_reads_and_writes_json() -> None:
    asked = json.dumps({"schema": ADD, "value": {"a": 1}, "name": "inputSchema"})
    done = subprocess.run(
        [sys.executable, "-P", validation.__file__],
        input=asked,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [[["b"], "required", True]]
