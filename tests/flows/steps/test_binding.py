"""DPoP through the walk, against servers that check every proof (RFC 9449)."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from flows.dpop import key_thumbprint
from flows.exchange import Request, Response, header
from flows.moves import Blocked, Compose, Done, Send
from flows.session import Target
from flows.store import redact_session
from tests.flows.checks.judging import failing, only
from tests.flows.keys import verified
from tests.flows.tokens import private_key, sign
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    RESOURCE,
    RESOURCE_PATH,
    TOKEN,
    World,
    answer,
    mcp,
)

DOCUMENT = f"https://mcp.example.com{RESOURCE_PATH}"
DPOP = f'DPoP algs="ES256", resource_metadata="{DOCUMENT}"'
BEARER = f'Bearer resource_metadata="{DOCUMENT}"'
LISTED = "dpop_signing_alg_values_supported"


@dataclass
class Servers:
    """An authorization server and an MCP server that take only proven requests. `nonces` are
    what each wants to see, by the host's first label; None wants none."""

    nonces: dict[str, str] = field(default_factory=dict)
    challenges: tuple[str, ...] = (DPOP,)
    jkts: list[str] = field(default_factory=list)
    jtis: list[str] = field(default_factory=list)

    def world(self, target: Target | None = None, metadata: Any = ()) -> World:
        world = World(target or Target(MCP))
        document = answer(200, {**METADATA, LISTED: ["ES256"], **dict(metadata)})
        world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = document
        world.routes[f"POST {ISSUER}/token"] = self.token
        world.routes[f"POST {MCP}"] = self.mcp
        return world

    def proof(self, request: Request, access_token: str | None = None) -> str:
        """Check the proof of a request as section 4.3 says; the nonce it has."""
        token = header(request.headers, "DPoP")
        assert token
        head, claims = verified(token)
        assert (claims["htm"], claims["htu"]) == (request.method, request.url)
        assert claims["jti"] not in self.jtis
        self.jtis.append(claims["jti"])
        point = {name: head["jwk"][name] for name in ("crv", "kty", "x", "y")}
        digest = sha256(json.dumps(point, separators=(",", ":")).encode()).digest()
        self.jkts.append(urlsafe_b64encode(digest).rstrip(b"=").decode())
        if access_token is None:
            assert "ath" not in claims
        else:
            ath = urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()
            assert claims["ath"] == ath
            bound = jwt.decode(access_token, options={"verify_signature": False})["cnf"]["jkt"]
            assert bound == self.jkts[-1]
        nonce: str = claims.get("nonce", "")
        return nonce

    def token(self, request: Request) -> Response:
        wanted = self.nonces.get("auth", "")
        if self.proof(request) != wanted:
            given = ("DPoP-Nonce", wanted)
            return answer(400, {"error": "use_dpop_nonce"}, "application/json", given)
        key = private_key("ES256")
        token = sign("ES256", key, {"iss": ISSUER, "aud": MCP, "cnf": {"jkt": self.jkts[-1]}})
        document = {"access_token": token, "token_type": "DPoP", "expires_in": 3600}
        return answer(200, {**document, "refresh_token": "r-1"})

    def mcp(self, request: Request) -> Response:
        scheme, _, token = (header(request.headers, "Authorization") or "").partition(" ")
        if not token:
            fields = (("WWW-Authenticate", text) for text in self.challenges)
            return answer(401, {"error": "unauthorized"}, "application/json", *fields)
        assert scheme == "DPoP"
        wanted = self.nonces.get("mcp", "")
        if self.proof(request, token) != wanted:
            demand = ("WWW-Authenticate", 'DPoP error="use_dpop_nonce"')
            return answer(401, b"", None, demand, ("DPoP-Nonce", wanted))
        return mcp(request)


def walked(world: World) -> World:
    world.walk("call")
    assert world.facts.tool_list.tools
    return world


def test_a_server_that_challenges_with_dpop() -> None:
    servers = Servers()
    world = walked(servers.world())
    assert world.facts.tokens and world.facts.tokens.bound
    assert len(set(servers.jkts)) == 1, "one key for token and use"
    assert len(servers.jtis) >= 3, "a fresh proof with every request"
    for step in ("challenge", "token"):
        move = world.move(step)
        assert isinstance(move, Done)


