"""PRM: how the MCP server describes itself (RFC 9728, MCP Authorization Server Discovery)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flows.audience import difference
from flows.checks.documents import (
    Found,
    answered,
    array_problem,
    found_of,
    holds_json,
    illegal_scopes,
    is_found,
    named_once,
    of_sane_size,
    url_problem,
    weight,
    without_empty,
)
from flows.checks.kernel import Outcomes, Severity, at, check, failed, passed
from flows.checks.record import Record
from flows.documents import text_list, text_member
from flows.exchange import Exchange
from flows.facts import Tried
from flows.jwt import read_token
from flows.network import leads_inside
from flows.steps.discovery import judged
from flows.steps.resource_metadata import (
    falls_back,
    resource_problem,
    servers_problem,
)
from flows.wellknown import is_web_url, origin, resource_candidates, same_origin

_AT_ROOT = "well-known, at the root"


def resource_document(record: Record) -> Found | None:
    """The resource metadata that the rules are held against."""
    return found_of(record, judged(record.facts.resource_tried))


def _each(record: Record) -> Iterator[tuple[Tried, Exchange]]:
    for tried in record.facts.resource_tried:
        if exchange := record.exchange(tried.exchange_id):
            yield tried, exchange


OLD = ("2025-03-26", "2024-11-05")
"""Revisions that have no resource metadata."""


@check(
    "PRM-01",
    "resource-metadata",
    "resource-server",
    "error",
    "the resource metadata is where clients look for it",
    "RFC 9728 §3, §5.1; MCP Protected Resource Metadata Discovery Requirements",
    "Serve the RFC 9728 document at the URL the challenge names, or at the well-known one.",
)
def metadata_is_found(record: Record) -> Outcomes:
    tried = record.facts.resource_tried
    old = record.facts.connection is not None and record.facts.connection.version in OLD
    fallback = ""
    if falls_back(record.facts):
        fallback = (
            " Clients fall back to the rule of 2025-03-26: the MCP server's origin is its "
            "authorization server."
        )
    for outcome in is_found(record, tried, "resource metadata"):
        lenient: Severity | None = "info" if old and outcome.result == "fail" else None
        yield replace(outcome, says=f"{outcome.says}{fallback}", severity=lenient)


@check(
    "PRM-02",
    "resource-metadata",
    "resource-server",
    "error",
    "the metadata is a JSON object, sent as application/json",
    "RFC 9728 §3.2",
    "Answer with the JSON document and Content-Type: application/json, not with a web page.",
)
def metadata_is_json(record: Record) -> Outcomes:
    yield from holds_json(record, record.facts.resource_tried)


@check(
    "PRM-03",
    "resource-metadata",
    "resource-server",
    "error",
    "the metadata names no member twice",
    "RFC 8259 §4",
    "Write every member once.",
)
def members_are_named_once(record: Record) -> Outcomes:
    yield from named_once(record, answered(record, record.facts.resource_tried))


@check(
    "PRM-04",
    "resource-metadata",
    "resource-server",
    "error",
    "resource is identical to the URL dialled",
    "RFC 9728 §3.3",
    "Make `resource` exactly the URL that clients connect to, to the last slash.",
)
def resource_is_this_one(record: Record) -> Outcomes:
    tried = judged(record.facts.resource_tried)
    found = resource_document(record)
    if tried is None or found is None:
        return
    url = record.facts.target.url
    place = found.place("resource")
    resource = text_member(found.members, "resource") or ""
    # The well-known URL at the root is that of the origin, which then is the identifier.
    at_root = tried.rule == _AT_ROOT and resource.removesuffix("/") == origin(url)
    if problem := resource_problem(found.members, url):
        yield failed(f"{problem}.", place)
    elif resource == url or at_root:
        yield passed(place)
    else:
        words = (
            f"resource is {resource}, the URL dialled {url}: {difference(resource, url)}. The "
            "standard demands identity; official SDKs differ on what else they accept."
        )
        yield failed(words, place, severity="warn")


@check(
    "PRM-05",
    "resource-metadata",
    "resource-server",
    "error",
    "resource is an absolute URL without fragment",
    "RFC 9728 §1.2, §2; RFC 8707 §2",
    "Make `resource` the absolute https URL of the MCP server.",
)
def resource_is_a_url(record: Record) -> Outcomes:
    if (found := resource_document(record)) and (
        resource := text_member(found.members, "resource")
    ):
        place = found.at("resource")
        if problem := url_problem(resource):
            yield failed(f"resource {problem}.", place)
        else:
            yield passed(place)


@check(
    "PRM-06",
    "resource-metadata",
    "resource-server",
    "error",
    "authorization_servers names an issuer",
    "MCP Authorization Server Location; RFC 9728 §2",
    'Add "authorization_servers": ["https://..."] with the issuer identifier.',
)
def servers_are_named(record: Record) -> Outcomes:
    if found := resource_document(record):
        place = found.place("authorization_servers")
        if problem := servers_problem(found.members):
            yield failed(f"{problem}.", place)
        elif problem := array_problem(found.members, "authorization_servers"):
            yield failed(problem, place)
        else:
            yield passed(place)


@check(
    "PRM-07",
    "resource-metadata",
    "resource-server",
    "error",
    "authorization_servers holds issuer identifiers",
    "RFC 9728 §2; RFC 8414 §2",
    "Name the issuer itself: its URL without query, fragment or well-known path.",
)
def servers_are_issuers(record: Record) -> Outcomes:
    if found := resource_document(record):
        servers = text_list(found.members, "authorization_servers") or ()
        for index, server in enumerate(servers):
            place = found.at("authorization_servers", index)
            if not is_web_url(server):
                yield failed(f"The issuer {server} is no http or https URL.", place)
            elif "/.well-known/" in server:
                words = f"{server} is the URL of a metadata document, not of an issuer."
                yield failed(words, place)
            elif leads_inside(server, record.facts.target.url):
                words = f"The issuer {server} is one that only the server's own network can reach."
                yield failed(words, place)
            elif "?" in server or "#" in server:
                yield failed(f"The issuer {server} has a query or a fragment.", place)
            else:
                yield passed(place)


@check(
    "PRM-08",
    "resource-metadata",
    "resource-server",
    "warn",
    "the header field is among the ways to send a token",
    "RFC 9728 §2; MCP Token Requirements",
    'List "header" in bearer_methods_supported, or leave the member out.',
)
def header_is_a_way(record: Record) -> Outcomes:
    if (found := resource_document(record)) and "bearer_methods_supported" in found.members:
        place = found.at("bearer_methods_supported")
        methods = text_list(found.members, "bearer_methods_supported")
        if problem := array_problem(found.members, "bearer_methods_supported"):
            yield failed(problem, place)
        elif methods is not None and "header" not in methods:
            listed = ", ".join(methods) or "nothing"
            words = f"bearer_methods_supported lists {listed}; MCP clients use the header field."
            yield failed(words, place)
        elif methods is not None:
            yield passed(place)


@check(
    "PRM-09",
    "resource-metadata",
    "resource-server",
    "warn",
    "scopes_supported holds legal scope tokens",
    "RFC 6749 §3.3; RFC 9728 §2; MCP Refresh Tokens",
    "List each scope as a string of its own, without spaces, and leave offline_access out.",
)
def scopes_are_legal(record: Record) -> Outcomes:
    if found := resource_document(record):
        place = found.place("scopes_supported")
        scopes = text_list(found.members, "scopes_supported")
        if problem := array_problem(found.members, "scopes_supported"):
            yield failed(problem, place, severity="error")
        elif scopes is None:
            return
        elif wrong := illegal_scopes(scopes):
            yield failed(f"scopes_supported holds {wrong[0]!r}: no scope token.", place)
        elif "offline_access" in scopes:
            words = "scopes_supported holds offline_access, which no resource requires."
            yield failed(words, place, severity="info")
        else:
            yield passed(place)


@check(
    "PRM-10",
    "resource-metadata",
    "resource-server",
    "warn",
    "no member is null or empty",
    "RFC 9728 §3.2",
    "Leave members without a value out.",
)
def nothing_is_empty(record: Record) -> Outcomes:
    if found := resource_document(record):
        # An empty bearer_methods_supported has a meaning (section 2); the others are PRM-06's
        # and PRM-04's.
        kept = ("bearer_methods_supported", "authorization_servers", "resource")
        yield from without_empty(found, kept)


@check(
    "PRM-11",
    "resource-metadata",
    "resource-server",
    "warn",
    "the documents at the root and with the path agree",
    "RFC 9728 §3.1",
    "Serve the same document at both well-known URLs, or none at the root.",
)
def both_places_agree(record: Record) -> Outcomes:
    urls = {url for url, _ in resource_candidates(record.facts.target.url)}
    documents = [
        found
        for tried in record.facts.resource_tried
        if tried.url in urls and (found := found_of(record, tried))
    ]
    if len(documents) < 2:
        return
    one, other = documents[:2]
    for name in ("resource", "authorization_servers"):
        if one.members.get(name) != other.members.get(name):
            words = (
                f"{name} differs between {one.exchange.request.url} and "
                f"{other.exchange.request.url}: clients read the one or the other."
            )
            yield failed(words, other.place(name))
            return
    yield passed(at(other.exchange))


@check(
    "PRM-12",
    "resource-metadata",
    "resource-server",
    "error",
    "the metadata is readable without credentials",
    "RFC 9728 §3",
    "Let the well-known path pass without a token.",
)
def metadata_is_open(record: Record) -> Outcomes:
    for tried, exchange in _each(record):
        place = at(exchange, "status")
        if tried.status in (401, 403) and tried.check != "NET-10":
            words = f"{tried.url} answers {tried.status}: clients have no token yet."
            yield failed(words, place, severity=weight(record.facts.resource_tried))
        elif tried.status == 200:
            yield passed(place)


@check(
    "PRM-13",
    "resource-metadata",
    "client",
    "info",
    "one authorization server is named",
    "RFC 9728 §7.6; MCP Authorization Server Location",
)
def one_server_is_named(record: Record) -> Outcomes:
    if found := resource_document(record):
        servers = text_list(found.members, "authorization_servers") or ()
        place = found.place("authorization_servers")
        if len(servers) > 1:
            words = f"{len(servers)} authorization servers; using {servers[0]}."
            yield failed(words, place)
        elif servers and is_web_url(servers[0]):
            near = same_origin(servers[0], record.facts.target.url)
            words = "the MCP server's own origin" if near else "an origin of its own"
            yield passed(place, f"the authorization server {servers[0]} has {words}")


@check(
    "PRM-14",
    "resource-metadata",
    "resource-server",
    "warn",
    "signed_metadata is a JWT that says the same",
    "RFC 9728 §2.2",
    "Sign the document as it is served, with an iss, or leave signed_metadata out.",
)
def signed_metadata_agrees(record: Record) -> Outcomes:
    found = resource_document(record)
    if found is None or "signed_metadata" not in found.members:
        return
    place = found.at("signed_metadata")
    token = read_token(text_member(found.members, "signed_metadata") or "")
    if token.kind != "jwt" or token.claims is None:
        yield failed(f"signed_metadata is no JWT: {token.looks}.", place)
        return
    if "iss" not in token.claims:
        yield failed("signed_metadata has no iss, which it must have.", place)
    differing = [
        name
        for name, value in token.claims.items()
        if name in found.members
        and name not in ("iss", "iat", "exp")
        and value != found.members[name]
    ]
    if differing:
        words = f"signed_metadata differs in {', '.join(differing)}; what is signed counts."
        yield failed(words, place)
    elif "iss" in token.claims:
        yield passed(place, "signed_metadata says the same; its signature was not verified")


@check(
    "PRM-15",
    "resource-metadata",
    "resource-server",
    "warn",
    "the document has a size that clients take",
    "practice: clients limit what they read",
    "Serve only what the standard names: a few thousand bytes.",
)
def size_is_sane(record: Record) -> Outcomes:
    yield from of_sane_size(record, answered(record, record.facts.resource_tried))
