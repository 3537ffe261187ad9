import json
from typing import Any

import pytest

from flows.exchange import Failure, Request, Response
from flows.moves import Blocked
from flows.session import Target
from tests.flows.checks.judging import assert_named, only, results
from tests.flows.world import ISSUER, MCP, REDIRECT, World, answer, register

ENDPOINT = f"POST {ISSUER}/register"


def served(given: Any) -> World:
    world = World()
    world.routes[ENDPOINT] = given
    world.walk()
    return world


def having(*gone: str, **members: Any) -> World:
    """A response that echoes the request, but for these members."""

    def answered(request: Request) -> Response:
        document = json.loads(register(request).body)
        return answer(201, {k: v for k, v in {**document, **members}.items() if k not in gone})

    return served(answered)


def test_a_good_response_passes_every_check() -> None:
    world = having(
        client_secret="s",
        client_secret_expires_at=0,
        registration_client_uri=f"{ISSUER}/register/1",
        registration_access_token="t",
    )
    for number in ("01", "02", "03", "04", "05", "06", "10", "11", "12", "13"):
        assert set(results(world, f"DCR-{number}")) == {"pass"}, number


@pytest.mark.parametrize(
    ("check", "members", "result", "words", "field"),
    [
        ("DCR-02", {"client_id": None}, "fail", "is missing", "/client_id"),
        ("DCR-02", {"client_id": 7}, "fail", "JSON number", "/client_id"),
        ("DCR-03", {"client_secret": "s"}, "fail", "is missing beside", ""),
        (
            "DCR-03",
            {"client_secret": "s", "client_secret_expires_at": "never"},
            "fail",
            "JSON string",
            "/client_secret_expires_at",
        ),
        ("DCR-04", {"redirect_uris": []}, "fail", f"do not hold {REDIRECT}", "/redirect_uris"),
        (
            "DCR-05",
            {"token_endpoint_auth_method": "client_secret_post"},
            "fail",
            "got no client_secret",
            "/token_endpoint_auth_method",
        ),
        ("DCR-06", {"client_uri": None}, "warn", "client_uri is null", "/client_uri"),
        ("DCR-06", {"logo_uri": ""}, "warn", "logo_uri is empty", "/logo_uri"),
        ("DCR-10", {"application_type": "web"}, "warn", "127.0.0.1", "/application_type"),
    ],
)
def test_members(check: str, members: dict[str, Any], result: str, words: str, field: str) -> None:
    finding = assert_named(having(**members), check, result, words, "authorization-server")
    assert finding.place and finding.place.field == field
    assert finding.step == "client"


@pytest.mark.parametrize("name", ["redirect_uris", "token_endpoint_auth_method"])
def test_what_was_registered_is_repeated(name: str) -> None:
    check = "DCR-04" if name == "redirect_uris" else "DCR-05"
    result = "fail" if name == "redirect_uris" else "warn"
    words = f"{name} is missing"
    assert_named(having(name), check, result, words, "authorization-server")


@pytest.mark.parametrize(
    ("check", "members", "words"),
    [
        (
            "DCR-05",
            {
                "token_endpoint_auth_method": "client_secret_basic",
                "client_secret": "s",
            },
            "Asked for none",
        ),
        ("DCR-11", {"scope": "other"}, "without the scope tools"),
        ("DCR-12", {"grant_types": ["authorization_code"]}, "without the grant refresh_token"),
        ("DCR-13", {"registration_client_uri": "x"}, "comes alone"),
    ],
)
def test_what_a_server_may_change(check: str, members: dict[str, Any], words: str) -> None:
    assert_named(having(**members), check, "info", words, None)


def test_a_method_that_authwalk_cannot_do_is_the_clients() -> None:
    world = having(token_endpoint_auth_method="tls_client_auth")
    assert_named(world, "DCR-05", "warn", "not one authwalk can do", "client")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(500, b"<html>", "text/html"), "refused with 500"),
        (answer(400, {"error": "invalid_redirect_uri"}), "invalid_redirect_uri"),
        (answer(401), "initial access token"),
        (answer(302, b"", None, ("Location", "/login")), "refused with 302"),
        (answer(201, b"<html>", "text/html"), "HTML"),
        (answer(201, {"redirect_uris": [REDIRECT]}), "client_id is missing"),
        (answer(403, b"", "text/html", ("cf-mitigated", "challenge")), "Cloudflare"),
        (Failure("refused", "cannot be connected to"), "Cannot be connected"),
        (Failure("tls", "the certificate of x has another name: y"), "another name"),
    ],
)
def test_every_stop_is_found_by_its_check(given: Response | Failure, words: str) -> None:
    world = served(given)
    move = world.standing()
    assert isinstance(move, Blocked) and move.step == "client"
    assert_named(world, move.check, "fail", words, move.party)


def test_200_is_not_201() -> None:
    world = served(lambda request: answer(200, register(request).body))
    found = assert_named(world, "DCR-01", "warn", "200 where 201", "authorization-server")
    assert found.place and found.place.field == "status"
    assert len(results(world, "DCR-01")) == 1


def test_a_refusal_matters_less_once_another_client_is_there() -> None:
    world = served(answer(400, {"error": "invalid_client_metadata"}))
    world.override("client")
    world.walk()
    assert world.facts.client
    assert_named(world, "DCR-01", "info", "invalid_client_metadata", None)


def test_a_scope_may_be_why_a_registration_is_refused() -> None:
    error = {"error": "invalid_client_metadata", "error_description": "scope not allowed"}
    world = served(answer(400, error))
    assert_named(world, "DCR-11", "warn", "refused for its scope, tools", "authorization-server")


def test_a_client_that_registers_nowhere_is_not_judged() -> None:
    world = World(Target(MCP, client_id="c"))
    world.walk()
    for number in ("01", "02", "04", "06"):
        assert only(world, f"DCR-{number}").result == "not-applicable"
