from typing import Any

import jwt
import pytest

from flows.checks.documents import LARGE
from flows.exchange import Failure, Response
from flows.moves import Blocked
from tests.flows.checks.judging import assert_named, only, results
from tests.flows.world import ISSUER, MCP, RESOURCE, RESOURCE_PATH, World, answer

HERE = f"https://mcp.example.com{RESOURCE_PATH}"
ROOT = "https://mcp.example.com/.well-known/oauth-protected-resource"


def served(given: Response | Failure) -> World:
    world = World()
    world.routes[f"GET {HERE}"] = given
    world.walk("client")
    return world


def having(**members: Any) -> World:
    return served(answer(200, {**RESOURCE, **members}))


def without_header(**routes: Response) -> World:
    """A server whose challenge names no metadata, with what its well-known URLs answer."""
    world = World()
    world.routes[f"POST {MCP}"] = answer(401, b"", None, ("WWW-Authenticate", "Bearer"))
    del world.routes[f"GET {HERE}"]
    world.routes |= {f"GET {HERE if name == 'here' else ROOT}": one for name, one in routes.items()}
    world.walk("client")
    return world


def test_a_good_document_passes_every_check() -> None:
    world = having(
        bearer_methods_supported=["header"],
        signed_metadata=jwt.encode({**RESOURCE, "iss": MCP}, "s" * 32),
    )
    for number in range(1, 16):
        allowed = {"pass", "not-applicable"} if number == 11 else {"pass"}
        assert set(results(world, f"PRM-{number:02}")) <= allowed, number


@pytest.mark.parametrize(
    ("check", "members", "result", "words", "field"),
    [
        ("PRM-04", {"resource": None}, "fail", "is a JSON null", "/resource"),
        ("PRM-04", {"resource": "https://o.example/mcp"}, "fail", "host o.example", "/resource"),
        ("PRM-04", {"resource": f"{MCP}/"}, "warn", "trailing slash", "/resource"),
        ("PRM-05", {"resource": "mcp"}, "fail", "it needs http", "/resource"),
        ("PRM-05", {"resource": f"{MCP}#a"}, "fail", "fragment", "/resource"),
        ("PRM-06", {"authorization_servers": []}, "fail", "empty", "/authorization_servers"),
        ("PRM-06", {"authorization_servers": "x"}, "fail", "string", "/authorization_servers"),
        ("PRM-06", {"authorization_servers": [7]}, "fail", "without", "/authorization_servers"),
        (
            "PRM-07",
            {"authorization_servers": [f"{ISSUER}/.well-known/openid-configuration"]},
            "fail",
            "URL of a metadata document",
            "/authorization_servers/0",
        ),
        (
            "PRM-07",
            {"authorization_servers": [ISSUER, "auth.example.com"]},
            "fail",
            "no http or https URL",
            "/authorization_servers/1",
        ),
        (
            "PRM-07",
            {"authorization_servers": [f"{ISSUER}?a=b"]},
            "fail",
            "query",
            "/authorization_servers/0",
        ),
        (
            "PRM-08",
            {"bearer_methods_supported": ["body"]},
            "warn",
            "lists body",
            "/bearer_methods_supported",
        ),
        (
            "PRM-08",
            {"bearer_methods_supported": "header"},
            "warn",
            "an array belongs",
            "/bearer_methods_supported",
        ),
        ("PRM-09", {"scopes_supported": "a b"}, "fail", "an array belongs", "/scopes_supported"),
        ("PRM-09", {"scopes_supported": ["a b"]}, "warn", "no scope token", "/scopes_supported"),
        ("PRM-10", {"jwks_uri": None}, "warn", "jwks_uri is null", "/jwks_uri"),
        ("PRM-10", {"a/b": []}, "warn", "an empty array", "/a~1b"),
        ("PRM-10", {"resource_name": ""}, "warn", "is empty", "/resource_name"),
        ("PRM-14", {"signed_metadata": "x"}, "warn", "no JWT", "/signed_metadata"),
        (
            "PRM-14",
            {"signed_metadata": jwt.encode({"iss": MCP, "resource": "x"}, "s" * 32)},
            "warn",
            "differs in resource",
            "/signed_metadata",
        ),
        ("PRM-15", {"x": "y" * LARGE}, "warn", "clients set limits", ""),
    ],
)
def test_members(check: str, members: dict[str, Any], result: str, words: str, field: str) -> None:
    finding = assert_named(having(**members), check, result, words, "resource-server")
    assert finding.place and finding.place.field == field
    assert finding.step == "resource-metadata"


