"""An act on the connection: tools/call, prompts/get or resources/read (MCP Tools, Prompts,
Resources), with the rounds in which the server asks back (MCP Multi Round-Trip Requests).

What the person chose is recorded as values `method` (tools/call when absent), `name` or `uri`, and
`arguments`; what they answer the server as `inputResponses`. The last two are JSON objects. A call
that became a task goes its own way: see `flows.steps.task`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.documents import read_json
from flows.exchange import Exchange, Headers
from flows.facts import Call, Facts, Json, ToolList, fail
from flows.mcp.asked import undeclared
from flows.mcp.outcome import resume, take
from flows.mcp.param_headers import param_headers
from flows.mcp.rpc import HEADER_MISMATCH, URL_ELICITATION_REQUIRED, Answer, is_reply, request
from flows.moves import Ask, Blocked, Done, Field, Move, Remark, Send, Skipped
from flows.session import Answered, Event, Exchanged, Pairs, value
from flows.steps import task
from flows.steps.connect import refusal
from flows.steps.tools import page_move, read_page

STEP: Final = "call"
METHODS = ("tools/call", "prompts/get", "resources/read")
MOST_URLS = 5
"""How often a server may answer that a URL has to be opened first."""
_URL_MODE = "MCP Elicitation, URL Elicitation Required Error"


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    call = facts.call
    if call is None:
        if not facts.tool_list.tools:
            return Skipped(STEP, "no tools to call")
        fields = (Field("name", "tool"), Field("arguments", "arguments, a JSON object"))
        return Ask(STEP, "tool", "Choose a tool and its arguments.", fields)
    if failed := facts.failed.get(STEP):
        if failed.exchange.status == 200 and not failed.exchange.error:
            return Blocked(STEP, f"{failed.reason}.", "resource-server", "error")
        return refusal(STEP, failed.exchange, facts)
    if call.result is not None:
        return _done(call, call.result)
    if call.asked is not None:
        words = f"{call.name} asks for input before it answers."
        field = Field("inputResponses", "answers, a JSON object by key")
        return Ask(STEP, "input", words, (field,), requests=call.asked)
    if resumed := resume(STEP, facts):
        return resumed
    if call.task:
        return task.move_of(call, call.task, facts)
    if call.relisting and not call.relisting.complete:
        return page_move(STEP, facts, call.relisting)
    return _dropped(call, facts) or _declined(call, facts) or _send(call, facts)


def read(event: Event, facts: Facts) -> Facts:
    match event:
        case Answered(values=values) if (text := value(values, "inputResponses")) is not None:
            return _responded(_object(text), facts)
        case Answered(values=values) if value(values, "cancel") is not None:
            call = facts.call
            if call is None or call.task is None or call.result is not None:
                return facts
            return replace(facts, call=task.cancelled(call, call.task))
        case Answered(values=values):
            return replace(facts, call=asked_for(values))
        case Exchanged(exchange=exchange) if not is_reply(exchange.request):
            facts, answer = take(exchange, facts)
            return _read(exchange, answer, facts) if answer else facts
        case _:
            return facts


def asked_for(values: Pairs) -> Call:
    """The call that the person's values describe."""
    name = value(values, "name") or value(values, "uri") or ""
    arguments = _object(value(values, "arguments") or "{}")
    return Call(value(values, "method") or METHODS[0], name, arguments)


def _object(text: str) -> Json:
    found, _ = read_json(text.encode("utf-8", "surrogateescape"))
    return found if isinstance(found, dict) else {}


def _send(call: Call, facts: Facts) -> Send:
    headers: Headers = ()
    for tool in facts.tool_list.tools if call.method == "tools/call" else ():
        if tool["name"] == call.name:
            headers = param_headers(tool.get("inputSchema"), call.arguments)
    label = f"{call.method} {call.name}{', once more' if call.rounds else ''}"
    params = {**call.params, **task.task_parameter(call, facts), **call.retry}
    message = request(facts, call.method, params, headers)
    return Send(STEP, message, label, rpc_id=facts.rpc_sent + 1)


def _dropped(call: Call, facts: Facts) -> Blocked | None:
    """The stop at a tool that a client must leave out of its list."""
    reason = dict(facts.tool_list.dropped).get(call.name)
    if call.method != "tools/call" or reason is None or STEP in facts.overridden:
        return None
    return Blocked(
        STEP,
        f"{call.name} was left out of the list: {reason}.",
        "resource-server",
        "left out",
        "Mend the annotation in the tool's inputSchema.",
        "MCP Streamable HTTP, Custom Headers from Tool Parameters",
        can_override=True,
    )


