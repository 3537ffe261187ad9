from typing import Any

import pytest

from flows.exchange import Request, Response
from flows.probes.discovery import CLIENT_DOCUMENT
from flows.session import Exchanged, Party, Target
from tests.flows.checks.judging import assert_named, only, results
from tests.flows.world import ISSUER, MCP, METADATA, NOW, REDIRECT, World, answer

URL = "https://app.example.com/client.json"
DOCUMENT = {
    "client_id": URL,
    "client_name": "Example",
    "redirect_uris": [REDIRECT],
    "token_endpoint_auth_method": "none",
}


def walked(url: str = URL) -> World:
    world = World(Target(MCP, client_metadata_url=url))
    document = {**METADATA, "client_id_metadata_document_supported": True}
    well_known = f"GET {ISSUER}/.well-known/oauth-authorization-server"
    world.routes[well_known] = answer(200, document)
    world.walk("pkce")
    return world


def fetched(given: Response) -> World:
    world = walked()
    world.routes[f"GET {URL}"] = given
    exchange = world.exchange(Request("GET", URL))
    world.record(Exchanged(NOW, "client", exchange, "the client's document", probe=CLIENT_DOCUMENT))
    return world


def having(**members: Any) -> World:
    document = {**DOCUMENT, **members}
    return fetched(answer(200, {k: v for k, v in document.items() if v is not None}))


def test_a_good_document_passes_every_check() -> None:
    world = having(token_endpoint_auth_method="none")
    for number in (1, 2, 3, 4, 5, 7):
        assert results(world, f"CIMD-0{number}") == ["pass"], number
    keyed = having(token_endpoint_auth_method="private_key_jwt", jwks_uri="https://x.example/k")
    assert results(keyed, "CIMD-06") == ["pass"]


def test_without_the_probe_only_the_url_is_judged() -> None:
    world = walked()
    assert only(world, "CIMD-01").result == "pass"
    assert only(world, "CIMD-02").result == "skipped"
    assert only(world, "CIMD-03").result == "not-applicable"
    world = walked("https://app.example.com")
    finding = only(world, "CIMD-01")
    assert (finding.result, finding.party) == ("fail", "client")
    assert "needs a path" in finding.says


def test_a_client_with_another_identifier_is_not_judged() -> None:
    world = World()
    world.walk("pkce")
    for number in range(1, 8):
        assert only(world, f"CIMD-0{number}").result == "not-applicable"


@pytest.mark.parametrize(
    ("given", "result", "words"),
    [
        (answer(302, b"", None, ("Location", "/x")), "fail", "answers 302"),
        (answer(200, b"<html>", "text/html"), "fail", "HTML"),
        (answer(200, DOCUMENT, "text/plain"), "warn", "text/plain"),
        (answer(200, {**DOCUMENT, "x": "y" * 6000}), "warn", "6."),
    ],
)
def test_how_it_is_served(given: Response, result: str, words: str) -> None:
    assert_named(fetched(given), "CIMD-02", result, words, "client")


@pytest.mark.parametrize(
    ("check", "members", "words", "field"),
    [
        ("CIMD-03", {"client_id": f"{URL}/"}, "trailing slash", "/client_id"),
        ("CIMD-04", {"client_name": None}, "client_name is missing", ""),
        ("CIMD-04", {"redirect_uris": ["x:y"]}, f"do not hold {REDIRECT}", "/redirect_uris"),
        ("CIMD-05", {"client_secret": "s"}, "is public", "/client_secret"),
        ("CIMD-06", {"token_endpoint_auth_method": "private_key_jwt"}, "nobody", ""),
    ],
)
def test_what_the_client_got_wrong(
    check: str, members: dict[str, Any], words: str, field: str
) -> None:
    finding = assert_named(having(**members), check, "fail", words, "client")
    assert finding.place and finding.place.field == field


def test_a_method_that_the_server_does_not_take_is_the_servers() -> None:
    world = having(token_endpoint_auth_method="private_key_jwt", jwks_uri="https://x.example/k")
    words = "says private_key_jwt, the server none, client_secret_basic"
    assert_named(world, "CIMD-07", "fail", words, "authorization-server")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("http://app.example/callback", "loopback addresses alone"),
        ("/callback", "no absolute URI"),
        ("https://app.example/callback#x", "fragment"),
    ],
)
def test_redirect_uris_that_are_none(uri: str, says: str) -> None:
    assert_named(having(redirect_uris=[REDIRECT, uri]), "CIMD-08", "fail", says, "client")
    private = having(redirect_uris=[REDIRECT, "com.example.app:/callback", "http://localhost/cb"])
    assert only(private, "CIMD-08").result == "pass"


def test_the_port_of_a_loopback_redirect_uri_may_be_any() -> None:
    """RFC 8252 section 7.3; of an address, not of a name."""
    one = having(redirect_uris=[REDIRECT.replace(":49152", ":1")])
    assert only(one, "CIMD-04").result == "pass"


@pytest.mark.parametrize(
    ("url", "server", "result", "says"),
    [
        (URL, ISSUER, "pass", "can reach"),
        (URL, "http://127.0.0.1:9000", "pass", "can reach"),
        ("http://127.0.0.1:8411/client.json", "http://127.0.0.1:9000", "pass", "can reach"),
        ("http://127.0.0.1:8411/client.json", ISSUER, "fail", "fetches the document itself"),
        ("https://10.0.0.8/client.json", ISSUER, "fail", "cannot reach"),
        ("https://10.0.0.8/client.json", "http://127.0.0.1:9000", "warn", "private address"),
    ],
)
def test_the_server_must_reach_the_document(url: str, server: str, result: str, says: str) -> None:
    world = World(Target(server, kind="authorization-server", client_metadata_url=url))
    world.walk("keys")
    assert_named(world, "CIMD-09", result, says, "client" if result != "pass" else None)


def test_without_a_server_nobody_is_said_to_reach_it() -> None:
    for url, result in ((URL, "skipped"), ("http://127.0.0.1:8411/client.json", "info")):
        world = World(Target(url, kind="authorization-server", client_metadata_url=url))
        assert only(world, "CIMD-09").result == result


@pytest.mark.parametrize(
    ("named", "result", "says"),
    [(True, "pass", "takes client"), (None, "warn", "is absent"), ("true", "warn", "not true")],
)
def test_support_is_to_be_advertised(named: object, result: str, says: str) -> None:
    world = World(Target(MCP, client_metadata_url=URL))
    document = {**METADATA, "client_id_metadata_document_supported": named}
    kept = {name: value for name, value in document.items() if value is not None}
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(200, kept)
    world.walk("client")
    party: Party | None = None if result == "pass" else "authorization-server"
    assert_named(world, "CIMD-10", result, says, party)


def test_a_document_on_this_machine_is_no_fault_of_it() -> None:
    url = "http://127.0.0.1:8411/client.json"
    world = World(Target(MCP, client_metadata_url=url))
    assert only(world, "CIMD-01").result == "info"
    assert only(walked(f"{URL}?v=1"), "CIMD-01").result == "warn"
