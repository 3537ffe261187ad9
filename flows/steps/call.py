"""An act on the connection: tools/call, prompts/get, resources/read or any other method (MCP
Tools, Prompts, Resources), with the rounds in which the server asks back (MCP Multi Round-Trip
Requests). A completion/complete is an act on the way to another one (MCP Completion).

What the person chose is recorded as values `method` (tools/call when absent), `name` or `uri`, and
`arguments`, which for other methods are the parameters; what they answer the server as
`inputResponses`. The last two are JSON objects. A call that became a task goes its own way: see
`flows.steps.task`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.catalogue import (
    OPTIONAL,
    Completion,
    Json,
    ToolList,
    read_completion,
)
from flows.catalogue import about as about_of
from flows.documents import read_json
from flows.exchange import Exchange, Headers
from flows.facts import Call, Facts, Misfit, fail
from flows.mcp.asked import undeclared
from flows.mcp.notices import ACKNOWLEDGED, notification
from flows.mcp.opening import is_refusal
from flows.mcp.opening import sent as message_of
from flows.mcp.outcome import resume, take
from flows.mcp.param_headers import param_headers
from flows.mcp.rpc import HEADER_MISMATCH, URL_ELICITATION_REQUIRED, Answer, is_aside, request
from flows.moves import Ask, Blocked, Done, Field, Move, Send, Skipped, Validate
from flows.session import Answered, Event, Exchanged, Made, Pairs, Received, value
from flows.sse import ServerSentEvent
from flows.steps import task
from flows.steps.connect import refusal
from flows.steps.tools import is_modern, offers, page_move, read_page

STEP: Final = "call"
COMPLETE = "completion/complete"
LISTEN = "subscriptions/listen"
METHODS = ("tools/call", "prompts/get", "resources/read")
"""What is done with an entry of a list, by its name."""
MOST_URLS = 5
"""How often a server may answer that a URL has to be opened first."""
_URL_MODE = "MCP Elicitation, URL Elicitation Required Error"


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    call = facts.call
    if call is None:
        if not facts.tool_list.tools and not any(offers(facts, method) for method in OPTIONAL):
            return Skipped(STEP, "the server offers nothing to call")
        fields = (Field("name", "tool"), Field("arguments", "arguments, a JSON object"))
        return Ask(STEP, "tool", "Choose a tool and its arguments.", fields)
    if failed := facts.failed.get(STEP):
        if failed.exchange.status == 200 and not failed.exchange.error:
            return Blocked(STEP, f"{failed.reason}.", "resource-server", "error")
        return refusal(STEP, failed.exchange, facts)
    if call.result is not None:
        return _unchecked(call, call.result, facts) or _done(call, call.result)
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
        case Made(values=values) if facts.call and (text := value(values, "problems")) is not None:
            return replace(facts, call=replace(facts.call, problems=_problems(text)))
        case Made(values=values) if id := value(values, "stream"):
            return _listening(id, facts)
        case Received(exchange_id=id, event=sent) if facts.call and facts.call.exchange_id == id:
            return _acknowledged(sent, facts)
        case Exchanged(exchange=exchange) if not is_aside(exchange.request):
            if facts.call is None and message_of(exchange.request)[0] == LISTEN:
                return facts
            facts, answer = take(exchange, facts)
            return _read(exchange, answer, facts) if answer else facts
        case _:
            return facts


def asked_for(values: Pairs) -> Call:
    """The call that the person's values describe."""
    method = value(values, "method") or METHODS[0]
    name = value(values, "name") or value(values, "uri") or ""
    arguments = _object(value(values, "arguments") or "{}")
    return Call(method, name, arguments)


def about(call: Call) -> str:
    """What a call is about, in a word: the tool, the prompt, the URI."""
    return call.name or about_of(call.method, call.arguments)


def _object(text: str) -> Json:
    found, _ = read_json(text.encode("utf-8", "surrogateescape"))
    return found if isinstance(found, dict) else {}


def _send(call: Call, facts: Facts) -> Send:
    headers: Headers = ()
    for tool in facts.tool_list.tools if call.method == "tools/call" else ():
        if tool["name"] == call.name:
            headers = param_headers(tool.get("inputSchema"), call.arguments)
    label = f"{call.method} {about(call)}".rstrip() + (", once more" if call.rounds else "")
    params = {**call.params, **task.task_parameter(call, facts), **call.retry}
    if call.method == "tools/call":
        params["_meta"] = {"progressToken": facts.rpc_sent + 1}
    message = request(facts, call.method, params, headers)
    move = Send(STEP, message, label, rpc_id=facts.rpc_sent + 1)
    if call.method == LISTEN:
        return replace(move, background=True, first=ACKNOWLEDGED)
    return move


