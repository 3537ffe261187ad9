"""Both metadata steps: candidates, order, objections, redirects."""

from typing import Any

import pytest

from flows.exchange import Failure
from flows.moves import Blocked, Done, Send, Skipped
from flows.session import Target
from tests.flows.checks.judging import only
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    RESOURCE,
    RESOURCE_PATH,
    World,
    answer,
    challenge,
)

RESOURCE_URL = f"https://mcp.example.com{RESOURCE_PATH}"
ROOT_URL = "https://mcp.example.com/.well-known/oauth-protected-resource"
SERVER_URL = f"{ISSUER}/.well-known/oauth-authorization-server"
OPENID_URL = f"{ISSUER}/.well-known/openid-configuration"


def without_header() -> World:
    world = World()
    world.routes[f"POST {MCP}"] = answer(401, b"", None, ("WWW-Authenticate", "Bearer"))
    return world


def gets(world: World) -> list[str]:
    return [request.url for request in world.sent if request.method == "GET"]


def test_the_url_of_the_challenge_is_the_only_candidate() -> None:
    world = World()
    del world.routes[f"GET {RESOURCE_URL}"]
    world.routes[f"GET {ROOT_URL}"] = answer(200, RESOURCE)
    move = world.walk("client")
    assert isinstance(move, Blocked) and move.can_override
    assert gets(world) == [RESOURCE_URL]
    world.override("resource-metadata")
    world.walk("client")
    assert gets(world)[:3] == [RESOURCE_URL, RESOURCE_URL, ROOT_URL]


def test_without_it_the_path_comes_before_the_root() -> None:
    world = without_header()
    del world.routes[f"GET {RESOURCE_URL}"]
    world.routes[f"GET {ROOT_URL}"] = answer(200, RESOURCE)
    world.walk("server-metadata")
    assert gets(world) == [RESOURCE_URL, ROOT_URL]
    assert [tried.status for tried in world.facts.resource_tried] == [404, 200]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"resource": MCP}, "authorization_servers is missing"),
        ({**RESOURCE, "authorization_servers": []}, "authorization_servers is empty"),
        ({**RESOURCE, "authorization_servers": ISSUER}, "a JSON string"),
        ({"authorization_servers": [ISSUER]}, "resource is missing"),
        ({**RESOURCE, "resource": "https://other.example.com/mcp"}, "host other.example.com"),
        ({**RESOURCE, "resource": "http://mcp.example.com/mcp"}, "scheme http"),
        ({**RESOURCE, "resource": "https://mcp.example.com/mc"}, "path /mc"),
        (b"<!doctype html>", "HTML"),
        (b"[]", "a JSON array"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
    ],
)
def test_a_document_that_must_not_be_used_stops_the_walk(document: Any, said: str) -> None:
    world = World()
    world.routes[f"GET {RESOURCE_URL}"] = answer(200, document)
    move = world.walk("client")
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("resource-metadata", "resource-server")
    assert said in move.reason


@pytest.mark.parametrize("resource", ["https://mcp.example.com", "https://mcp.example.com/mcp/"])
def test_a_prefix_is_used(resource: str) -> None:
    """RFC 9728 section 3.3 demands identity; official SDKs accept these."""
    world = World()
    world.routes[f"GET {RESOURCE_URL}"] = answer(200, {**RESOURCE, "resource": resource})
    world.walk("server-metadata")
    assert world.move("resource-metadata") == Done("resource-metadata", "200")


def test_no_resource_metadata_falls_back_to_the_origin() -> None:
    """The rule of 2025-03-26, which clients keep for old servers."""
    world = without_header()
    del world.routes[f"GET {RESOURCE_URL}"]
    origin_url = "https://mcp.example.com/.well-known/oauth-authorization-server"
    world.routes[f"GET {origin_url}"] = answer(200, METADATA)
    world.walk("client")
    assert gets(world)[-1] == origin_url
    assert world.move("resource-metadata") == Done("resource-metadata", "none")


def test_a_server_of_2025_03_26_without_metadata_has_default_endpoints() -> None:
    world = World(Target(MCP, protocol="2025-03-26"))
    world.routes = {f"POST {MCP}": answer(401, b"", None, ("WWW-Authenticate", "Bearer"))}
    move = world.walk("client")
    world.perform(move)  # type: ignore[arg-type]
    registration = world.standing()
    assert isinstance(registration, Send)
    assert registration.request.url == "https://mcp.example.com/register"
    assert world.move("resource-metadata") == Skipped(
        "resource-metadata", "not part of revision 2025-03-26"
    )


