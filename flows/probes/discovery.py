"""Probes of the metadata: every place that some client looks at."""

from __future__ import annotations

from collections.abc import Iterator

from flows.facts import Facts
from flows.probes.kernel import Probe, Variant, get
from flows.steps.server_metadata import expected_issuer
from flows.wellknown import is_web_url, resource_candidates, server_candidates

CLIENT_DOCUMENT = "client-document"
"""The probe that fetches the person's own Client ID Metadata Document."""


def _client_document(facts: Facts) -> Iterator[Variant]:
    if (url := facts.target.client_metadata_url) and is_web_url(url):
        yield "the client's document", get(url)


def _resource_metadata(facts: Facts) -> Iterator[Variant]:
    if facts.target.kind == "mcp":
        tried = {one.url for one in facts.resource_tried}
        for url, rule in resource_candidates(facts.target.url):
            if url not in tried:
                yield rule, get(url)


def _server_metadata(facts: Facts) -> Iterator[Variant]:
    issuer = expected_issuer(facts)
    if is_web_url(issuer):
        tried = {one.url for one in facts.server_tried}
        for url, rule in server_candidates(issuer):
            if url not in tried:
                yield rule, get(url)


FETCH_CLIENT_DOCUMENT = Probe(
    CLIENT_DOCUMENT,
    "client",
    "passive",
    "Is the client's document one that an authorization server would take?",
    _client_document,
)
DISCOVERY: tuple[Probe, ...] = (
    Probe(
        "resource-metadata-urls",
        "resource-metadata",
        "passive",
        "Is the resource metadata at every URL that clients try?",
        _resource_metadata,
    ),
    Probe(
        "server-metadata-urls",
        "server-metadata",
        "passive",
        "Is the server metadata at every URL that clients try, and the same?",
        _server_metadata,
    ),
    FETCH_CLIENT_DOCUMENT,
)