def test_the_authorization_request_names_the_key() -> None:
    """RFC 9449 section 10."""
    servers = Servers()
    world = servers.world()
    move = world.walk("authorize")
    assert isinstance(move, Compose)
    query = parse_qs(urlsplit(move.request.url).query)
    walked(world)
    assert query["dpop_jkt"] == [key_thumbprint(world.facts)] == [servers.jkts[0]]


def test_each_server_has_its_nonce_and_is_asked_again_once() -> None:
    servers = Servers({"auth": "a-1", "mcp": "m-1"})
    world = walked(servers.world())
    assert len(world.requests("/token")) == 2
    refused = [e.exchange for e in world.session.exchanges if e.exchange.status == 401]
    assert len(refused) == 2, "the challenge, and the one demand for a nonce"
    assert len(world.facts.openings) == 2, "a demand for a nonce is no try of a version"
    assert world.facts.dpop_nonces == {ISSUER: "a-1", "https://mcp.example.com": "m-1"}
    bodies = [json.loads(one.body) for one in world.requests("/mcp") if one.body]
    ids = [body["id"] for body in bodies if "id" in body]
    assert len(set(ids)) == len(ids)


def test_a_nonce_that_expired_is_replaced() -> None:
    servers = Servers({"mcp": "m-1"})
    world = walked(servers.world())
    servers.nonces["mcp"] = "m-2"
    world.rerun("tools")
    walked(world)
    assert world.facts.dpop_nonces["https://mcp.example.com"] == "m-2"


@pytest.mark.parametrize("host", ["auth", "mcp"])
def test_a_server_that_is_never_content_does_not_keep_us_going(host: str) -> None:
    class Fickle(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            self.count = getattr(self, "count", 0) + 1
            return f"n-{self.count}" if name == host else default

    world = Servers(Fickle()).world()
    move = world.walk()
    assert isinstance(move, Blocked)
    assert move.step == ("token" if host == "auth" else "connect")
    assert "use_dpop_nonce" in move.reason


def test_the_key_outlives_an_attempt() -> None:
    """The token of the first attempt is used in the second, which has other entropy."""
    servers = Servers()
    world = walked(servers.world())
    for step in ("tools", "refresh"):
        world.rerun(step)
        move = world.move(step)
        assert isinstance(move, Send)
        world.perform(move)
    world.rerun("connect")
    walked(world)
    assert len(set(servers.jkts)) == 1


# When it is used


def required(world: World) -> None:
    document = {**RESOURCE, "dpop_bound_access_tokens_required": True}
    world.routes[f"GET {DOCUMENT}"] = answer(200, document)


def nothing(world: World) -> None:
    pass


@pytest.mark.parametrize(
    ("challenges", "target", "change", "metadata", "used"),
    [
        ((BEARER,), Target(MCP), nothing, {}, False),
        ((BEARER,), Target(MCP, dpop=True), nothing, {}, True),
        ((BEARER,), Target(MCP), required, {}, True),
        ((DPOP,), Target(MCP), nothing, {LISTED: None}, True),
        ((BEARER, DPOP), Target(MCP), nothing, {}, True),
        ((f"{BEARER}, {DPOP}",), Target(MCP), nothing, {}, True),
        ((BEARER, DPOP), Target(MCP), nothing, {"-": LISTED}, False),
    ],
)
def test_when_dpop_is_used(
    challenges: tuple[str, ...],
    target: Target,
    change: Callable[[World], None],
    metadata: dict[str, Any],
    used: bool,
) -> None:
    world = Servers(challenges=challenges).world(target)
    document = {**METADATA, LISTED: ["ES256"], **metadata}
    document.pop(document.pop("-", ""), None)
    server = f"GET {ISSUER}/.well-known/oauth-authorization-server"
    world.routes[server] = answer(200, document)
    change(world)
    move = world.walk("token")
    assert isinstance(move, Send)
    assert (header(move.request.headers, "DPoP") is not None) == used
    assert move.dated == used


def test_the_challenge_with_the_metadata_counts_whatever_its_scheme() -> None:
    world = Servers(challenges=("Bearer", DPOP)).world()
    world.walk("resource-metadata")
    world.walk("server-metadata")
    assert [request.url for request in world.requests("/.well-known/")] == [DOCUMENT]


# What comes back


def issuing(document: dict[str, Any]) -> Callable[[Request], Response]:
    return lambda request: answer(200, document)


@pytest.mark.parametrize(
    ("challenges", "target"),
    [((DPOP,), Target(MCP)), ((BEARER,), Target(MCP, dpop=True))],
)
def test_an_unbound_token_is_discarded_where_binding_matters(
    challenges: tuple[str, ...], target: Target
) -> None:
    """RFC 9449 section 5."""
    world = Servers(challenges=challenges).world(target)
    world.routes[f"POST {ISSUER}/token"] = issuing(TOKEN)
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party, move.word) == ("token", "authorization-server", "unbound")
    assert (move.check, move.party) in failing(world)
    world.routes[f"POST {MCP}"] = mcp
    world.override("token")
    walked(world)
    assert world.move("token") == Done("token", "200")
    assert only(world, "DPOP-02").result == "fail"
    assert dict(world.sent[-1].headers)["Authorization"] == f"Bearer {TOKEN['access_token']}"


