"""A walk as rows: what its record says of each step and of each tool call, ready to be printed
or reported. Derived from the session and the moves; nothing here is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from flows.exchange import Exchange
from flows.facts import Json
from flows.frozen import frozen
from flows.mcp.content import words
from flows.mcp.http_sse import with_responses
from flows.mcp.notices import ACKNOWLEDGED, notification
from flows.mcp.opening import sent as message_of
from flows.mcp.rpc import Answer, read_answer
from flows.moves import Ask, Blocked, Done, Move, Send, Skipped
from flows.session import Answered, Exchanged, Received
from flows.steps import STEPS, Step
from flows.walk import Walk

if TYPE_CHECKING:
    from flows.checks import Finding

State = Literal[
    "ok", "warn", "error", "blocked", "skipped", "optional", "waiting", "ready", "pending"
]
Findings = tuple["Finding", ...]

MARKS: Mapping[State, str] = {
    "ok": "✓",
    "warn": "!",
    "error": "✗",
    "blocked": "✗",
    "skipped": "–",
    "optional": "○",
    "waiting": "›",
    "ready": "›",
    "pending": " ",
}


@frozen
class StepRow:
    """A step with what became of it. `word` is the decisive one, or why it was skipped.
    `findings` are those that speak. `exchanges` are those of every attempt, `current` those of
    the newest; `attempt` counts from 1 and is 0 when nothing happened."""

    number: int
    step: Step
    state: State
    word: str
    findings: Findings = ()
    exchanges: tuple[Exchanged, ...] = ()
    current: tuple[Exchanged, ...] = ()
    attempt: int = 0

    @property
    def settled(self) -> bool:
        """Whether it will not change unless the person wants that."""
        if self.state == "optional":
            return bool(self.word)  # the walk has passed it by
        return self.state not in ("waiting", "ready", "pending")

    @property
    def mark(self) -> str:
        return MARKS[self.state]


@frozen
class Called:
    """One act of the call step as it was asked for; `name` is that of a tool or prompt, or a URI,
    or in a word what another method is about.

    `error` is {code, message} of JSON-RPC, its code None where something else went wrong; with
    neither result nor error nothing has come back. `exchange` is the one that gave either,
    `exchanges` are all there were, `findings` those on them that speak. `task` is the status of
    the task that a tools/call became.
    """

    method: str
    name: str
    arguments: Json
    result: Json | None = None
    error: Json | None = None
    exchange: Exchange | None = None
    exchanges: tuple[Exchange, ...] = ()
    rpc_id: int | None = None
    sent: str = ""
    task: str = ""
    asks_for_input: bool = False
    findings: Findings = ()

    @property
    def failed(self) -> str:
        """Why the call is no success; "" when it is."""
        name = self.name or self.method
        if self.error is not None:
            return f"{name}: {self.error['message']}"
        if self.asks_for_input:
            return f"{name} asks for input before it answers"
        if self.task and self.result is None:
            return f"{name}: its task is {self.task}"
        if self.result is None:
            return f"{name} was not called"
        if self.result is not None and self.result.get("isError") is True:
            says = words(self.result)
            return f"{name} reports an error{': ' + says if says else ''}"
        return ""


def rows(walk: Walk) -> tuple[StepRow, ...]:
    """Every step in its order, reached or not."""
    tries = walk.attempts
    moves, findings = walk.moves, walk.findings
    reached = list(moves)
    recorded = {one.step: one.exchange for one in walk.session.exchanges if one.imported}
    found: list[StepRow] = []
    for number, step in enumerate(STEPS, 1):
        passed = step.id in reached and any(
            isinstance(moves[later], Done | Skipped | Blocked)
            for later in reached[reached.index(step.id) + 1 :]
        )
        own = tuple(one for one in findings if one.step == step.id and one.speaks)
        state, word = _state(moves.get(step.id), own, passed)
        if state == "pending" and step.id in recorded:  # a browser may show the end alone
            state, word = _worst(own), str(recorded[step.id].status or "")
        of_step = tries.get(step.id, ())
        current = of_step[-1].exchanges if of_step and of_step[-1].current else ()
        everything = tuple(entry for attempt in of_step for entry in attempt.exchanges)
        found.append(StepRow(number, step, state, word, own, everything, current, len(of_step)))
    return tuple(found)


def _state(move: Move | None, findings: Findings, passed: bool) -> tuple[State, str]:
    match move:
        case None:
            return "pending", ""
        case Done(word=word):
            return _worst(findings), word
        case Blocked(word=word):
            return "blocked", word
        case Skipped(reason=reason):
            return "skipped", reason
        case Ask():
            return "waiting", "waits for you"
        case Send(optional=True):
            return "optional", "not asked for" if passed else ""
        case _:
            return "ready", ""


def _worst(findings: Findings) -> State:
    results = {finding.result for finding in findings}
    return "error" if "fail" in results else "warn" if "warn" in results else "ok"


def calls(walk: Walk) -> tuple[Called, ...]:
    """Every act of the call step in the record, in order."""
    from flows.steps.call import LISTEN, about, asked_for

    found: list[Called] = []
    for event in with_responses(walk.session.events):
        if event.step != "call":
            continue
        match event:
            case Answered(values=values) if not {"inputResponses", "cancel"} & {*dict(values)}:
                call = asked_for(values)
                found.append(Called(call.method, about(call), call.arguments))
            case Received(event=sent) if told := notification(sent):
                if told[0] == ACKNOWLEDGED and found and found[-1].method == LISTEN:
                    found[-1] = replace(found[-1], result=told[1])
            case Exchanged(exchange=exchange) if found:
                # A subscription ends after the acts that followed it.
                method, number = message_of(exchange.request)[0], len(found) - 1
                if method == LISTEN:
                    listens = [at for at, call in enumerate(found) if call.method == method]
                    number = listens[-1] if listens else number
                found[number] = _answered(found[number], exchange)
    speaking = [one for one in walk.findings if one.step == "call" and one.speaks and one.place]
    return tuple(replace(called, findings=_about(called, speaking)) for called in found)


def _about(called: Called, findings: list[Finding]) -> Findings:
    ids = {exchange.id for exchange in called.exchanges}
    return tuple(one for one in findings if one.place and one.place.exchange in ids)


def _answered(called: Called, exchange: Exchange) -> Called:
    """`called` with one more exchange of its own: a try, or something on the way to one."""
    from flows.steps.call import LISTEN

    called = replace(called, exchanges=(*called.exchanges, exchange))
    method, _, rpc_id = message_of(exchange.request)
    if exchange.request.method == "GET":  # the stream taken up again
        method, rpc_id = called.sent, called.rpc_id
    if method not in (called.method, "tasks/get", "tasks/result", "tasks/cancel"):
        return called
    if method == LISTEN and called.result:
        return called
    answer = read_answer(exchange, rpc_id)
    called = replace(called, exchange=exchange, rpc_id=rpc_id, sent=method)
    if (task := _task_in(method, answer.result)) is not None:
        return _of_task(called, task)
    if method == "tasks/cancel":
        return called
    error: dict[str, Any] | None = None
    if answer.error is not None:
        error = _error(answer)
    elif answer.result is None:
        error = {"code": None, "message": answer.message}
    asks = (answer.result or {}).get("resultType") == "input_required"
    return replace(called, result=answer.result, error=error, asks_for_input=asks)


def _task_in(method: str, result: Json | None) -> Json | None:
    """The Task object that a result holds or is; None where it holds none."""
    if result is None or method == "tasks/result":
        return None
    if method != "tools/call":
        return result if "status" in result else None
    if result.get("resultType") == "task":
        return result
    task = result.get("task")
    return task if "content" not in result and isinstance(task, dict) else None


def _of_task(called: Called, task: Json) -> Called:
    """`called` as its task stands. What a task of 2025-11-25 gave is fetched apart."""
    status, result, error = str(task.get("status")), task.get("result"), task.get("error")
    called = replace(called, task=status, result=None, error=None)
    if status == "input_required" and "inputRequests" in task:
        return replace(called, asks_for_input=True)
    called = replace(called, asks_for_input=False)
    if status == "completed" and isinstance(result, dict):
        return replace(called, result=result)
    if status == "failed" and isinstance(error, dict):
        return replace(called, error=_error(Answer(error=error)))
    return called


def _error(answer: Answer) -> dict[str, Any]:
    """The JSON-RPC error of an answer, with words whatever it holds."""
    assert answer.error is not None
    message = answer.error.get("message")
    words = message if isinstance(message, str) and message else answer.message
    return {"code": answer.code, "message": words}
