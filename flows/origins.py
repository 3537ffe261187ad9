"""Where a value that a step proposes comes from, told from the record: the metadata, the challenge,
the registration, the person, or authwalk itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.documents import text_list, value_member
from flows.facts import Facts
from flows.hosts import host_of
from flows.steps.resource_metadata import resource_metadata
from flows.steps.server_metadata import server_metadata

_MADE = {
    "state": "made here for this attempt, from random bytes",
    "nonce": "made here for this attempt, from random bytes",
    "code_verifier": "made here for this attempt, from random bytes",
    "code_challenge": "computed here from the code verifier",
    "code_challenge_method": "the method that MCP wants",
    "client_assertion": "signed here with the client's key",
    "dpop": "signed here with the proof's key",
}
_GIVEN = {
    "client_id": "client_id",
    "client_secret": "client_secret",
    "redirect_uri": "redirect_uri",
    "scope": "scope",
    "resource": "resource",
    "assertion": "assertion",
    "subject_token": "id_token",
}
"""What a person may have said, by the member of the target."""
_CLIENTS = {
    "pre-registered": "given at the start: a client registered before",
    "entered": "typed at step Client",
    "CIMD": "the URL of the client's own metadata document",
    "DCR": "from the registration response, at step Client",
}


def origin(facts: Facts, name: str, value: str) -> str:
    """Where `value` of the parameter `name` comes from, in words; "" where the record does not
    say. `name` is that of a parameter, a header field in lower case, or "url"."""
    return next(_origins(facts, name, value), "")


def _origins(facts: Facts, name: str, value: str) -> Iterator[str]:
    target = facts.target
    if name == "client_id" and facts.client and facts.client.client_id == value:
        yield _CLIENTS[facts.client.source]
    if (given := _GIVEN.get(name)) and getattr(target, given) == value:
        yield "given at the start"
    if name in _MADE:
        yield _MADE[name]
    if name in {field.lower() for field, _ in target.headers}:
        yield "given at the start, for every MCP request"
    host = host_of(target)
    resource, server = resource_metadata(facts) or {}, server_metadata(facts) or {}
    match name:
        case "url":
            yield from _endpoints(value, server)
            if value == target.url:
                yield "the URL that was typed"
        case "resource":
            if value_member(resource, "resource") == value:
                yield "from the resource metadata: resource"
            if value == target.url:
                yield "the URL that was typed"
        case "scope":
            yield from _scopes(facts, value, resource, server)
        case "redirect_uri":
            if host:
                yield f"one of {host.title}'s"
            yield "where authwalk listens"
        case "code":
            yield "from the authorization response, at step Response"
        case "refresh_token":
            yield "from the token response, at step Exchange code"
        case "authorization":
            yield "the access token that the walk holds, or the client's credentials"
        case "grant_type" | "response_type":
            yield "what this flow asks with"
        case "mcp-protocol-version":
            yield "the revision that is spoken"
        case "mcp-session-id":
            yield "from the server's answer to initialize"


def _endpoints(value: str, server: Mapping[str, Any]) -> Iterator[str]:
    for name, url in server.items():
        if isinstance(url, str) and url.partition("?")[0] == value.partition("?")[0]:
            yield f"from the server metadata: {name}"


def _scopes(
    facts: Facts, value: str, resource: Mapping[str, Any], server: Mapping[str, Any]
) -> Iterator[str]:
    wanted = set(value.split())
    for opening in facts.openings:
        response = opening.exchange.response
        fields = response.headers if response else ()
        challenge = " ".join(text for key, text in fields if key.lower() == "www-authenticate")
        if "scope=" in challenge and wanted & set(challenge.replace('"', " ").split()):
            yield "from the challenge: scope"
    for document, which in ((resource, "resource"), (server, "server")):
        listed = text_list(document, "scopes_supported") or ()
        if wanted & set(listed):
            yield f"from the {which} metadata: scopes_supported"
