from dataclasses import replace
from typing import Any

import pytest

from flows.exchange import Failure, Response
from flows.moves import Blocked
from flows.session import Target
from tests.flows.checks.judging import failing, judged, only, results
from tests.flows.world import (
    ISSUER,
    MCP,
    NO_STORE,
    RESOURCE_PATH,
    TOKEN,
    Route,
    World,
    answer,
    challenge,
)

JSON = "application/json"
MISSING = "-"


def exchanged(given: Route, target: Target | None = None) -> World:
    world = World(target or Target(MCP))
    world.routes[f"POST {ISSUER}/token"] = given
    world.walk(until="connect")
    return world


def response(status: int = 200, media_type: str | None = JSON, **changes: Any) -> Response:
    """A token response as it should be, but for the changes."""
    document = {key: one for key, one in {**TOKEN, **changes}.items() if one != MISSING}
    return answer(status, document, media_type, NO_STORE)


GOOD = response()
TOKEN_HTML = answer(200, b"<html>", "text/html")
OURS = Target(MCP, client_id="mine", client_secret="s+1")


@pytest.mark.parametrize(
    ("check", "given", "result", "said", "field"),
    [
        ("TOK-01", GOOD, "pass", "", "status"),
        ("TOK-01", response(201), "fail", "201 where exactly 200 belongs", "status"),
        ("TOK-01", answer(302, b"", None), "fail", "answers 302", "status"),
        ("TOK-01", answer(400, {"error": "invalid_grant"}), "fail", "invalid_grant", "/error"),
        ("TOK-02", GOOD, "pass", "", "header Content-Type"),
        ("TOK-02", response(media_type="application/json; charset=utf-8"), "pass", "", None),
        ("TOK-02", response(media_type="text/html"), "fail", "is text/html", None),
        ("TOK-02", response(media_type=None), "fail", "is missing", ""),
        ("TOK-03", GOOD, "pass", "", "header Cache-Control"),
        ("TOK-03", answer(200, TOKEN), "warn", "no Cache-Control", ""),
        (
            "TOK-03",
            answer(200, TOKEN, JSON, ("Cache-Control", "private")),
            "warn",
            "Cache-Control is private",
            "header Cache-Control",
        ),
        (
            "TOK-03",
            answer(200, TOKEN, JSON, ("Cache-Control", 'x="a", No-Store')),
            "pass",
            "",
            None,
        ),
        ("TOK-05", GOOD, "pass", "", ""),
        ("TOK-05", TOKEN_HTML, "fail", "HTML or XML", ""),
        ("TOK-05", answer(200, [TOKEN]), "fail", "a JSON array", ""),
        ("TOK-05", answer(200, b"\xef\xbb\xbf{}"), "fail", "byte order mark", ""),
        ("TOK-05", answer(200, {"data": TOKEN}), "fail", "it is inside data", "/data"),
        ("TOK-06", GOOD, "pass", "", "/access_token"),
        ("TOK-06", response(access_token=""), "fail", "response is empty", "/access_token"),
        ("TOK-06", response(access_token=MISSING), "fail", "response is missing", ""),
        ("TOK-06", response(access_token="a b"), "fail", "a Bearer token cannot", "/access_token"),
        ("TOK-17", GOOD, "pass", "none is accepted", "status"),
        ("TOK-17", answer(401, {"error": "invalid_client"}), "fail", "invalid_client", "/error"),
        ("TOK-19", GOOD, "pass", "", "form resource"),
        ("TOK-19", answer(400, {"error": "invalid_target"}), "fail", "invalid_target", "/error"),
        (
            "TOK-19",
            answer(400, {"error": "invalid_request", "error_description": "resource?"}),
            "fail",
            "resource?",
            "/error",
        ),
        ("TOK-21", GOOD, "pass", "", ""),
        ("TOK-21", response(token_type=MISSING), "info", "token_type is missing: @mo", ""),
        ("TE-03", response(access_token=MISSING, error="invalid_grant"), "fail", "inv", "status"),
    ],
)
def test_the_token_response(
    check: str, given: Response, result: str, said: str, field: str | None
) -> None:
    world = exchanged(given)
    found = only(world, check)
    assert (found.result, found.step) == (result, "token")
    assert said in found.says
    if field is not None:
        assert found.place and found.place.field == field
    if result == "fail":
        assert (found.check, found.party) == (check, "authorization-server")
        assert found.fix and found.standard


