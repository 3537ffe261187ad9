"""Values that no request can hold: the fault of the party that named them, document and member
told, and never a crash."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from flows.exchange import Exchange, Failure, Request, Response
from flows.moves import Blocked, Done, Skipped
from flows.session import Made, Party, StepId, Target
from flows.steps.remedy import requested_scope
from tests.flows.checks.judging import only
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    NOW,
    RESOURCE,
    RESOURCE_PATH,
    TOKEN,
    World,
    answer,
    challenge,
    healthy,
    mcp,
)

SERVER_URL = f"{ISSUER}/.well-known/oauth-authorization-server"
HALF = "half\ud800"


def world_with(route: str, document: Any, status: int = 200) -> World:
    return World(routes={**healthy(), route: answer(status, document)})


def metadata(**members: Any) -> World:
    return world_with(f"GET {SERVER_URL}", {**METADATA, **members})


def resource(**members: Any) -> World:
    return world_with(f"GET https://mcp.example.com{RESOURCE_PATH}", {**RESOURCE, **members})


def stopped(world: World) -> Blocked:
    move = world.walk()
    assert isinstance(move, Blocked), move
    return move


def test_half_a_character_in_a_scope_is_left_out() -> None:
    world = resource(scopes_supported=[HALF, "tools"])
    assert isinstance(world.walk(), Done)
    assert b'"scope": "tools"' in world.requests("/register")[0].body
    assert world.facts.authorization_url and "scope=tools&" in world.facts.authorization_url


@pytest.mark.parametrize(
    ("world", "step", "party", "says"),
    [
        (resource(resource=HALF), "resource-metadata", "resource-server", "resource is half"),
        (
            resource(authorization_servers=[f"https://{HALF}.example"]),
            "server-metadata",
            "resource-server",
            "half of a surrogate pair",
        ),
        (metadata(issuer=HALF), "server-metadata", "authorization-server", "issuer is"),
        (
            metadata(token_endpoint=f"{ISSUER}/{HALF}"),
            "server-metadata",
            "authorization-server",
            "token_endpoint is",
        ),
        (
            world_with(f"POST {ISSUER}/register", {"client_id": HALF}, 201),
            "client",
            "authorization-server",
            "client_id of the registration response is half",
        ),
        (
            world_with(f"POST {ISSUER}/register", {"client_id": "c", "client_secret": HALF}, 201),
            "client",
            "authorization-server",
            "client_secret of the registration response is half",
        ),
        (
            world_with(f"POST {ISSUER}/token", {**TOKEN, "access_token": HALF}),
            "token",
            "authorization-server",
            "access_token of the response is half",
        ),
        (
            world_with(f"POST {ISSUER}/token", {**TOKEN, "access_token": "a\r\nX: y"}),
            "token",
            "authorization-server",
            "no header field can carry",
        ),
    ],
)
def test_half_a_character_is_the_fault_of_who_sent_it(
    world: World, step: StepId, party: Party, says: str
) -> None:
    move = stopped(world)
    assert (move.step, move.party) == (step, party)
    assert says in move.reason


def test_half_a_refresh_token_is_not_used() -> None:
    world = world_with(f"POST {ISSUER}/token", {**TOKEN, "refresh_token": HALF})
    assert isinstance(world.walk(), Done)
    assert isinstance(world.move("refresh"), Skipped)
    found = only(world, "TOK-22")
    assert found.result == "fail" and "refresh_token is half" in found.says


@pytest.mark.parametrize(
    "target",
    [
        Target(MCP, scope=HALF),
        Target(MCP, resource=HALF),
        Target(MCP, client_id=HALF),
        Target(MCP, client_id="c", client_secret=HALF),
        Target(MCP, redirect_uri=f"https://a.example/{HALF}"),
    ],
)
def test_half_a_character_of_the_person_stops_the_walk(target: Target) -> None:
    move = stopped(World(target))
    assert move.party == "client"
    assert "surrogate" in move.reason


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://auth.example.com:99999/x", "Port out of range"),
        ("https://auth.example.com:port/x", "Port could not be cast"),
        ("https://auth.example.com/a\nb", "U+000A"),
        ("https://[::1/x", "Invalid IPv6 URL"),
        ("https://user:secret@auth.example.com/", "user name or password"),
        ("/relative", "it needs http:// or https://"),
        (7, "a JSON number"),
    ],
)
def test_an_unusable_endpoint_is_the_fault_of_the_metadata(url: Any, says: str) -> None:
    for name in ("authorization_endpoint", "token_endpoint"):
        move = stopped(metadata(**{name: url}))
        assert (move.step, move.party) == ("server-metadata", "authorization-server")
        assert SERVER_URL in move.reason and name in move.reason and says in move.reason
    move = stopped(metadata(registration_endpoint=url))
    assert (move.step, move.party) == ("client", "authorization-server")
    assert "registration_endpoint of the server metadata" in move.reason and says in move.reason
    keys = metadata(jwks_uri=url)
    keys.walk("client")
    done = keys.move("keys")
    assert done == Done("keys", "no URL")
    found = only(keys, "JWK-01")
    assert says in found.says and found.party == "authorization-server"
    pushed = metadata(
        require_pushed_authorization_requests=True, pushed_authorization_request_endpoint=url
    )
    move = stopped(pushed)
    assert (move.step, move.party) == ("authorize", "authorization-server")
    assert says in move.reason


def test_an_unusable_url_in_the_challenge_is_the_mcp_servers_fault() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = challenge('resource_metadata="https://a:99999/"')
    move = stopped(world)
    assert (move.step, move.party) == ("resource-metadata", "resource-server")
    assert "resource_metadata of the challenge" in move.reason and "Port" in move.reason


def test_an_issuer_that_the_person_named_is_not_the_servers_fault() -> None:
    move = stopped(World(Target(MCP, authorization_server="https://a:99999")))
    assert (move.step, move.party) == ("server-metadata", "client")


def test_a_request_that_could_not_be_sent_is_not_the_networks_fault() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = Failure("bad-request", "the value of X is none")
    move = stopped(world)
    assert (move.step, move.party) == ("token", "client")


CUT = Failure("too-large", "the body has 40 MB, more than the limit of 32 MB")


def test_each_reason_why_there_is_no_metadata_is_told() -> None:
    world = World()
    del world.routes[f"GET {SERVER_URL}"]
    world.routes[f"GET {ISSUER}/.well-known/openid-configuration"] = answer(
        302, b"", None, ("Location", "https://a:99999/")
    )
    move = stopped(world)
    assert move.party == "authorization-server"
    assert f"{SERVER_URL}: 404" in move.reason
    assert "openid-configuration: 302 redirects to https://a:99999/: Port out of" in move.reason


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b"{", CUT, "more than the limit"),
        (b"{", Failure("bad-encoding", "not gzip"), "not gzip"),
        (b"", None, "empty body"),
        (b"\xef\xbb\xbf{}", None, "byte order mark"),
        (b"[" * 100_000, None, "nested too deeply"),
        (b"1" * 5000, None, "not JSON"),
    ],
)
@pytest.mark.parametrize("url", [SERVER_URL, f"https://mcp.example.com{RESOURCE_PATH}"])
def test_why_a_document_cannot_be_read_is_told(
    url: str, body: bytes, error: Failure | None, says: str
) -> None:
    world = Unread(url, answer(200, body), error)
    move = stopped(world)
    assert url in move.reason and says in move.reason


class Unread(World):
    """One document comes with a failure."""

    def __init__(
        self, url: str, response: Response, error: Failure | None, method: str = "GET"
    ) -> None:
        super().__init__(routes={**healthy(), f"{method} {url}": response})
        self._url, self._error = url, error

    def exchange(self, request: Request) -> Exchange:
        exchange = super().exchange(request)
        return replace(exchange, error=self._error) if request.url == self._url else exchange


@pytest.mark.parametrize("given", [10**400, "9" * 400, float("inf"), -(10**400), [], None])
def test_a_lifetime_beyond_all_numbers_is_none(given: Any) -> None:
    world = World()
    body = json.dumps({**TOKEN, "expires_in": given}).replace("Infinity", "1e400")
    world.routes[f"POST {ISSUER}/token"] = answer(200, body.encode())
    assert isinstance(world.walk(), Done)
    assert world.facts.tokens and world.facts.tokens.expires_in is None


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [(b"[" * 100_000, None, "nested too deeply"), (b"{}", CUT, "more than the limit")],
)
def test_why_the_first_answer_is_no_mcp_is_told(
    body: bytes, error: Failure | None, says: str
) -> None:
    world = Unread(MCP, answer(200, body), error, "POST")
    move = stopped(world)
    assert (move.step, move.party) == ("challenge", "resource-server")
    assert says in move.reason


def test_credentials_of_the_person_are_no_token_and_give_way_to_one() -> None:
    own = ("Authorization", "Basic b3duOm93bg==")
    world = World(Target(MCP, headers=(own,)))
    world.routes[f"POST {MCP}"] = lambda request: (
        mcp(request)
        if ("Authorization", "Bearer opaque-token-0001") in request.headers
        else challenge()
    )
    assert isinstance(world.walk(), Done)
    posts = [request for request in world.sent if request.url == MCP]
    assert own in posts[0].headers
    assert all([name for name, _ in one.headers].count("Authorization") == 1 for one in posts)
    silent = World(Target(MCP, headers=(own,)), {f"POST {MCP}": Failure("refused", "no")})
    assert stopped(silent).party == "network", "and not tried for ever"


def test_an_authorization_url_that_is_none_stops_nothing_else() -> None:
    world = World()
    world.walk("authorize")
    world.record(Made(NOW, "authorize", (("authorization_url", "http://[?scope=a"),)))
    assert isinstance(world.walk(), Done)
    assert requested_scope(world.facts) == ["a"]
