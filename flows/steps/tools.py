"""tools/list, page by page (MCP Tools, Pagination)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flows.documents import text_member
from flows.facts import Facts, Json, ToolList, fail
from flows.mcp.outcome import resume, take
from flows.mcp.param_headers import Invalid, mirrored
from flows.mcp.rpc import METHOD_NOT_FOUND, Answer, request
from flows.moves import Blocked, Done, Move, Remark, Send, Skipped
from flows.session import Event, Exchanged, StepId
from flows.steps.connect import refusal

STEP: Final = "tools"
MAX_PAGES = 100
MOST_REMARKS = 20


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if failed := facts.failed.get(STEP):
        if failed.exchange.status == 200 and not failed.exchange.error:
            return Blocked(STEP, f"{failed.reason}.", "resource-server", "error")
        return refusal(STEP, failed.exchange, facts)
    pages = facts.tool_list
    if pages.complete:
        number = len(pages.tools)
        return Done(STEP, f"{number} tool{'s' if number != 1 else ''}", _remarks(facts))
    return resume(STEP, facts) or page_move(STEP, facts, pages)


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    facts, answer = take(event.exchange, facts)
    if answer is None:
        return facts
    if answer.code == METHOD_NOT_FOUND and not _has_tools(facts):
        return replace(facts, tool_list=ToolList(complete=True))
    pages = read_page(answer, facts.tool_list, facts)
    if isinstance(pages, str):
        return fail(facts, STEP, event.exchange, pages)
    return replace(facts, tool_list=pages)


def page_move(step: StepId, facts: Facts, pages: ToolList) -> Send:
    """The request for the next page."""
    params = {"cursor": pages.cursor} if pages.cursor else {}
    label = f"tools/list, page {len(pages.cursors) + 1}" if pages.cursor else "tools/list"
    return Send(step, request(facts, "tools/list", params), label, rpc_id=facts.rpc_sent + 1)


def read_page(answer: Answer, pages: ToolList, facts: Facts) -> ToolList | str:
    """The pages with one more, or why the list cannot be had."""
    if answer.result is None:
        return answer.message
    listed = answer.result.get("tools")
    if not isinstance(listed, list):
        return "the result holds no array `tools`"
    cursor = text_member(answer.result, "nextCursor")
    if cursor and (cursor in pages.cursors or len(pages.cursors) >= MAX_PAGES):
        return "the pages never end: a cursor came back"
    named = [tool for tool in listed if isinstance(tool, dict) and text_member(tool, "name")]
    modern = facts.connection is not None and facts.connection.era == "modern"
    judged = [(tool, _unusable(tool) if modern else "") for tool in named]
    return replace(
        pages,
        tools=pages.tools + tuple(tool for tool, reason in judged if not reason),
        dropped=pages.dropped + tuple((tool["name"], reason) for tool, reason in judged if reason),
        cursor=cursor,
        cursors=(*pages.cursors, cursor) if cursor else pages.cursors,
        complete=cursor is None,
    )


def _unusable(tool: Json) -> str:
    """Why a client of 2026-07-28 must leave a tool out; "" when it need not."""
    try:
        mirrored(tool.get("inputSchema"))
    except Invalid as invalid:
        return str(invalid)
    return ""


def _has_tools(facts: Facts) -> bool:
    return facts.connection is not None and "tools" in facts.connection.capabilities


def _remarks(facts: Facts) -> tuple[Remark, ...]:
    tools, dropped = facts.tool_list.tools, facts.tool_list.dropped
    if not tools and not dropped:
        if not _has_tools(facts):
            return (Remark("info", "The server declares no tools, and lists none."),)
        return (Remark("warn", "The server lists no tools.", "resource-server"),)
    standard = "MCP Streamable HTTP, Custom Headers from Tool Parameters"
    remarks = [
        Remark("error", f"{name} is left out: {reason}.", "resource-server", standard)
        for name, reason in dropped[:MOST_REMARKS]
    ]
    if more := len(dropped) - len(remarks):
        words = f"{more} more tools are left out for the like."
        remarks.append(Remark("error", words, "resource-server", standard))
    unusable = [str(tool["name"]) for tool in tools if not _takes_object(tool.get("inputSchema"))]
    if unusable:
        words = f"inputSchema of {', '.join(unusable[:5])} is not a schema of type object."
        remarks.append(Remark("error", words, "resource-server", "MCP Tools, Tool"))
    return tuple(remarks)


def _takes_object(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "object"