@pytest.mark.parametrize(
    ("given", "target", "check", "party"),
    [
        (answer(401, {"error": "invalid_client"}), OURS, "TOK-17", "client"),
        (answer(400, {"error": "unauthorized_client"}), OURS, "TOK-17", "client"),
        (
            answer(400, {"error": "invalid_target"}),
            Target(MCP, resource="https://x.example"),
            "TOK-19",
            "client",
        ),
        (answer(400, {"error": "invalid_scope"}), Target(MCP, scope="x"), "TOK-01", "client"),
        (answer(400, {"error": "invalid_scope"}), None, "TOK-01", "authorization-server"),
    ],
)
def test_whose_mistake_a_refusal_is(
    given: Response, target: Target | None, check: str, party: str
) -> None:
    world = exchanged(given, target)
    assert (check, party) in failing(world)
    move = world.move("token")
    assert (getattr(move, "check", ""), getattr(move, "party", "")) == (check, party)


@pytest.mark.parametrize(
    ("given", "check", "party"),
    [
        (Failure("timeout", "no answer in 30 s"), "NET-11", "network"),
        (Failure("cancelled", "cancelled"), "TOK-01", "network"),
        (
            answer(403, b"<title>Just a moment...</title>", "text/html", ("cf-mitigated", "x")),
            "NET-10",
            "network",
        ),
    ],
)
def test_what_never_reached_the_server(given: Route, check: str, party: str) -> None:
    """The checks of the network tell it; those of the token response do not blame the server."""
    world = exchanged(given)
    move = world.move("token")
    assert (getattr(move, "check", ""), getattr(move, "party", "")) == (check, party)
    assert not [one for one in failing(world) if one[1] == "authorization-server"]


@pytest.mark.parametrize(
    ("secret", "status", "result"),
    [("plain", 401, "not-applicable"), ("s+1", 401, "info"), ("s+1", 200, "pass")],
)
def test_secrets_that_need_encoding(secret: str, status: int, result: str) -> None:
    given = GOOD if status == 200 else answer(401, {"error": "invalid_client"})
    target = replace(OURS, client_secret=secret, token_endpoint_auth_method="client_secret_basic")
    found = only(exchanged(given, target), "TOK-18")
    assert found.result == result
    if result == "info":
        assert found.place and (found.place.part, found.place.field) == (
            "request",
            "header Authorization",
        )


def test_parsers_are_named_with_what_was_done() -> None:
    says = only(exchanged(response(expires_in=3600.5)), "TOK-21").says
    assert "expires_in is no integer: mcp 2.3.0 (Python) (measured)" in says
    assert "oauth2-rs (read)" in says
    assert "will" not in says