def test_openid_comes_second() -> None:
    world = World()
    world.routes[f"GET {OPENID_URL}"] = world.routes.pop(f"GET {SERVER_URL}")
    world.walk("client")
    assert gets(world)[1:] == [SERVER_URL, OPENID_URL]
    assert [tried.rule for tried in world.facts.server_tried] == ["RFC 8414", "OpenID Connect"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({**METADATA, "issuer": "https://evil.example.com"}, "host evil.example.com"),
        ({key: METADATA[key] for key in METADATA if key != "issuer"}, "issuer is missing"),
        ({**METADATA, "token_endpoint": "/token"}, "token_endpoint"),
        ({**METADATA, "authorization_endpoint": None}, "authorization_endpoint"),
        ({**METADATA, "authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
    ],
)
def test_server_metadata_that_must_not_be_used(document: Any, said: str) -> None:
    world = World()
    world.routes[f"GET {SERVER_URL}"] = answer(200, document)
    move = world.walk("client")
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("server-metadata", "authorization-server")
    assert said in move.reason
    assert gets(world)[-1] == OPENID_URL, "the next candidate was still tried"


def test_a_server_named_by_another_identifier_than_its_own_is_right_by_itself() -> None:
    """The well-known URL of both is the same, a slash at the end is removed for it (RFC 8414
    section 3); what the resource metadata names is to be the identifier (RFC 9728 section 2)."""
    slashed = answer(200, {**METADATA, "issuer": f"{ISSUER}/"})
    for target, party in (
        (Target(MCP), "resource-server"),
        (Target(MCP, authorization_server=ISSUER), "person"),
    ):
        world = World(target)
        world.routes[f"GET {SERVER_URL}"] = slashed
        move = world.walk("client")
        assert isinstance(move, Blocked) and (move.check, move.party) == ("ASM-03", party)
        assert "trailing slash" in move.reason and f"{ISSUER}/" in move.fix
        found = only(world, "ASM-03")
        assert (found.party, found.fix) == (party, move.fix)


def test_the_person_may_use_metadata_of_another_issuer() -> None:
    world = World()
    world.routes[f"GET {SERVER_URL}"] = answer(200, {**METADATA, "issuer": f"{ISSUER}/"})
    world.walk("client")
    world.override("server-metadata")
    assert world.move("server-metadata") == Done("server-metadata", "200")
    assert world.standing().step == "client"


def test_metadata_may_redirect_hop_by_hop() -> None:
    world = World()
    elsewhere = "https://cdn.example.com/prm.json"
    world.routes[f"GET {RESOURCE_URL}"] = answer(302, b"", None, ("Location", elsewhere))
    world.routes[f"GET {elsewhere}"] = answer(200, RESOURCE)
    world.walk("server-metadata")
    assert gets(world) == [RESOURCE_URL, elsewhere]
    assert isinstance(world.move("resource-metadata"), Done)


def test_a_redirect_loop_ends() -> None:
    world = World()
    world.routes[f"GET {RESOURCE_URL}"] = answer(302, b"", None, ("Location", RESOURCE_URL))
    assert isinstance(world.walk("server-metadata"), Blocked)
    assert gets(world) == [RESOURCE_URL]


def test_an_unreachable_authorization_server() -> None:
    world = World()
    for url in (SERVER_URL, OPENID_URL):
        world.routes[f"GET {url}"] = Failure("dns", "no address for auth.example.com")
    move = world.walk("client")
    assert isinstance(move, Blocked)
    assert (move.step, move.party, move.word) == ("server-metadata", "network", "unreachable")


def test_an_issuer_alone_is_walked_without_an_mcp_server() -> None:
    world = World(Target(ISSUER, kind="authorization-server"))
    world.walk()
    assert gets(world) == [SERVER_URL]
    for step in ("challenge", "resource-metadata", "connect", "tools", "call"):
        assert isinstance(world.move(step), Skipped)
    assert world.facts.tokens


def test_keys() -> None:
    world = World()
    jwks_uri = f"{ISSUER}/jwks"
    world.routes[f"GET {SERVER_URL}"] = answer(200, {**METADATA, "jwks_uri": jwks_uri})
    world.routes[f"GET {jwks_uri}"] = answer(200, {"keys": []})
    world.walk("client")
    move = world.move("keys")
    assert move == Done("keys", "no keys")
    world.rerun("keys")
    world.routes[f"GET {jwks_uri}"] = answer(500, b"", None)
    world.walk("client")
    assert world.move("keys") == Done("keys", "500")
    assert world.standing().step == "client", "a client goes on without keys"


def test_a_relative_url_in_the_challenge_is_the_resource_servers_fault() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = challenge('resource_metadata="/.well-known/x"')
    move = world.walk("client")
    assert isinstance(move, Blocked)
    assert (move.step, move.party) == ("resource-metadata", "resource-server")
    assert "it needs http:// or https://" in move.reason
    world.override("resource-metadata")
    world.walk("client")
    assert gets(world)[0] == RESOURCE_URL, "the well-known URL instead"
