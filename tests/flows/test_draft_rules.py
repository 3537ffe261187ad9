"""What an edit breaks is told; what the steps propose, and what the standards allow, is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest

from flows.draft_rules import broken, broken_by
from flows.exchange import Request
from flows.moves import Compose, Listen, Make, Send
from flows.session import Pairs, StepId
from flows.steps import STEPS
from tests.flows.world import World


def standing_at(step: StepId) -> tuple[World, Send | Compose | Make]:
    world = World()
    world.walk(until=step)
    move = world.move(step)
    assert isinstance(move, Send | Compose | Make)
    return world, move


def with_query(request: Request, pairs: Pairs) -> Request:
    return replace(request, url=f"{request.url.partition('?')[0]}?{urlencode(pairs)}")


def query(request: Request) -> Pairs:
    return tuple(parse_qsl(request.url.partition("?")[2]))


def with_form(request: Request, pairs: Pairs) -> Request:
    return replace(request, body=urlencode(pairs).encode())


def form(request: Request) -> Pairs:
    return tuple(parse_qsl(request.body.decode()))


def without(pairs: Pairs, *names: str) -> Pairs:
    return tuple(pair for pair in pairs if pair[0] not in names)


def changed(pairs: Pairs, name: str, value: str) -> Pairs:
    return tuple((key, value if key == name else old) for key, old in pairs)


def without_header(request: Request, name: str) -> Request:
    kept = tuple(field for field in request.headers if field[0].lower() != name)
    assert kept != request.headers
    return replace(request, headers=kept)


def test_what_the_steps_propose_breaks_nothing() -> None:
    world = World()
    for step in STEPS:
        world.walk(until=step.id)
        match world.move(step.id):
            case Send(request=draft) | Compose(request=draft):
                assert broken(step.id, draft, world.facts) == ()
            case Make(values=made):
                assert broken(step.id, made, world.facts) == ()


@pytest.mark.parametrize(
    ("edit", "says", "standard"),
    [
        (lambda p: changed(p, "response_type", "token"), "must be code", "RFC 6749 §4.1.1"),
        (lambda p: without(p, "client_id"), "client_id is missing", "RFC 6749 §4.1.1"),
        (lambda p: without(p, "code_challenge"), "no PKCE", "MCP Authorization Code Protection"),
        (lambda p: without(p, "code_challenge_method"), "as plain", "RFC 7636 §4.3"),
        (lambda p: changed(p, "code_challenge_method", "plain"), "must be S256", "MCP"),
        (lambda p: changed(p, "code_challenge", "x"), "not the S256", "RFC 7636 §4.2"),
        (lambda p: without(p, "resource"), "resource is missing", "Resource Parameter"),
        (lambda p: changed(p, "resource", "https://a/#b"), "no fragment", "RFC 8707 §2"),
        (lambda p: changed(p, "resource", "https://b.example/"), "not this MCP server", "Resource"),
        (lambda p: (*p, ("scope", "a"), ("scope", "b")), "more than once", "RFC 6749 §3.1"),
        (lambda p: changed(p, "redirect_uri", "https://b.example/"), "registered", "§3.1.2.3"),
        (lambda p: changed(p, "redirect_uri", "/callback"), "no absolute URI", "RFC 6749 §3.1.2"),
    ],
)
def test_an_authorization_request(edit: Callable[[Pairs], Pairs], says: str, standard: str) -> None:
    world, move = standing_at("authorize")
    assert isinstance(move, Compose)
    draft = with_query(move.request, edit(query(move.request)))
    (found,) = broken_by("authorize", move.request, draft, world.facts)
    assert says in found.says and standard in found.standard


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: without(p, "state", "scope"),  # recommended, and optional
        lambda p: (*p, ("prompt", "login"), ("made_up", "x")),
        lambda p: (*p, ("resource", "https://other.example.com/mcp")),  # RFC 8707 section 2
        lambda p: (("request_uri", "urn:x"), ("client_id", "c")),  # RFC 9126 section 4
        lambda p: (("request", "e30.e30."), ("client_id", "c")),  # RFC 9101 section 5
        lambda p: changed(p, "redirect_uri", "http://127.0.0.1:1/callback"),
        lambda p: without(p, "redirect_uri"),  # one alone is registered (RFC 6749 section 3.1.2.3)
    ],
)
def test_what_an_authorization_request_may_be(edit: Callable[[Pairs], Pairs]) -> None:
    world, move = standing_at("authorize")
    assert isinstance(move, Compose)
    draft = with_query(move.request, edit(query(move.request)))
    assert broken("authorize", draft, world.facts) == ()


@pytest.mark.parametrize(
    ("edit", "says", "standard"),
    [
        (lambda p: without(p, "grant_type"), "grant_type is missing", "RFC 6749 §4.1.3"),
        (lambda p: without(p, "code"), "code is missing", "RFC 6749 §4.1.3"),
        (lambda p: without(p, "code_verifier"), "a challenge was sent", "RFC 7636 §4.5"),
        (lambda p: changed(p, "code_verifier", "x" * 43), "not the one", "RFC 7636 §4.6"),
        (lambda p: changed(p, "redirect_uri", "http://a/"), "redirect_uri is not", "§4.1.3"),
        (lambda p: changed(p, "resource", "https://b.example"), "resource is not", "RFC 8707 §2.2"),
        (lambda p: (*p, ("code", "again")), "code stands there more", "RFC 6749 §3.2"),
    ],
)
def test_a_token_request(edit: Callable[[Pairs], Pairs], says: str, standard: str) -> None:
    world, move = standing_at("token")
    assert isinstance(move, Send)
    draft = with_form(move.request, edit(form(move.request)))
    (found,) = broken_by("token", move.request, draft, world.facts)
    assert says in found.says and standard in found.standard


def test_what_a_token_request_may_be() -> None:
    world, move = standing_at("token")
    assert isinstance(move, Send)
    # OAuth 2.1 no longer asks for the redirect URI, and a client may name itself elsewhere.
    draft = with_form(move.request, without(form(move.request), "redirect_uri", "client_id"))
    assert broken("token", draft, world.facts) == ()
    other = replace(move.request, headers=(("Content-Type", "application/json"),))
    assert [one.standard for one in broken("token", other, world.facts)] == [
        "RFC 6749 §4.1.3, appendix B"
    ]


def test_of_several_resources_a_token_may_be_asked_for_one() -> None:
    world, move = standing_at("token")
    assert isinstance(move, Send) and world.facts.authorization_url
    asked = f"{world.facts.authorization_url}&{urlencode((('resource', 'https://b.example'),))}"
    facts = replace(world.facts, authorization_url=asked)
    for resources, known in (
        (["https://b.example"], True),
        (["https://b.example", "https://c.example"], False),
    ):
        pairs = without(form(move.request), "resource")
        draft = with_form(move.request, (*pairs, *(("resource", one) for one in resources)))
        assert (broken("token", draft, facts) == ()) is known


def test_what_other_grants_may_name_more_than_once() -> None:
    world, move = standing_at("token")
    assert isinstance(move, Send)
    grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    draft = with_form(
        move.request,
        (("grant_type", grant), ("subject_token", "x"), ("audience", "a"), ("audience", "b")),
    )
    assert broken("token", draft, world.facts) == ()


def test_values_made_here() -> None:
    world, move = standing_at("pkce")
    assert isinstance(move, Make)
    for edit, says in (
        (changed(move.values, "code_verifier", "x"), ["is not the S256", "43 to 128"]),
        (changed(move.values, "code_challenge_method", "plain"), ["must be S256"]),
        (changed(move.values, "state", ""), []),
    ):
        told = [one.says for one in broken_by("pkce", move.values, edit, world.facts)]
        assert len(told) == len(says) and all(a in b for a, b in zip(says, told, strict=True))


def test_a_registration() -> None:
    world = World()
    world.walk(until="client")
    while not isinstance(move := world.move("client"), Send):  # the listener is bound first
        assert isinstance(move, Listen)
        world.perform(move)
    for body, standards in (
        (b"[]", ["RFC 7591 §3.1"]),
        (b"<html>", ["RFC 7591 §3.1"]),
        (b"{}", ["RFC 7591 §2"]),
        (b'{"grant_types": ["client_credentials"]}', []),
        (b'{"redirect_uris": ["https://a/#x"]}', ["RFC 6749 §3.1.2"]),
    ):
        draft = replace(move.request, body=body)
        assert [one.standard for one in broken("client", draft, world.facts)] == standards


def test_an_mcp_request() -> None:
    world, move = standing_at("tools")
    assert isinstance(move, Send)
    own = move.request
    for draft, says in (
        (without_header(own, "authorization"), "Authorization is missing"),
        (without_header(own, "accept"), "Accept must list"),
        (without_header(own, "mcp-protocol-version"), "MCP-Protocol-Version is missing"),
        (replace(own, url=f"{own.url}?access_token=x"), "must not stand in the URL"),
        (replace(own, body=b"[]"), "one JSON-RPC message"),
        (replace(own, body=b"\xff"), "one JSON-RPC message"),
    ):
        (found,) = broken_by("tools", own, draft, world.facts)
        assert says in found.says and found.standard
    assert broken("keys", own, world.facts) == ()


def test_one_revision_sends_several_messages_in_a_body() -> None:
    world, move = standing_at("tools")
    assert isinstance(move, Send) and world.facts.connection
    draft = replace(move.request, body=b"[%s]" % move.request.body)
    assert broken("tools", draft, world.facts)
    then = replace(world.facts.connection, version="2025-03-26")
    assert broken("tools", draft, replace(world.facts, connection=then)) == ()
