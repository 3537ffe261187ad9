"""What the probes send, from facts alone."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from flows.exchange import Request, header
from flows.probes import PROBES
from flows.probes.resource import opening_request
from flows.session import Target
from flows.steps import STEP
from tests.flows.world import ISSUER, MCP, REDIRECT, World


def sent(world: World, name: str) -> dict[str, Request]:
    return dict(PROBES[name].requests(world.facts))


def walked(until: str = "client", target: Target | None = None) -> World:
    world = World(target or Target(MCP))
    world.walk(until=until)  # type: ignore[arg-type]
    return world


def test_nothing_is_sent_before_enough_is_known() -> None:
    world = World(Target(ISSUER, kind="authorization-server"))
    asked = {name for name in PROBES if sent(world, name)}
    assert asked == {"server-metadata-urls"}


def test_each_probe_says_what_it_asks_and_belongs_to_a_step() -> None:
    for name, probe in PROBES.items():
        assert probe.name == name and probe.step in STEP
        assert "?" in probe.asks or probe.asks.endswith(".")


def test_the_user_agents_differ_in_nothing_else() -> None:
    world = walked()
    requests = list(sent(world, "user-agents").values())
    assert len({header(request.headers, "user-agent") for request in requests}) == len(requests)
    assert len({(request.method, request.url, request.body) for request in requests}) == 1


def test_no_probe_carries_what_was_issued() -> None:
    world = World()
    world.walk()
    secrets = [world.facts.tokens and world.facts.tokens.access_token, "code-1"]
    for name in PROBES:
        for request in sent(world, name).values():
            text = f"{request.url} {request.headers} {request.body!r}"
            assert not [secret for secret in secrets if secret and secret in text], name


def test_only_places_that_the_walk_did_not_look_at_are_asked() -> None:
    world = walked()
    urls = [request.url for request in sent(world, "server-metadata-urls").values()]
    assert urls == [f"{ISSUER}/.well-known/openid-configuration"]


def test_authorization_probes_change_one_thing_each() -> None:
    world = walked("authorize")

    def query(name: str) -> dict[str, list[str]]:
        (request,) = sent(world, name).values()
        return parse_qs(urlsplit(request.url).query)

    plain = query("response-type")
    assert plain["client_id"] == ["client-1"] and plain["redirect_uri"] == [REDIRECT]
    assert query("plain-challenge") == {
        **plain,
        "response_type": ["code"],
        "code_challenge_method": ["plain"],
        "state": query("plain-challenge")["state"],
    }
    assert "code_challenge" not in query("without-pkce")
    assert query("stranger-redirect")["redirect_uri"] == ["https://authwalk.invalid/callback"]
    near = [parse_qs(urlsplit(r.url).query) for r in sent(world, "near-redirects").values()]
    uris = [one["redirect_uri"][0] for one in near]
    assert uris == [f"{REDIRECT}/more", f"{REDIRECT}?more=1", f"{REDIRECT}/"]
    states = {one["state"][0] for one in (plain, *near)}
    assert len(states) == 4, "each probe has a state of its own"


@pytest.mark.parametrize("name", ["stranger-redirect", "without-pkce", "near-redirects"])
def test_without_a_client_the_authorization_endpoint_is_not_asked_for_its_refusals(
    name: str,
) -> None:
    assert sent(walked("client"), name) == {}


def test_the_opening_request_has_each_field_once_and_no_token() -> None:
    world = World(Target(MCP, headers=(("X-Key", "of-the-person"),)))
    world.walk()
    request = opening_request(world.facts)
    assert request
    names = [name.lower() for name, _ in request.headers]
    assert names.count("x-key") == 1 and "authorization" not in names
    assert len(set(names)) == len(names)
