from typing import Any

import pytest

from tests.flows.checks.judging import judged, only, results
from tests.flows.checks.test_connection import legacy, walked
from tests.flows.world import World

OBJECT = {"type": "object"}


def listing(*tools: dict[str, Any]) -> World:
    return walked(method="tools/list", result={"resultType": "complete", "tools": list(tools)})


def tool(name: str, schema: Any = OBJECT) -> dict[str, Any]:
    return {"name": name, "inputSchema": schema}


def test_a_sound_list_passes() -> None:
    world = listing(tool("add"), tool("x.y-z_1"))
    for check in ("MCP-03", "MCP-15", "MCP-16", "MCP-17"):
        assert results(world, check) == ["pass"], check


@pytest.mark.parametrize("schema", [{"type": "string"}, {}, None, []])
def test_a_schema_that_takes_no_object_is_told_with_its_tool(schema: Any) -> None:
    found = only(listing(tool("add"), tool("bad", schema)), "MCP-03")
    assert found.result == "fail" and "inputSchema of bad " in found.says
    assert found.place and found.place.field == "/result/tools"


def test_a_server_without_tools() -> None:
    assert results(listing(), "MCP-15") == ["warn"]
    assert results(legacy(capabilities={}), "MCP-15") == ["skipped"]


def test_a_tool_that_must_be_left_out_is_told_with_the_reason() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "x-mcp-header": "A"}}}
    world = listing(*(tool(f"t{n}", schema) for n in range(7)))
    found = judged(world, "MCP-16")
    assert [one.result for one in found] == ["fail"] * 6
    assert found[0].says.startswith("t0 is left out: ") and "2 more" in found[-1].says


def test_names() -> None:
    world = listing(tool("a"), tool("a"), tool("two words"), tool("x" * 129))
    twice, odd = judged(world, "MCP-17")
    assert "a is listed more than once" in twice.says
    assert "two words, xxx" in odd.says and twice.result == odd.result == "warn"