def _declined(call: Call, facts: Facts) -> Blocked | None:
    """The stop at a call whose server wants a URL opened first, which the person did not want."""
    if not call.declined or STEP in facts.overridden:
        return None
    words = f"{call.name} needs a URL to be opened first, and that was not accepted."
    return Blocked(STEP, words, "person", "declined", standard=_URL_MODE, can_override=True)


def _read(exchange: Exchange, answer: Answer, facts: Facts) -> Facts:
    call = facts.call
    if call is None:
        return fail(facts, STEP, exchange, answer.message)
    if call.task:
        return task.read(exchange, answer, facts)
    if call.relisting and not call.relisting.complete:
        return _relisted(exchange, answer, call.relisting, facts)
    if answer.code == HEADER_MISMATCH and call.method == "tools/call" and not call.relisting:
        return replace(facts, call=replace(call, relisting=ToolList()))
    if requests := _required(answer, call, facts):
        call = replace(call, asked=requests, rounds=call.rounds + 1)
        return replace(facts, call=call)
    result = answer.result
    if result is None:
        return fail(facts, STEP, exchange, answer.message)
    if (begun := task.begun(exchange, result, facts)) is not None:
        return begun
    kind = result.get("resultType", "complete") if _is_modern(facts) else "complete"
    if kind == "input_required":
        return _asked(exchange, result, facts)
    if kind != "complete":
        return fail(facts, STEP, exchange, f"the result has the unknown resultType {kind!r}")
    return replace(facts, call=replace(call, exchange_id=exchange.id, result=result))


def _relisted(exchange: Exchange, answer: Answer, pages: ToolList, facts: Facts) -> Facts:
    """The facts with one more page of the tools listed anew (Client Behavior: the server may
    have changed a tool's annotations since it was listed)."""
    assert facts.call
    found = read_page(answer, pages, facts)
    if isinstance(found, str):
        return fail(facts, STEP, exchange, found)
    facts = replace(facts, call=replace(facts.call, relisting=found))
    return replace(facts, tool_list=found) if found.complete else facts


def _asked(exchange: Exchange, result: Json, facts: Facts) -> Facts:
    """The facts after an `input_required` result."""
    assert facts.call
    requests = result.get("inputRequests", {})
    echo = {"requestState": result["requestState"]} if "requestState" in result else {}
    if not isinstance(requests, dict):
        return fail(facts, STEP, exchange, "`inputRequests` is no JSON object")
    if not requests and not echo:
        words = "an input_required result with neither `inputRequests` nor `requestState`"
        return fail(facts, STEP, exchange, words)
    if facts.call.rounds == task.MAX_ROUNDS:
        return fail(
            facts, STEP, exchange, f"the server asks for input more than {task.MAX_ROUNDS} times"
        )
    call = replace(
        facts.call,
        asked=requests or None,
        retry=echo,
        rounds=facts.call.rounds + 1,
        remarks=facts.call.remarks + undeclared(requests, facts),
    )
    return replace(facts, call=call)


def _required(answer: Answer, call: Call, facts: Facts) -> Json | None:
    """The URLs that must be opened before a server answers, as requests (2025-11-25 Elicitation,
    URL Elicitation Required Error); None when the answer names none or that often."""
    data = answer.error.get("data") if answer.error else None
    listed = data.get("elicitations") if isinstance(data, dict) else None
    if answer.code != URL_ELICITATION_REQUIRED or _is_modern(facts) or call.rounds == MOST_URLS:
        return None
    return {
        str(number): {"method": "elicitation/create", "params": params}
        for number, params in enumerate(listed if isinstance(listed, list) else (), 1)
        if isinstance(params, dict) and params.get("mode") == "url"
    } or None


def _responded(responses: Json, facts: Facts) -> Facts:
    call = facts.call
    if call is None or call.asked is None:
        return facts
    if call.task:
        return replace(facts, call=task.answered(call, call.task, responses))
    if not _is_modern(facts):
        answers = [a.get("action") if isinstance(a, dict) else None for a in responses.values()]
        declined = len(answers) < len(call.asked) or {*answers} != {"accept"}
        return replace(facts, call=replace(call, asked=None, declined=declined))
    retry = {"inputResponses": responses, **call.retry}
    return replace(facts, call=replace(call, asked=None, retry=retry))


def _done(call: Call, result: Json) -> Done:
    if result.get("isError") is not True:
        return Done(STEP, call.name, call.remarks)
    words = f"{call.name} reports an error of its own; the protocol is sound."
    remark = Remark("warn", words, "resource-server", "MCP Tools")
    return Done(STEP, "tool error", (*call.remarks, remark))


def _is_modern(facts: Facts) -> bool:
    return facts.connection is not None and facts.connection.era == "modern"
