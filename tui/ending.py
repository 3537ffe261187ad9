"""How a walk ended: its outcome, the verdict, and the exit code that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.dead_ends import dead_end
from flows.diagnosis import Diagnosis, explain, last_event, last_exchange
from flows.exchange import Exchange
from flows.facts import Facts
from flows.frozen import frozen
from flows.moves import Ask, Blocked, Done, Move, Skipped
from flows.network import failing_party
from flows.session import Party, StepId
from flows.steps import STEP
from flows.walk import Walk
from tui.commands import ACT_FAILED, INTERRUPTED, PERSON, SOUND, STOPPED, UNREACHABLE
from tui.record import Findings, calls
from tui.spelling import hint

Outcome = Literal["completed", "stopped", "needs-person", "unreachable"]
ACTS: tuple[StepId, ...] = ("tools", "call")
_MOST_NAMES = 20


@frozen
class Verdict:
    """What a support engineer can act on; `step` and `party` are None when the walk is sound.

    `alternatives` may be the true cause too, the likeliest first. `host` is set where it is the
    judgement of that host, and no standard's. `stopped` is the step that the walk stopped
    at, where that is another.
    """

    step: StepId | None = None
    party: Party | None = None
    cause: str = ""
    fix: str = ""
    standard: str = ""
    check: str = ""
    evidence: Exchange | None = None
    field: str = ""
    alternatives: Findings = ()
    host: str | None = None
    stopped: StepId | None = None


@frozen
class Ending:
    """`code` is "" when all went well, else a word for scripts."""

    outcome: Outcome
    status: int
    code: str
    verdict: Verdict


def ending_of(walk: Walk) -> Ending:
    """How the walk stands, from its record alone."""
    move = list(walk.moves.values())[-1]
    match move:
        case Blocked() if move.step != "call":
            return stopped(walk, move)
        case Ask(kind="authorization-response"):
            return needs_person(move, "A person must open the authorization URL and approve.")
        case Ask(kind="client"):
            # What is wrong with the metadata may be why there is no registration.
            if walk.diagnosis.cause:
                verdict = _verdict(walk, walk.diagnosis)
                return Ending("needs-person", PERSON, "needs-person", verdict)
            return needs_person(move, move.prompt, "Give --client-id, or --client-metadata-url.")
        case Done() | Skipped() | Blocked() | Ask():
            return _after_acts(walk)
        case _:
            title = STEP[move.step].title
            return Ending("stopped", STOPPED, "unfinished", Verdict(cause=f"Ended before {title}."))


def stopped(walk: Walk, blocked: Blocked) -> Ending:
    """The end at a step that a client keeping the standard would not pass."""
    verdict = _verdict(walk, explain(walk.session, blocked, walk.findings))
    if blocked.step in ACTS:
        return Ending("stopped", ACT_FAILED, "act-failed", verdict)
    if unreachable(walk, blocked):
        exchange = last_exchange(walk.session, blocked.step)
        kind = exchange.error.kind if exchange and exchange.error else "unreachable"
        return Ending("unreachable", UNREACHABLE, kind, verdict)
    return Ending("stopped", STOPPED, "stopped", verdict)


def unreachable(walk: Walk, move: Move | None) -> bool:
    """Whether the walk stopped at `move` because nobody answered. The page of a firewall is an
    answer; an address that a server's metadata named for nothing is a fault of that server."""
    if not isinstance(move, Blocked) or move.party != "network":
        return False
    event = last_event(walk.session, move.step)
    if event is None:
        return True
    exchange = event.exchange
    if exchange.response is not None and exchange.error is None:
        return False
    return dead_end(walk.session, walk.facts, event) is None


def _verdict(walk: Walk, diagnosis: Diagnosis) -> Verdict:
    cause = diagnosis.cause
    if cause is None:
        return Verdict(cause=_summary(walk.facts))
    place = cause.place
    return Verdict(
        cause.step,
        cause.party,
        _sentence(cause.says),
        cause.fix,
        cause.standard,
        cause.check,
        walk.session.exchange(place.exchange) if place else None,
        place.field if place else "",
        diagnosis.alternatives,
        cause.host,
        diagnosis.elsewhere,
    )


def needs_person(move: Move, cause: str, fix: str = "") -> Ending:
    verdict = Verdict(move.step, "person", cause, fix)
    return Ending("needs-person", PERSON, "needs-person", verdict)


def interrupted(move: Move | None) -> Ending:
    where = f" at {STEP[move.step].title}" if move else ""
    verdict = Verdict(move.step if move else None, "person", f"Interrupted{where}.")
    return Ending("stopped", INTERRUPTED, "interrupted", verdict)


def sound(walk: Walk) -> Ending:
    """The end of a walk in which everything asked for was done. What is wrong all the same is
    its verdict; only what the host that is walked as is documented to refuse fails it."""
    diagnosis = walk.diagnosis
    verdict = _verdict(walk, diagnosis)
    if diagnosis.host and diagnosis.host.result == "fail":
        return Ending("completed", STOPPED, "host-refuses", verdict)
    return Ending("completed", SOUND, "", verdict)


def _after_acts(walk: Walk) -> Ending:
    listed = [str(tool["name"]) for tool in walk.facts.tool_list.tools]
    for called in calls(walk):
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
            failing_party(silent, "resource-server")
            if silent
            else "client"
            if unknown
            else "resource-server",
            _sentence(why),
            _of_listed(called.name, listed) if unknown else "",
            "MCP Tools, Error Handling" if called.method == "tools/call" else "",
            evidence=called.exchange,
        )
        code = "unknown-tool" if unknown else "tool-error" if called.result else "act-failed"
        outcome: Outcome = "completed" if called.result else "stopped"
        return Ending(outcome, ACT_FAILED, code, verdict)
    return sound(walk)


def _of_listed(name: str, listed: Sequence[str]) -> str:
    """What to call instead of a tool that the server does not list."""
    if not listed:
        return "The server lists no tools."
    meant = hint(name, listed)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    names = f"{', '.join(listed[:_MOST_NAMES])}{more}"
    return f"Call a tool that is listed{meant and f' ({meant}?)'}: {names}."


def _summary(facts: Facts) -> str:
    connection = facts.connection
    if connection is None:
        return "The authorization server issued an access token."
    name = f"{connection.server_name} {connection.server_version}".strip() or "The server"
    number = len(facts.tool_list.tools)
    return f"{name} speaks {connection.version}: {number} tool{'s' if number != 1 else ''}."


def _sentence(text: str) -> str:
    """Server text may end it anyhow."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
