from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from flows.exchange import Exchange, Failure, Response, Timing
from flows.moves import Blocked
from flows.session import Exchanged, StepId, Target
from tests.flows.checks.judging import assert_named, judged, only, results, speaking
from tests.flows.checks.test_network import walked
from tests.flows.world import ISSUER, MCP, METADATA, RESOURCE, RESOURCE_PATH, World, answer

HERE = f"https://mcp.example.com{RESOURCE_PATH}"
SERVER = f"{ISSUER}/.well-known/oauth-authorization-server"


def routed(**routes: Any) -> World:
    """A walk in which `resource`, `server`, `register`, `token` or `mcp` answer otherwise."""
    urls = {
        "resource": f"GET {HERE}",
        "server": f"GET {SERVER}",
        "register": f"POST {ISSUER}/register",
        "token": f"POST {ISSUER}/token",
        "mcp": f"POST {MCP}",
    }
    world = World()
    world.routes |= {urls[name]: given for name, given in routes.items()}
    world.walk()
    return world


# NET-07


def test_https_everywhere_passes() -> None:
    assert set(results(routed(), "NET-07")) == {"pass"}


@pytest.mark.parametrize(
    ("routes", "words", "party", "field"),
    [
        (
            {"server": answer(200, {**METADATA, "token_endpoint": "http://auth.example.com/t"})},
            "token_endpoint is http://auth.example.com/t",
            "authorization-server",
            "/token_endpoint",
        ),
        (
            {"resource": answer(200, {**RESOURCE, "authorization_servers": ["http://a.example"]})},
            "the authorization server is http://a.example",
            "resource-server",
            "/authorization_servers/0",
        ),
        (
            {
                "mcp": answer(
                    401,
                    b"",
                    None,
                    ("WWW-Authenticate", 'Bearer resource_metadata="http://mcp.example.com/x"'),
                )
            },
            "resource_metadata is http://mcp.example.com/x",
            "resource-server",
            "header WWW-Authenticate",
        ),
    ],
)
def test_plain_http_that_a_server_names(
    routes: dict[str, Response], words: str, party: Any, field: str
) -> None:
    finding = assert_named(routed(**routes), "NET-07", "fail", words, party)
    assert finding.place and finding.place.field == field


def test_plain_http_to_the_mcp_server_matters_where_there_are_tokens() -> None:
    url = "http://mcp.internal/mcp"
    world = World(Target(url, bearer="t"), routes={f"POST {url}": answer(401)})
    world.walk()
    assert_named(world, "NET-07", "fail", "tokens would cross the network", "resource-server")
    world = World(Target(url), routes={f"POST {url}": answer(500)})
    world.walk()
    assert only(world, "NET-07").result == "not-applicable"


def test_loopback_may_be_plain() -> None:
    url = "http://localhost:8000/mcp"
    world = World(Target(url, bearer="t"), routes={f"POST {url}": answer(401)})
    world.walk()
    assert only(world, "NET-07").result == "not-applicable"


# NET-08


def moved(status: int, location: str) -> Response:
    return answer(status, b"", None, ("Location", location))


@pytest.mark.parametrize(
    ("routes", "words", "party", "step"),
    [
        ({"mcp": moved(307, "/mcp/")}, "redirected with 307", "resource-server", "challenge"),
        (
            {"token": moved(301, "https://other.example/token")},
            "https://other.example/token, another origin",
            "authorization-server",
            "token",
        ),
        ({"register": moved(302, "/login")}, "/login", "authorization-server", "client"),
    ],
)
def test_what_is_posted_must_not_move(
    routes: dict[str, Response], words: str, party: Any, step: StepId
) -> None:
    finding = assert_named(routed(**routes), "NET-08", "fail", words, party)
    assert finding.step == step
    assert finding.place and finding.place.field == "header Location"


def test_a_lift_to_https_is_the_networks() -> None:
    url = "http://mcp.example.com/mcp"
    world = World(Target(url), routes={f"POST {url}": moved(308, MCP)})
    world.walk()
    assert_named(world, "NET-08", "fail", "another origin", "network")


def test_metadata_may_move() -> None:
    world = routed(resource=moved(302, "https://cdn.example/r"))
    assert_named(world, "NET-08", "info", "https://cdn.example/r, another origin", None)
    assert only(routed(), "NET-08").result == "not-applicable"


# NET-10


