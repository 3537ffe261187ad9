"""What the server offers: tools/list, page by page, and then the lists that somebody asked for
(MCP Tools, Resources, Prompts, Pagination).

Who wants more than the tools records a value `list`: methods of `catalogue.OPTIONAL` with spaces
between. Only what the server declares is asked for; a list that cannot be had stops nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.catalogue import KINDS, OPTIONAL, Json, Listing, ToolList, add_page
from flows.facts import Facts, fail
from flows.mcp.opening import is_refusal
from flows.mcp.outcome import resume, take
from flows.mcp.param_headers import Invalid, mirrored
from flows.mcp.rpc import METHOD_NOT_FOUND, Answer, request
from flows.moves import Blocked, Done, Move, Send, Skipped
from flows.session import Answered, Event, Exchanged, StepId, value
from flows.steps.connect import refusal

STEP: Final = "tools"


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if failed := facts.failed.get(STEP):
        if failed.exchange.status == 200 and not failed.exchange.error:
            return Blocked(STEP, f"{failed.reason}.", "resource-server", "error")
        return refusal(STEP, failed.exchange, facts)
    if (method := _open(facts)) is None:
        number = len(facts.tool_list.tools)
        return Done(STEP, f"{number} tool{'s' if number != 1 else ''}")
    return resume(STEP, facts) or page_move(STEP, facts, _pages(method, facts), method)


def read(event: Event, facts: Facts) -> Facts:
    match event:
        case Answered(values=values):
            asked = (value(values, "list") or "").split()
            wanted = [method for method in OPTIONAL if method in asked]
            return replace(facts, listings={**facts.listings, **dict.fromkeys(wanted, Listing())})
        case Exchanged(exchange=exchange):
            facts, answer = take(exchange, facts)
            method = _open(facts)
            if answer is None or method is None:
                return facts
            if method == "tools/list":
                if answer.code == METHOD_NOT_FOUND and not offers(facts, method):
                    return replace(facts, tool_list=ToolList(complete=True))
                pages = read_page(answer, facts.tool_list, facts)
                if isinstance(pages, str):
                    return fail(facts, STEP, exchange, pages)
                return replace(facts, tool_list=pages)
            if is_refusal(exchange) or exchange.response is None:
                return fail(facts, STEP, exchange, answer.message)
            return _listed(method, answer, facts)
        case _:
            return facts


def offers(facts: Facts, method: str) -> bool:
    """Whether the server declares what this method lists."""
    connection = facts.connection
    return connection is not None and KINDS[method].capability in connection.capabilities


def _open(facts: Facts) -> str | None:
    """The list to go on with, tools first; None when all are there."""
    if not facts.tool_list.complete:
        return "tools/list"
    wanted = [m for m in OPTIONAL if m in facts.listings and offers(facts, m)]
    left = [method for method in wanted if not facts.listings[method].complete]
    return left[0] if left else None


def _pages(method: str, facts: Facts) -> Listing:
    return facts.tool_list if method == "tools/list" else facts.listings[method]


def page_move(step: StepId, facts: Facts, pages: Listing, method: str = "tools/list") -> Send:
    """The request for the next page."""
    more = pages.cursor is not None
    params = {"cursor": pages.cursor} if more else {}
    label = f"{method}, page {len(pages.cursors) + 1}" if more else method
    return Send(step, request(facts, method, params), label, rpc_id=facts.rpc_sent + 1)


def read_page(answer: Answer, pages: ToolList, facts: Facts) -> ToolList | str:
    """The pages of tools with one more, or why the list cannot be had."""
    if answer.result is None:
        return answer.message
    found = add_page("tools/list", answer.result, pages)
    if isinstance(found, str) or not is_modern(facts):
        return found
    judged = [(tool, _unusable(tool)) for tool in found.items[len(pages.items) :]]
    return replace(
        found,
        items=pages.items + tuple(tool for tool, reason in judged if not reason),
        dropped=pages.dropped + tuple((tool["name"], reason) for tool, reason in judged if reason),
    )


def _listed(method: str, answer: Answer, facts: Facts) -> Facts:
    pages = facts.listings[method]
    result = answer.result
    found = answer.message if result is None else add_page(method, result, pages)
    if isinstance(found, str):
        found = replace(pages, complete=True, problem=found)
    return replace(facts, listings={**facts.listings, method: found})


def is_modern(facts: Facts) -> bool:
    return facts.connection is not None and facts.connection.era == "modern"


def _unusable(tool: Json) -> str:
    """Why a client of 2026-07-28 must leave a tool out; "" when it need not."""
    try:
        mirrored(tool.get("inputSchema"))
    except Invalid as invalid:
        return str(invalid)
    return ""
