"""Two walks side by side: what must differ does not count, and everything else does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from flows.align import align
from flows.compare import Comparison, compare, compare_attempts, pair
from flows.counterparts import Counterparts
from flows.exchange import Exchange, Failure, Request, Response
from flows.har import read_har
from flows.recorded import session_of
from flows.session import Answered, Exchanged, Made, Session, StepId, Target
from flows.store import redact_session
from flows.store.tables import map_text
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.store.strategies import SESSION
from tests.flows.test_har import from_world, story
from tests.flows.tokens import b64
from tests.flows.world import (
    CODE,
    ISSUER,
    MCP,
    METADATA,
    NO_STORE,
    NOW,
    TOKEN,
    Route,
    World,
    answer,
    healthy,
)

TOKEN_URL = f"POST {ISSUER}/token"
METADATA_URL = f"GET {ISSUER}/.well-known/oauth-authorization-server"


def walked(
    seed: int = 1, *, token: Mapping[str, Any] = TOKEN, routes: Mapping[str, Route] | None = None
) -> World:
    found = healthy()
    found[TOKEN_URL] = answer(200, token, "application/json", NO_STORE)
    found.update(routes or {})
    world = World(routes=found, seed=bytes([seed]) * 32)
    world.walk()
    return world


def compared(a: World | Session, b: World | Session) -> Comparison:
    one, other = (side if isinstance(side, Session) else side.session for side in (a, b))
    return compare(Walk(one, Wire()), Walk(other, Wire()))


def differing(comparison: Comparison) -> dict[StepId, list[str]]:
    return {
        step.step: [one.field for one in step.differences]
        for step in comparison.steps
        if step.matters
    }


def jwt(**claims: object) -> str:
    return f"{b64(json.dumps({'alg': 'RS256', 'kid': 'k'}))}.{b64(json.dumps(claims))}.c2lnbmF0"


def test_two_walks_of_one_server_are_the_same() -> None:
    again = {**TOKEN, "access_token": "opaque-token-0002"}
    comparison = compared(walked(1), walked(2, token=again))
    assert comparison.same and comparison.first is None
    (token,) = (step for step in comparison.steps if step.step == "token")
    must = {one.field for one in token.pairings[0].differences}
    assert must == {"form code_verifier", "/access_token"}


@pytest.mark.parametrize("redacted", [0, 1, 2])
def test_files_without_secrets_compare_as_well(redacted: int) -> None:
    again = {**TOKEN, "access_token": "opaque-token-0002", "refresh_token": "refresh-0002-abc"}
    first = {**TOKEN, "refresh_token": "refresh-0001-abc"}
    sessions = [walked(1, token=first).session, walked(2, token=again).session]
    for number in range(redacted):
        sessions[number] = redact_session(sessions[number])
    assert compared(*sessions).same


def test_a_secret_of_the_person_is_the_same_beside_its_mark() -> None:
    target = Target(MCP, headers=(("X-Api-Key", "key-of-the-person-1"),))
    world = World(target)
    world.walk()
    assert compared(world.session, redact_session(world.session)).same
    other = World(Target(MCP, headers=(("X-Api-Key", "another-key-2"),)))
    other.walk()
    assert "header x-api-key" in differing(compared(world, other))["challenge"]


@pytest.mark.parametrize(
    ("token", "field"),
    [
        ({"expires_in": "3600"}, "/expires_in"),
        ({"expires_in": 60}, "/expires_in"),
        ({"scope": "a"}, "/scope"),
        ({"refresh_token": None}, "/refresh_token"),
        ({"access_token": jwt(aud=MCP)}, "/access_token, kind"),
    ],
)
def test_members_of_the_token_response(token: dict[str, object], field: str) -> None:
    comparison = compared(walked(1), walked(2, token={**TOKEN, **token}))
    assert comparison.first and comparison.first.step == "token"
    assert field in differing(comparison)["token"]


def test_a_number_and_the_text_of_it_are_told_apart() -> None:
    comparison = compared(walked(1), walked(2, token={**TOKEN, "expires_in": "3600"}))
    assert comparison.first
    told = next(one for one in comparison.first.differences if one.field == "/expires_in")
    assert (told.a, told.b) == ("3600", '"3600"')


@pytest.mark.parametrize(
    ("claims", "field"),
    [
        ({"aud": "https://other.example"}, "claim aud"),
        ({"aud": None}, "claim aud"),
        ({"exp": 200}, "lifetime"),
        ({"exp": "3700"}, "claim exp"),
        ({"iat": 500, "exp": 4100, "jti": "another-jti"}, ""),
    ],
)
def test_claims_of_a_token(claims: dict[str, object], field: str) -> None:
    first = {"aud": MCP, "iat": 100, "exp": 3700, "jti": "the-first-jti"}
    one, other = ({**TOKEN, "access_token": jwt(**said)} for said in (first, {**first, **claims}))
    found = differing(compared(walked(1, token=one), walked(2, token=other)))
    fields = [name for name in found.get("token", []) if name.startswith("/access_token")]
    assert (f"/access_token, {field}" in fields) if field else fields == []


def test_the_order_of_scopes_and_of_supported_values_says_nothing() -> None:
    methods = ["client_secret_basic", "none"]
    turned = {**METADATA, "token_endpoint_auth_methods_supported": methods}
    one, other = ({**TOKEN, "scope": scope} for scope in ("a b", "b a"))
    second = walked(2, token=other, routes={METADATA_URL: answer(200, turned)})
    assert compared(walked(1, token=one), second).same


def test_a_state_that_comes_back_wrong_differs_and_another_one_does_not() -> None:
    right, wrong = World(seed=b"\x02" * 32), World(seed=b"\x03" * 32)
    for world, state in ((right, None), (wrong, "a state nobody sent")):
        world.walk("callback")
        world.respond(code=CODE, state=state or world.state, iss=ISSUER)
        world.walk()
    assert compared(walked(1), right).same
    found = differing(compared(walked(1), wrong))
    assert found["callback"][0] == "query state" and "token" in found


def test_a_token_that_was_not_rotated_differs_from_one_that_was() -> None:
    def refreshed(second: str) -> Session:
        world = walked(1, token={**TOKEN, "refresh_token": "refresh-token-one"})
        world.routes[TOKEN_URL] = answer(200, {**TOKEN, "refresh_token": second})
        move = world.move("refresh")
        world.perform(move)  # type: ignore[arg-type]
        return world.session

    rotated, kept = refreshed("refresh-token-two"), refreshed("refresh-token-one")
    assert compared(rotated, refreshed("refresh-token-three")).same
    assert "/refresh_token" in differing(compared(rotated, kept))["refresh"]
    assert "/refresh_token" in differing(compared(kept, rotated))["refresh"]


def test_where_one_walk_stopped() -> None:
    stopped = walked(2, routes={TOKEN_URL: answer(500, b"oops", "text/plain")})
    comparison = compared(walked(1), stopped)
    assert comparison.first and comparison.first.step == "token"
    assert comparison.first.differences[0].field == "status"
    assert comparison.first.outcome and comparison.first.outcome.b == "stopped: 500"
    outcomes = {step.step: step.outcome for step in comparison.steps}
    assert outcomes["connect"] and outcomes["connect"].b == "not reached"


def test_no_answer_is_told_without_all_that_it_lacks() -> None:
    refused = Failure("refused", "nobody listens")
    silent = walked(2, routes={TOKEN_URL: refused})
    found = differing(compared(walked(1), silent))["token"]
    assert [name for name in found if name.startswith(("/", "header"))] == []
    assert {"status", "error"} <= set(found)


def test_findings_check_by_check() -> None:
    lax = walked(2, routes={TOKEN_URL: answer(200, TOKEN)})  # no Cache-Control
    found = compared(walked(1), lax).first
    assert found and found.step == "token"
    assert "header cache-control" in [one.field for one in found.differences]
    assert found.findings and all(one.a is None and one.b for one in found.findings)


def test_two_servers_in_other_places() -> None:
    def elsewhere(url: str) -> str:
        return url.replace("example.com", "staging.test")

    def moved(route: Route) -> Route:
        def serve(request: Request) -> Response | Failure:
            back = Request(
                request.method,
                request.url.replace("staging.test", "example.com"),
                request.headers,
                request.body,
            )
            found = route(back) if callable(route) else route
            if isinstance(found, Failure):
                return found
            headers = tuple((name, elsewhere(value)) for name, value in found.headers)
            body = elsewhere(found.body.decode()).encode()
            return Response(found.status, found.reason, headers, body)

        return serve

    routes = {elsewhere(name): moved(route) for name, route in healthy().items()}
    other = World(Target(elsewhere(MCP)), routes, seed=b"\x05" * 32)
    other.walk("callback")
    other.respond(code=CODE, state=other.state, iss=elsewhere(ISSUER))
    other.walk()
    comparison = compared(walked(1), other)
    assert comparison.same, differing(comparison)
    wrong = {**METADATA, "issuer": f"{ISSUER}/"}
    routes[elsewhere(METADATA_URL)] = moved(answer(200, wrong))
    broken = World(Target(elsewhere(MCP)), routes)
    broken.walk()
    found = compared(walked(1), broken).first
    assert found and found.step == "server-metadata"
    assert "/issuer" in [one.field for one in found.differences]


def test_two_attempts_of_a_step() -> None:
    world = walked(1)
    world.rerun("token")
    world.routes[TOKEN_URL] = answer(400, {"error": "invalid_grant"})
    world.walk()
    first, second = Walk(world.session, Wire()).attempts["token"]
    comparison = compare_attempts(first, second)
    fields = [one.field for one in comparison.steps[0].differences]
    assert fields[0] == "status" and "/error" in fields and "form code" not in fields


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(SESSION)
def test_any_session_is_the_same_as_itself(session: Session) -> None:
    assert compared(session, session).same


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(SESSION, SESSION)
def test_any_two_sessions_can_be_compared_either_way(a: Session, b: Session) -> None:
    assert compared(a, b).same == compared(b, a).same


def post(label: str, body: bytes = b"") -> Exchanged:
    request = Request("POST", "https://a.example/", (), body)
    return Exchanged(NOW, "tools", Exchange(label, request, NOW), label)


def test_events_are_aligned_by_what_they_are() -> None:
    a = [post("page 1"), post("page 2"), post("page 4")]
    b = [post("page 1"), post("page 3"), post("page 4")]
    labels = [tuple(one and one.label for one in both) for both in align(a, b)]  # type: ignore[union-attr]
    assert labels == [
        ("page 1", "page 1"),
        ("page 2", None),
        (None, "page 3"),
        ("page 4", "page 4"),
    ]


def test_a_record_of_http_2_has_no_host_field() -> None:
    def got(*headers: tuple[str, str]) -> Exchanged:
        request = Request("GET", "https://a.example/", headers)
        return Exchanged(NOW, "keys", Exchange("k", request, NOW), "jwks_uri")

    named = got(("Host", "a.example"))
    assert not pair("keys", named, got(), Counterparts()).matters
    assert pair("keys", named, got(("Host", "b.example")), Counterparts()).matters


def test_what_a_browser_did_counts_only_where_both_recorded_it() -> None:
    hop = Exchanged(
        NOW, "callback", Exchange("h", Request("GET", "https://a/"), NOW), "as the browser, hop 1"
    )
    back = Answered(NOW, "callback", (("redirect", "http://127.0.0.1/cb?code=x"),))
    assert align([hop, back], [back]) == ((back, back),)
    assert align([hop, back], [hop, back]) == ((hop, hop), (back, back))


def recorded(world: World) -> Session:
    """The world's walk as a browser would have kept it, with the fields that a browser adds."""
    document = json.loads(from_world(world))
    for one in document["log"]["entries"]:
        one["request"]["headers"].append({"name": "sec-ch-ua", "value": "Chromium"})
        one["request"]["headers"].append({"name": "Origin", "value": "https://client.example"})
    return session_of(read_har(json.dumps(document).encode()))