def test_where_bearer_is_offered_too_an_unbound_token_will_do() -> None:
    world = Servers(challenges=(BEARER, DPOP)).world()
    world.routes[f"POST {ISSUER}/token"] = issuing(TOKEN)
    world.routes[f"POST {MCP}"] = lambda request: (
        mcp(request)
        if header(request.headers, "Authorization")
        else answer(401, b"", None, ("WWW-Authenticate", BEARER), ("WWW-Authenticate", DPOP))
    )
    walked(world)
    assert only(world, "DPOP-02").result == "warn"


@pytest.mark.parametrize(
    ("cnf", "said"), [({"cnf": {"jkt": "other"}}, "cnf.jkt is other"), ({}, "cnf.jkt is missing")]
)
def test_a_token_bound_to_another_key(cnf: dict[str, Any], said: str) -> None:
    world = Servers().world()
    token = sign("ES256", private_key("ES256"), {"iss": ISSUER, **cnf})
    bound = {"access_token": token, "token_type": "dpop"}
    world.routes[f"POST {ISSUER}/token"] = issuing(bound)
    world.walk("connect")
    found = only(world, "DPOP-02")
    assert (found.result, found.party) == ("fail", "authorization-server")
    assert said in found.says
    assert "its case does not matter" in only(world, "TOK-08").says


def test_a_server_that_cannot_check_our_proofs() -> None:
    world = walked(Servers().world(metadata={LISTED: ["EdDSA"]}))
    found = only(world, "DPOP-01")
    assert (found.result, found.party, found.step) == (
        "warn",
        "authorization-server",
        "server-metadata",
    )
    assert "does not list ES256" in found.says


def test_a_proof_edited_away_leaves_no_key() -> None:
    """What was sent says what the answer means."""
    servers = Servers()
    world = servers.world()
    world.walk("token")
    move = world.standing()
    assert isinstance(move, Send) and move.step == "token"
    bare = tuple(entry for entry in move.request.headers if entry[0] != "DPoP")
    world.routes[f"POST {ISSUER}/token"] = issuing({**TOKEN, "token_type": "DPoP"})
    world.perform(replace(move, request=replace(move.request, headers=bare)))
    assert world.facts.tokens and not world.facts.tokens.bound
    found = only(world, "DPOP-02")
    assert found.result == "fail" and "no proof was sent" in found.says


def test_a_pushed_request_is_proven_too() -> None:
    """RFC 9449 section 10.1."""
    servers = Servers()
    par = {
        "pushed_authorization_request_endpoint": f"{ISSUER}/par",
        "require_pushed_authorization_requests": True,
    }
    world = servers.world(metadata=par)
    uri = {"request_uri": "urn:x", "expires_in": 60}

    def push(request: Request) -> Response:
        servers.proof(request)
        return answer(201, uri)

    world.routes[f"POST {ISSUER}/par"] = push
    walked(world)
    assert len(set(servers.jkts)) == 1


def test_a_session_saved_without_its_key_is_judged_the_same() -> None:
    world = walked(Servers().world())
    world.session = redact_session(world.session)
    assert not world.session.seed
    assert world.move("token") == Done("token", "200")
