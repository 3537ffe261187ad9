"""From findings to a verdict: at which step, whose fault, why, and what to change.

The order in which causes are believed:

    1  what stopped the walk: the check that fails there, a network that answers in the server's
       place, else the stop itself
    2  errors, then warnings, in the order of the walk
    3  what the host that is walked as does with what the standards allow, in the same order

A server that keeps the standards, and which its host is not known to refuse, gets no cause at all:
nothing is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flows.checks import Finding, Place
from flows.exchange import Exchange
from flows.frozen import frozen
from flows.moves import Blocked, Move
from flows.session import Exchanged, Session, StepId
from flows.steps import STEP_ORDER

REFUSED_TOKEN = "MCP-04"
"""The check that a token which was just issued is taken."""
_WEIGHT = {"fail": 0, "warn": 1}


@frozen
class Diagnosis:
    """`cause` is None where the walk is sound. `alternatives` may be the true cause too, the
    likeliest first. `stopped` is the step at which the walk could not go on, which is not always
    that of its cause. `host` is the verdict of the host that is walked as, whatever the standards
    say: the first of its findings."""

    cause: Finding | None = None
    alternatives: tuple[Finding, ...] = ()
    stopped: StepId | None = None

    @property
    def host(self) -> Finding | None:
        found = (self.cause, *self.alternatives)
        return next((one for one in found if one and one.host), None)

    @property
    def elsewhere(self) -> StepId | None:
        """The step that the walk stopped at, where what is wrong is at another."""
        return self.stopped if self.cause and self.cause.step != self.stopped else None

    @property
    def sound(self) -> bool:
        return self.cause is None


def diagnose(
    session: Session, moves: Mapping[StepId, Move], findings: Iterable[Finding]
) -> Diagnosis:
    """The verdict on a walk as its record stands."""
    *_, last = moves.values()
    if isinstance(last, Blocked):
        return explain(session, last, findings)
    wrong = _wrong(findings)
    return Diagnosis(wrong[0] if wrong else None, tuple(wrong[1:]))


def explain(session: Session, blocked: Blocked, findings: Iterable[Finding]) -> Diagnosis:
    """The verdict on a walk that stopped at `blocked`."""
    wrong = _wrong(findings)
    cause = _cause(session, blocked, wrong)
    others = tuple(one for one in wrong if one is not cause)
    return Diagnosis(cause, others, stopped=blocked.step)


def stop(session: Session, blocked: Blocked) -> Finding:
    """What stopped the walk, as a finding that no check makes."""
    exchange = last_exchange(session, blocked.step)
    return Finding(
        "",
        "fail",
        "error",
        blocked.step,
        blocked.party,
        blocked.reason,
        blocked.fix,
        blocked.standard,
        Place(exchange.id) if exchange else None,
    )


def last_exchange(session: Session, step: StepId) -> Exchange | None:
    """The last exchange of a step that was part of the walk."""
    event = last_event(session, step)
    return event.exchange if event else None


def last_event(session: Session, step: StepId) -> Exchanged | None:
    """As `last_exchange`, with how it came about."""
    found = (
        event
        for event in reversed(session.events)
        if isinstance(event, Exchanged) and event.step == step and not event.probe
    )
    return next(found, None)


def _wrong(findings: Iterable[Finding]) -> list[Finding]:
    """What is wrong: the standards' errors and warnings before those of the host, errors before
    warnings, each in the order of the walk."""
    wrong = (one for one in findings if one.result in _WEIGHT)
    return sorted(
        wrong,
        key=lambda one: (one.host is not None, _WEIGHT[one.result], STEP_ORDER[one.step]),
    )


def _cause(session: Session, blocked: Blocked, wrong: Iterable[Finding]) -> Finding:
    """The check that says why the walk stopped, with its evidence; else the stop. What only
    strict servers refuse is a warning, and still the cause where one did."""
    wrong = list(wrong)
    errors = [one for one in wrong if one.result == "fail"]
    if blocked.check == REFUSED_TOKEN:
        # Without a key set that can be used no resource server can take any token.
        if unverifiable := next((one for one in errors if one.step == "keys"), None):
            return unverifiable
    if named := next((one for one in wrong if blocked.check and one.check == blocked.check), None):
        return named
    at_stop = stop(session, blocked)
    place = at_stop.place
    here = [one for one in wrong if one.place and place and one.place.exchange == place.exchange]
    for one in here:
        # A stop that cannot say what to change leaves that to what is wrong with its answer.
        if (one.party == "network" and one.result == "fail") or not blocked.fix:
            return one
    return at_stop
