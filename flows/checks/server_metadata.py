"""ASM: the authorization server's metadata as a document: where it is, whose, and its form
(RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import urlsplit

from flows.audience import difference
from flows.checks.documents import (
    Found,
    answered,
    found_of,
    holds_json,
    is_found,
    named_once,
    of_sane_size,
    url_problem,
    weight,
    without_empty,
)
from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.documents import text_member
from flows.network import leads_inside
from flows.steps.discovery import judged
from flows.steps.server_metadata import (
    defaults_apply,
    expected_issuer,
    issuer_problem,
    misnamed,
    missing_endpoint,
)

ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "userinfo_endpoint",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "jwks_uri",
)
"""The members that are URLs a client sends requests to."""


def server_document(record: Record) -> Found | None:
    """The authorization server metadata that the rules are held against."""
    return found_of(record, judged(record.facts.server_tried))


def is_openid(found: Found) -> bool:
    return "/.well-known/openid-configuration" in found.exchange.request.url


@check(
    "ASM-01",
    "server-metadata",
    "authorization-server",
    "error",
    "the server metadata is at one of the well-known URLs",
    "RFC 8414 §3.1, §5; OIDC Discovery §4; MCP Authorization Server Metadata Discovery",
    "Serve the metadata at the well-known URL of the issuer that the MCP server names.",
)
def metadata_is_found(record: Record) -> Outcomes:
    defaults = defaults_apply(record.facts)
    for outcome in is_found(record, record.facts.server_tried, "server metadata"):
        if defaults and outcome.result == "fail":
            words = f"{outcome.says} Using /authorize, /token and /register of the origin."
            rule = "MCP 2025-03-26, Fallbacks for Servers without Metadata Discovery"
            yield failed(words, outcome.place, severity="warn", standard=rule)
        else:
            yield outcome


@check(
    "ASM-02",
    "server-metadata",
    "authorization-server",
    "error",
    "the metadata is a JSON object, sent as application/json",
    "RFC 8414 §3.2; OIDC Discovery §4.2",
    "Answer with the JSON document and Content-Type: application/json, not with a web page.",
)
def metadata_is_json(record: Record) -> Outcomes:
    yield from holds_json(record, record.facts.server_tried)


@check(
    "ASM-03",
    "server-metadata",
    "authorization-server",
    "error",
    "issuer is identical to the issuer asked for",
    "RFC 8414 §3.3; OIDC Discovery §4.3; MCP Authorization Server Metadata Discovery",
    "Publish metadata whose issuer is exactly the identifier the MCP server names.",
)
def issuer_is_the_one_asked_for(record: Record) -> Outcomes:
    facts = record.facts
    wanted = expected_issuer(facts)
    for tried in facts.server_tried:
        if found := found_of(record, tried):
            place = found.place("issuer")
            named = text_member(found.members, "issuer")
            if problem := issuer_problem(found.members, facts):
                party, fix, standard = misnamed(found.members, tried.url, facts) or (None,) * 3
                yield failed(
                    f"{problem}.",
                    place,
                    severity=weight(facts.server_tried),
                    party=party,
                    fix=fix,
                    standard=standard,
                )
            elif named != wanted:
                words = f"issuer is {named}, found at {wanted}: {difference(named or '', wanted)}."
                yield failed(words, place, severity="warn")
            else:
                yield passed(place)


@check(
    "ASM-04",
    "server-metadata",
    "authorization-server",
    "error",
    "issuer is a URL without query and fragment",
    "RFC 8414 §2",
    "Choose an issuer that is an https URL and nothing more.",
)
def issuer_is_a_plain_url(record: Record) -> Outcomes:
    if (found := server_document(record)) and (named := text_member(found.members, "issuer")):
        place = found.at("issuer")
        if problem := url_problem(named):
            yield failed(f"issuer {problem}.", place)
        elif "?" in named:
            yield failed(f"issuer is {named}: a query has no place there.", place)
        else:
            yield passed(place)


@check(
    "ASM-05",
    "server-metadata",
    "authorization-server",
    "error",
    "the endpoints are absolute URLs, and those a client needs are there",
    "RFC 8414 §2; RFC 6749 §3.1, §3.2",
    "Give authorization_endpoint and token_endpoint as absolute https URLs.",
)
def endpoints_are_urls(record: Record) -> Outcomes:
    found = server_document(record)
    if found is None:
        return
    needed = missing_endpoint(found.members, record.facts)
    if needed and not found.members.get(needed):
        yield failed(f"{needed} is missing.", found.place(needed))
    for name in ENDPOINTS:
        value = found.members.get(name)
        if value in (None, ""):  # ASM-16's matter
            continue
        if problem := url_problem(value):
            yield failed(f"{name} {problem}.", found.at(name))
        else:
            yield passed(found.at(name))


@check(
    "ASM-15",
    "server-metadata",
    "authorization-server",
    "warn",
    "the OAuth and OpenID documents agree",
    "RFC 8414 §5",
    "Publish the same endpoints in both documents.",
)
def both_documents_agree(record: Record) -> Outcomes:
    documents = [found for tried in record.facts.server_tried if (found := found_of(record, tried))]
    for one, other in pairwise(documents):
        differing = [
            name
            for name in ("issuer", *ENDPOINTS)
            if name in one.members
            and name in other.members
            and one.members[name] != other.members[name]
        ]
        if differing:
            words = (
                f"{', '.join(differing)} of {other.exchange.request.url} differ from those of "
                f"{one.exchange.request.url}: clients read the one or the other."
            )
            yield failed(words, other.at(differing[0]))
        else:
            yield passed(at(other.exchange))


@check(
    "ASM-16",
    "server-metadata",
    "authorization-server",
    "warn",
    "no member is null or empty",
    "RFC 8414 §3.2",
    "Leave members without a value out.",
)
def nothing_is_empty(record: Record) -> Outcomes:
    if found := server_document(record):
        yield from without_empty(found)


@check(
    "ASM-17",
    "server-metadata",
    "authorization-server",
    "error",
    "no endpoint is on an address that only the server can reach",
    "RFC 8414 §2",
    "Put the public host name in the URLs: the configuration still has a local one.",
)
def endpoints_can_be_reached(record: Record) -> Outcomes:
    if found := server_document(record):
        home = found.exchange.request.url
        for name in ENDPOINTS:
            url = text_member(found.members, name)
            if url and leads_inside(url, home):
                words = f"{name} is {url}: only the server's own network can reach it."
                yield failed(words, found.at(name))
            elif url and not url_problem(url):
                yield passed(found.at(name))


@check(
    "ASM-20",
    "server-metadata",
    "authorization-server",
    "info",
    "the endpoints are on the issuer's origin",
    "RFC 9700 §4.4",
)
def endpoints_are_the_issuers(record: Record) -> Outcomes:
    if found := server_document(record):
        home = urlsplit(expected_issuer(record.facts)).hostname
        elsewhere = {
            host: found.at(name)
            for name in ENDPOINTS
            if (url := text_member(found.members, name))
            and not url_problem(url)
            and (host := urlsplit(url).hostname)
            and host != home
        }
        for host, place in elsewhere.items():
            yield failed(f"The metadata sends clients to {host}, another host than {home}.", place)
        if not elsewhere:
            yield passed(at(found.exchange))


@check(
    "ASM-21",
    "server-metadata",
    "authorization-server",
    "error",
    "the metadata names no member twice",
    "RFC 8259 §4",
    "Write every member once.",
)
def members_are_named_once(record: Record) -> Outcomes:
    yield from named_once(record, answered(record, record.facts.server_tried))


@check(
    "ASM-22",
    "server-metadata",
    "authorization-server",
    "warn",
    "the document has a size that clients take",
    "practice: clients limit what they read",
    "Serve only what the standard names: a few thousand bytes.",
)
def size_is_sane(record: Record) -> Outcomes:
    yield from of_sane_size(record, answered(record, record.facts.server_tried))
