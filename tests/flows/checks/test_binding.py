"""What the walk with DPoP shows is in tests/flows/steps/test_binding.py."""

from typing import Any

import pytest

from flows.dpop import proven_thumbprint
from flows.exchange import Request, Response, header
from flows.session import Target
from tests.flows.checks.judging import failing, judged, only, results
from tests.flows.tokens import private_key, sign
from tests.flows.world import ISSUER, MCP, METADATA, RESOURCE, RESOURCE_PATH, TOKEN, World, answer

LISTED = "dpop_signing_alg_values_supported"
DPOP = Target(MCP, dpop=True)
SERVER = f"GET {ISSUER}/.well-known/oauth-authorization-server"


@pytest.mark.parametrize(
    ("target", "listed", "result", "said"),
    [
        (Target(MCP), ["ES256"], "pass", ""),
        (Target(MCP), ["EdDSA"], "pass", ""),
        (DPOP, ["ES256"], "pass", ""),
        (DPOP, ["EdDSA"], "warn", "does not list ES256"),
        (Target(MCP), ["ES256", "none"], "warn", "has none"),
        (Target(MCP), ["HS256"], "warn", "has HS256"),
        (Target(MCP), "ES256", "warn", "a JSON string"),
    ],
)
def test_the_algorithms_of_proofs(target: Target, listed: Any, result: str, said: str) -> None:
    world = World(target)
    world.routes[SERVER] = answer(200, {**METADATA, LISTED: listed})
    world.walk(until="token")
    found = only(world, "DPOP-01")
    assert (found.result, found.step) == (result, "server-metadata")
    assert said in found.says
    assert found.place and found.place.field == f"/{LISTED}"


def test_the_algorithms_that_the_mcp_server_lists() -> None:
    world = World(DPOP)
    url = f"GET https://mcp.example.com{RESOURCE_PATH}"
    world.routes[url] = answer(200, {**RESOURCE, LISTED: ["EdDSA"]})
    world.walk(until="token")
    found = only(world, "DPOP-01")
    assert (found.result, found.party, found.step) == (
        "warn",
        "resource-server",
        "resource-metadata",
    )


def bound(request: Request, jkt: str | None = None) -> dict[str, Any]:
    """A token response with a token that is bound to the key of the proof, or to another."""
    ours = proven_thumbprint(header(request.headers, "DPoP") or "")
    claims = {"iss": ISSUER, "cnf": {"jkt": jkt or ours}}
    token = sign("ES256", private_key("ES256"), claims)
    return {**TOKEN, "access_token": token, "token_type": "DPoP"}


@pytest.mark.parametrize(
    ("jkt", "result", "field"),
    [(None, "pass", "/access_token"), ("other", "fail", "/access_token")],
)
def test_the_key_that_a_token_is_bound_to(jkt: str | None, result: str, field: str) -> None:
    world = World(DPOP)
    world.routes[f"POST {ISSUER}/token"] = lambda request: answer(200, bound(request, jkt))
    world.walk(until="connect")
    found = only(world, "DPOP-02")
    assert found.result == result
    assert found.place and found.place.field == field


def test_without_dpop_there_is_nothing_to_judge() -> None:
    world = World()
    world.walk()
    for check in ("DPOP-01", "DPOP-02", "DPOP-03"):
        assert results(world, check) == ["not-applicable"]


def nonce_asking(*gives: tuple[str, str], takes: bool) -> World:
    """A server that wants a nonce in the proof."""

    def token(request: Request) -> Response:
        sent = [one for one in world.sent if one.url == f"{ISSUER}/token"]
        if takes and len(sent) > 1:
            return answer(200, bound(request))
        return answer(400, {"error": "use_dpop_nonce"}, "application/json", *gives)

    world = World(DPOP)
    world.routes[f"POST {ISSUER}/token"] = token
    world.walk(until="connect")
    return world


def test_a_nonce_that_is_asked_for() -> None:
    nonce = ("DPoP-Nonce", "n-1")
    assert [one.result for one in judged(nonce_asking(nonce, takes=True), "DPOP-03")] == ["pass"]
    for world in (nonce_asking(takes=False), nonce_asking(nonce, takes=False)):
        assert ("DPOP-03", "authorization-server") in failing(world)
        assert only(world, "DPOP-03").place is not None
