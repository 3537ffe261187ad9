from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from flows.checks.kernel import Place
from flows.checks.response import most_bits
from flows.session import Target
from tests.flows.checks.judging import failing, judged, only, results
from tests.flows.world import CODE, ISSUER, MCP, METADATA, REDIRECT, World, answer

SERVER = f"GET {ISSUER}/.well-known/oauth-authorization-server"


def awaiting(target: Target | None = None, **metadata: Any) -> World:
    world = World(target or Target(MCP))
    document = {**METADATA, **metadata}
    world.routes[SERVER] = answer(200, {key: one for key, one in document.items() if one != "-"})
    world.walk(until="callback")
    return world


def responded(world: World | None = None, /, **changes: Any) -> World:
    """A response as it should be, but for the changes; None leaves a parameter out."""
    world = world or awaiting()
    parameters = {"code": CODE, "state": world.state, "iss": ISSUER, **changes}
    world.respond(**{name: text for name, text in parameters.items() if text is not None})
    return world


@pytest.mark.parametrize(
    ("check", "changes", "result", "party", "said", "parameter"),
    [
        ("AR-02", {}, "pass", None, "", "code"),
        ("AR-02", {"code": None}, "fail", "authorization-server", "neither", "code"),
        ("AR-02", {"code": ""}, "fail", "authorization-server", "neither", "code"),
        ("AR-03", {}, "pass", None, "state matches", "state"),
        ("AR-03", {"state": "x"}, "fail", "authorization-server", "not the one sent", "state"),
        ("AR-03", {"state": None}, "fail", "authorization-server", "state is missing", "state"),
        ("AR-04", {}, "pass", None, "iss is the issuer", "iss"),
        ("AR-04", {"iss": None}, "fail", "authorization-server", "iss is missing", "iss"),
        ("AR-04", {"iss": f"{ISSUER}/"}, "fail", "authorization-server", "trailing slash", "iss"),
        ("AR-05", {}, "pass", None, "", "code"),
        ("AR-05", {"code": None, "error": "access_denied"}, "fail", "person", "said no", "error"),
        (
            "AR-05",
            {"code": None, "error": "invalid_scope"},
            "fail",
            "authorization-server",
            "scope",
            "error",
        ),
        (
            "AR-05",
            {"code": None, "error": "server_error", "error_description": "oh"},
            "fail",
            "authorization-server",
            "server_error: oh (",
            "error",
        ),
        (
            "AR-05",
            {"code": None, "error": "nonsense"},
            "fail",
            "authorization-server",
            "no standard names",
            "error",
        ),
        ("AR-06", {}, "pass", None, "", None),
        (
            "AR-06",
            {"access_token": "x"},
            "fail",
            "authorization-server",
            "access_token",
            "access_token",
        ),
        ("AR-07", {}, "pass", None, "", "code"),
        ("AR-07", {"code": "4711"}, "warn", "authorization-server", "4 characters", "code"),
        ("AR-08", {}, "pass", None, "", None),
        ("AR-08", {"session_state": "x"}, "info", None, "session_state", "session_state"),
    ],
)
def test_what_the_response_says(
    check: str,
    changes: dict[str, str | None],
    result: str,
    party: str | None,
    said: str,
    parameter: str | None,
) -> None:
    found = only(responded(**changes), check)
    assert (found.result, found.party, found.step) == (result, party, "callback")
    assert said in found.says
    place = Place("", "response", f"query {parameter}") if parameter else None
    assert found.place == place


@pytest.mark.parametrize("named", [ISSUER, "https://evil.example.com", None])
@pytest.mark.parametrize("promised", [True, False, "-"])
def test_the_four_rows_of_iss(promised: Any, named: str | None) -> None:
    """MCP Authorization Response Validation; RFC 9207 section 2.3 has servers promise it."""
    world = responded(awaiting(authorization_response_iss_parameter_supported=promised), iss=named)
    expected = {
        (True, ISSUER): ["pass"],
        (True, None): ["fail"],
        (False, ISSUER): ["pass", "info"],
        (False, None): ["not-applicable"],
    }
    wanted = expected.get((promised is True, named), ["fail"])
    assert results(world, "AR-04") == wanted


def test_a_code_beside_an_error() -> None:
    first, second = judged(responded(error="access_denied"), "AR-05")
    assert (first.party, second.party) == ("person", "authorization-server")
    assert "a code beside the error" in second.says


def test_a_resource_of_the_persons_choice_is_no_fault_of_the_server() -> None:
    world = responded(
        awaiting(Target(MCP, resource="https://x.example")), code=None, error="invalid_target"
    )
    assert ("AR-05", "client") in failing(world)
    assert ("AR-05", "authorization-server") in failing(
        responded(code=None, error="invalid_target")
    )


def test_a_parameter_twice() -> None:
    world = awaiting()
    query = urlencode([("code", CODE), ("code", CODE), ("state", world.state), ("iss", ISSUER)])
    world.answer("callback", redirect=f"{REDIRECT}?{query}", via="pasted")
    assert only(world, "AR-02").says == "code appears more than once."


@pytest.mark.parametrize(
    ("redirect", "result"),
    [
        (lambda query: f"{REDIRECT}?{query}", "pass"),
        (lambda query: f"https://elsewhere.example/?{query}", "warn"),
        (lambda query: f"{REDIRECT}/more?{query}", "warn"),
        (lambda query: f"{REDIRECT}#{query}", "fail"),
        (lambda query: f"{REDIRECT}?{query}#_=_", "pass"),
        (lambda query: query, "not-applicable"),
    ],
)
def test_where_the_browser_comes_back(redirect: Callable[[str], str], result: str) -> None:
    world = awaiting()
    query = urlencode({"code": CODE, "state": world.state, "iss": ISSUER})
    world.answer("callback", redirect=redirect(query), via="pasted")
    assert only(world, "AR-01").result == result


@pytest.mark.parametrize(
    ("asked", "landed"),
    [
        ("https://app.example.com", "https://app.example.com/"),
        ("https://App.example.com:443/cb", "https://app.example.com/cb"),
        ("https://app.example.com/cb?x=1", "https://app.example.com/cb?x=1"),
    ],
)
def test_an_address_as_the_browser_writes_it(asked: str, landed: str) -> None:
    world = awaiting(Target(MCP, redirect_uri=asked))
    assert world.facts.redirect_uri == asked
    glue = "&" if "?" in landed else "?"
    world.answer("callback", redirect=f"{landed}{glue}code={CODE}", via="pasted")
    assert only(world, "AR-01").result == "pass"


def test_a_bare_code_cannot_be_judged() -> None:
    world = awaiting()
    world.answer("callback", redirect=CODE, via="pasted")
    for check in ("AR-03", "AR-04"):
        found = only(world, check)
        assert found.result == "skipped" and found.says.startswith("A bare code")
    assert not failing(world)


@pytest.mark.parametrize(
    ("code", "enough"),
    [
        (CODE, True),
        ("0123456789" * 4, True),
        ("0123456789" * 3, False),
        ("0123456789abcdef0123456789abcdef", True),
        ("0123456789abcdef0123", False),
        ("Ab1-" * 4, False),
        ("Ab1-" * 5, True),
    ],
)
def test_how_much_a_code_can_hold(code: str, enough: bool) -> None:
    assert (most_bits(code) >= 128) is enough
