"""A walk as rows: what its record says of each step and of each tool call, ready to be printed
or reported. Derived from the session and the moves; nothing here is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from flows.exchange import Exchange
from flows.facts import Json
from flows.mcp.http_sse import with_responses
from flows.mcp.notices import ACKNOWLEDGED, notification
from flows.mcp.opening import sent as message_of
from flows.mcp.rpc import read_answer
from flows.moves import Ask, Blocked, Done, Move, Remark, Send, Skipped
from flows.session import Answered, Exchanged, Received, Session, StepId, attempts, value
from flows.steps import STEPS, Step
from flows.steps.call import LISTEN, asked_for

State = Literal["ok", "warn", "error", "blocked", "skipped", "waiting", "ready", "pending"]
Moves = Mapping[StepId, Move]

NOT_ASKED_FOR = "not asked for"


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with what became of it. `exchanges` are those of every attempt, `current` those the
    facts rest on; `attempt` counts from 1 and is 0 when nothing happened."""

    number: int
    step: Step
    state: State
    word: str
    remarks: tuple[Remark, ...] = ()
    exchanges: tuple[Exchanged, ...] = ()
    current: tuple[Exchanged, ...] = ()
    attempt: int = 0

    @property
    def settled(self) -> bool:
        return self.state not in ("waiting", "ready", "pending")


@dataclass(frozen=True, slots=True)
class Called:
    """One act of the call step as it was asked for; `name` is that of a tool or prompt, or a URI.

    `error` is {code, message} of JSON-RPC, its code None where something else went wrong; with
    neither result nor error nothing has come back. `exchange` is the one that gave either,
    `exchanges` are all there were.
    """

    method: str
    name: str
    arguments: Json
    result: Json | None = None
    error: Json | None = None
    exchange: Exchange | None = None
    exchanges: tuple[Exchange, ...] = ()
    rpc_id: int | None = None

    @property
    def asks_for_input(self) -> bool:
        return self.result is not None and self.result.get("resultType") == "input_required"

    @property
    def failed(self) -> str:
        """Why the call is no success; "" when it is."""
        if self.error is not None:
            return f"{self.name}: {self.error['message']}"
        if self.result is None:
            return f"{self.name} was not called"
        if self.asks_for_input:
            return f"{self.name} asks for input before it answers"
        if self.result is not None and self.result.get("isError") is True:
            says = text_of(self.result)
            return f"{self.name} reports an error{': ' + says if says else ''}"
        return ""


def rows(session: Session, moves: Moves) -> tuple[StepRow, ...]:
    """Every step in its order, reached or not."""
    tries = attempts(session.events)
    reached = list(moves)
    found: list[StepRow] = []
    for number, step in enumerate(STEPS, 1):
        move = moves.get(step.id)
        passed = step.id in reached and any(
            isinstance(moves[later], Done | Skipped | Blocked)
            for later in reached[reached.index(step.id) + 1 :]
        )
        state, word = _state(move, passed)
        of_step = tries.get(step.id, ())
        current = of_step[-1].exchanges if of_step and of_step[-1].current else ()
        everything = tuple(entry for attempt in of_step for entry in attempt.exchanges)
        remarks = move.remarks if isinstance(move, Done | Blocked) else ()
        found.append(StepRow(number, step, state, word, remarks, everything, current, len(of_step)))
    return tuple(found)


def _state(move: Move | None, passed: bool) -> tuple[State, str]:
    match move:
        case None:
            return "pending", ""
        case Done(word=word, level=level):
            return ("ok" if level == "info" else level), word
        case Blocked(word=word):
            return "blocked", word
        case Skipped(reason=reason):
            return "skipped", reason
        case Ask():
            return "waiting", "waits for you"
        case Send(optional=True) if passed:
            return "skipped", NOT_ASKED_FOR
        case _:
            return "ready", ""


def calls(session: Session) -> tuple[Called, ...]:
    """Every act of the call step in the record, in order."""
    found: list[Called] = []
    for event in with_responses(session.events):
        if event.step != "call":
            continue
        match event:
            case Answered(values=values) if value(values, "inputResponses") is None:
                call = asked_for(values)
                found.append(Called(call.method, call.name, call.arguments))
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
    return tuple(found)


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


def text_of(result: Json) -> str:
    """What a tool result says: its text blocks, else its structured content, else itself."""
    content = result.get("content")
    texts = [
        block["text"]
        for block in (content if isinstance(content, list) else ())
        if isinstance(block, dict) and isinstance(block.get("text"), str)
    ]
    if texts:
        return "\n".join(texts)
    structured = result.get("structuredContent")
    rest = structured if structured is not None else content if content else dict(result)
    return json.dumps(rest, ensure_ascii=False)