MEMBERS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("TOK-07", {}, "pass", "", "/token_type"),
    ("TOK-07", {"token_type": MISSING}, "fail", "missing", ""),
    ("TOK-07", {"token_type": None}, "fail", "a JSON null", "/token_type"),
    ("TOK-08", {}, "pass", "", "/token_type"),
    ("TOK-08", {"token_type": "bearer"}, "info", "legal", "/token_type"),
    ("TOK-08", {"token_type": "mac"}, "warn", "as Bearer", "/token_type"),
    ("TOK-09", {}, "pass", "", "/expires_in"),
    ("TOK-09", {"expires_in": MISSING}, "not-applicable", "", ""),
    ("TOK-09", {"expires_in": None}, "not-applicable", "", ""),
    ("TOK-09", {"expires_in": "3600"}, "warn", 'is "3600"', "/expires_in"),
    ("TOK-09", {"expires_in": 3600.5}, "warn", "is 3600.5", "/expires_in"),
    ("TOK-09", {"expires_in": True}, "warn", "is True", "/expires_in"),
    ("TOK-09", {"expires_in": 0}, "warn", "is 0", "/expires_in"),
    ("TOK-09", {"expires_in": 3_600_000_000}, "warn", "114 years", "/expires_in"),
    ("TOK-10", {}, "pass", "", ""),
    ("TOK-10", {"refresh_token": None}, "warn", "refresh_token is null", "/refresh_token"),
    ("TOK-11", {"scope": "tools"}, "pass", "", "/scope"),
    ("TOK-11", {"scope": ["tools"]}, "fail", "a JSON array", "/scope"),
    ("TOK-11", {"scope": "tools  x"}, "warn", "its grammar", "/scope"),
    ("TOK-11", {"scope": ""}, "pass", "", "/scope"),
    ("TOK-15", {}, "pass", "", ""),
    ("TOK-15", {"user/~": 1}, "info", "user/~", "/user~1~0"),
    ("TOK-16", {}, "pass", "", "/access_token"),
    ("TOK-16", {"access_token": "x" * 5000}, "warn", "400 or 431", "/access_token"),
    ("TOK-20", {}, "not-applicable", "", ""),
    ("TOK-20", {"id_token": "a.b.c"}, "pass", "", "/access_token"),
    ("TOK-20", {"id_token": TOKEN["access_token"]}, "warn", "the same", "/access_token"),
]


@pytest.mark.parametrize(("check", "changes", "result", "said", "field"), MEMBERS)
def test_the_members(
    check: str, changes: dict[str, Any], result: str, said: str, field: str
) -> None:
    found = only(exchanged(response(**changes)), check)
    assert (found.result, found.step) == (result, "token")
    assert said in found.says
    assert (found.place.field if found.place else "") == field


def test_every_null_is_named() -> None:
    world = exchanged(response(refresh_token=None, id_token=None))
    assert results(world, "TOK-10") == ["warn", "warn"]


@pytest.mark.parametrize(
    ("scope", "given", "result"),
    [
        ("a b", "a,b", "fail"),
        ("a b", "a b", "pass"),
        ("a,b", "a,b", "pass"),
        ("a", "b,c", "pass"),
    ],
)
def test_scopes_with_commas(scope: str, given: str, result: str) -> None:
    """A comma is a character that a scope may have (RFC 6749 section 3.3)."""
    world = exchanged(response(scope=given), Target(MCP, scope=scope))
    assert only(world, "TOK-11").result == result


def demanding(target: Target, given: Response) -> World:
    url = f"https://mcp.example.com{RESOURCE_PATH}"
    world = World(target)
    world.routes[f"POST {MCP}"] = challenge(f'resource_metadata="{url}", scope="read write"')
    world.routes[f"POST {ISSUER}/token"] = given
    world.walk(until="connect")
    return world


@pytest.mark.parametrize(
    ("scope", "given", "result"),
    [
        (None, response(scope="read write"), "pass"),
        (None, response(scope="read"), "warn"),
        (None, response(), "not-applicable"),
        ("read", response(scope="read"), "pass"),
    ],
)
def test_the_scope_that_the_mcp_server_demands(
    scope: str | None, given: Response, result: str
) -> None:
    found = only(demanding(Target(MCP, scope=scope), given), "TOK-12")
    assert found.result == result
    if result == "warn":
        assert found.says.endswith(": write.")


@pytest.mark.parametrize(
    ("check", "scope", "changes", "result"),
    [
        ("TOK-13", "tools", {}, "not-applicable"),
        ("TOK-13", "tools offline_access", {}, "info"),
        ("TOK-13", "tools offline_access", {"refresh_token": "r"}, "pass"),
        ("TOK-13", "tools offline_access", {"refresh_token": None}, "not-applicable"),
        ("TOK-14", "tools", {}, "not-applicable"),
        ("TOK-14", "openid", {}, "warn"),
        ("TOK-14", "openid", {"scope": "tools"}, "not-applicable"),
        ("TOK-14", "openid", {"id_token": "a.b.c"}, "pass"),
    ],
)
def test_tokens_that_were_asked_for(
    check: str, scope: str, changes: dict[str, Any], result: str
) -> None:
    world = exchanged(response(**changes), Target(MCP, scope=scope))
    assert only(world, check).result == result


