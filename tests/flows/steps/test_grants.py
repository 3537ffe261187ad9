"""The grants that need no browser, from the challenge to the tools."""

from base64 import b64decode
from dataclasses import replace
from typing import Any

import jwt
import pytest

from flows.checks import findings
from flows.client_authentication import ASSERTION_TYPE
from flows.documents import read_form
from flows.exchange import Request, Response
from flows.moves import Ask, Blocked, Done, Move, Send, Skipped
from flows.session import Grant, Target
from flows.steps.grants import ID_JAG, ID_TOKEN, JWT_BEARER, TOKEN_EXCHANGE
from flows.steps.remedy import requested_scope
from tests.flows.checks.judging import failing, record_of
from tests.flows.keys import as_jwk, key_for, pem
from tests.flows.tokens import sign
from tests.flows.world import ISSUER, MCP, METADATA, NOW, World, answer

SERVER = f"GET {ISSUER}/.well-known/oauth-authorization-server"
IDP_TOKEN = "https://login.example.com/token"
ID_JAG_CLAIMS = {
    "iss": "https://login.example.com",
    "sub": "U1",
    "aud": ISSUER,
    "resource": MCP,
    "client_id": "machine",
    "jti": "1",
    "exp": 1795425300,
    "iat": 1795421700,
}
CREDENTIALS = Target(MCP, grant="client-credentials", client_id="machine", client_secret="s+1")
ASSERTION = sign("ES256", key_for("ES256"), {"sub": "workload"})
FEDERATED = Target(MCP, grant="jwt-bearer", assertion=ASSERTION)
MANAGED = Target(
    MCP,
    grant="id-jag",
    client_id="machine",
    client_secret="s",
    idp_token_url=IDP_TOKEN,
    idp_client_id="at-the-idp",
    id_token=sign("ES256", key_for("ES256"), {"sub": "user-42"}),
)


def id_jag(typ: str | None = "oauth-id-jag+jwt", **changes: Any) -> str:
    claims = {key: value for key, value in {**ID_JAG_CLAIMS, **changes}.items() if value}
    return sign("ES256", key_for("ES256"), claims, **({"typ": typ} if typ else {}))


def exchanged(**changes: Any) -> dict[str, Any]:
    document = {"access_token": id_jag(), "issued_token_type": ID_JAG, "token_type": "N_A"}
    return {key: value for key, value in {**document, **changes}.items() if value != "-"}


def world_of(target: Target, **metadata: Any) -> World:
    """A server for machines: it has no authorization endpoint and no PKCE."""
    world = World(target)
    bare = {
        name: value
        for name, value in METADATA.items()
        if name not in ("authorization_endpoint", "code_challenge_methods_supported")
    }
    world.routes[SERVER] = answer(200, {**bare, **metadata})
    world.routes[f"POST {IDP_TOKEN}"] = answer(200, exchanged())
    return world


def token_request(world: World) -> tuple[Request, dict[str, str]]:
    world.walk()
    (request,) = world.requests(f"{ISSUER}/token")
    return request, dict(read_form(request.body))


@pytest.mark.parametrize("target", [CREDENTIALS, FEDERATED, MANAGED])
def test_nobody_is_asked_and_nothing_is_registered(target: Target) -> None:
    world = world_of(target)
    assert isinstance(world.walk("call"), Ask)
    assert world.facts.tokens and world.facts.redirect_uri is None
    assert not world.requests("/register")
    for step in ("pkce", "authorize", "callback"):
        assert isinstance(world.move(step), Skipped)
    assert not failing(world)


def test_client_credentials() -> None:
    """RFC 6749 section 4.4.2 with a resource indicator."""
    request, fields = token_request(world_of(CREDENTIALS))
    assert fields == {
        "grant_type": "client_credentials",
        "client_id": "machine",
        "resource": MCP,
        "scope": "tools",
    }
    scheme, _, credentials = dict(request.headers)["Authorization"].partition(" ")
    assert (scheme, b64decode(credentials)) == ("Basic", b"machine:s%2B1")


def test_machines_want_no_refresh_token() -> None:
    _, fields = token_request(world_of(CREDENTIALS, scopes_supported=["tools", "offline_access"]))
    assert fields["scope"] == "tools"


