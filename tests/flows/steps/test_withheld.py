"""A session that was saved without secrets and taken up again: no mark reaches a server, and the
walk says what is missing and what to do."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace

import pytest

from flows.exchange import Request, header
from flows.moves import Ask, Blocked, Done, Listen, Skipped
from flows.session import Session, StepId, Target
from flows.spans import PLACEHOLDER
from flows.steps import STEPS
from flows.store import decode, encode
from tests.flows.tokens import private_key, sign
from tests.flows.world import ISSUER, MCP, TOKEN, World, answer, healthy


def reopened(world: World) -> World:
    """The world with its session saved without secrets and read again, as `Walk` takes it up."""
    world.session = replace(decode(encode(world.session)), seed=b"\x07" * 32)
    world.sent.clear()
    return world


def with_secrets() -> World:
    """A confidential client, a token that is a JWT, and a refresh token."""
    token = {
        **TOKEN,
        "access_token": sign("ES256", private_key("ES256"), {"iss": ISSUER, "aud": MCP}),
        "refresh_token": "refresh-token-0001",
    }
    registered = {
        "client_id": "c-1",
        "client_secret": "a-secret-of-thirty-two-characters",
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": ["http://127.0.0.1:7777/callback"],
    }
    routes = {
        **healthy(),
        f"POST {ISSUER}/register": answer(201, registered),
        f"POST {ISSUER}/token": answer(200, token),
    }
    return World(routes=routes)


def marks_in(request: Request) -> list[str]:
    credentials = header(request.headers, "authorization") or ""
    pair = b64decode(credentials[6:]).decode() if credentials.startswith("Basic ") else ""
    texts = (request.url, request.body.decode(), pair, *(value for _, value in request.headers))
    return [match for text in texts for match in PLACEHOLDER.findall(text)]


@pytest.mark.parametrize("make", [World, with_secrets])
@pytest.mark.parametrize("until", ["authorize", "callback", "token", "connect", "tools"])
def test_a_reopened_walk_authorizes_again_and_sends_no_mark(
    make: Callable[[], World], until: StepId
) -> None:
    world = make()
    world.walk(until)
    world = reopened(world)
    move = world.standing()
    assert isinstance(move, Blocked)
    assert (move.party, move.word) == ("person", "not saved")
    assert "not saved with this session" in move.reason.lower()
    assert move.remedy and move.remedy.anew
    world.rerun(move.remedy.step)
    assert isinstance(world.walk(), Done), "all the way to the tool"
    assert world.sent and not [request for request in world.sent if marks_in(request)]


def test_what_is_missing_is_named() -> None:
    found: dict[str, str] = {}
    for until in ("callback", "token", "connect"):
        world = with_secrets()
        world.walk(until)
        move = reopened(world).standing()
        assert isinstance(move, Blocked)
        found[until] = move.reason
    assert found == {
        "callback": "Not saved with this session: code verifier.",
        "token": "Not saved with this session: code, code verifier, client secret.",
        "connect": "Not saved with this session: access token.",
    }


def test_a_finished_walk_stands_as_it_did_and_its_refresh_token_is_not_sent() -> None:
    world = with_secrets()
    assert isinstance(world.walk(), Done)
    world = reopened(world)
    assert isinstance(world.standing(), Done)
    refresh = world.move("refresh")
    assert isinstance(refresh, Skipped)
    assert refresh.reason == "not saved with this session: refresh token, client secret"


def test_another_call_wants_a_token_first() -> None:
    world = with_secrets()
    world.walk()
    world = reopened(world)
    world.rerun("call")
    world.answer("call", name="add", arguments="{}")
    move = world.standing()
    assert isinstance(move, Blocked) and move.remedy
    assert (move.step, move.reason) == ("call", "Not saved with this session: access token.")


def test_the_secret_of_a_client_that_the_person_brought_is_asked_for() -> None:
    world = with_secrets()
    world.session = Session(
        Target(MCP, client_id="mine", client_secret="s3cret-of-mine"),
        world.session.created,
        b"\x01" * 32,
    )
    world.walk("connect")
    world = reopened(world)
    move = world.standing()
    assert isinstance(move, Blocked) and move.remedy
    world.rerun(move.remedy.step)
    while isinstance(move := world.standing(), Listen):
        world.perform(move)
    assert isinstance(move, Ask)
    assert move.kind == "client" and "mine was not saved" in move.prompt
    world.answer("client", client_id="mine", client_secret="typed-again")
    assert isinstance(world.walk(), Done)
    assert not [request for request in world.sent if marks_in(request)]


@pytest.mark.parametrize(
    "target",
    [
        Target(MCP, bearer="a-bearer-token-of-mine"),
        Target(MCP, headers=(("X-Api-Key", "k3y-of-mine-0123"),)),
        Target(f"{MCP}?api_key=k3y-of-mine-0123"),
        Target(MCP, grant="jwt-bearer", assertion="an-assertion-of-mine-1"),
    ],
)
def test_what_was_given_with_the_target_must_be_given_again(target: Target) -> None:
    world = reopened(World(target))
    move = world.walk()
    assert isinstance(move, Blocked)
    assert move.word == "not saved" and move.remedy is None
    assert move.fix == "Start a new walk and give it again."
    assert not [request for request in world.sent if marks_in(request)]


def test_a_server_whose_token_looks_like_a_mark_cannot_keep_a_client_going() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = answer(
        200, {**TOKEN, "access_token": "redacted-43-1a2b3c4d"}
    )
    move = world.walk()
    assert isinstance(move, Blocked) and move.remedy
    assert move.remedy.anew, "which `Walk.run` leaves to the person"


def test_every_step_can_be_asked_after_a_session_was_read() -> None:
    world = with_secrets()
    world.walk("connect")
    facts = reopened(world).facts
    for step in STEPS[:11]:
        assert step.next(facts).step == step.id