def _listening(exchange_id: str, facts: Facts) -> Facts:
    """The facts once the stream of a subscription has begun: its request is under way for long."""
    if facts.call is None or facts.call.method != LISTEN:
        return facts
    rpc_id = facts.rpc_sent + 1
    call = replace(facts.call, exchange_id=exchange_id, rpc_id=rpc_id)
    return replace(facts, call=call, rpc_sent=rpc_id)


def _acknowledged(sent: ServerSentEvent, facts: Facts) -> Facts:
    """The facts after a message of a subscription, of which the first ought to acknowledge it."""
    call, told = facts.call, notification(sent)
    if call is None or call.result is not None or told is None or told[0] != ACKNOWLEDGED:
        return facts
    return replace(facts, call=replace(call, result=told[1]))


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
    if call.method == COMPLETE and not is_refusal(exchange) and exchange.response:
        return _completed(call, answer, facts)
    if result is None:
        return fail(facts, STEP, exchange, answer.message)
    if (begun := task.begun(exchange, result, facts)) is not None:
        return begun
    kind = result.get("resultType", "complete") if is_modern(facts) else "complete"
    if kind == "input_required":
        return _asked(exchange, result, facts)
    if kind != "complete":
        return fail(facts, STEP, exchange, f"the result has the unknown resultType {kind!r}")
    problems = _absent(call, result, facts)
    call = replace(call, exchange_id=exchange.id, result=result, problems=problems)
    return replace(facts, call=call)


def _completed(call: Call, answer: Answer, facts: Facts) -> Facts:
    """The facts after a completion, which leaves the person where they were."""
    if answer.result is None:
        found = Completion(call.arguments, problem=answer.message)
    else:
        found = read_completion(call.arguments, answer.result)
    past = (*facts.past_calls, call)
    return replace(facts, call=None, past_calls=past, completion=found)


def _absent(call: Call, result: Json, facts: Facts) -> tuple[Misfit, ...] | None:
    """That a structured result is not there at all, where the tool's outputSchema promises it."""
    if _output_schema(call, facts) is None or "structuredContent" in result:
        return None
    return None if result.get("isError") is True else (((), "is missing from the result", True),)


def _output_schema(call: Call, facts: Facts) -> Json | None:
    """The outputSchema of the tool that was called, as it was listed."""
    for tool in facts.tool_list.tools if call.method == "tools/call" else ():
        if tool["name"] == call.name:
            schema = tool.get("outputSchema")
            return schema if isinstance(schema, dict) else None
    return None


def _unchecked(call: Call, result: Json, facts: Facts) -> Validate | None:
    """The check of a structured result that is still to be made."""
    schema = _output_schema(call, facts)
    if call.problems is not None or schema is None or "structuredContent" not in result:
        return None
    if result.get("isError") is True:
        return None
    return Validate(STEP, schema, result["structuredContent"], "outputSchema")


def _problems(text: str) -> tuple[Misfit, ...]:
    """The outcome of that check, as it is recorded."""
    found, _ = read_json(text.encode("utf-8", "surrogateescape"))
    return tuple((tuple(path), words, checked) for path, words, checked in found or ())


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
        undeclared=facts.call.undeclared + undeclared(exchange.id, requests, facts),
    )
    return replace(facts, call=call)


def _required(answer: Answer, call: Call, facts: Facts) -> Json | None:
    """The URLs that must be opened before a server answers, as requests (2025-11-25 Elicitation,
    URL Elicitation Required Error); None when the answer names none or that often."""
    data = answer.error.get("data") if answer.error else None
    listed = data.get("elicitations") if isinstance(data, dict) else None
    if answer.code != URL_ELICITATION_REQUIRED or is_modern(facts) or call.rounds == MOST_URLS:
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
    if not is_modern(facts):
        answers = [a.get("action") if isinstance(a, dict) else None for a in responses.values()]
        declined = len(answers) < len(call.asked) or {*answers} != {"accept"}
        return replace(facts, call=replace(call, asked=None, declined=declined))
    retry = {"inputResponses": responses, **call.retry}
    return replace(facts, call=replace(call, asked=None, retry=retry))


def _done(call: Call, result: Json) -> Done:
    return Done(STEP, "tool error" if result.get("isError") is True else call.name or call.method)