@pytest.mark.parametrize(
    ("check", "given", "expected"),
    [
        ("TE-01", answer(400, {"error": "invalid_grant"}), ["pass"]),
        ("TE-01", answer(500, b"<html>", "text/html"), ["fail"]),
        ("TE-01", answer(503, {"error": "temporarily_unavailable"}), ["fail"]),
        ("TE-02", answer(400, {"error": "invalid_grant"}), ["pass"]),
        ("TE-02", answer(400, {"message": "no"}), ["fail"]),
        ("TE-02", answer(400, [{"error": "x"}]), ["fail"]),
        ("TE-02", answer(404, b"<html>", "text/html"), ["fail"]),
        ("TE-03", answer(400, {"error": "invalid_grant"}), ["pass"]),
        ("TE-03", answer(401, {"error": "invalid_client"}), ["pass"]),
        ("TE-03", answer(401, {"error": "invalid_grant"}), ["warn"]),
        ("TE-03", answer(429, {"error": "slow_down"}), ["not-applicable"]),
        ("TE-04", answer(400, {"error": "invalid_client"}), ["pass"]),
        ("TE-04", answer(401, {"error": "invalid_client"}), ["info"]),
        (
            "TE-04",
            answer(401, {"error": "invalid_client"}, JSON, ("WWW-Authenticate", "Basic")),
            ["pass"],
        ),
        ("TE-08", answer(400, {"error": "invalid_grant"}), ["pass"]),
        (
            "TE-08",
            answer(400, {"error": "invalid_grant", "error_description": 'a "b"'}),
            ["pass", "warn"],
        ),
        (
            "TE-08",
            answer(400, {"error": "invalid_grant", "error_description": "größer"}),
            ["pass", "warn"],
        ),
        ("TE-08", GOOD, ["not-applicable"]),
    ],
)
def test_how_the_token_endpoint_says_no(check: str, given: Response, expected: list[str]) -> None:
    assert results(exchanged(given), check) == expected


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (answer(400, {"error": "invalid_client"}), "warn"),
        (answer(401, {"error": "invalid_client"}), "warn"),
        (answer(401, {"error": "invalid_client"}, JSON, ("WWW-Authenticate", "Basic")), "pass"),
    ],
)
def test_basic_in_vain(given: Response, result: str) -> None:
    target = replace(OURS, token_endpoint_auth_method="client_secret_basic")
    assert only(exchanged(given, target), "TE-04").result == result


def test_an_odd_character_is_named_with_its_place() -> None:
    given = answer(400, {"error": "invalid_grant", "error_description": "a\nb"})
    world = exchanged(given)
    (found,) = [one for one in judged(world, "TE-08") if one.speaks]
    assert found.says == "error_description has '\\n' at character 2."
    assert found.place and found.place.field == "/error_description"


def test_a_code_that_was_spent_before_is_the_persons_to_get_anew() -> None:
    world = World()
    world.walk("connect")
    world.rerun("token")
    used = {"error": "invalid_grant", "error_description": "used already"}
    world.routes[f"POST {ISSUER}/token"] = answer(400, used)
    world.walk()
    found = only(world, "TOK-01")
    assert (found.result, found.party) == ("fail", "person") and "works once" in found.fix
    world.rerun("token")
    world.routes[f"POST {ISSUER}/token"] = answer(500)
    world.walk()
    assert only(world, "TE-01").party == "authorization-server", "a server may not break on it"


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        (answer(422, {"detail": "field required"}), "form-urlencoded (RFC 6749 §4.1.3)"),
        (
            answer(400, {"error": "invalid_grant", "error_description": "PKCE check failed"}),
            "base64url without padding",
        ),
    ],
)
def test_what_is_said_of_a_refusal_leads_to_what_mends_it(given: Response, fix: str) -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = given
    move = world.walk()
    assert isinstance(move, Blocked) and fix in move.fix
    assert only(world, move.check).fix == move.fix
