"""tools/call: the person chooses a tool and its arguments (MCP Tools)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.documents import read_json
from flows.facts import Facts, ToolCall, fail
from flows.mcp.opening import sent
from flows.mcp.rpc import read_answer, request
from flows.moves import Ask, Blocked, Done, Field, Move, Remark, Send, Skipped
from flows.session import Answered, Event, Exchanged, value
from flows.steps.connect import refusal

STEP: Final = "call"


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if not facts.tool_list.tools:
        return Skipped(STEP, "no tools to call")
    call = facts.call
    if call is None:
        fields = (Field("name", "tool"), Field("arguments", "arguments, a JSON object"))
        return Ask(STEP, "tool", "Choose a tool and its arguments.", fields)
    if failed := facts.failed.get(STEP):
        if failed.exchange.status == 200 and not failed.exchange.error:
            return Blocked(STEP, f"{failed.reason}.", "resource-server", "error")
        return refusal(STEP, failed.exchange, facts)
    if call.result is None:
        params = {"name": call.name, "arguments": dict(call.arguments)}
        message = request(facts, "tools/call", params)
        return Send(STEP, message, f"tools/call {call.name}", rpc_id=facts.rpc_sent + 1)
    if call.result.get("isError") is True:
        words = f"{call.name} reports an error of its own; the protocol is sound."
        return Done(STEP, "tool error", (Remark("warn", words, "resource-server", "MCP Tools"),))
    if call.result.get("resultType") == "input_required":
        words = f"{call.name} asks for input before it answers."
        return Done(STEP, "asks input", (Remark("info", words, None, "MCP Multi Round-Trip"),))
    return Done(STEP, call.name)


def read(event: Event, facts: Facts) -> Facts:
    match event:
        case Answered(values=values):
            arguments, _ = read_json((value(values, "arguments") or "{}").encode())
            name = value(values, "name") or ""
            return replace(
                facts, call=ToolCall(name, arguments if isinstance(arguments, dict) else {})
            )
        case Exchanged(exchange=exchange):
            facts = replace(facts, rpc_sent=facts.rpc_sent + 1)
            answer = read_answer(exchange, sent(exchange.request)[2])
            if facts.call is None or answer.result is None:
                return fail(facts, STEP, exchange, answer.message)
            call = replace(facts.call, exchange_id=exchange.id, result=answer.result)
            return replace(facts, call=call)
        case _:
            return facts
