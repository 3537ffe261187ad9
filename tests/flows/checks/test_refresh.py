from typing import Any

import pytest

from flows.exchange import Failure, Response
from flows.moves import Send
from flows.session import Target
from tests.flows.checks.judging import judged, only, results
from tests.flows.tokens import private_key, sign
from tests.flows.world import ISSUER, MCP, NO_STORE, TOKEN, Route, World, answer

JSON = "application/json"
FIRST = {**TOKEN, "refresh_token": "r-1", "scope": "tools"}
AGAIN = {**TOKEN, "access_token": "opaque-token-0002", "refresh_token": "r-2"}
BASIC = Target(MCP, client_id="mine", client_secret="s")


def refreshed(given: Route, first: dict[str, Any] = FIRST, target: Target | None = None) -> World:
    """A walk whose token was refreshed with this outcome."""
    world = World(target or Target(MCP))
    world.routes[f"POST {ISSUER}/token"] = answer(200, first, JSON, NO_STORE)
    world.walk(until="connect")
    move = world.move("refresh")
    assert isinstance(move, Send)
    world.routes[f"POST {ISSUER}/token"] = given
    world.perform(move)
    return world


def response(**changes: Any) -> Response:
    document = {name: one for name, one in {**AGAIN, **changes}.items() if one != "-"}
    return answer(200, document, JSON, NO_STORE)


def jwt(aud: str) -> str:
    return sign("ES256", private_key("ES256"), {"aud": aud}, typ="JWT")


@pytest.mark.parametrize(
    ("check", "given", "result", "said", "field"),
    [
        ("RT-01", response(), "pass", "", "status"),
        ("RT-01", answer(400, {"error": "invalid_grant"}), "fail", "invalid_grant", "/error"),
        ("RT-01", answer(500, b"<html>", "text/html"), "fail", "answers 500", "status"),
        (
            "RT-01",
            response(access_token="-"),
            "fail",
            "access_token of the response is missing",
            "",
        ),
        ("RT-02", response(), "pass", "", "/refresh_token"),
        ("RT-02", response(refresh_token="-"), "warn", "the old one must last", ""),
        ("RT-02", response(refresh_token="r-1"), "warn", "comes again", "/refresh_token"),
        ("RT-04", response(), "not-applicable", "", None),
        ("RT-04", response(scope="tools"), "pass", "", "/scope"),
        ("RT-04", response(scope="tools all"), "fail", "more than the person", "/scope"),
        ("RT-04", response(scope=""), "warn", "tools is gone", "/scope"),
        ("RT-05", response(), "pass", "", "form resource"),
        ("RT-05", answer(400, {"error": "invalid_target"}), "fail", "invalid_target", "/error"),
        ("RT-07", response(), "not-applicable", "", None),
        ("RT-08", response(), "pass", "", ""),
        ("RT-08", response(token_type="-"), "fail", "token_type is missing", ""),
        ("RT-08", response(expires_in="3600"), "warn", 'is "3600"', "/expires_in"),
        ("RT-08", answer(200, AGAIN), "warn", "no Cache-Control", ""),
    ],
)
def test_a_refresh(check: str, given: Response, result: str, said: str, field: str | None) -> None:
    found = only(refreshed(given), check)
    assert (found.result, found.step) == (result, "refresh")
    assert said in found.says
    assert (found.place.field if found.place else None) == field
    if result in ("fail", "warn"):
        assert found.party == "authorization-server" and found.fix


def test_a_client_with_a_secret_may_keep_its_refresh_token() -> None:
    world = refreshed(response(refresh_token="-"), target=BASIC)
    assert world.facts.client
    assert world.facts.client.token_endpoint_auth_method == "client_secret_basic"
    assert results(world, "RT-02") == ["not-applicable"]
    found = only(world, "RT-07")
    assert (found.result, found.party) == ("info", None)
    assert results(refreshed(response(), target=BASIC), "RT-07") == ["pass"]


@pytest.mark.parametrize(("aud", "result"), [(MCP, "pass"), ("https://x.example", "warn")])
def test_the_audience_stays(aud: str, result: str) -> None:
    first = {**FIRST, "access_token": jwt(MCP)}
    found = only(refreshed(response(access_token=jwt(aud)), first), "RT-05")
    assert found.result == result


def test_a_network_that_fails_is_no_fault_of_the_server() -> None:
    world = refreshed(Failure("timeout", "no answer in 30 s"))
    assert results(world, "RT-01") == ["not-applicable"]


def test_what_holds_after_a_code_alone_is_not_asked_of_a_refresh() -> None:
    """OIDC Core section 12.2: an ID token need not come again."""
    world = refreshed(response(), {**FIRST, "scope": "openid"}, Target(MCP, scope="openid"))
    assert results(world, "RT-08") == ["pass"]


def test_every_rule_that_is_broken_is_told() -> None:
    found = judged(refreshed(response(token_type="-", expires_in=None)), "RT-08")
    assert [one.result for one in found] == ["fail", "warn"]
