from __future__ import annotations

import re

import pytest

from flows.exchange import Response
from flows.export.report import FORMATS, report
from flows.export.sequence import drawn, mermaid
from flows.sequence import LANES, arrows
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.world import ISSUER, MCP, World, answer
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


def test_a_stopped_walk_names_step_party_evidence_and_what_a_log_can_be_searched_for() -> None:
    text = report(walked(token=FAILED))
    assert "The walk stopped at step 9, Exchange code, at fault the authorization server." in text
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
    assert all(arrow.step for arrow in arrows(walk.session, walk.findings, walk.diagnosis))


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
