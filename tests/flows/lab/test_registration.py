from __future__ import annotations

from typing import Any

import pytest

from tests.flows.lab.conftest import REDIRECT, Hand

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_everything_known_is_echoed_unchanged(hand: Hand) -> None:
    asked = {
        "redirect_uris": ["http://127.0.0.1", "https://Chatgpt.com/connector/oauth/x?y=%7e"],
        "client_uri": "https://client.example",
        "contacts": ["ada@client.example"],
        "software_id": "s",
        "scope": "mcp:tools",
        "response_types": ["code"],
    }
    response = await hand.register(**asked)
    document = response.json()
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert {key: document[key] for key in asked} == asked
    assert document["application_type"] == "native"
    assert None not in document.values() and "client_secret" not in document


async def test_a_confidential_client_gets_a_secret_that_works(hand: Hand) -> None:
    document = (await hand.register(token_endpoint_auth_method="client_secret_post")).json()
    assert document["client_secret"] and document["client_secret_expires_at"] == 0
    client = document["client_id"]
    secret = document["client_secret"]
    response = await hand.token(await hand.code(client), client_id=client, client_secret=secret)
    assert response.status_code == 200
    public = await hand.token(await hand.code(client), client_id=client)
    assert (public.status_code, public.json()["error"]) == (401, "invalid_client")


async def test_unknown_members_and_foreign_scopes_do_no_harm(hand: Hand) -> None:
    response = await hand.register(scope="openid email mcp:tools", made_up=[1], logo_uri=None)
    document = response.json()
    assert response.status_code == 201
    assert document["scope"] == "mcp:tools"
    assert "made_up" not in document and "logo_uri" not in document


@pytest.mark.parametrize(
    "uris",
    [
        [],
        None,
        "http://127.0.0.1/",
        [REDIRECT, "https://client.example/#fragment"],
        ["http://client.example/callback"],
        ["/callback"],
        ["javascript:alert(1)"],
        ["https://"],
        ["http://127.0.0.1:port/"],
        ["https://client.example/a b"],
        [7],
    ],
)
async def test_redirect_uris_that_are_refused(hand: Hand, uris: object) -> None:
    response = await hand.register(redirect_uris=uris)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "uri", ["cursor://anysphere/callback", "com.example.app:/cb", "http://[::1]/"]
)
async def test_redirect_uris_of_native_apps(hand: Hand, uri: str) -> None:
    assert (await hand.register(redirect_uris=[uri])).status_code == 201


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"grant_types": ["implicit"]},
        {"response_types": ["token"]},
        {"client_name": 7},
        {"contacts": "me"},
        {"jwks": {"keys": []}, "jwks_uri": "https://client.example/jwks"},
    ],
)
async def test_metadata_that_is_refused(hand: Hand, metadata: dict[str, Any]) -> None:
    response = await hand.register(**metadata)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{", b"[" * 20000, b'"text"'])
async def test_bodies_that_are_no_object(hand: Hand, body: bytes) -> None:
    response = await hand.http.post(f"{hand.lab.issuer}/register", content=body)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_body_too_large_is_refused(hand: Hand) -> None:
    response = await hand.http.post(f"{hand.lab.issuer}/register", content=b" " * 100_000)
    assert response.status_code == 413
