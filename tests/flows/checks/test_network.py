from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.exchange import Exchange, Failure, FailureKind, Request, Tls
from flows.moves import Blocked
from flows.session import Exchanged, Target
from tests.flows.checks.judging import assert_named, judged, results
from tests.flows.world import ISSUER, MCP, METADATA, NOW, World, answer

LASTING = Tls("TLSv1.3", "TLS_AES_128_GCM_SHA256", not_after=NOW + timedelta(days=60))


def walked(change: Callable[[Exchange], Exchange]) -> World:
    """A whole walk, each exchange of it changed."""
    world = World()
    world.walk()
    events = tuple(
        replace(event, exchange=change(event.exchange)) if isinstance(event, Exchanged) else event
        for event in world.session.events
    )
    world.session = replace(world.session, events=events)
    return world


def secured(tls: Tls) -> World:
    return walked(lambda exchange: replace(exchange, tls=tls))


def reached_at(peer: str) -> World:
    return walked(lambda exchange: replace(exchange, peer=peer))


def test_good_connections_pass_every_check() -> None:
    world = walked(lambda exchange: replace(exchange, tls=LASTING, peer="93.184.215.14:443"))
    for number in range(1, 7):
        assert results(world, f"NET-0{number}") == ["pass", "pass"], number  # for each host


@pytest.mark.parametrize(
    ("kind", "text", "check"),
    [
        ("dns", "no address for mcp.example.com", "NET-01"),
        ("refused", "mcp.example.com cannot be connected to", "NET-02"),
        ("protocol", "no valid HTTP while waiting", "NET-02"),
        ("tls", "the issuer of the certificate is not known here", "NET-03"),
        ("tls", "mcp.example.com does not speak TLS on this port", "NET-02"),
        ("tls", "the certificate of mcp.example.com has another name: x", "NET-04"),
        ("tls", "the certificate of mcp.example.com has expired", "NET-05"),
        ("tls", "the TLS handshake failed: TLSV1_ALERT_PROTOCOL_VERSION", "NET-06"),
    ],
)
def test_a_stop_at_the_first_request(kind: FailureKind, text: str, check: str) -> None:
    world = World(routes={f"POST {MCP}": Failure(kind, text)})
    move = world.walk()
    assert isinstance(move, Blocked)
    assert (move.check, move.party) == (check, "network")
    finding = assert_named(world, check, "fail", text[1:], "network")
    assert finding.step == "challenge"
    assert finding.place and finding.place.part == "request"


def test_a_later_host_is_named_at_its_step() -> None:
    failure = Failure("refused", "auth.example.com cannot be connected to")
    world = World()
    world.routes[f"POST {ISSUER}/token"] = failure
    world.walk()
    finding = assert_named(world, "NET-02", "fail", "Auth.example.com", "network")
    assert finding.step == "token"


def test_plain_http_behind_https_is_no_matter_of_certificates() -> None:
    failure = Failure("tls", "mcp.example.com does not speak TLS on this port")
    world = World(routes={f"POST {MCP}": failure})
    world.walk()
    finding = assert_named(world, "NET-02", "fail", "does not speak TLS", "network")
    assert finding.standard == "RFC 9110 §4.2.2"
    assert finding.fix.startswith(f"Did you mean http:{MCP.removeprefix('https:')}?")
    assert results(world, "NET-03") == ["not-applicable"]


def test_an_address_that_metadata_named_for_nothing() -> None:
    elsewhere = "https://login.example.com/token"
    metadata = f"{ISSUER}/.well-known/oauth-authorization-server"
    world = World()
    world.routes[f"GET {metadata}"] = answer(200, {**METADATA, "token_endpoint": elsewhere})
    world.routes[f"POST {elsewhere}"] = Failure("refused", "login.example.com does not answer")
    world.walk()
    named = f"token_endpoint of {metadata} leads there."
    finding = assert_named(world, "NET-02", "fail", named, "authorization-server")
    assert finding.step == "token"


def test_a_probe_finds_a_token_endpoint_that_is_not_there() -> None:
    elsewhere = "https://login.example.com/token"
    metadata = {**METADATA, "token_endpoint": elsewhere}
    world = World()
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(200, metadata)
    world.walk("client")
    assert set(results(world, "NET-02")) == {"pass"}
    failure = Failure("refused", "login.example.com cannot be connected to")
    exchange = Exchange("probe", Request("GET", elsewhere), NOW, error=failure)
    event = Exchanged(NOW, "token", exchange, "GET", probe="token-get")
    world.session = world.session.append(event)
    assert_named(world, "NET-02", "fail", "token_endpoint of", "authorization-server")


def test_a_host_that_answers_in_the_end_is_well() -> None:
    world = World()
    well_known = f"{ISSUER}/.well-known/oauth-authorization-server"
    world.routes[f"GET {well_known}"] = Failure("refused", "not yet")
    world.walk()
    world.rerun("server-metadata")
    world.routes = World().routes
    world.walk()
    assert set(results(world, "NET-02")) == {"pass"}


def test_private_addresses_are_told_of_public_names_alone() -> None:
    assert_named(reached_at("10.0.0.7:443"), "NET-01", "info", "10.0.0.7, a private address", None)
    assert_named(reached_at("[::1]:443"), "NET-01", "info", "loopback", None)
    local = "http://127.0.0.1:8000/mcp"
    world = World(Target(local), routes={f"POST {local}": Failure("timeout", "x")})
    world.walk()
    assert not [one for one in judged(world, "NET-01") if one.speaks]


@pytest.mark.parametrize(
    ("left", "result"),
    [(timedelta(days=30), "pass"), (timedelta(days=6), "info"), (timedelta(hours=5), "warn")],
)
def test_certificates_that_end_soon(left: timedelta, result: str) -> None:
    world = secured(replace(LASTING, not_after=NOW + left))
    assert_named(world, "NET-05", result, "", "network" if result == "warn" else None)


def test_old_tls() -> None:
    assert_named(secured(replace(LASTING, version="TLSv1.1")), "NET-06", "warn", "1.1", "network")


def test_nothing_is_said_of_certificates_that_were_not_to_be_verified() -> None:
    world = secured(replace(LASTING, verified=False))
    assert set(results(world, "NET-03")) == {"skipped"}
    assert results(world, "NET-04") == ["not-applicable"]
