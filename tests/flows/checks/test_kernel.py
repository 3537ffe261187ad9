import re

from flows.checks import Record, all_checks, findings
from flows.checks.kernel import Outcomes, Place, check, failed, passed, skipped, worst
from flows.steps import STEP
from tests.flows.checks.judging import record_of, speaking
from tests.flows.world import World


def test_a_server_that_keeps_every_rule_is_told_nothing() -> None:
    world = World()
    world.walk()
    assert speaking(world) == []


def test_every_check_has_an_id_of_its_own_and_says_what_it_asserts() -> None:
    ids = [one.id for one in all_checks()]
    assert len(ids) == len(set(ids))
    for one in all_checks():
        assert re.fullmatch(r"[A-Z]+-\d\d", one.id), one.id
        assert one.step in STEP
        assert one.asserts and not one.asserts.endswith("."), one.id
        assert one.fix.endswith(".") or not one.fix, one.id
        assert one.standard, one.id


def test_every_check_says_something_of_every_record() -> None:
    assert {one.check for one in findings(record_of(World()))} == {one.id for one in all_checks()}


def test_severity_decides_what_a_failure_is_and_an_outcome_may_override_it() -> None:
    @check("T-01", "token", "authorization-server", "warn", "it holds", "RFC 0 §1", "Mend it.")
    def judge(record: Record) -> Outcomes:
        yield failed("bad", Place("x1"))
        yield failed("worse", severity="error", party="network", standard="RFC 0 §2", fix="Go.")
        yield failed("so", severity="info")
        yield passed()
        yield skipped("nothing came")

    found = list(judge.findings(record_of(World())))
    assert [(one.result, one.party, one.fix, one.standard) for one in found] == [
        ("warn", "authorization-server", "Mend it.", "RFC 0 §1"),
        ("fail", "network", "Go.", "RFC 0 §2"),
        ("info", None, "Mend it.", "RFC 0 §1"),
        ("pass", None, "", "RFC 0 §1"),
        ("skipped", None, "", "RFC 0 §1"),
    ]
    assert found[0].place == Place("x1")
    assert found[3].says == "it holds"
    assert worst(one.result for one in found) == "fail"


def test_a_check_that_breaks_is_told_and_stops_nothing() -> None:
    @check("T-02", "token", "network", "error", "it holds", "RFC 0 §1")
    def judge(record: Record) -> Outcomes:
        yield passed()
        raise KeyError("x")

    (found,) = judge.findings(record_of(World()))
    assert (found.result, found.says) == ("skipped", "could not be judged: KeyError: 'x'")


def test_what_yields_nothing_does_not_apply() -> None:
    @check("T-03", "token", "network", "error", "it holds", "RFC 0 §1")
    def judge(record: Record) -> Outcomes:
        yield from ()

    assert [one.result for one in judge.findings(record_of(World()))] == ["not-applicable"]
