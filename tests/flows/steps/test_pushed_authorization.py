"""Pushed authorization requests (RFC 9126)."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from flows.documents import read_form
from flows.exchange import Failure, Response
from flows.moves import Blocked, Compose, Done, Send
from flows.session import Target
from flows.steps.inspection import expected_of
from flows.steps.remedy import requested_scope
from tests.flows.keys import key_for, pem
from tests.flows.world import ISSUER, MCP, METADATA, REDIRECT, Route, World, answer, register

PAR = f"{ISSUER}/par"
URI = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
PUSHED = {"request_uri": URI, "expires_in": 60}
DEMANDED = {
    "pushed_authorization_request_endpoint": PAR,
    "require_pushed_authorization_requests": True,
}


def world_of(target: Target | None = None, **metadata: Any) -> World:
    world = World(target or Target(MCP))
    url = f"GET {ISSUER}/.well-known/oauth-authorization-server"
    document = {**METADATA, **DEMANDED, **metadata}
    world.routes[url] = answer(200, {key: one for key, one in document.items() if one != "-"})
    world.routes[f"POST {PAR}"] = answer(201, PUSHED)
    return world


def test_the_browser_gets_no_more_than_the_reference() -> None:
    """RFC 9126 section 4."""
    world = world_of()
    push = world.walk("authorize")
    assert isinstance(push, Send)
    assert (push.request.method, push.request.url) == ("POST", PAR)
    fields = dict(read_form(push.request.body))
    pkce = world.facts.pkce
    assert pkce and fields == {
        "response_type": "code",
        "client_id": "client-1",
        "redirect_uri": REDIRECT,
        "state": pkce.state,
        "code_challenge": pkce.code_challenge,
        "code_challenge_method": "S256",
        "scope": "tools",
        "resource": MCP,
    }
    world.perform(push)
    compose = world.standing()
    assert isinstance(compose, Compose)
    parts = urlsplit(compose.request.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == METADATA["authorization_endpoint"]
    assert parse_qsl(parts.query) == [("client_id", "client-1"), ("request_uri", URI)]
    world.walk("call")
    assert world.move("authorize") == Done("authorize", "ready")


def test_what_was_asked_for_is_still_known() -> None:
    world = world_of()
    world.walk("callback")
    assert requested_scope(world.facts) == ["tools"]
    assert expected_of(world.facts).resource_sent == MCP


@pytest.mark.parametrize(
    ("changes", "par", "pushed"),
    [
        ({"require_pushed_authorization_requests": False}, False, False),
        ({"require_pushed_authorization_requests": "true"}, False, False),
        ({"require_pushed_authorization_requests": "-"}, True, True),
    ],
)
def test_only_where_it_is_demanded_or_asked_for(
    changes: dict[str, Any], par: bool, pushed: bool
) -> None:
    move = world_of(Target(MCP, par=par), **changes).walk("authorize")
    assert isinstance(move, Send) == pushed


def test_a_registration_may_demand_it() -> None:
    """RFC 9126 section 6."""
    world = world_of(require_pushed_authorization_requests="-")

    def demanding(request: Any) -> Response:
        given = register(request)
        body = given.body[:-1] + b', "require_pushed_authorization_requests": true}'
        return replace(given, body=body)

    world.routes[f"POST {ISSUER}/register"] = demanding
    assert isinstance(world.walk("authorize"), Send)


def test_the_client_authenticates_as_at_the_token_endpoint() -> None:
    """RFC 9126 section 2; the audience is the issuer identifier."""
    key = key_for("ES256")
    world = world_of(Target(MCP, client_id="mine", client_key=pem(key)))
    world.walk()
    sent = [*world.requests("/par"), *world.requests("/token")]
    tokens = [dict(read_form(request.body))["client_assertion"] for request in sent]
    claims = [
        jwt.decode(
            token,
            key.public_key(),
            algorithms=["ES256"],
            audience=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
        for token in tokens
    ]
    assert len({one["jti"] for one in claims}) == len(claims) == 2


@pytest.mark.parametrize(
    ("route", "party", "says"),
    [
        (answer(400, {"error": "invalid_request"}), "authorization-server", "invalid_request"),
        (answer(401, {"error": "invalid_client"}), "authorization-server", "answers 401"),
        (
            answer(201, {"expires_in": 60}),
            "authorization-server",
            "request_uri of the response is missing",
        ),
        (answer(201, b"", None), "authorization-server", "unreadable"),
        (Failure("refused", "connection refused"), "network", "connection refused"),
    ],
)
def test_a_push_that_fails_stops_the_walk(route: Route, party: str, says: str) -> None:
    world = world_of()
    world.routes[f"POST {PAR}"] = route
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("authorize", party)
    assert says in move.reason
    assert move.check == ("NET-02" if party == "network" else "PAR-01")
    world.rerun("authorize")
    assert isinstance(world.standing(), Send)


@pytest.mark.parametrize(("demanded", "party"), [(True, "authorization-server"), ("-", "person")])
def test_there_must_be_an_endpoint(demanded: Any, party: str) -> None:
    changes = {
        "pushed_authorization_request_endpoint": "-",
        "require_pushed_authorization_requests": demanded,
    }
    move = world_of(Target(MCP, par=True), **changes).walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("authorize", party)


@pytest.mark.parametrize(
    "given",
    [
        answer(200, PUSHED),
        answer(201, {"request_uri": URI}),
        answer(201, {**PUSHED, "expires_in": 0}),
    ],
)
def test_an_odd_answer_is_used(given: Response) -> None:
    world = world_of()
    world.routes[f"POST {PAR}"] = given
    world.walk()
    assert world.move("authorize") == Done("authorize", "ready")


def test_a_new_attempt_pushes_again() -> None:
    """A request URI works once."""
    world = world_of()
    world.walk()
    world.rerun("authorize")
    world.walk()
    assert len(world.requests("/par")) == 2
