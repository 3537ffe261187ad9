from dataclasses import replace
from typing import Any

import pytest

from flows.checks.documents import LARGE
from flows.exchange import Failure, FailureKind, Response
from flows.moves import Blocked, Send
from flows.session import Exchanged, Party, Target
from tests.flows.checks.judging import assert_named, only, results, speaking
from tests.flows.world import ISSUER, MCP, METADATA, NOW, RESOURCE, RESOURCE_PATH, World, answer

OAUTH = f"GET {ISSUER}/.well-known/oauth-authorization-server"
OPENID = f"GET {ISSUER}/.well-known/openid-configuration"


def served(given: Response | Failure, openid: Response | None = None) -> World:
    world = World()
    world.routes[OAUTH] = given
    if openid:
        world.routes[OPENID] = openid
    world.walk("client")
    return world


def having(**members: Any) -> World:
    return served(answer(200, {**METADATA, **members}))


DOCUMENT = ("01", "02", "03", "04", "05", "16", "17", "20", "21", "22")


def test_a_good_document_passes_every_check() -> None:
    world = having()
    for number in DOCUMENT:
        assert set(results(world, f"ASM-{number}")) == {"pass"}, number


@pytest.mark.parametrize(
    ("check", "members", "result", "words", "field"),
    [
        ("ASM-03", {"issuer": None}, "fail", "is a JSON null", "/issuer"),
        ("ASM-03", {"issuer": "https://x.example"}, "fail", "host x.example", "/issuer"),
        ("ASM-04", {"issuer": "auth"}, "fail", "it needs http", "/issuer"),
        ("ASM-04", {"issuer": f"{ISSUER}?a"}, "fail", "query", "/issuer"),
        ("ASM-05", {"token_endpoint": None}, "fail", "is missing", "/token_endpoint"),
        ("ASM-05", {"token_endpoint": "/token"}, "fail", "it needs http", "/token_endpoint"),
        ("ASM-05", {"token_endpoint": 7}, "fail", "JSON number", "/token_endpoint"),
        (
            "ASM-05",
            {"registration_endpoint": f"{ISSUER}/r#x"},
            "fail",
            "fragment",
            "/registration_endpoint",
        ),
        ("ASM-16", {"op_policy_uri": None}, "warn", "is null", "/op_policy_uri"),
        ("ASM-16", {"ui_locales_supported": []}, "warn", "array", "/ui_locales_supported"),
        ("ASM-17", {"jwks_uri": "http://localhost:80/k"}, "fail", "own network", "/jwks_uri"),
        ("ASM-17", {"jwks_uri": "https://10.0.0.1/k"}, "fail", "own network", "/jwks_uri"),
        ("ASM-22", {"x": "y" * LARGE}, "warn", "clients set limits", ""),
    ],
)
def test_members(check: str, members: dict[str, Any], result: str, words: str, field: str) -> None:
    finding = assert_named(having(**members), check, result, words, "authorization-server")
    assert finding.place and finding.place.field == field
    assert finding.step == "server-metadata"


@pytest.mark.parametrize(
    ("check", "given", "result", "words"),
    [
        ("ASM-01", answer(404), "fail", "answers 404"),
        ("ASM-02", answer(200, b"<html>", "text/html"), "fail", "HTML or XML"),
        ("ASM-02", answer(200, METADATA, "text/json"), "warn", "is sent as text/json"),
        ("ASM-21", answer(200, b'{"issuer":"x","issuer":"y"}'), "fail", "twice: issuer"),
    ],
)
def test_answers(check: str, given: Response, result: str, words: str) -> None:
    assert_named(served(given), check, result, words, "authorization-server")


@pytest.mark.parametrize(
    "given",
    [
        answer(404),
        answer(503, b"x" * 20_000, "text/plain"),
        answer(200, b"<html>", "text/html"),
        answer(200, {**METADATA, "issuer": "https://o.example"}),
        answer(200, {**METADATA, "authorization_endpoint": "authorize"}),
        answer(403, b"", "text/html", ("cf-mitigated", "challenge")),
    ],
)
def test_every_stop_is_found_by_its_check(given: Response) -> None:
    world = served(given)
    move = world.standing()
    assert isinstance(move, Blocked)
    assert_named(world, move.check, "fail", "", move.party)


