"""The way of a tools/call that became a task: polled, answered, cancelled, its result fetched.

What the person wants of it is recorded as values: `inputResponses`, a JSON object, and `cancel`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flows.exchange import Exchange
from flows.facts import Call, Facts, Json, fail
from flows.mcp.asked import undeclared
from flows.mcp.opening import sent
from flows.mcp.rpc import Answer, request
from flows.mcp.task import Task, task_of
from flows.moves import Blocked, Done, Send
from flows.session import StepId
from flows.steps.tools import is_modern

STEP: Final[StepId] = "call"
MAX_ROUNDS = 20
_TASKS = "MCP Tasks"


def task_parameter(call: Call, facts: Facts) -> Json:
    """`{"task": {}}` where a tools/call is to be a task (2025-11-25 Tasks, Tool-Level
    Negotiation): the tool requires it, or leaves it open and the target wants it."""
    connection = facts.connection
    if connection is None or connection.era != "legacy" or call.method != "tools/call":
        return {}
    declared: Any = connection.capabilities
    for name in ("tasks", "requests", "tools", "call"):
        declared = declared.get(name) if isinstance(declared, dict) else None
    if declared is None:
        return {}
    support = next(
        (task_support(tool) for tool in facts.tool_list.tools if tool["name"] == call.name), ""
    )
    wanted = support == "required" or (support == "optional" and facts.target.task)
    return {"task": {}} if wanted else {}


def task_support(tool: Json) -> str:
    """What a tool says of tasks: required, optional or forbidden; "" where it says nothing."""
    execution = tool.get("execution")
    support = execution.get("taskSupport") if isinstance(execution, dict) else None
    return support if isinstance(support, str) else ""


def begun(exchange: Exchange, result: Json, facts: Facts) -> Facts | None:
    """The facts with the task that the answer to a tools/call tells of; None when it tells of
    none, and is the result itself."""
    call, connection = facts.call, facts.connection
    assert call and connection
    modern = connection.era == "modern"
    if modern:
        if result.get("resultType") != "task" or call.method != "tools/call":
            return None
        document: object = result
    else:
        if not task_parameter(call, facts) or not isinstance(result.get("task"), dict):
            return None
        document = result["task"]
    task = task_of(document)
    if isinstance(task, str):
        return fail(facts, STEP, exchange, task)
    facts = replace(facts, call=replace(call, task=task, retry={}))
    return _told(exchange, document if isinstance(document, dict) else {}, task, facts)


def move_of(call: Call, task: Task, facts: Facts) -> Send | Done | Blocked:
    """What comes next for a task that nobody has to be asked about."""
    if task.cancel == "wanted":
        return _send("tasks/cancel", task, facts)
    if task.responses is not None:
        return _send("tasks/update", task, facts, {"inputResponses": task.responses})
    if task.status == "cancelled":
        if task.cancel:
            return Done(STEP, "cancelled")
        words = f"The server cancelled the task{': ' + task.message if task.message else ''}."
        return Blocked(STEP, words, "resource-server", "cancelled", standard=_TASKS)
    if not is_modern(facts) and task.status != "working":
        return _send("tasks/result", task, facts)
    return _send("tasks/get", task, facts, delay=task.interval)


def answered(call: Call, task: Task, responses: Json) -> Call:
    """The call once the person answered what its task asks for."""
    return replace(call, asked=None, task=replace(task, responses=responses))


def cancelled(call: Call, task: Task) -> Call:
    """The call once the person wants its task to end."""
    return replace(call, asked=None, task=replace(task, cancel="wanted", responses=None))


def read(exchange: Exchange, answer: Answer, facts: Facts) -> Facts:
    """The facts after an exchange about the task of the call."""
    call = facts.call
    assert call and call.task
    task = call.task
    method = sent(exchange.request)[0]
    if not method:  # a stream taken up again
        method = "tasks/get" if task.status == "working" else "tasks/result"
    if answer.result is None:
        return _refused(exchange, method, answer, task, facts)
    match method:
        case "tasks/result":
            return _fetched(exchange, answer.result, facts)
        case "tasks/update":
            keys = task.answered | {*(task.responses or {})}
            return _with(facts, replace(task, status="working", answered=keys, responses=None))
        case "tasks/cancel" if is_modern(facts):
            return _with(facts, replace(task, status="working", cancel="sent"))
        case "tasks/cancel":
            task = replace(task, cancel="sent")
    told = task_of(answer.result, task)
    if isinstance(told, str):
        return fail(facts, STEP, exchange, told)
    return _told(exchange, answer.result, told, _with(facts, told))


def _told(exchange: Exchange, document: Json, task: Task, facts: Facts) -> Facts:
    """The facts after a Task object; since 2026-07-28 it holds what the task asks and gives."""
    call = facts.call
    assert call
    if not is_modern(facts):
        return facts
    match task.status:
        case "completed":
            result = document.get("result")
            if not isinstance(result, dict):
                return fail(facts, STEP, exchange, "a completed task without an object `result`")
            return replace(facts, call=replace(call, exchange_id=exchange.id, result=result))
        case "failed":
            error = document.get("error")
            if not isinstance(error, dict):
                return fail(facts, STEP, exchange, "a failed task without an object `error`")
            return fail(facts, STEP, exchange, Answer(error=error).message)
        case "input_required":
            return _asked(exchange, document.get("inputRequests"), task, facts)
    return facts


def _asked(exchange: Exchange, requests: object, task: Task, facts: Facts) -> Facts:
    call = facts.call
    assert call
    if not isinstance(requests, dict):
        return fail(facts, STEP, exchange, "`inputRequests` of the task is no JSON object")
    fresh = {key: asked for key, asked in requests.items() if key not in task.answered}
    if not fresh or task.cancel:
        return facts  # what was answered may take a while to show
    if call.rounds == MAX_ROUNDS:
        words = f"the task asks for input more than {MAX_ROUNDS} times"
        return fail(facts, STEP, exchange, words)
    strange = call.undeclared + undeclared(exchange.id, fresh, facts)
    call = replace(call, asked=fresh, rounds=call.rounds + 1, undeclared=strange)
    return replace(facts, call=call)


def _fetched(exchange: Exchange, result: Json, facts: Facts) -> Facts:
    call = facts.call
    assert call
    call = replace(call, exchange_id=exchange.id, result=result)
    return replace(facts, call=call)


def _refused(exchange: Exchange, method: str, answer: Answer, task: Task, facts: Facts) -> Facts:
    """The facts after an exchange that gave no result. The task lives on where only the exchange
    ended, or the server would not cancel."""
    call = facts.call
    assert call
    if method == "tasks/cancel" and answer.error is not None:
        return _with(facts, replace(task, status="working", cancel=""))
    if task.cancel == "sent" and answer.error is not None:
        return _with(facts, replace(task, status="cancelled"))  # and forgotten by the server
    kind = exchange.error.kind if exchange.error else ""
    waiting = method == "tasks/result" and task.status == "input_required"
    hung_up = method == "tasks/result" and kind == "timeout"
    closed = waiting and answer.error is None and exchange.status == 200
    if kind == "cancelled" or hung_up or closed:
        return _with(facts, replace(task, status="working"))
    return fail(facts, STEP, exchange, answer.message)


def _with(facts: Facts, task: Task) -> Facts:
    assert facts.call
    return replace(facts, call=replace(facts.call, task=task))


def _send(
    method: str, task: Task, facts: Facts, more: Json | None = None, *, delay: float = 0.0
) -> Send:
    message = request(facts, method, {"taskId": task.id, **(more or {})})
    return Send(STEP, message, method, rpc_id=facts.rpc_sent + 1, delay=delay)
