from __future__ import annotations

from typing import Any

from flows.mcp.validation import Problem
from flows.schema_check import check


async def test_it_says_what_the_schema_objects_to() -> None:
    schema = {"properties": {"a": {"type": "integer"}}, "required": ["b"]}
    found = await check(schema, {"a": "\ud800"})
    assert {problem.path for problem in found} == {("a",), ("b",)}
    assert await check(schema, {"a": 1, "b": 2}) == ()


async def test_a_pattern_that_never_ends_is_given_up() -> None:
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    (problem,) = await check(schema, {"a": "a" * 60 + "!"}, seconds=1.5)
    assert problem == Problem(
        (), "not checked against the inputSchema: it was given up after 1.5 s", checked=False
    )


async def test_what_is_no_json_is_not_checked() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    (problem,) = await check({}, {"a": deep})
    assert "cannot be written as JSON" in problem.text