@pytest.mark.parametrize("text", ["no address", "cannot be connected to"])
def test_an_unreachable_server_is_found_by_its_check(text: str) -> None:
    failure = Failure("dns" if "address" in text else "refused", text)
    world = World(routes={**World().routes, OAUTH: failure, OPENID: failure})
    move = world.walk()
    assert isinstance(move, Blocked) and move.party == "network"
    assert_named(world, move.check, "fail", text.capitalize(), "authorization-server")


def test_a_page_before_a_good_openid_document_is_a_warning() -> None:
    world = served(answer(200, b"<html>", "text/html"), answer(200, METADATA))
    assert_named(world, "ASM-02", "warn", "HTML", "authorization-server")
    world = served(answer(200, {**METADATA, "issuer": "x"}), answer(200, METADATA))
    assert_named(world, "ASM-03", "warn", "issuer is x", "authorization-server")


def test_the_two_documents_should_agree() -> None:
    wrong = {**METADATA, "issuer": f"{ISSUER}/", "token_endpoint": f"{ISSUER}/other"}
    world = served(answer(200, wrong), answer(200, METADATA))
    assert_named(world, "ASM-15", "warn", "issuer, token_endpoint of", "authorization-server")
    world = served(answer(200, {**METADATA, "issuer": "x"}), answer(200, {"issuer": "x"}))
    assert only(world, "ASM-15").result == "pass"


def test_endpoints_elsewhere_are_worth_a_word() -> None:
    world = having(token_endpoint="https://token.example.net/t")
    assert_named(world, "ASM-20", "info", "token.example.net", None)


def test_endpoints_on_loopback_are_right_for_a_server_on_loopback() -> None:
    issuer = "http://127.0.0.1:9000"
    document = {name: str(value).replace(ISSUER, issuer) for name, value in METADATA.items()}
    world = World(Target(issuer, kind="authorization-server"))
    well_known = f"GET {issuer}/.well-known/oauth-authorization-server"
    world.routes = {well_known: answer(200, document)}
    world.walk("client")
    assert set(results(world, "ASM-17")) == {"pass"}


def test_a_server_of_2025_03_26_has_default_endpoints_or_an_origin_for_its_issuer() -> None:
    world = World(Target(MCP, protocol="2025-03-26"))
    world.walk("client")
    found = assert_named(world, "ASM-01", "warn", "Using /authorize", "authorization-server")
    assert "2025-03-26" in found.standard
    world = World(Target(MCP, protocol="2025-03-26"))
    url = "GET https://mcp.example.com/.well-known/oauth-authorization-server"
    world.routes[url] = answer(200, METADATA)
    world.walk("client")
    assert_named(world, "ASM-03", "warn", "found at", "authorization-server")


@pytest.mark.parametrize(
    ("kind", "check", "party"),
    [
        ("too-large", "ASM-02", "authorization-server"),
        ("bad-encoding", "ASM-02", "authorization-server"),
        ("protocol", "NET-14", "network"),
        ("timeout", "NET-11", "network"),
    ],
)
def test_an_answer_cut_short_stops_the_walk_and_is_found(
    kind: FailureKind, check: str, party: Party
) -> None:
    world = World(routes={**World().routes, OAUTH: answer(200, METADATA), OPENID: answer(404)})
    world.walk("server-metadata")
    move = world.standing()
    assert isinstance(move, Send)
    exchange = replace(world.exchange(move.request), error=Failure(kind, "65 kB inflate to more"))
    world.record(Exchanged(NOW, move.step, exchange, move.label))
    stop = world.walk()
    assert isinstance(stop, Blocked)
    assert (stop.check, stop.party) == (check, party)
    finding = assert_named(world, check, "fail", "65 kB inflate to more", party)
    assert finding.step == "server-metadata"
    told = [one for one, _ in speaking(world)]
    assert told == [check], "one cause, one finding"


def test_an_issuer_of_the_mcp_servers_own_network_is_the_mcp_servers_fault() -> None:
    world = World()
    inside = {**RESOURCE, "authorization_servers": ["http://localhost:9000"]}
    world.routes[f"GET https://mcp.example.com{RESOURCE_PATH}"] = answer(200, inside)
    for name in ("oauth-authorization-server", "openid-configuration"):
        url = f"GET http://localhost:9000/.well-known/{name}"
        world.routes[url] = Failure("refused", "cannot be connected to")
    stop = world.walk()
    assert isinstance(stop, Blocked)
    assert (stop.step, stop.check, stop.party) == ("server-metadata", "PRM-07", "resource-server")
    assert_named(world, stop.check, "fail", "http://localhost:9000", stop.party)
