"""What the server offers: tools/list, page by page, and then the lists that somebody asked for
(MCP Tools, Resources, Prompts, Pagination).

Who wants more than the tools records a value `list`: methods of `catalogue.OPTIONAL` with spaces
between. Only what the server declares is asked for; a list that cannot be had stops nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flows.catalogue import KINDS, OPTIONAL, Json, Listing, ToolList, add_page
from flows.facts import Facts, fail
from flows.mcp.caching import cache_remarks
from flows.mcp.opening import is_refusal
from flows.mcp.outcome import resume, take
from flows.mcp.param_headers import Invalid, mirrored
from flows.mcp.rpc import METHOD_NOT_FOUND, Answer, request
from flows.moves import Blocked, Done, Move, Remark, Send, Skipped
from flows.session import Answered, Event, Exchanged, StepId, value
from flows.steps.connect import refusal

STEP: Final = "tools"
MOST_REMARKS = 20


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if failed := facts.failed.get(STEP):
        if failed.exchange.status == 200 and not failed.exchange.error:
            return Blocked(STEP, f"{failed.reason}.", "resource-server", "error")
        return refusal(STEP, failed.exchange, facts)
    if (method := _open(facts)) is None:
        number = len(facts.tool_list.tools)
        return Done(STEP, f"{number} tool{'s' if number != 1 else ''}", _remarks(facts))
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


def _remarks(facts: Facts) -> tuple[Remark, ...]:
    found = list(_of_tools(facts))
    lists: dict[str, Listing] = {"tools/list": facts.tool_list, **facts.listings}
    for method, pages in lists.items():
        kind = KINDS[method]
        if pages.problem:
            words = f"{method}: {pages.problem}."
            found.append(Remark("error", words, "resource-server", _standard(method)))
        if pages.nameless:
            words = f"{pages.nameless} in the list of {method} without a `{kind.key}`: left out."
            found.append(Remark("error", words, "resource-server", _standard(method)))
    if is_modern(facts):
        found += cache_remarks({method: pages.hints for method, pages in lists.items()})
    return tuple(found)


def _standard(method: str) -> str:
    return f"MCP {KINDS[method].capability.capitalize()}, Data Types"


def _of_tools(facts: Facts) -> tuple[Remark, ...]:
    tools, dropped = facts.tool_list.tools, facts.tool_list.dropped
    if not tools and not dropped:
        if not offers(facts, "tools/list"):
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
