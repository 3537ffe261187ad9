"""A walk as rows: what its record says of each step and of each tool call, ready to be printed
or reported. Derived from the session and the moves; nothing here is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from flows.exchange import Exchange
from flows.facts import Json
from flows.mcp.content import words
from flows.mcp.http_sse import with_responses
from flows.mcp.notices import ACKNOWLEDGED, notification
from flows.mcp.opening import sent as message_of
from flows.mcp.rpc import read_answer
from flows.moves import Ask, Blocked, Done, Move, Send, Skipped
from flows.session import Answered, Exchanged, Received, value
from flows.steps import STEPS, Step
from flows.steps.call import LISTEN, about, asked_for
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Called:
    """One act of the call step as it was asked for; `name` is that of a tool or prompt, or a URI,
    or in a word what another method is about.

    `error` is {code, message} of JSON-RPC, its code None where something else went wrong; with
    neither result nor error nothing has come back. `exchange` is the one that gave either,
    `exchanges` are all there were, `findings` those on them that speak.
    """

    method: str
    name: str
    arguments: Json
    result: Json | None = None
    error: Json | None = None
    exchange: Exchange | None = None
    exchanges: tuple[Exchange, ...] = ()
    rpc_id: int | None = None
    findings: Findings = ()

    @property
    def asks_for_input(self) -> bool:
        return self.result is not None and self.result.get("resultType") == "input_required"

    @property
    def failed(self) -> str:
        """Why the call is no success; "" when it is."""
        name = self.name or self.method
        if self.error is not None:
            return f"{name}: {self.error['message']}"
        if self.result is None:
            return f"{name} was not called"
        if self.asks_for_input:
            return f"{name} asks for input before it answers"
        if self.result is not None and self.result.get("isError") is True:
            says = words(self.result)
            return f"{name} reports an error{': ' + says if says else ''}"
        return ""


def rows(walk: Walk) -> tuple[StepRow, ...]:
    """Every step in its order, reached or not."""
    tries = walk.attempts
    moves, findings = walk.moves, walk.findings
    reached = list(moves)
    found: list[StepRow] = []
    for number, step in enumerate(STEPS, 1):
        passed = step.id in reached and any(
            isinstance(moves[later], Done | Skipped | Blocked)
            for later in reached[reached.index(step.id) + 1 :]
        )
        own = tuple(one for one in findings if one.step == step.id and one.speaks)
        state, word = _state(moves.get(step.id), own, passed)
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
    found: list[Called] = []
    for event in with_responses(walk.session.events):
        if event.step != "call":
            continue
        match event:
            case Answered(values=values) if value(values, "inputResponses") is None:
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
    called = replace(called, exchanges=(*called.exchanges, exchange))
    method, _, rpc_id = message_of(exchange.request)
    if exchange.request.method == "GET":  # the stream taken up again
        rpc_id = called.rpc_id
    elif method != called.method or (method == LISTEN and called.result):
        return called
    answer = read_answer(exchange, rpc_id)
    error: dict[str, Any] | None = None
    if answer.error is not None:
        message = answer.error.get("message")
        error = {"code": answer.code, "message": message if isinstance(message, str) else ""}
        error["message"] = error["message"] or answer.message
    elif answer.result is None:
        error = {"code": None, "message": answer.message}
    return replace(called, result=answer.result, error=error, exchange=exchange, rpc_id=rpc_id)
