"""What the checks of a host share: findings that are the judgement of one host, with its evidence.

They say nothing unless a host was chosen. What its makers document is an error; what was captured
or reported is a warning, told as that and with its date: never that it will happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from flows.checks.kernel import Check, Finding, Outcome, Outcomes, Place, Severity, failed
from flows.checks.record import Record
from flows.frozen import frozen
from flows.hosts import Evidence, Host, host_of
from flows.session import Party, StepId

AS: Final[Party] = "authorization-server"
RS: Final[Party] = "resource-server"
DEFAULT_PORT: Final = {"http": 80, "https": 443}
Judge = Callable[[Record, Host], Outcomes]


@frozen
class HostCheck(Check):
    """A check whose findings are the judgement of one host."""

    def findings(self, record: Record) -> Iterator[Finding]:
        host = record.facts.target.host
        for finding in Check.findings(self, record):
            yield replace(finding, host=host if finding.result != "not-applicable" else None)


def rule(
    id: str, step: StepId, party: Party, asserts: str, fix: str
) -> Callable[[Judge], HostCheck]:
    """Makes a check of a function of the record and the host."""

    def make(judge: Judge) -> HostCheck:
        def judge_record(record: Record) -> Outcomes:
            if host := host_of(record.facts.target):
                yield from judge(record, host)

        standard = "none: what the host is known to do"
        return HostCheck(id, step, party, "warn", asserts, standard, fix, judge_record)

    return make


_DOES = {"documented": "is documented to", "captured": "was seen to", "reported": "is reported to"}


def refused(
    host: Host,
    evidence: Evidence,
    found: str,
    does: str,
    place: Place | None,
    *,
    fine: str = "",
    severity: Severity | None = None,
    party: Party | None = None,
    step: StepId | None = None,
) -> Outcome:
    """`found` is what there is, `does` what the host does with it, and `fine` the section of the
    standard by which it is well, with a reason maybe."""
    words = f"{found} {host.title} {_DOES[evidence.status]} {does} ({evidence.seen:%Y-%m-%d})."
    if fine:
        section, colon, why = fine.partition(":")
        words += f" {section} allows it{colon}{why}."
    weight = severity or ("error" if evidence.status == "documented" else "warn")
    source = f"{evidence.status} by {evidence.source}"
    return failed(words, place, severity=weight, standard=source, party=party, step=step)
