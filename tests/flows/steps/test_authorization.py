"""client, pkce, authorize, callback, token, refresh."""

import json
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flows.client_authentication import authenticated
from flows.documents import read_form
from flows.exchange import Request, Response
from flows.facts import Client
from flows.moves import Ask, Blocked, Compose, Done, Listen, Make, Move, Send
from flows.session import Target, value
from flows.steps.pkce import s256
from tests.flows.checks.judging import failing
from tests.flows.world import (
    CODE,
    ISSUER,
    MCP,
    METADATA,
    REDIRECT,
    RESOURCE_PATH,
    TOKEN,
    World,
    answer,
    challenge,
)

SERVER_URL = f"{ISSUER}/.well-known/oauth-authorization-server"


def with_metadata(target: Target = Target(MCP), **changes: Any) -> World:  # noqa: B008
    world = World(target)
    document = {key: member for key, member in {**METADATA, **changes}.items() if member != "-"}
    world.routes[f"GET {SERVER_URL}"] = answer(200, document)
    return world


def authorization(world: World) -> dict[str, list[str]]:
    move = world.walk("authorize")
    assert isinstance(move, Compose)
    return parse_qs(urlsplit(move.request.url).query, keep_blank_values=True)


# client


def test_the_listener_is_bound_before_its_uri_is_registered() -> None:
    world = World()
    assert world.walk("client") == Listen("client")
    world.perform(Listen("client"))
    move = world.standing()
    assert isinstance(move, Send)
    document = json.loads(move.request.body)
    assert document["redirect_uris"] == [REDIRECT]
    assert document["application_type"] == "native"
    assert document["token_endpoint_auth_method"] == "none"
    assert document["grant_types"] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize(
    ("chosen", "move"),
    [
        ("http://127.0.0.1:8787/cb", Listen("client", "127.0.0.1", 8787, "/cb")),
        ("http://localhost:80/", Listen("client", "localhost", 80, "/")),
        (
            "https://chatgpt.com/connector/oauth/x",
            Make(
                "client",
                (("redirect_uri", "https://chatgpt.com/connector/oauth/x"),),
                "redirect URI",
            ),
        ),
    ],
)
def test_a_redirect_uri_of_the_persons_choice(chosen: str, move: Move) -> None:
    assert World(Target(MCP, redirect_uri=chosen)).walk("client") == move


def test_a_pre_registered_client_comes_first() -> None:
    target = Target(MCP, client_id="mine", client_secret="s", redirect_uri=REDIRECT)
    world = with_metadata(target, client_id_metadata_document_supported=True)
    world.walk("pkce")
    assert world.facts.client == Client(
        "mine", "pre-registered", "client_secret_basic", "s", issuer=ISSUER
    )
    assert world.requests("/register") == []


def test_a_metadata_document_comes_before_registration() -> None:
    target = Target(MCP, client_metadata_url="https://me.example.com/client.json")
    world = with_metadata(target, client_id_metadata_document_supported=True)
    world.walk("pkce")
    assert world.facts.client
    assert world.facts.client.client_id == "https://me.example.com/client.json"
    assert world.facts.client.source == "CIMD"


@pytest.mark.parametrize("advertised", [False, "true", None])
def test_a_metadata_document_needs_the_servers_word(advertised: Any) -> None:
    target = Target(MCP, client_metadata_url="https://me.example.com/client.json")
    world = with_metadata(target, client_id_metadata_document_supported=advertised)
    world.walk("pkce")
    assert world.facts.client and world.facts.client.source == "DCR"


def test_without_any_way_the_person_is_asked() -> None:
    world = with_metadata(registration_endpoint="-")
    world.walk("client")
    world.perform(Listen("client"))
    move = world.standing()
    assert isinstance(move, Ask) and move.kind == "client"
    world.answer("client", client_id="by-hand", client_secret="top")
    assert world.facts.client == Client(
        "by-hand", "entered", "client_secret_basic", "top", issuer=ISSUER
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            answer(400, {"error": "invalid_redirect_uri", "error_description": "not yours"}),
            "invalid_redirect_uri: not yours",
        ),
        (answer(500, b"<html>", "text/html"), "registration refused with 500"),
        (answer(201, {"client_name": "x"}), "client_id of the registration response is missing"),
    ],
)
def test_a_refused_registration_stops_the_walk(given: Response, said: str) -> None:
    world = World()
    world.routes[f"POST {ISSUER}/register"] = given
    move = world.walk("pkce")
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("client", "authorization-server")
    assert said in move.reason
    world.override("client")
    assert isinstance(world.standing(), Ask), "the person may enter a client instead"


def test_the_registered_method_rules() -> None:
    """RFC 7591 section 3.2.1: what the server returns, not what was asked for."""
    world = World()
    document = {
        "client_id": "c",
        "client_secret": "s",
        "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": [REDIRECT],
    }
    world.routes[f"POST {ISSUER}/register"] = answer(201, document)
    world.walk("callback")
    world.walk()
    (request,) = world.requests("/token")
    assert dict(read_form(request.body))["client_secret"] == "s"


