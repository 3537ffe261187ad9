"""Who sends something else than the step proposed answers for a refusal of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.moves import Blocked, Listen, Send
from flows.session import Exchanged, StepId
from tests.flows.checks.judging import only
from tests.flows.world import ISSUER, NOW, World, answer


def sent(
    step: StepId, path: str, status: int, *, edited: bool, error: str = "invalid_request"
) -> World:
    """A world at the stop after the request of a step was answered with an error."""
    world = World()
    world.routes[f"POST {ISSUER}/{path}"] = answer(status, {"error": error})
    world.walk(until=step)
    while not isinstance(move := world.move(step), Send):
        assert isinstance(move, Listen)
        world.perform(move)
    exchange = world.exchange(move.request)
    draft = move.request if edited else None
    at = NOW + timedelta(seconds=60)
    world.record(Exchanged(at, step, exchange, move.label, draft))
    return world


def stop(world: World) -> Blocked:
    move = world.standing()
    assert isinstance(move, Blocked)
    return move


@pytest.mark.parametrize("error", ["invalid_request", "invalid_grant", "invalid_target", "odd"])
def test_an_edited_token_request_that_is_refused_is_the_persons(error: str) -> None:
    ours = stop(sent("token", "token", 400, edited=True, error=error))
    assert ours.party == "person" and "edited before it was sent" in ours.fix
    world = sent("token", "token", 400, edited=True, error=error)
    assert only(world, ours.check).party == "person"
    assert stop(sent("token", "token", 400, edited=False, error=error)).party != "person"


def test_a_server_that_fails_inside_is_at_fault_whatever_was_sent() -> None:
    assert stop(sent("token", "token", 500, edited=True)).party == "authorization-server"
    assert stop(sent("client", "register", 500, edited=True)).party == "authorization-server"


def test_an_edited_registration_that_is_refused_is_the_persons() -> None:
    world = sent("client", "register", 400, edited=True, error="invalid_redirect_uri")
    assert stop(world).party == "person" == only(world, "DCR-01").party
    world = sent("client", "register", 400, edited=False, error="invalid_redirect_uri")
    assert stop(world).party == "authorization-server"
    assert only(world, "DCR-01").party == "authorization-server"


def test_of_another_flows_response_the_state_is_told_and_not_the_issuer() -> None:
    world = World()
    world.walk(until="callback")
    world.respond(code="x", state="other")
    assert stop(world).check == "AR-03"