@pytest.mark.parametrize(
    ("check", "given", "result", "words"),
    [
        ("PRM-01", answer(404), "fail", "answers 404"),
        ("PRM-01", answer(302, b"", None, ("Location", "ftp://x")), "fail", "answers 302"),
        ("PRM-02", answer(200, b"<html>", "text/html"), "fail", "HTML or XML"),
        ("PRM-02", answer(200, b"\xef\xbb\xbf{}"), "fail", "byte order mark"),
        ("PRM-02", answer(200, [RESOURCE]), "fail", "JSON array"),
        ("PRM-02", answer(200, RESOURCE, "text/plain"), "warn", "is sent as text/plain"),
        ("PRM-02", answer(200, RESOURCE, None), "warn", "no media type"),
        ("PRM-03", answer(200, b'{"resource":"x","resource":"y"}'), "fail", "twice: resource"),
        ("PRM-12", answer(401), "fail", "clients have no token yet"),
    ],
)
def test_answers(check: str, given: Response, result: str, words: str) -> None:
    assert_named(served(given), check, result, words, "resource-server")


@pytest.mark.parametrize(
    "given",
    [
        answer(404),
        answer(401),
        answer(200, b"<html>", "text/html"),
        answer(200, {"resource": MCP}),
        answer(200, {**RESOURCE, "resource": "https://o.example"}),
        answer(200, {**RESOURCE, "authorization_servers": ["nowhere"]}),
        answer(403, b"<title>Just a moment...</title>", "text/html"),
        Failure("dns", "no address for mcp.example.com"),
        Failure("timeout", "the deadline of 30 s passed"),
    ],
)
def test_every_stop_is_found_by_its_check(given: Response | Failure) -> None:
    world = served(given)
    move = world.standing()
    assert isinstance(move, Blocked)
    assert_named(world, move.check, "fail", "", move.party)


def test_no_metadata_at_all_means_the_rule_of_2025_03_26() -> None:
    found = assert_named(without_header(), "PRM-01", "fail", "Clients fall back", "resource-server")
    assert "the last of 2 URLs" in found.says


def test_a_path_that_answers_a_page_before_the_root_is_a_warning() -> None:
    page = answer(200, b"<html>", "text/html")
    world = without_header(here=page, root=answer(200, RESOURCE))
    assert_named(world, "PRM-02", "warn", "HTML", "resource-server")
    assert only(world, "PRM-01").result == "pass"


def test_at_the_root_the_resource_is_the_origin() -> None:
    world = without_header(root=answer(200, {**RESOURCE, "resource": "https://mcp.example.com"}))
    assert only(world, "PRM-04").result == "pass"


def test_two_documents_that_disagree() -> None:
    other = {**RESOURCE, "authorization_servers": ["https://other.example.com"]}
    world = without_header(here=answer(200, {"resource": MCP}), root=answer(200, other))
    assert_named(world, "PRM-11", "warn", "authorization_servers differs", "resource-server")
    same = {"resource": MCP}
    world = without_header(here=answer(200, same), root=answer(200, same))
    assert only(world, "PRM-11").result == "pass"


def test_several_authorization_servers_and_offline_access_are_worth_a_word() -> None:
    world = having(authorization_servers=[ISSUER, "https://b.example"], scopes_supported=["a"])
    assert "2 authorization servers" in only(world, "PRM-13").says
    world = having(scopes_supported=["a", "offline_access"])
    assert_named(world, "PRM-09", "info", "offline_access", None)


def test_a_bearer_of_a_token_looks_for_no_metadata() -> None:
    assert only(World(), "PRM-01").result == "not-applicable"