def test_a_step_up_starts_from_the_scope_that_was_sent() -> None:
    world = world_of(CREDENTIALS)
    world.walk()
    assert requested_scope(world.facts) == ["tools"]


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_private_key_jwt(alg: str) -> None:
    key = key_for(alg)
    text = as_jwk(key, alg, kid="k-1")
    target = Target(
        MCP, grant="client-credentials", client_id="machine", client_key=text, client_key_alg=alg
    )
    world = world_of(target, token_endpoint_auth_methods_supported=["private_key_jwt"])
    request, fields = token_request(world)
    assert fields["client_assertion_type"] == ASSERTION_TYPE
    token = fields["client_assertion"]
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": alg, "kid": "k-1"}
    claims = jwt.decode(
        token,
        key.public_key(),
        algorithms=[alg],
        audience=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == claims["sub"] == fields["client_id"] == "machine"
    assert claims["aud"] == ISSUER, "the issuer and no list, no endpoint"
    assert claims["exp"] - claims["iat"] == 300
    assert "Authorization" not in dict(request.headers)
    assert world.facts.client and world.facts.client.client_secret is None


def test_every_assertion_is_another() -> None:
    target = replace(CREDENTIALS, client_secret=None, client_key=pem(key_for("ES256")))
    world = world_of(target)
    world.walk()
    world.rerun("token")
    world.walk()
    bodies = [dict(read_form(one.body)) for one in world.requests(f"{ISSUER}/token")]
    tokens = [body["client_assertion"] for body in bodies]
    jtis = {jwt.decode(one, options={"verify_signature": False})["jti"] for one in tokens}
    assert len(jtis) == len(tokens) == 2


def test_the_servers_list_decides_what_an_rsa_key_signs_with() -> None:
    target = replace(CREDENTIALS, client_key=pem(key_for("RS256")))
    listed = {"token_endpoint_auth_signing_alg_values_supported": ["PS256"]}
    _, fields = token_request(world_of(target, **listed))
    assert jwt.get_unverified_header(fields["client_assertion"])["alg"] == "PS256"


@pytest.mark.parametrize(
    ("key", "says"), [(None, "there is none"), ("Sx9..redacted-241-1a2b3c4d", "not saved")]
)
def test_a_key_that_is_missing_stops_the_walk_before_anything_is_sent(
    key: str | None, says: str
) -> None:
    target = replace(CREDENTIALS, client_key=key, token_endpoint_auth_method="private_key_jwt")
    world = world_of(target)
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party, move.word) == ("token", "client", "no key")
    assert says in move.reason
    assert not world.requests("/token")


@pytest.mark.parametrize("grant", ["client-credentials", "id-jag"])
def test_a_client_must_be_registered_beforehand(grant: Grant) -> None:
    world = world_of(replace(MANAGED, grant=grant, client_id=None, client_secret=None))
    move = world.walk("client")
    assert isinstance(move, Ask) and move.kind == "client"
    world.answer("client", client_id="machine", client_secret="s")
    assert world.standing().step == "token"


def test_a_metadata_document_identifies_a_machine_too() -> None:
    document = "https://me.example.com/client.json"
    target = replace(
        CREDENTIALS,
        client_id=None,
        client_metadata_url=document,
        client_key=pem(key_for("ES256")),
    )
    world = world_of(target, client_id_metadata_document_supported=True)
    _, fields = token_request(world)
    assert fields["client_id"] == document
    assert "client_assertion" in fields


# JWT bearer


@pytest.mark.parametrize("client_id", [None, "workload-1"])
def test_a_workloads_assertion_is_exchanged_as_it_is(client_id: str | None) -> None:
    """RFC 7523 section 2.1; RFC 7521 section 4.1 makes the client optional."""
    _, fields = token_request(world_of(replace(FEDERATED, client_id=client_id)))
    assert fields == {
        "grant_type": JWT_BEARER,
        "assertion": ASSERTION,
        "resource": MCP,
        "scope": "tools",
        **({"client_id": client_id} if client_id else {}),
    }


@pytest.mark.parametrize("error", ["invalid_grant", "unauthorized_client", "invalid_scope"])
def test_a_refused_assertion_ends_the_walk(error: str) -> None:
    """Neither another try nor another grant."""
    world = world_of(FEDERATED)
    world.routes[f"POST {ISSUER}/token"] = answer(400, {"error": error})
    move = world.walk()
    assert isinstance(move, Blocked) and move.step == "token"
    assert error in move.reason and move.remedy is None
    assert len(world.requests("/token")) == 1


# Enterprise-managed authorization


def test_both_legs_are_visible() -> None:
    world, issued = world_of(MANAGED), exchanged()
    world.routes[f"POST {IDP_TOKEN}"] = answer(200, issued)
    exchange = world.walk("token")
    assert isinstance(exchange, Send) and exchange.request.url == IDP_TOKEN
    fields = dict(read_form(exchange.request.body))
    assert fields == {
        "grant_type": TOKEN_EXCHANGE,
        "client_id": "at-the-idp",
        "requested_token_type": ID_JAG,
        "audience": ISSUER,
        "resource": MCP,
        "scope": "tools",
        "subject_token": MANAGED.id_token,
        "subject_token_type": ID_TOKEN,
    }
    assert "Authorization" not in dict(exchange.request.headers)
    world.perform(exchange)
    grant = world.standing()
    assert isinstance(grant, Send) and grant.step == "token"
    assert grant.request.url == f"{ISSUER}/token"
    assert dict(read_form(grant.request.body)) == {
        "grant_type": JWT_BEARER,
        "client_id": "machine",
        "assertion": issued["access_token"],
        "resource": MCP,
    }
    assert dict(grant.request.headers)["Authorization"].startswith("Basic ")
    world.perform(grant)
    assert requested_scope(world.facts) == ["tools"], "asked of the identity provider"


