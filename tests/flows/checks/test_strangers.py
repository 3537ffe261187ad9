"""Whatever a server sends, every check can judge it."""

import json
from typing import Any

import pytest

from flows.checks import findings
from flows.exchange import Request, Response
from flows.session import Target
from tests.flows.checks.judging import record_of
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    RESOURCE,
    RESOURCE_PATH,
    World,
    answer,
    challenge,
    register,
)

ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    1e300,
    "",
    "\u202ehttps://x",
    "http://[x",
    "https://a.example:port/x",
    [],
    [None],
    [[], {}],
    ["http://[x", "https://a.example:99999"],
    {},
    {"keys": [{}]},
)
OPTIONAL = ("jwks_uri", "grant_types_supported", "scopes_supported", "introspection_endpoint")
RESOURCE_OPTIONAL = ("bearer_methods_supported", "signed_metadata", "scopes_supported")
REGISTERED = (
    "client_id",
    "client_secret",
    "client_secret_expires_at",
    "redirect_uris",
    "token_endpoint_auth_method",
    "application_type",
    "scope",
    "grant_types",
    "registration_client_uri",
)


def assert_judged(world: World) -> None:
    world.walk("pkce")
    wrong = [one for one in findings(record_of(world)) if "could not be judged" in one.says]
    assert not wrong


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_odd_members(value: Any) -> None:
    for name in (*RESOURCE, *RESOURCE_OPTIONAL):
        world = World()
        url = f"GET https://mcp.example.com{RESOURCE_PATH}"
        world.routes[url] = answer(200, {**RESOURCE, name: value})
        assert_judged(world)
    for name in (*METADATA, *OPTIONAL):
        world = World()
        url = f"GET {ISSUER}/.well-known/oauth-authorization-server"
        world.routes[url] = answer(200, {**METADATA, name: value})
        assert_judged(world)
    for name in REGISTERED:

        def odd(request: Request, name: str = name) -> Response:
            return answer(201, {**json.loads(register(request).body), name: value})

        world = World()
        world.routes[f"POST {ISSUER}/register"] = odd
        assert_judged(world)


@pytest.mark.parametrize("keys", ODD, ids=repr)
def test_odd_keys(keys: Any) -> None:
    world = World()
    url = f"GET {ISSUER}/.well-known/oauth-authorization-server"
    world.routes[url] = answer(200, {**METADATA, "jwks_uri": f"{ISSUER}/jwks"})
    world.routes[f"GET {ISSUER}/jwks"] = answer(200, {"keys": keys})
    assert_judged(world)
    world.routes[f"GET {ISSUER}/jwks"] = answer(200, keys)
    world.rerun("keys")
    assert_judged(world)


@pytest.mark.parametrize(
    "url", ["http://[x", "https://a.example:port/x", "\u202e", "ftp://x", "https://", "//x"]
)
def test_odd_urls(url: str) -> None:
    shown = url.encode().decode("latin-1")
    world = World()
    world.routes[f"POST {MCP}"] = challenge(f'resource_metadata="{shown}"')
    assert_judged(world)
    world = World()
    world.routes[f"POST {MCP}"] = answer(302, b"", None, ("Location", shown))
    assert_judged(world)
    assert_judged(World(Target(MCP, client_metadata_url=url)))
    assert_judged(World(Target(MCP, authorization_server=url)))
