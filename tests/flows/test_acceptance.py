"""The table of parsers, held against those that are installed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pytest

from flows.acceptance import VARIANTS, Document, _table, refusals
from flows.exchange import Response
from tests.flows.world import METADATA, TOKEN, answer

CASES: list[tuple[str, Response]] = [
    ("token-type-missing", answer(200, {k: v for k, v in TOKEN.items() if k != "token_type"})),
    ("token-type-dpop", answer(200, {**TOKEN, "token_type": "DPoP"})),
    ("expires-in-string", answer(200, {**TOKEN, "expires_in": "3600"})),
    ("expires-in-fraction", answer(200, {**TOKEN, "expires_in": 3600.5})),
    ("expires-in-null", answer(200, {**TOKEN, "expires_in": None})),
    ("refresh-token-null", answer(200, {**TOKEN, "refresh_token": None})),
    ("scope-null", answer(200, {**TOKEN, "scope": None})),
    ("scope-array", answer(200, {**TOKEN, "scope": ["tools"]})),
    ("id-token-null", answer(200, {**TOKEN, "id_token": None})),
    ("access-token-empty", answer(200, {**TOKEN, "access_token": ""})),
    ("error-with-200", answer(200, {"error": "invalid_grant"})),
    (
        "form-encoded",
        answer(200, b"access_token=x&token_type=Bearer", "application/x-www-form-urlencoded"),
    ),
    ("byte-order-mark", answer(200, b"\xef\xbb\xbf" + json.dumps(TOKEN).encode())),
    ("status-201", answer(201, TOKEN)),
    ("other-media-type", answer(200, TOKEN, "text/html")),
]
RESOURCE_DOCUMENT = {"resource": "https://h/mcp", "authorization_servers": ["https://as"]}
OTHERS: list[tuple[str, Document, Mapping[str, Any]]] = [
    ("resource-missing", "resource-metadata", {"authorization_servers": ["https://as"]}),
    ("resource-scopes-null", "resource-metadata", {**RESOURCE_DOCUMENT, "scopes_supported": None}),
    ("resource-nulls", "resource-metadata", {**RESOURCE_DOCUMENT, "jwks_uri": None}),
    (
        "authorization-servers-string",
        "resource-metadata",
        {**RESOURCE_DOCUMENT, "authorization_servers": "https://as"},
    ),
    ("response-types-missing", "server-metadata", {"issuer": "https://as"}),
    ("server-nulls", "server-metadata", {**METADATA, "registration_endpoint": None}),
    ("registration-endpoint-empty", "server-metadata", {**METADATA, "registration_endpoint": ""}),
    ("client-nulls", "client", {"client_id": "c", "redirect_uris": [], "client_secret": None}),
    ("client-uri-empty", "client", {"client_id": "c", "redirect_uris": [], "client_uri": ""}),
    ("redirect-uris-missing", "client", {"client_id": "c"}),
]
BODIES = [case for case in CASES if case[0] not in ("status-201", "other-media-type")]
"""Variants that a parser meets in the body; status and media type are its caller's affair."""


def test_a_good_response_is_refused_by_nobody() -> None:
    for changes in ({}, {"token_type": "bearer"}, {"scope": "a b"}, {"extra": 1}):
        assert refusals(answer(200, {**TOKEN, **changes})) == ()


@pytest.mark.parametrize(("variant", "given"), CASES, ids=[case[0] for case in CASES])
def test_a_variant_is_known(variant: str, given: Response) -> None:
    _, variants = _table()
    found = refusals(given)
    assert [one.parser for one in found] == variants[variant]["refused_by"]
    assert {one.reason for one in found} == {variants[variant]["reason"]}
    assert {one.how for one in found} <= {"measured", "read"}


@pytest.mark.parametrize(("variant", "what", "given"), OTHERS, ids=[case[0] for case in OTHERS])
def test_a_variant_of_another_document_is_known(
    variant: str, what: Document, given: Mapping[str, Any]
) -> None:
    _, variants = _table()
    found = refusals(answer(200, given), what)
    assert [one.parser for one in found] == variants[variant]["refused_by"]
    assert {one.reason for one in found} == {variants[variant]["reason"]}


def test_good_documents_are_refused_by_nobody() -> None:
    assert refusals(answer(200, METADATA), "server-metadata") == ()
    assert refusals(answer(200, RESOURCE_DOCUMENT), "resource-metadata") == ()
    assert refusals(answer(201, {"client_id": "c", "redirect_uris": []}), "client") == ()
    assert refusals(answer(404, b"no", "text/plain"), "client") == ()


def test_the_table_names_what_the_code_knows() -> None:
    parsers, variants = _table()
    cases = {name for name, *_ in (*CASES, *OTHERS)}
    assert set(variants) == set(VARIANTS) == cases
    for variant in variants.values():
        assert variant["refused_by"] and set(variant["refused_by"]) <= set(parsers)


def _refused_by(parser: str, response: Response) -> bool:
    return parser in {one.parser for one in refusals(response)}


@pytest.mark.parametrize(("variant", "given"), BODIES, ids=[case[0] for case in BODIES])
def test_the_python_sdk_does_what_the_table_says(variant: str, given: Response) -> None:
    from mcp.shared.auth import OAuthToken
    from pydantic import ValidationError

    measured = _table()[0]["python-sdk"]["version"]
    if f"mcp {version('mcp')} " not in measured:
        pytest.skip(f"{measured} was measured, another is installed")
    try:
        OAuthToken.model_validate_json(given.body)
        refused = False
    except ValidationError:
        refused = True
    assert refused is _refused_by("python-sdk", given)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"expires_in": true}', b"\xff", b"[" * 100_000]
)
def test_whatever_a_stranger_sends_is_looked_up(body: bytes) -> None:
    found: Any = refusals(answer(200, body))
    assert isinstance(found, tuple)
