"""Which finding is believed to be the cause; the lab's faults are held against it one by one in
tests/tui/commands/test_verdicts.py."""

from __future__ import annotations

from dataclasses import replace

from flows.checks import Finding, Place
from flows.diagnosis import REFUSED_TOKEN, explain
from flows.exchange import Exchange, Request, Response
from flows.moves import Blocked
from flows.session import Exchanged, Session, Target
from tests.flows.world import MCP, NOW

ANSWER = Exchange("x1", Request("POST", MCP), NOW, Response(307, "Temporary Redirect", ()))
SESSION = Session(Target(MCP), NOW, events=(Exchanged(NOW, "connect", ANSWER),))
STOP = Blocked("connect", "307 Temporary Redirect", "resource-server", "307")
REDIRECT = Finding(
    "NET-08", "warn", "warn", "connect", "resource-server", "redirected", "Give the final URL."
)
HERE = replace(REDIRECT, place=Place("x1", "response", "header Location"))
EARLIER = Finding("PRM-04", "fail", "error", "resource-metadata", "resource-server", "mismatch")
KEYS = Finding("JWKS-01", "fail", "error", "keys", "authorization-server", "no keys")


def cause(blocked: Blocked, *findings: Finding) -> str:
    found = explain(SESSION, blocked, findings).cause
    assert found
    return found.check


def test_a_stop_that_cannot_say_what_to_change_takes_it_from_a_finding_on_its_answer() -> None:
    assert cause(STOP, EARLIER, HERE) == "NET-08"
    assert cause(STOP, EARLIER, REDIRECT) == ""
    assert cause(replace(STOP, fix="Look into the log."), EARLIER, HERE) == ""


def test_a_network_that_answered_in_the_servers_place_is_believed_before_the_stop() -> None:
    stop = replace(STOP, fix="Look into the log.")
    assert cause(stop, replace(HERE, result="fail", party="network")) == "NET-08"


def test_the_check_that_the_stop_names_comes_first() -> None:
    assert cause(replace(STOP, check="PRM-04"), HERE, EARLIER) == "PRM-04"


def test_without_keys_no_token_can_be_taken() -> None:
    refused = replace(HERE, check=REFUSED_TOKEN, result="fail")
    assert cause(replace(STOP, check=REFUSED_TOKEN), refused, KEYS) == "JWKS-01"


def test_the_cause_is_no_alternative_to_itself() -> None:
    diagnosis = explain(SESSION, STOP, (EARLIER, HERE))
    assert diagnosis.stopped and not diagnosis.sound
    assert diagnosis.alternatives == (EARLIER,)
