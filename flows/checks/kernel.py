"""What a check is, and what it finds.

A check is a generator over the record. It yields an outcome for each thing it judged:

    passed(place)          what it asserts holds
    failed(says, place)    it does not; the check's severity makes that fail, warn or info
    skipped(reason)        it applies, and something that it needs is not in the record

and nothing at all where it does not apply: that is told too, as `not-applicable`.

    @check("TOK-07", "token", "authorization-server", "error",
           "token_type is there", "RFC 6749 §5.1", 'Add "token_type": "Bearer".')
    def token_type_is_there(record: Record) -> Outcomes: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from flows.exchange import Exchange
from flows.frozen import frozen
from flows.session import Party, StepId

if TYPE_CHECKING:
    from flows.checks.record import Record

Severity = Literal["error", "warn", "info"]
Result = Literal["pass", "fail", "warn", "info", "skipped", "not-applicable"]

_RESULTS: dict[Severity, Result] = {"error": "fail", "warn": "warn", "info": "info"}
_WORST: tuple[Result, ...] = ("fail", "warn", "info", "skipped", "not-applicable", "pass")


@frozen
class Place:
    """Where the evidence stands: an exchange, and what in it to look at.

    `field` is "status", "url", "header NAME", a JSON Pointer into a JSON body (RFC 6901), or
    "form NAME" and "query NAME" for a parameter; "" is the message as a whole. `exchange` is ""
    where the evidence is what a person or the browser gave: the authorization response.
    """

    exchange: str
    part: Literal["request", "response"] = "response"
    field: str = ""


@frozen
class Outcome:
    """One judgement. What is None is as the check has it."""

    result: Literal["pass", "fail", "skipped"]
    says: str = ""
    place: Place | None = None
    severity: Severity | None = None
    party: Party | None = None
    standard: str | None = None
    fix: str | None = None
    step: StepId | None = None


Outcomes = Iterator[Outcome]
Judge = Callable[["Record"], Outcomes]


def passed(place: Place | None = None, says: str = "") -> Outcome:
    return Outcome("pass", says, place)


def failed(
    says: str,
    place: Place | None = None,
    *,
    severity: Severity | None = None,
    party: Party | None = None,
    standard: str | None = None,
    fix: str | None = None,
    step: StepId | None = None,
) -> Outcome:
    """What is wrong, in a sentence, with what was found and what belongs there. `step` is where
    it was met, for the checks that look at every step."""
    return Outcome("fail", says, place, severity, party, standard, fix, step)


def skipped(reason: str) -> Outcome:
    return Outcome("skipped", reason)


@frozen
class Finding:
    """What a check says of one thing. `party` is at fault; None where nobody is. `host` is the one
    whose judgement this is; None where it is that of the standards."""

    check: str
    result: Result
    severity: Severity
    step: StepId
    party: Party | None
    says: str
    fix: str = ""
    standard: str = ""
    place: Place | None = None
    host: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether a person is told without asking."""
        return self.result in ("fail", "warn", "info")


@frozen
class Check:
    """One rule: what it asserts, where it comes from, and who breaks it when it fails."""

    id: str
    step: StepId
    party: Party
    severity: Severity
    asserts: str
    standard: str
    fix: str
    judge: Judge

    def findings(self, record: Record) -> Iterator[Finding]:
        """What there is to say, at least one finding. Never raises: what a stranger sent may
        break a check, and must not break the walk."""
        try:
            outcomes = list(self.judge(record))
        except Exception as error:
            outcomes = [skipped(f"could not be judged: {type(error).__name__}: {error}")]
        if not outcomes:
            yield self._finding("not-applicable", self.severity, None, self.asserts)
        for outcome in outcomes:
            severity = outcome.severity or self.severity
            if outcome.result == "fail":
                finding = self._finding(_RESULTS[severity], severity, self.party, outcome.says)
                yield replace(
                    finding,
                    party=outcome.party or (None if severity == "info" else self.party),
                    fix=self.fix if outcome.fix is None else outcome.fix,
                    standard=self.standard if outcome.standard is None else outcome.standard,
                    place=outcome.place,
                    step=outcome.step or self.step,
                )
            else:
                says = outcome.says or self.asserts
                yield self._finding(outcome.result, severity, None, says, outcome.place)

    def _finding(
        self,
        result: Result,
        severity: Severity,
        party: Party | None,
        says: str,
        place: Place | None = None,
    ) -> Finding:
        return Finding(self.id, result, severity, self.step, party, says, "", self.standard, place)


def check(
    id: str,
    step: StepId,
    party: Party,
    severity: Severity,
    asserts: str,
    standard: str,
    fix: str = "",
) -> Callable[[Judge], Check]:
    """Makes a check of a generator function."""

    def make(judge: Judge) -> Check:
        return Check(id, step, party, severity, asserts, standard, fix, judge)

    return make


def registered(module: ModuleType) -> tuple[Check, ...]:
    """The checks of a module, in the order they are written."""
    return tuple(value for value in vars(module).values() if isinstance(value, Check))


def worst(results: Iterator[Result]) -> Result:
    """The result that decides the mark of several."""
    found = set(results)
    return next((result for result in _WORST if result in found), "not-applicable")


def at(
    exchange: Exchange, field: str = "", part: Literal["request", "response"] = "response"
) -> Place:
    return Place(exchange.id, part, field)
