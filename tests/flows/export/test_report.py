from __future__ import annotations

import re

import pytest

from flows.exchange import Exchange, Request, Response
from flows.export.report import FORMATS, report
from flows.export.sequence import drawn, mermaid
from flows.har import read_har
from flows.recorded import session_of
from flows.sequence import LANES, arrows
from flows.session import Exchanged
from flows.store import redact_session
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.test_har import story
from tests.flows.world import ISSUER, MCP, NOW, World, answer
from tests.hostile import HOSTILE

TOKEN_URL = f"POST {ISSUER}/token"


def walk_of(world: World) -> Walk:
    return Walk(world.session, Wire())


def walked(**routes: Response) -> Walk:
    world = World()
    world.routes |= {TOKEN_URL: routes["token"]} if "token" in routes else {}
    world.walk()
    return walk_of(world)


FAILED = answer(500, b"<h1>Oops", "text/html", ("X-Request-Id", "req-77"))


def test_a_sound_walk_says_so_and_invents_nothing() -> None:
    text = report(walked())
    assert "Sound: everything that was asked for worked" in text
    assert "## Verdict" not in text and re.search(r"None: \d+ checks passed", text)


def test_a_walk_under_way_is_not_called_sound() -> None:
    world = World()
    world.walk(until="token")
    text = report(walk_of(world))
    assert "broken so far; the walk has not come to step 9 Exchange code." in text
    assert "Sound" not in text


def test__stopped_walk_names_step_party_evidence_and_what_a_log_can_be_searched_for() -> None:
    text = report(walked(token=FAILED))
    assert "The walk stopped at step 9 Exchange code, at fault the authorization server." in text
    for words in ("X-Request-Id: req-77", "2026-11-23 08:15:", "SHA-256 of state", "client-1"):
        assert words in text
    assert "the verdict, at fault the authorization server" in text


def test_the_exchange_of_the_verdict_stands_behind_it() -> None:
    text = report(walked(token=FAILED))
    verdict, whole, health = map(text.index, ("## Verdict", "## Request and answer", "## Health"))
    assert verdict < whole < health
    for words in ("grant_type    = authorization_code", "<h1>Oops", "curl -sS", "$CODE_VERIFIER"):
        assert words in text[whole:health]
    assert "## Request and answer" not in report(walked())


def test_a_browsers_record_is_told_as_one() -> None:
    session = session_of(read_har(story()))
    for form in (session, redact_session(session)):
        text = report(Walk(form, Wire()))
        assert "The connection has a fault at step 8 Response, at fault the client." in text
        assert "Recorded by a browser from 2026-11-25 10:00:02 to 10:00:05 UTC" in text
        assert "the one that the browser was used with" in text
        assert (
            f"| Authorization | `{ISSUER}/oauth2/authorize` | 302 | ok | by the browser |" in text
        )
        for untrue in ("Walked from", "The client was authwalk", "probe", "| MCP server | `https"):
            assert untrue not in text.partition("## To find")[0] + text.partition("## About")[2]
        assert "| Issuer |" not in text


def test_what_was_walked_on_from_a_browsers_record_is_told() -> None:
    sent = Exchanged(NOW, "challenge", Exchange("0a1b2c", Request("POST", MCP), NOW))
    text = report(Walk(session_of(read_har(story())).append(sent), Wire()))
    assert "What was sent from 2026-11-23 08:15:00 UTC on was sent by authwalk." in text


def test_what_a_browser_saw_is_in_the_sequence() -> None:
    walk = Walk(session_of(read_har(story())), Wire())
    found = arrows(walk.session, walk.findings, walk.diagnosis)
    assert [(one.source, one.target, one.status) for one in found] == [
        ("client", "person", ""),
        ("person", "authorization-server", "302"),
        ("person", "client", ""),
        ("person", "client", "500"),
    ]
    assert [one.verdict for one in found] == [False, False, False, True]


def test_no_secret_is_in_it() -> None:
    walk = walked(token=FAILED)
    facts = walk.facts
    assert facts.pkce
    for form in FORMATS:
        text = report(walk, form)
        for secret in (facts.pkce.code_verifier, facts.pkce.state, "code-1", "opaque-token-0001"):
            assert secret not in text
            assert secret.replace("_", "\\_") not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answers_make_a_report_too(text: str) -> None:
    body = {"error": text, "error_description": text}
    walk = walked(token=answer(400, body, "application/json", ("X-Request-Id", "a|b")))
    for form in FORMATS:
        assert report(walk, form)


def test_arrows_go_from_lane_to_lane_and_one_is_the_verdicts() -> None:
    walk = walked(token=FAILED)
    found = arrows(walk.session, walk.findings, walk.diagnosis)
    assert [(a.source, a.target) for a in found if a.step in ("authorize", "callback")] == [
        ("client", "person"),
        ("person", "client"),
    ]
    (marked,) = [arrow for arrow in found if arrow.verdict]
    assert (marked.step, marked.target, marked.state) == ("token", "authorization-server", "fail")
    assert all(arrow.source in LANES and arrow.target in LANES for arrow in found)


def test_what_was_run_anew_is_past() -> None:
    world = World()
    world.walk("tools")
    world.rerun("connect")
    world.walk()
    walk = walk_of(world)
    found = arrows(walk.session, walk.findings, walk.diagnosis)
    assert [arrow.past for arrow in found if arrow.step == "connect"] == [True, False]


def test_probes_are_no_part_of_the_sequence() -> None:
    walk = walked()
    before = arrows(walk.session, walk.findings, walk.diagnosis)
    probe = Exchange("p", Request("GET", MCP), NOW, answer(405))
    session = walk.session.append(Exchanged(NOW, "challenge", probe, probe="cors-mcp"))
    assert arrows(session, walk.findings, walk.diagnosis) == before


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_lanes_stand_in_columns(width: int) -> None:
    walk = walked(token=FAILED)
    head, *lines = drawn(arrows(walk.session, walk.findings, walk.diagnosis), width)
    assert head.split() == ["Person", "Client", "MCP", "server", "Auth", "server"]
    assert [line.endswith(("◀", "◀ verdict")) for line in lines].count(True) == 1
    columns = [at for at, char in enumerate(lines[4]) if char == "│"]
    assert len(columns) >= 2
    assert all(line[columns[0]] in "│─" for line in lines)


@pytest.mark.parametrize("text", HOSTILE)
def test_mermaid_obeys_no_text_of_a_server(text: str) -> None:
    world = World()
    world.routes[f"POST {MCP}"] = answer(302, b"", None, ("Location", f"https://x.example/{text}"))
    world.walk()
    walk = walk_of(world)
    diagram = mermaid(arrows(walk.session, walk.findings, walk.diagnosis))
    line = re.compile(r"    (participant \w as [\w ]+|\w-+(x|>>)\w: [\w#; ./,=()'-]+|Note over .*)")
    assert all(line.fullmatch(one) for one in diagram.splitlines()[1:])