def test_the_providers_client_has_a_secret_of_its_own() -> None:
    world = world_of(replace(MANAGED, idp_client_secret="idp"))
    move = world.walk("token")
    assert isinstance(move, Send)
    credentials = dict(move.request.headers)["Authorization"].removeprefix("Basic ")
    assert b64decode(credentials) == b"at-the-idp:idp"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (answer(400, {"error": "invalid_grant"}), "identity provider answers 400: invalid_grant"),
        (
            answer(200, exchanged(access_token="-")),
            "access_token of the identity provider's response is missing",
        ),
        (answer(200, exchanged(issued_token_type="-")), "issued missing"),
        (
            answer(200, exchanged(issued_token_type="urn:ietf:params:oauth:token-type:jwt")),
            "issued urn:ietf:params:oauth:token-type:jwt",
        ),
        (answer(200, b"<html>", "text/html"), "unreadable"),
    ],
)
def test_without_an_id_jag_nothing_goes_to_the_issuer(given: Response, says: str) -> None:
    world = world_of(MANAGED)
    world.routes[f"POST {IDP_TOKEN}"] = given
    move = world.walk()
    assert isinstance(move, Blocked) and move.step == "token"
    assert says in move.reason
    assert move.check == "EMA-01"
    assert (move.check, move.party) in failing(world)
    assert not world.requests(f"{ISSUER}/token")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (exchanged(access_token=id_jag(aud=f"{ISSUER}/")), f"aud of the ID-JAG is {ISSUER}/"),
        (exchanged(access_token=id_jag(resource=None)), "resource of the ID-JAG is missing"),
        (exchanged(access_token=id_jag(client_id="x")), "client_id of the ID-JAG is x"),
        (exchanged(access_token=id_jag(typ="JWT")), "typ of the ID-JAG is JWT"),
        (exchanged(access_token="opaque"), "a JWT belongs there"),
        (exchanged(token_type="Bearer"), "N_A belongs there"),
    ],
)
def test_a_wrong_id_jag_is_used_and_told(document: dict[str, Any], says: str) -> None:
    world = world_of(MANAGED)
    world.routes[f"POST {IDP_TOKEN}"] = answer(200, document)
    world.walk()
    assert world.move("token") == Done("token", "200")
    told = [says in one.says for one in findings(record_of(world), "enterprise") if one.speaks]
    assert told == [True]


def test_the_audience_of_an_id_jag_may_be_a_list() -> None:
    world = world_of(MANAGED)
    document = exchanged(access_token=id_jag(aud=[ISSUER]))
    world.routes[f"POST {IDP_TOKEN}"] = answer(200, document)
    world.walk()
    assert world.move("token") == Done("token", "200")


def test_a_new_attempt_begins_at_the_identity_provider() -> None:
    world = world_of(MANAGED)
    world.walk()
    world.rerun("token")
    move = world.standing()
    assert isinstance(move, Send) and move.request.url == IDP_TOKEN


@pytest.mark.parametrize(
    "target",
    [
        replace(FEDERATED, assertion=None),
        replace(MANAGED, id_token=None),
        replace(MANAGED, idp_token_url=None),
        replace(MANAGED, idp_client_id=None),
    ],
)
def test_what_a_grant_cannot_do_without(target: Target) -> None:
    move: Move = world_of(target).walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party, move.word) == ("token", "client", "incomplete")


def test_secrets_do_not_show_themselves() -> None:
    target = replace(
        MANAGED, client_key="hush-key", assertion="hush-assertion", idp_client_secret="hush-idp"
    )
    shown = repr(target)
    assert "hush" not in shown and str(MANAGED.id_token) not in shown
    world = world_of(MANAGED)
    world.walk()
    assert world.facts.id_jag and world.facts.id_jag.assertion not in repr(world.facts.id_jag)


def test_the_time_of_the_move_is_the_time_of_the_facts() -> None:
    """What `next` gives depends on the facts alone."""
    target = replace(CREDENTIALS, client_key=pem(key_for("ES256")))
    world = world_of(target)
    move = world.walk("token")
    assert world.move("token") == move
    assert isinstance(move, Send) and move.dated
    token = dict(read_form(move.request.body))["client_assertion"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iat"] == int(world.facts.at.timestamp())
    assert world.facts.at > NOW
