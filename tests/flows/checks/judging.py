"""Judging a recorded world: what the checks of `flows.checks` find in it."""

from __future__ import annotations

from flows.checks import Finding, Record, all_checks, findings
from flows.checks.kernel import worst
from flows.session import Party
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


def assert_named(world: World, check: str, result: str, words: str, party: Party | None) -> Finding:
    """The worst finding of a check is this one, blames `party`, and can be shown and mended."""
    found = judged(world, check)
    weighs = worst(one.result for one in found)
    finding = next(one for one in found if one.result == weighs)
    assert (finding.result, finding.party) == (result, party), finding
    assert words in finding.says
    if result in ("fail", "warn"):
        assert finding.place and record_of(world).exchange(finding.place.exchange)
        assert finding.fix
    return finding


def failing(world: World) -> set[tuple[str, Party | None]]:
    """Every check that fails, with the party at fault."""
    return {(one.check, one.party) for one in findings(record_of(world)) if one.result == "fail"}
