"""MCP: what the server lists, and what came of using it (MCP Tools)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from flows.catalogue import KINDS, Listing
from flows.checks.kernel import Outcomes, Place, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.documents import json_type
from flows.exchange import Exchange
from flows.mcp.opening import sent

MOST = 5
"""Names that a finding tells of many."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")


def _listing(record: Record) -> Place | None:
    """The last page of tools/list."""
    for event in reversed(record.exchanges("tools", "call")):
        if sent(event.exchange.request)[0] == "tools/list" and event.exchange.status == 200:
            return at(event.exchange, "/result/tools")
    return None


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{', '.join(names[:MOST])}{more}"


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool.get("name"))


@check(
    "MCP-03",
    "tools",
    "resource-server",
    "error",
    "each tool's inputSchema is a JSON Schema of an object",
    "MCP Tools, Tool",
    'Give each tool an inputSchema with "type": "object".',
)
def tools_take_objects(record: Record) -> Outcomes:
    tools, place = record.facts.tool_list.tools, _listing(record)
    if not tools or place is None:
        return
    wrong = [_name(tool) for tool in tools if not _takes_object(tool.get("inputSchema"))]
    if wrong:
        found = json_type(tools[0].get("inputSchema"))
        type_ = f", {found}" if found != "object" else ""
        words = f"inputSchema of {_some(wrong)} is not a schema of type object{type_}."
        yield failed(words, place)
    else:
        yield passed(place)


def _takes_object(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "object"


@check(
    "MCP-15",
    "tools",
    "resource-server",
    "warn",
    "a server that declares tools lists some",
    "MCP Tools, Capabilities",
    "Register the tools before the server answers tools/list, or check what this token may see.",
)
def tools_are_there(record: Record) -> Outcomes:
    pages, place = record.facts.tool_list, _listing(record)
    connection = record.facts.connection
    if not pages.complete or connection is None:
        return
    if pages.tools or pages.dropped:
        yield passed(place)
    elif "tools" in connection.capabilities:
        yield failed("The server declares tools, and lists none.", place)
    else:
        yield skipped("the server declares no tools, and lists none")


@check(
    "MCP-16",
    "tools",
    "resource-server",
    "error",
    "no tool has to be left out for its header parameters",
    "MCP Streamable HTTP, Custom Headers from Tool Parameters",
    "Mend the x-mcp-header annotations in the tool's inputSchema.",
)
def header_parameters_are_sound(record: Record) -> Outcomes:
    pages, place = record.facts.tool_list, _listing(record)
    for name, reason in pages.dropped[:MOST]:
        yield failed(f"{name} is left out: {reason}.", place)
    if more := len(pages.dropped) - MOST:
        if more > 0:
            yield failed(f"{more} more tools are left out for the like.", place)
    if pages.complete and pages.tools and not pages.dropped:
        yield passed(place)


@check(
    "MCP-17",
    "tools",
    "resource-server",
    "warn",
    "tool names are unique and of plain characters",
    "MCP Tools, Tool Names",
    "Name tools with A-Z, a-z, 0-9, _, - and . alone, each name once.",
)
def names_are_plain(record: Record) -> Outcomes:
    tools, place = record.facts.tool_list.tools, _listing(record)
    if not tools:
        return
    counted = Counter(map(_name, tools))
    twice = [name for name, times in counted.items() if times > 1]
    odd = [name for name in counted if not _NAME.fullmatch(name)]
    if twice:
        yield failed(f"{_some(twice)} is listed more than once.", place)
    if odd:
        words = f"{_some(odd)}: tool names are of 1 to 128 letters, digits, _, - and dots."
        yield failed(words, place)
    if not twice and not odd:
        yield passed(place)


@check(
    "MCP-22",
    "tools",
    "resource-server",
    "error",
    "each list can be read, and each entry has its name",
    "MCP Tools, Resources and Prompts, Data Types",
    "Answer with the array that the method names; give each entry a name or URI.",
)
def lists_are_readable(record: Record) -> Outcomes:
    facts = record.facts
    lists: dict[str, Listing] = {"tools/list": facts.tool_list, **facts.listings}
    for method, pages in lists.items():
        sent_by = [e for e in record.exchanges("tools", "call") if _lists(e.exchange, method)]
        if not sent_by:
            continue
        place = at(sent_by[-1].exchange, "/result")
        if pages.problem:
            yield failed(f"{method}: {pages.problem}.", place)
        if pages.nameless:
            key = KINDS[method].key
            words = f"{pages.nameless} in the list of {method} without a `{key}`: left out."
            yield failed(words, place)
        if not pages.problem and not pages.nameless:
            yield passed(place)


def _lists(exchange: Exchange, method: str) -> bool:
    return sent(exchange.request)[0] == method