@pytest.mark.parametrize("turned", [False, True])
def test_a_walk_and_a_browsers_record_of_the_same_are_the_same(turned: bool) -> None:
    walk, record = walked(1), recorded(walked(2))
    comparison = compared(record, walk) if turned else compared(walk, record)
    assert comparison.same, differing(comparison)
    steps = {one.step: one for one in comparison.steps}
    for step in ("challenge", "resource-metadata", "server-metadata", "client", "token", "tools"):
        assert [one for one in steps[step].pairings if one.a and one.b], step


def test_a_token_request_that_fails_in_the_browser_alone_is_one_difference() -> None:
    failing = walked(2, routes={TOKEN_URL: answer(500, b"<h1>Oops", "text/html")})
    comparison = compared(walked(1), recorded(failing))
    assert comparison.first and comparison.first.step == "token"
    (pairing,) = comparison.first.pairings
    assert pairing.title == "authorization code grant"
    told = pairing.telling
    assert (told[0].field, told[0].a, told[0].b) == ("status", "200", "500")
    assert "title" not in [one.field for one in told]


def test_a_form_of_too_many_fields_can_be_aligned() -> None:
    event = post("x", b"a=1&" * 2000)
    assert align([event], [event], titled=False) == ((event, event),)


def test_a_parameter_that_only_the_walk_sends_is_told() -> None:
    session = recorded(walked(2))
    form = "&resource=https%3A%2F%2Fmcp.example.com%2Fmcp"
    without = map_text(session, lambda text: text.replace(form, ""))
    assert "form resource" in differing(compared(walked(1), without))["token"]


