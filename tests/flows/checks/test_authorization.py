import pytest

from flows.exchange import Failure, Request, Response
from flows.session import Exchanged, Target
from tests.flows.checks.judging import judged, only
from tests.flows.world import ISSUER, MCP, METADATA, NOW, Route, World, answer

PAR = f"{ISSUER}/par"
PUSHED = {"request_uri": "urn:ietf:params:oauth:request_uri:6esc", "expires_in": 60}
ACCEPTED, PAGE = "https://login.example.com/", "<!doctype html><title>Sign in</title>"


def browsed(*answers: Response | Failure, target: Target | None = None) -> World:
    """A walk whose browser got these answers on its way, and has not come back."""
    world = World(target or Target(MCP))
    world.walk(until="callback")
    for number, given in enumerate(answers):
        url = ACCEPTED if number else world.facts.authorization_url or ""
        world.routes[f"GET {url}"] = given
        exchange = world.exchange(Request("GET", url))
        world.record(Exchanged(NOW, "callback", exchange, f"as the browser, hop {number + 1}"))
    return world


def html(status: int, *headers: tuple[str, str]) -> Response:
    return answer(status, PAGE.encode(), "text/html", *headers)


REDIRECT = answer(302, b"", None, ("Location", ACCEPTED))
OURS = Target(MCP, client_id="mine")


@pytest.mark.parametrize(
    ("world", "result", "party"),
    [
        (browsed(html(200)), "pass", None),
        (browsed(REDIRECT, html(200)), "pass", None),
        (browsed(html(400)), "fail", "authorization-server"),
        (browsed(html(500)), "fail", "authorization-server"),
        (browsed(html(400), target=OURS), "fail", "client"),
        (browsed(html(500), target=OURS), "fail", "authorization-server"),
        (browsed(REDIRECT, html(403)), "warn", "authorization-server"),
        (browsed(html(401, ("WWW-Authenticate", "Negotiate"))), "pass", None),
        (browsed(Failure("refused", "connection refused")), "skipped", None),
        (browsed(), "not-applicable", None),
    ],
)
def test_where_the_authorization_request_leads(
    world: World, result: str, party: str | None
) -> None:
    found = only(world, "AZ-01")
    assert (found.result, found.party, found.step) == (result, party, "authorize")
    if result in ("fail", "warn"):
        assert found.place and found.place.field == "status"


def test_the_error_of_the_page_is_told() -> None:
    world = browsed(answer(400, {"error": "invalid_request", "error_description": "no scope"}))
    assert f"{ISSUER}/authorize answers 400: invalid_request: no scope" in only(world, "AZ-01").says


@pytest.mark.parametrize(
    ("target", "error", "result", "party"),
    [
        (Target(MCP), "", "pass", None),
        (Target(MCP), "invalid_target", "fail", "authorization-server"),
        (Target(MCP, resource="https://x.example"), "invalid_target", "fail", "client"),
        (Target(MCP), "access_denied", "not-applicable", None),
        (Target(MCP, resource=""), "", "not-applicable", None),
    ],
)
def test_the_resource(target: Target, error: str, result: str, party: str | None) -> None:
    world = World(target)
    world.walk(until="callback")
    world.respond(**({"error": error} if error else {"code": "c"}), state=world.state)
    found = only(world, "AZ-10")
    assert (found.result, found.party) == (result, party)


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (html(200), "warn"),
        (html(200, ("X-Frame-Options", "DENY")), "pass"),
        (html(200, ("Content-Security-Policy", "default-src 'self'")), "warn"),
        (html(200, ("Content-Security-Policy", "frame-ancestors 'none'")), "pass"),
        (html(400), "not-applicable"),
        (answer(200, {}), "not-applicable"),
    ],
)
def test_pages_that_can_be_framed(given: Response, result: str) -> None:
    assert only(browsed(given), "AZ-17").result == result


def pushed(given: Route) -> World:
    world = World()
    document = {
        **METADATA,
        "pushed_authorization_request_endpoint": PAR,
        "require_pushed_authorization_requests": True,
    }
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(200, document)
    world.routes[f"POST {PAR}"] = given
    world.walk(until="callback")
    return world


@pytest.mark.parametrize(
    ("given", "result", "said", "field"),
    [
        (answer(201, PUSHED), "pass", "within 60 s", "/expires_in"),
        (answer(201, {**PUSHED, "expires_in": 0}), "fail", "expires_in is 0", "/expires_in"),
        (answer(201, {**PUSHED, "expires_in": "60"}), "fail", "expires_in is '60'", "/expires_in"),
        (answer(201, {"request_uri": "urn:x"}), "fail", "expires_in is missing", ""),
        (answer(400, {"error": "invalid_request"}), "fail", "answers 400", "status"),
        (answer(201, {"expires_in": 60}), "fail", "request_uri of the response is missing", ""),
        (answer(201, b"<html>", "text/html"), "fail", "unreadable", ""),
        (Failure("refused", "connection refused"), "not-applicable", "", None),
    ],
)
def test_a_pushed_request(given: Route, result: str, said: str, field: str | None) -> None:
    found = only(pushed(given), "PAR-01")
    assert (found.result, found.step) == (result, "authorize")
    assert said in found.says
    assert (found.place.field if found.place else None) == field


def test_a_push_that_is_answered_with_200() -> None:
    odd, lifetime = judged(pushed(answer(200, PUSHED)), "PAR-01")
    assert (odd.result, odd.says, lifetime.result) == ("warn", "200 where 201 belongs.", "pass")
