"""Judging a recorded world: what the checks of `flows.checks` find in it."""

from __future__ import annotations

from flows.checks import Finding, Record, all_checks, findings
from tests.flows.world import World

CHECKS = {check.id: check for check in all_checks()}


def record_of(world: World) -> Record:
    return Record(world.session, world.facts)


def judged(world: World, check: str) -> list[Finding]:
    """What one check finds; it never fails to judge."""
    found = list(CHECKS[check].findings(record_of(world)))
    assert not [finding for finding in found if "could not be judged" in finding.says]
    return found


def results(world: World, check: str) -> list[str]:
    return [finding.result for finding in judged(world, check)]


def only(world: World, check: str) -> Finding:
    """The one finding of a check."""
    (found,) = judged(world, check)
    return found


def speaking(world: World) -> list[tuple[str, str]]:
    """`(check, what it says)` of all that a person is told without asking."""
    return [(one.check, one.says) for one in findings(record_of(world)) if one.speaks]