# pkce


def test_the_vector_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert s256(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_values_previewed_are_the_values_used() -> None:
    world = World()
    move = world.walk("pkce")
    assert isinstance(move, Make)
    world.perform(move)
    pkce = world.facts.pkce
    assert pkce and pkce.code_verifier == value(move.values, "code_verifier")
    assert 43 <= len(pkce.code_verifier) <= 128
    assert pkce.code_challenge == s256(pkce.code_verifier)
    assert pkce.state != pkce.code_verifier


def test_a_new_attempt_has_fresh_values() -> None:
    world = World()
    world.walk("callback")
    before = world.facts.pkce
    world.rerun("pkce")
    world.walk("callback")
    after = world.facts.pkce
    assert before and after
    assert before.state != after.state and before.code_verifier != after.code_verifier
    assert world.facts.client, "what stood before the step still stands"


@pytest.mark.parametrize("methods", ["-", ["plain"], []])
def test_an_mcp_client_refuses_a_server_without_s256(methods: Any) -> None:
    world = with_metadata(code_challenge_methods_supported=methods)
    move = world.walk("authorize")
    assert isinstance(move, Blocked)
    assert (move.step, move.word) == ("pkce", "no S256")
    world.override("pkce")
    assert isinstance(world.standing(), Make)


def test_no_mcp_rule_binds_an_issuer_walked_alone() -> None:
    target = Target(ISSUER, kind="authorization-server")
    world = with_metadata(target, code_challenge_methods_supported="-")
    assert isinstance(world.walk("authorize"), Compose)


# authorize


def test_the_authorization_request() -> None:
    query = authorization(World())
    assert query["response_type"] == ["code"]
    assert query["redirect_uri"] == [REDIRECT]
    assert query["resource"] == [MCP]
    assert query["scope"] == ["tools"], "from the resource metadata: the challenge named none"
    assert query["code_challenge_method"] == ["S256"]


def test_the_scope_of_the_challenge_comes_first() -> None:
    world = World()
    url = f"https://mcp.example.com{RESOURCE_PATH}"
    parameters = f'resource_metadata="{url}", scope="read write"'
    world.routes[f"POST {MCP}"] = challenge(parameters)
    assert authorization(world)["scope"] == ["read write"]


def test_offline_access_joins_when_the_server_lists_it() -> None:
    world = with_metadata(scopes_supported=["tools", "offline_access"])
    assert authorization(world)["scope"] == ["tools offline_access"]


@pytest.mark.parametrize(("scope", "sent"), [("", None), ("a b", ["a b"])])
def test_the_person_decides_scope_and_resource(scope: str, sent: Any) -> None:
    query = authorization(World(Target(MCP, scope=scope, resource="")))
    assert query.get("scope") == sent
    assert "resource" not in query


def test_a_query_of_the_endpoint_is_kept() -> None:
    world = with_metadata(authorization_endpoint=f"{ISSUER}/authorize?tenant=a%20b")
    assert authorization(world)["tenant"] == ["a b"]


def test_openid_sends_a_nonce() -> None:
    world = World(Target(MCP, scope="openid"))
    query = authorization(world)
    assert world.facts.pkce
    assert query["nonce"] == [world.facts.pkce.nonce]


# callback


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "other"}, "state is not the one sent"),
        ({"state": None}, "state is missing"),
        ({"iss": "https://evil.example.com"}, "iss is https://evil.example.com"),
        ({"iss": f"{ISSUER}/"}, "trailing slash"),
        ({"iss": None}, "iss is missing"),
        ({"code": None}, "neither a code nor an error"),
        ({"code": ""}, "neither a code nor an error"),
        ({"code": None, "error": "access_denied"}, "access_denied"),
    ],
)
def test_a_response_that_must_be_refused(changes: dict[str, str | None], said: str) -> None:
    world = World()
    world.walk("callback")
    parameters = {"code": "code-1", "state": world.state, "iss": ISSUER, **changes}
    world.respond(**{key: text for key, text in parameters.items() if text is not None})
    move = world.standing()
    assert isinstance(move, Blocked)
    assert move.step == "callback"
    assert said in move.reason
    assert (move.check, move.party) in failing(world)


@pytest.mark.parametrize("advertised", [True, False, "-"])
@pytest.mark.parametrize("iss", [ISSUER, "https://evil.example.com", None])
def test_the_four_rows_of_iss(advertised: Any, iss: str | None) -> None:
    """MCP Authorization Response Validation."""
    world = with_metadata(authorization_response_iss_parameter_supported=advertised)
    world.walk("callback")
    world.respond(code="c", state=world.state, **({"iss": iss} if iss else {}))
    refused = (iss is None and advertised is True) or iss == "https://evil.example.com"
    assert isinstance(world.standing(), Blocked) == refused


