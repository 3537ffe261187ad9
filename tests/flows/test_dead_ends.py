"""Who named an address at which nobody answers."""

from __future__ import annotations

import pytest

from flows.dead_ends import DeadEnd, dead_end
from flows.exchange import Failure, FailureKind
from flows.session import Target
from tests.flows.world import ISSUER, MCP, METADATA, RESOURCE, RESOURCE_PATH, World, answer

WELL_KNOWN = f"{ISSUER}/.well-known/oauth-authorization-server"
ELSEWHERE = "https://login.example.com"


def found(world: World) -> DeadEnd | None:
    world.walk()
    *_, last = world.session.exchanges
    return dead_end(world.session, world.facts, last)


def world_of(member: str, url: str, answered: Failure) -> World:
    world = World()
    world.routes[f"GET {WELL_KNOWN}"] = answer(200, {**METADATA, member: url})
    world.routes[f"POST {url}"] = answered
    return world


@pytest.mark.parametrize("kind", ["dns", "refused", "timeout", "protocol"])
@pytest.mark.parametrize("member", ["token_endpoint", "registration_endpoint"])
def test_an_endpoint_of_the_server_metadata(member: str, kind: FailureKind) -> None:
    world = world_of(member, f"{ELSEWHERE}/x", Failure(kind, "nobody"))
    assert found(world) == DeadEnd(member, WELL_KNOWN)


def test_an_authorization_server_of_the_resource_metadata() -> None:
    world = World()
    document = f"https://mcp.example.com{RESOURCE_PATH}"
    resource = {**RESOURCE, "authorization_servers": [ELSEWHERE]}
    world.routes[f"GET {document}"] = answer(200, resource)
    for name in ("oauth-authorization-server", "openid-configuration"):
        world.routes[f"GET {ELSEWHERE}/.well-known/{name}"] = Failure("refused", "nobody")
    assert found(world) == DeadEnd("authorization_servers", document)


def test_what_the_person_typed_is_named_by_no_document() -> None:
    assert found(World(routes={f"POST {MCP}": Failure("refused", "nobody")})) is None
    world = World(Target(MCP, authorization_server=ELSEWHERE))
    for name in ("oauth-authorization-server", "openid-configuration"):
        world.routes[f"GET {ELSEWHERE}/.well-known/{name}"] = Failure("refused", "nobody")
    assert found(world) is None


def test_where_somebody_answered_before_nobody_named_it_for_nothing() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = Failure("refused", "gone")
    assert found(world) is None


def test_a_certificate_that_is_refused_is_an_answer() -> None:
    failure = Failure("tls", "the certificate of login.example.com has expired")
    assert found(world_of("token_endpoint", f"{ELSEWHERE}/token", failure)) is None
