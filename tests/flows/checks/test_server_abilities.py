from typing import Any

import pytest

from flows.moves import Blocked
from flows.session import Party, Target
from tests.flows.checks.judging import assert_named, only, results
from tests.flows.keys import key_for, pem
from tests.flows.world import ISSUER, MCP, METADATA, TOKEN, World, answer, challenge

OAUTH = f"GET {ISSUER}/.well-known/oauth-authorization-server"
OPENID = f"GET {ISSUER}/.well-known/openid-configuration"
REQUIRED_BY_OPENID = {
    "jwks_uri": f"{ISSUER}/jwks",
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


def having(target: Target | None = None, **members: Any) -> World:
    world = World(target or Target(MCP))
    world.routes[OAUTH] = answer(200, {**METADATA, **members})
    world.walk()
    return world


def openid(**members: Any) -> World:
    world = World()
    document = {**METADATA, **REQUIRED_BY_OPENID, **members}
    world.routes[OPENID] = answer(200, document)
    del world.routes[OAUTH]
    world.walk("client")
    return world


def test_a_good_document_passes_every_check() -> None:
    world = having(
        grant_types_supported=["authorization_code"],
        token_endpoint_auth_signing_alg_values_supported=["ES256"],
        scopes_supported=["tools"],
        jwks_uri=f"{ISSUER}/jwks",
    )
    for number in ("06", "07", "08", "09", "10", "11", "12", "13", "18", "19"):
        assert set(results(world, f"ASM-{number}")) == {"pass"}, number
    assert set(results(openid(), "ASM-13") + results(openid(), "ASM-14")) == {"pass"}


@pytest.mark.parametrize(
    ("check", "name", "value", "result", "words"),
    [
        ("ASM-06", "response_types_supported", None, "fail", "is missing"),
        ("ASM-06", "response_types_supported", "code", "fail", "an array belongs"),
        ("ASM-06", "response_types_supported", ["token"], "fail", "lists token, not code"),
        ("ASM-07", "code_challenge_methods_supported", ["plain"], "fail", "lists plain"),
        ("ASM-07", "code_challenge_methods_supported", "S256", "fail", "is no array"),
        ("ASM-08", "grant_types_supported", ["implicit"], "warn", "not authorization_code"),
        ("ASM-08", "grant_types_supported", "x", "warn", "an array belongs"),
        (
            "ASM-09",
            "token_endpoint_auth_methods_supported",
            "none",
            "warn",
            "an array belongs",
        ),
        (
            "ASM-10",
            "token_endpoint_auth_methods_supported",
            ["none", "private_key_jwt"],
            "fail",
            "clients cannot choose",
        ),
        (
            "ASM-10",
            "token_endpoint_auth_signing_alg_values_supported",
            ["none"],
            "fail",
            "anybody could forge",
        ),
        (
            "ASM-12",
            "authorization_response_iss_parameter_supported",
            "true",
            "warn",
            "is a JSON string",
        ),
        ("ASM-18", "scopes_supported", "tools", "warn", "an array belongs"),
    ],
)
def test_members(check: str, name: str, value: Any, result: str, words: str) -> None:
    finding = assert_named(having(**{name: value}), check, result, words, "authorization-server")
    assert finding.place and finding.place.field == f"/{name}"
    assert finding.step == "server-metadata"


@pytest.mark.parametrize(
    ("check", "members", "words"),
    [
        (
            "ASM-11",
            {"registration_endpoint": None},
            "must be registered by hand",
        ),
        ("ASM-18", {"scopes_supported": ["other"]}, "does not list tools"),
        ("ASM-19", {"grant_types_supported": ["authorization_code", "implicit"]}, "implicit"),
    ],
)
def test_what_is_legal_is_worth_a_word_at_most(
    check: str, members: dict[str, Any], words: str
) -> None:
    assert_named(having(**members), check, "info", words, None)


def test_a_client_from_elsewhere_needs_no_registration() -> None:
    world = having(Target(MCP, client_id="c"), registration_endpoint=None)
    assert only(world, "ASM-11").result == "not-applicable"


def test_without_s256_an_mcp_client_stops_and_another_is_told() -> None:
    world = having(code_challenge_methods_supported=[])
    move = world.standing()
    assert isinstance(move, Blocked) and move.step == "pkce"
    assert_named(world, move.check, "fail", "MCP clients must refuse", move.party)
    target = Target(ISSUER, kind="authorization-server")
    world = having(target, code_challenge_methods_supported=[])
    assert_named(world, "ASM-07", "info", "lists nothing, not S256", None)


@pytest.mark.parametrize(
    ("listed", "result"),
    [(["authorization_code"], "warn"), (["authorization_code", "refresh_token"], "pass")],
)
def test_who_issues_refresh_tokens_should_list_the_grant(listed: list[str], result: str) -> None:
    world = World()
    world.routes[OAUTH] = answer(200, {**METADATA, "grant_types_supported": listed})
    world.routes[f"POST {ISSUER}/token"] = answer(200, {**TOKEN, "refresh_token": "r"})
    world.walk()
    assert only(world, "ASM-08").result == result


def test_grants_of_machines() -> None:
    target = Target(MCP, grant="client-credentials", client_id="c", client_secret="s")
    world = having(target, grant_types_supported=["authorization_code"])
    assert_named(world, "ASM-08", "warn", "not client_credentials", "authorization-server")
    assert only(world, "ASM-07").result == "not-applicable", "no code, no challenge"


# The method of the token endpoint


def registered_for(method: str, listed: list[str] | None) -> World:
    """A server that registers every client for the method it asks for."""
    target = Target(MCP, token_endpoint_auth_method=method)
    return having(target, token_endpoint_auth_methods_supported=listed)


@pytest.mark.parametrize(
    ("method", "listed", "result", "words"),
    [
        ("none", ["none"], "pass", ""),
        ("none", ["client_secret_basic"], "warn", "and registered the client for none"),
        ("none", None, "pass", ""),
        ("client_secret_basic", None, "pass", ""),
        ("client_secret_post", None, "info", "without a list"),
    ],
)
def test_a_registered_method(
    method: str, listed: list[str] | None, result: str, words: str
) -> None:
    party: Party | None = "authorization-server" if result == "warn" else None
    assert_named(registered_for(method, listed), "ASM-09", result, words, party)


def test_a_method_of_the_clients_choice() -> None:
    target = Target(MCP, client_id="c", client_key=pem(key_for("ES256")))
    assert_named(having(target), "ASM-09", "warn", "not private_key_jwt", "client")
    target = Target(MCP, client_id="c", token_endpoint_auth_method="tls_client_auth")
    assert_named(having(target), "ASM-09", "warn", "not one authwalk can do", "client")
    listed = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert_named(having(Target(MCP, client_id="c"), **listed), "ASM-09", "info", "no secret", None)


# OpenID Connect


@pytest.mark.parametrize(
    ("check", "members", "words"),
    [
        ("ASM-13", {"jwks_uri": None}, "jwks_uri is missing"),
        ("ASM-14", {"subject_types_supported": None}, "subject_types_supported is missing"),
        ("ASM-14", {"id_token_signing_alg_values_supported": ["ES256"]}, "RS256 must be"),
    ],
)
def test_what_openid_connect_requires(check: str, members: dict[str, Any], words: str) -> None:
    assert_named(openid(**members), check, "warn", words, "authorization-server")


def test_an_oauth_document_needs_none_of_it() -> None:
    world = having()
    assert results(world, "ASM-13") == results(world, "ASM-14") == ["not-applicable"]


def test_the_challenges_scope_comes_before_the_metadatas() -> None:
    world = World()
    name = (
        f'resource_metadata="https://mcp.example.com{"/.well-known/oauth-protected-resource"}/mcp"'
    )
    world.routes[f"POST {MCP}"] = challenge(f'{name}, scope="deep"')
    world.routes[OAUTH] = answer(200, {**METADATA, "scopes_supported": ["tools"]})
    world.walk("client")
    assert_named(world, "ASM-18", "info", "does not list deep", None)