def test_an_error_of_the_person_is_not_the_servers() -> None:
    world = World()
    world.walk("callback")
    world.respond(error="access_denied", state=world.state, iss=ISSUER)
    move = world.standing()
    assert isinstance(move, Blocked)
    assert (move.party, move.can_override) == ("person", False)


def test_a_bare_code_cannot_be_judged_but_is_used() -> None:
    world = World()
    world.walk("callback")
    world.answer("callback", redirect=" code-7 \n", via="pasted")
    move = world.move("callback")
    assert isinstance(move, Done)
    assert world.standing().step == "token"


def test_a_foreign_state_can_be_overridden() -> None:
    world = World()
    world.walk("callback")
    world.respond(code="c", state="other", iss=ISSUER)
    world.override("callback")
    assert world.standing().step == "token"


def test_useless_paste_leaves_the_question_open() -> None:
    world = World()
    world.walk("callback")
    world.answer("callback", redirect="https://example.com/", via="pasted")
    assert isinstance(world.standing(), Ask)


# token and refresh


def test_the_exchange_carries_verifier_redirect_and_resource() -> None:
    world = World()
    world.walk()
    (request,) = world.requests("/token")
    fields = dict(read_form(request.body))
    pkce = world.facts.pkce
    assert pkce
    assert fields == {
        "grant_type": "authorization_code",
        "client_id": "client-1",
        "code": CODE,
        "redirect_uri": REDIRECT,
        "code_verifier": pkce.code_verifier,
        "resource": MCP,
    }


def test_basic_credentials_are_form_encoded_first() -> None:
    """RFC 6749 section 2.3.1: both parts are encoded before base64."""
    client = Client("id:1", "entered", "client_secret_basic", "p+s/ä %")
    request = authenticated(f"{ISSUER}/token", client, (("grant_type", "x"),))
    scheme, _, credentials = dict(request.headers)["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(credentials).decode() == "id%3A1:p%2Bs%2F%C3%A4+%25"
    assert b"secret" not in request.body


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(400, {"error": "invalid_grant"}), "invalid_grant"),
        (answer(500, b"<html>", "text/html"), "500"),
        (answer(200, b"access_token=x", "application/x-www-form-urlencoded"), "not JSON"),
        (answer(200, {"error": "invalid_client"}), "invalid_client"),
        (answer(200, {"access_token": ""}), "access_token of the response is empty"),
        (answer(200, [TOKEN]), "a JSON array"),
    ],
)
def test_an_exchange_without_a_token(given: Response, said: str) -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = given
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("token", "authorization-server")
    assert said in move.reason
    assert (move.check, move.party) in failing(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"token_type": "-"},
        {"token_type": "DPoP"},
        {"expires_in": "3600"},
        {"refresh_token": None},
        {"scope": ["a"]},
    ],
)
def test_an_odd_token_response_is_used(changes: dict[str, Any]) -> None:
    world = World()
    document = {key: member for key, member in {**TOKEN, **changes}.items() if member != "-"}
    world.routes[f"POST {ISSUER}/token"] = answer(200, document)
    world.walk()
    assert world.move("token") == Done("token", "200")


def rotating(request: Request) -> Response:
    fields = dict(read_form(request.body))
    if fields["grant_type"] == "refresh_token":
        number = int(fields["refresh_token"].rpartition("-")[2]) + 1
        return answer(200, {**TOKEN, "access_token": f"a-{number}", "refresh_token": f"r-{number}"})
    return answer(200, {**TOKEN, "refresh_token": "r-1"})


def test_refreshing_is_the_persons_choice_and_starts_from_the_newest_token() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = rotating
    assert isinstance(world.walk(), Done)
    assert len(world.requests("/token")) == 1, "the plain walk does not refresh"
    for number in (2, 3):
        world.rerun("refresh")
        move = world.move("refresh")
        assert isinstance(move, Send) and not move.optional, "it was asked for"
        world.perform(move)
        tokens = world.facts.current_tokens
        assert tokens and tokens.refresh_token == f"r-{number}"
    # An earlier step run anew does not bring back a refresh token that is dead.
    world.rerun("connect")
    world.walk()
    assert dict(world.sent[-1].headers)["Authorization"] == "Bearer a-3"


def test_a_refresh_that_fails_takes_nothing_away() -> None:
    world = World()

    def token(request: Request) -> Response:
        fields = dict(read_form(request.body))
        if fields["grant_type"] == "refresh_token":
            return answer(400, {"error": "invalid_grant"})
        return answer(200, {**TOKEN, "refresh_token": "r"})

    world.routes[f"POST {ISSUER}/token"] = token
    world.walk("connect")
    refresh = world.move("refresh")
    assert isinstance(refresh, Send) and refresh.optional
    world.perform(refresh)
    move = world.move("refresh")
    assert move == Done("refresh", "400")
    assert ("RT-01", "authorization-server") in failing(world)
    assert isinstance(world.walk(), Done), "the access token is as good as it was"