def test_a_step_that_is_in_a_browsers_record_was_reached() -> None:
    comparison = compared(session_of(read_har(story())), walked(1))
    steps = {one.step: one for one in comparison.steps}
    assert steps["callback"].outcome is None and steps["callback"].findings
    assert steps["server-metadata"].outcome and steps["token"].outcome
    assert steps["token"].outcome.a == "not reached"


def test_what_stands_for_what() -> None:
    counterparts = Counterparts()
    counterparts.learn("token-one", "token-two")
    counterparts.learn("short", "brief")  # too short to be looked for
    counterparts.learn_server("http://127.0.0.1:400/mcp", "https://b.example/mcp")
    counterparts.learn_server("http://[", "no URL at all")
    assert counterparts.text("Bearer token-one short") == "Bearer token-two short"
    assert counterparts.text("http://127.0.0.1:400/x") == "https://b.example/x"
    assert counterparts.text("http://127.0.0.1:4000/x") == "http://127.0.0.1:4000/x"
    assert counterparts.known("token-one", "?") and counterparts.known("?", "token-two")
    assert not counterparts.known("short", "brief")


@pytest.mark.parametrize("values", [(), (("", ""),), (("a", "\ud800\x1b[2J"),)])
def test_any_values_can_be_paired(values: tuple[tuple[str, str], ...]) -> None:
    def made(pairs: tuple[tuple[str, str], ...]) -> Made:
        return Made(NOW, "pkce", pairs)

    found = pair("pkce", made(values), made((("a", "b"),)), Counterparts())
    assert found.matters
    assert not pair("pkce", made(values), made(values), Counterparts()).matters