def test_a_page_of_a_proxy_is_named_where_it_stands() -> None:
    page = answer(403, b"<title>Just a moment...</title>", "text/html")
    for name, step in (("mcp", "challenge"), ("resource", "resource-metadata")):
        world = routed(**{name: page})
        move = world.standing()
        assert isinstance(move, Blocked)
        assert (move.check, move.party) == ("NET-10", "network")
        finding = assert_named(world, "NET-10", "fail", "mcp.example.com: 403", "network")
        assert finding.step == move.step == step
        assert [check for check, _ in speaking(world)] == ["NET-10"], "nobody else is blamed"
    assert set(results(routed(), "NET-10")) == {"pass"}


def test_a_401_of_a_proxy_is_no_fault_of_the_servers() -> None:
    page = answer(401, b"", "text/html", ("cf-mitigated", "challenge"))
    told = [check for check, _ in speaking(routed(mcp=page)) if check[:4] == "CHAL"]
    assert told == []


# NET-11


@pytest.mark.parametrize(("seconds", "result"), [(4.9, "pass"), (6.0, "warn"), (16.0, "fail")])
def test_slow_answers(seconds: float, result: str) -> None:
    timing = Timing(total=seconds)
    world = walked(lambda exchange: replace(exchange, timing=timing))
    found = judged(world, "NET-11")
    assert {one.result for one in found} == {result}
    steps = [one.step for one in found if one.speaks]
    assert "call" not in steps, "a tool may take its time"
    if steps:
        assert steps == ["resource-metadata", "server-metadata", "client", "token"]


def test_no_answer_in_time() -> None:
    world = routed(token=Failure("timeout", "the deadline of 30 s passed"))
    finding = assert_named(world, "NET-11", "fail", "the deadline of 30 s passed", "network")
    assert finding.step == "token"


# NET-12


def dated(*offsets: tuple[str, float]) -> World:
    """A walk in which hosts send a Date, so many seconds ahead of ours."""

    def change(exchange: Exchange) -> Exchange:
        for host, offset in offsets:
            if host in exchange.request.url and exchange.response:
                when: datetime = exchange.started + timedelta(seconds=offset)
                fields = (*exchange.response.headers, ("Date", format_datetime(when)))
                response = replace(exchange.response, headers=fields)
                return replace(exchange, response=response)
        return exchange

    return walked(change)


@pytest.mark.parametrize(
    ("offsets", "result", "words", "party"),
    [
        ([("auth", 30.0)], "pass", "", None),
        ([("auth", 90.0)], "warn", "auth.example.com is 90 s ahead", "authorization-server"),
        ([("mcp", -400.0)], "fail", "mcp.example.com is 400 s behind", "resource-server"),
        ([("mcp", 0.0), ("auth", 90.0)], "warn", "auth.example.com", "authorization-server"),
        ([("mcp", 3600.0), ("auth", 3601.0)], "fail", "this machine is wrong", "person"),
    ],
)
def test_clocks(offsets: list[tuple[str, float]], result: str, words: str, party: Any) -> None:
    assert_named(dated(*offsets), "NET-12", result, words, party)


def test_a_date_that_is_none_or_old_from_a_cache_says_nothing() -> None:
    assert only(routed(), "NET-12").result == "not-applicable"
    cached = answer(200, METADATA, "application/json", ("Date", "Mon, 02 Nov 2020 00:00:00 GMT"))
    assert only(routed(server=cached), "NET-12").result == "not-applicable"
    broken = answer(201, {"client_id": "c"}, "application/json", ("Date", "yesterday"))
    assert only(routed(register=broken), "NET-12").result == "not-applicable"


# NET-14


def cut(kind: Any, text: str) -> World:
    """The token response did not come whole."""
    world = World()
    world.walk("token")
    move = world.standing()
    assert not isinstance(move, Blocked) and hasattr(move, "request")
    exchange = replace(world.exchange(move.request), error=Failure(kind, text))
    world.record(Exchanged(exchange.started, "token", exchange))
    return world


@pytest.mark.parametrize(
    ("kind", "party", "field"),
    [
        ("bad-encoding", "authorization-server", "header Content-Encoding"),
        ("too-large", "authorization-server", ""),
        ("protocol", "network", ""),
    ],
)
def test_bodies_that_cannot_be_read(kind: Any, party: Any, field: str) -> None:
    finding = assert_named(cut(kind, "it is odd"), "NET-14", "fail", "it is odd", party)
    assert finding.step == "token"
    assert finding.place and finding.place.field == field


def test_json_is_always_utf_8() -> None:
    latin = answer(200, METADATA, "application/json; charset=iso-8859-1")
    assert_named(routed(server=latin), "NET-14", "warn", "iso-8859-1", "authorization-server")
    proper = answer(200, METADATA, "application/json; charset=UTF-8")
    assert set(results(routed(server=proper), "NET-14")) == {"pass"}
