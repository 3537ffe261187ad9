"""No check breaks on what an authorization server may send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.checks import findings
from flows.exchange import Failure, Response
from flows.moves import Send
from flows.session import Exchanged, Target
from tests.flows.checks.judging import record_of
from tests.flows.checks.test_claims import CLAIMS, issuing
from tests.flows.tokens import b64
from tests.flows.world import CODE, ISSUER, MCP, NOW, REDIRECT, TOKEN, Route, World, answer
from tests.hostile import HOSTILE

TEXT = st.text(max_size=12) | st.sampled_from(HOSTILE)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def members(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names) | TEXT, VALUE, max_size=6)


RESPONSE = members(*TOKEN, "refresh_token", "scope", "id_token", "error", "error_description")
STATUS = st.sampled_from((200, 201, 204, 302, 400, 401, 403, 429, 500))
KIND = st.sampled_from(("application/json", "text/html", "", "\x00"))


def assert_judged(world: World) -> None:
    found = findings(record_of(world))
    assert not [one for one in found if "could not be judged" in one.says]


@settings(max_examples=60, deadline=None)
@given(RESPONSE, STATUS, KIND, st.booleans())
def test_token_responses(changes: dict[str, Any], status: int, kind: str, dpop: bool) -> None:
    world = World(Target(MCP, scope="openid offline_access", dpop=dpop))
    given_answer = answer(status, {**TOKEN, **changes}, kind)
    world.routes[f"POST {ISSUER}/token"] = given_answer
    world.walk(until="connect")
    refresh = world.move("refresh")
    if isinstance(refresh, Send):
        world.perform(refresh)
    assert_judged(world)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), STATUS)
def test_bodies_that_are_no_json(body: bytes, status: int) -> None:
    for route in (answer(status, body), Failure("protocol", "the connection broke")):
        world = World()
        routed: Route = route
        world.routes[f"POST {ISSUER}/token"] = routed
        world.walk(until="connect")
        assert_judged(world)


@settings(max_examples=40, deadline=None)
@given(members(*CLAIMS, "nbf", "cnf", "scp"), members("alg", "typ", "kid", "crit", "jwk"))
def test_claims(claims: dict[str, Any], header: dict[str, Any]) -> None:
    head = b64(json.dumps({"alg": "ES256", **header}))
    token = f"{head}.{b64(json.dumps({**CLAIMS, **claims}))}.AAAA"
    assert_judged(issuing(token, Target(MCP, scope="openid"), id_token=token))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(("code", "error", "state", "iss")) | TEXT, TEXT)))
def test_authorization_responses(parameters: list[tuple[str, str]]) -> None:
    world = World()
    world.walk(until="callback")
    query = urlencode([("code", CODE), *parameters], errors="surrogatepass")
    world.answer("callback", redirect=f"{REDIRECT}?{query}", via="listener")
    assert_judged(world)


def test_a_response_that_was_cut_short() -> None:
    world = World()
    world.walk(until="token")
    move = world.standing()
    assert isinstance(move, Send)
    exchange = world.exchange(move.request)
    assert isinstance(exchange.response, Response)
    cut = replace(exchange, error=Failure("protocol", "the connection broke"))
    world.record(Exchanged(NOW, "token", cut, move.label))
    assert_judged(world)
