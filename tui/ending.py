"""How a walk ended: its outcome, the verdict, and the exit code that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flows.exchange import Exchange
from flows.facts import Facts
from flows.moves import Ask, Blocked, Done, Move, Remark, Skipped, silenced_by
from flows.session import Exchanged, Party, Session, StepId
from flows.steps import STEP
from tui.commands import ACT_FAILED, INTERRUPTED, PERSON, SOUND, STOPPED, UNREACHABLE
from tui.record import Moves, calls

Outcome = Literal["completed", "stopped", "needs-person", "unreachable"]
ACTS: tuple[StepId, ...] = ("tools", "call")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where the walk stopped and who is at fault; `step` and `party` are None when it is sound.

    `alternatives` are earlier remarks that may be the true cause, the nearest first.
    """

    step: StepId | None = None
    party: Party | None = None
    cause: str = ""
    fix: str = ""
    standard: str = ""
    evidence: Exchange | None = None
    alternatives: tuple[tuple[StepId, Remark], ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """`code` is "" when all went well, else a word for scripts."""

    outcome: Outcome
    status: int
    code: str
    verdict: Verdict


def ending_of(session: Session, moves: Moves, facts: Facts) -> Ending:
    """How the walk stands, from its record alone."""
    move = list(moves.values())[-1]
    match move:
        case Blocked() if move.step != "call":
            return stopped(session, moves, move)
        case Ask(kind="authorization-response"):
            return needs_person(move, "A person must open the authorization URL and approve.")
        case Ask(kind="client"):
            return needs_person(move, move.prompt, "Give --client-id, or --client-metadata-url.")
        case Done() | Skipped() | Blocked() | Ask():
            return _after_acts(session, facts)
        case _:
            title = STEP[move.step].title
            return Ending("stopped", STOPPED, "unfinished", Verdict(cause=f"Ended before {title}."))


def stopped(session: Session, moves: Moves, blocked: Blocked) -> Ending:
    """The end at a step that a client keeping the standard would not pass."""
    exchange = last_exchange(session, blocked.step)
    verdict = Verdict(
        blocked.step,
        blocked.party,
        _sentence(blocked.reason),
        blocked.fix,
        blocked.standard,
        exchange,
        _alternatives(moves, blocked),
    )
    if blocked.step in ACTS:
        return Ending("stopped", ACT_FAILED, "act-failed", verdict)
    if blocked.party == "network":
        kind = exchange.error.kind if exchange and exchange.error else "unreachable"
        return Ending("unreachable", UNREACHABLE, kind, verdict)
    return Ending("stopped", STOPPED, "stopped", verdict)


def needs_person(move: Move, cause: str, fix: str = "") -> Ending:
    verdict = Verdict(move.step, "person", cause, fix)
    return Ending("needs-person", PERSON, "needs-person", verdict)


def interrupted(move: Move | None) -> Ending:
    where = f" at {STEP[move.step].title}" if move else ""
    verdict = Verdict(move.step if move else None, "person", f"Interrupted{where}.")
    return Ending("stopped", INTERRUPTED, "interrupted", verdict)


def sound(facts: Facts) -> Ending:
    return Ending("completed", SOUND, "", Verdict(cause=_summary(facts)))


def last_exchange(session: Session, step: StepId) -> Exchange | None:
    found = [event for event in session.events if isinstance(event, Exchanged)]
    return next((event.exchange for event in reversed(found) if event.step == step), None)


def _after_acts(session: Session, facts: Facts) -> Ending:
    listed = {tool.get("name") for tool in facts.tool_list.tools}
    for called in calls(session):
        if not (why := called.failed):
            continue
        if called.asks_for_input:
            fix = "Answer elicitations with --elicit."
            verdict = Verdict("call", "person", f"{why}.", fix, evidence=called.exchange)
            return Ending("needs-person", PERSON, "needs-person", verdict)
        silent = called.exchange if called.exchange and not called.exchange.response else None
        unknown = called.method == "tools/call" and called.name not in listed
        verdict = Verdict(
            "call",
            silenced_by(silent) if silent else "client" if unknown else "resource-server",
            _sentence(why),
            "Call a tool that tools/list names." if unknown else "",
            "MCP Tools, Error Handling" if called.method == "tools/call" else "",
            called.exchange,
        )
        code = "unknown-tool" if unknown else "tool-error" if called.result else "act-failed"
        outcome: Outcome = "completed" if called.result else "stopped"
        return Ending(outcome, ACT_FAILED, code, verdict)
    return sound(facts)


def _summary(facts: Facts) -> str:
    connection = facts.connection
    if connection is None:
        return "The authorization server issued an access token."
    name = f"{connection.server_name} {connection.server_version}".strip() or "The server"
    number = len(facts.tool_list.tools)
    return f"{name} speaks {connection.version}: {number} tool{'s' if number != 1 else ''}."


def _alternatives(moves: Moves, blocked: Blocked) -> tuple[tuple[StepId, Remark], ...]:
    found = [
        (step, remark)
        for step, move in moves.items()
        if isinstance(move, Done | Blocked)
        for remark in move.remarks
        if remark.level in ("warn", "error") and remark.text != blocked.reason
    ]
    return tuple(reversed(found))


def _sentence(text: str) -> str:
    """Server text may end it anyhow."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
