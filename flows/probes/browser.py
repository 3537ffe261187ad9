"""Probes of what a browser-based client needs (Fetch, CORS protocol). Hosts that call from their
own servers need none of it."""

from __future__ import annotations

from collections.abc import Iterator

from flows.facts import Facts
from flows.probes.kernel import ORIGIN, Probe, Variant, get, preflight
from flows.probes.resource import bare_request, with_fields
from flows.steps.server_metadata import endpoint

MCP_FIELDS = (
    "authorization",
    "content-type",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
)


def _mcp(facts: Facts) -> Iterator[Variant]:
    if request := bare_request(facts):
        yield "preflight", preflight(request.url, *MCP_FIELDS)
        yield "request", with_fields(request, ("Origin", ORIGIN))


def _documents(facts: Facts) -> Iterator[Variant]:
    origin = ("Origin", ORIGIN)
    for document, tried in (
        ("resource metadata", facts.resource_tried),
        ("server metadata", facts.server_tried),
    ):
        if used := next((one for one in tried if one.document is not None), None):
            yield document, get(used.url, origin)
    if url := endpoint(facts, "jwks_uri"):
        yield "signing keys", get(url, origin)


def _endpoints(facts: Facts) -> Iterator[Variant]:
    for name in ("token_endpoint", "registration_endpoint"):
        if url := endpoint(facts, name):
            yield name, preflight(url, "content-type")


BROWSER: tuple[Probe, ...] = (
    Probe(
        "cors-mcp",
        "challenge",
        "safe",
        "May a page elsewhere speak to the MCP server and read its challenge?",
        _mcp,
    ),
    Probe(
        "cors-documents",
        "server-metadata",
        "passive",
        "May a page elsewhere read the metadata and the keys?",
        _documents,
    ),
    Probe(
        "cors-endpoints",
        "token",
        "safe",
        "May a page elsewhere register a client and exchange a code?",
        _endpoints,
    ),
)
