"""tools/list, page by page (MCP Tools, Pagination)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flows.documents import text_member
from flows.facts import Facts, Json, fail
from flows.mcp.opening import sent
from flows.mcp.rpc import read_answer, request
from flows.moves import Blocked, Done, Move, Remark, Send, Skipped
from flows.session import Event, Exchanged
from flows.steps.connect import refusal

STEP: Final = "tools"
MAX_PAGES = 100


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
        return Done(STEP, f"{number} tool{'s' if number != 1 else ''}", _remarks(pages.tools))
    params = {"cursor": pages.cursor} if pages.cursor else {}
    label = f"tools/list, page {len(pages.cursors) + 1}" if pages.cursor else "tools/list"
    message = request(facts, "tools/list", params)
    return Send(STEP, message, label, rpc_id=facts.rpc_sent + 1)


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    facts = replace(facts, rpc_sent=facts.rpc_sent + 1)
    answer = read_answer(event.exchange, sent(event.exchange.request)[2])
    if answer.result is None:
        return fail(facts, STEP, event.exchange, answer.message)
    listed = answer.result.get("tools")
    if not isinstance(listed, list):
        return fail(facts, STEP, event.exchange, "the result holds no array `tools`")
    pages = facts.tool_list
    cursor = text_member(answer.result, "nextCursor")
    if cursor and (cursor in pages.cursors or len(pages.cursors) >= MAX_PAGES):
        return fail(facts, STEP, event.exchange, "the pages never end: a cursor came back")
    named = tuple(tool for tool in listed if isinstance(tool, dict) and text_member(tool, "name"))
    return replace(
        facts,
        tool_list=replace(
            pages,
            tools=pages.tools + named,
            cursor=cursor,
            cursors=(*pages.cursors, cursor) if cursor else pages.cursors,
            complete=cursor is None,
        ),
    )


def _remarks(tools: tuple[Json, ...]) -> tuple[Remark, ...]:
    if not tools:
        return (Remark("warn", "The server lists no tools.", "resource-server"),)
    unusable = [str(tool["name"]) for tool in tools if not _takes_object(tool.get("inputSchema"))]
    if not unusable:
        return ()
    words = f"inputSchema of {', '.join(unusable[:5])} is not a schema of type object."
    return (Remark("error", words, "resource-server", "MCP Tools, Tool"),)


def _takes_object(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "object"
