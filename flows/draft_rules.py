"""What an edited draft breaks: the rules for those who send requests, held against one that was not
sent yet. They hinder nobody, for what servers make of a broken request is worth knowing.

broken(step, draft, facts)           every rule that a request, or values made here, do not keep
broken_by(step, own, draft, facts)   those of them that what the step itself proposes keeps
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from flows.documents import FORM, read_form, read_json, text_list, value_member
from flows.exchange import Request, header, media_type
from flows.facts import Facts
from flows.frozen import frozen
from flows.session import Pairs, StepId, value
from flows.steps.pkce import s256
from flows.steps.resource_metadata import resource_metadata
from flows.wellknown import canonical_resource, redirect_uri_problem, same_redirect

RESOURCE = "MCP Authorization, Resource Parameter"
PROTECTION = "MCP Authorization Code Protection"
BATCHES = "2025-03-26"
"""The one revision of Streamable HTTP in which a body may hold several messages."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_MCP: frozenset[StepId] = frozenset({"challenge", "connect", "tools", "call"})


@frozen
class Broken:
    """What is wrong, as a sentence, and the section that says so."""

    says: str
    standard: str


def broken(step: StepId, draft: Request | Pairs, facts: Facts) -> tuple[Broken, ...]:
    """The rules that a draft of a step breaks, the gravest first."""
    if not isinstance(draft, Request):
        return tuple(_values(draft))
    if step == "authorize":
        return tuple(_authorization(_query(draft), facts))
    if step in ("token", "refresh"):
        return tuple(_token(draft, facts))
    if step == "client":
        return tuple(_registration(draft))
    return tuple(_mcp(step, draft, facts)) if step in _MCP else ()


def broken_by(
    step: StepId, own: Request | Pairs, draft: Request | Pairs, facts: Facts
) -> tuple[Broken, ...]:
    """The rules that a draft breaks, and what the step proposes of its `own` does not: a person who
    walks as a host, or with parameters given at the start, knows of those."""
    kept = broken(step, own, facts)
    return tuple(one for one in broken(step, draft, facts) if one not in kept)


def _query(request: Request) -> Pairs:
    try:
        return tuple(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    except ValueError:
        return ()


def _values(made: Pairs) -> Iterator[Broken]:
    verifier, challenge = value(made, "code_verifier"), value(made, "code_challenge")
    if verifier is None or challenge is None:
        return
    if value(made, "code_challenge_method") != "S256":
        yield Broken("code_challenge_method must be S256.", PROTECTION)
    elif not (verifier.isascii() and s256(verifier) == challenge):
        yield Broken("code_challenge is not the S256 of code_verifier.", "RFC 7636 §4.2")
    if not _VERIFIER.fullmatch(verifier):
        words = "code_verifier is 43 to 128 letters, digits and -._~"
        yield Broken(f"{words}, this is not.", "RFC 7636 §4.1")


def _authorization(pairs: Pairs, facts: Facts) -> Iterator[Broken]:
    if value(pairs, "request_uri") or value(pairs, "request"):
        return  # all else was pushed before, or stands in the request object (RFC 9101 section 5)
    if value(pairs, "response_type") != "code":
        yield Broken("response_type must be code.", "RFC 6749 §4.1.1")
    if not value(pairs, "client_id"):
        yield Broken("client_id is missing.", "RFC 6749 §4.1.1")
    challenge, method = value(pairs, "code_challenge"), value(pairs, "code_challenge_method")
    if not challenge:
        yield Broken("code_challenge is missing: no PKCE.", PROTECTION)
    elif method is None:
        words = "Without code_challenge_method the challenge is taken as plain."
        yield Broken(words, "RFC 7636 §4.3")
    elif method != "S256":
        yield Broken("code_challenge_method must be S256.", PROTECTION)
    elif facts.pkce and challenge != s256(facts.pkce.code_verifier):
        yield Broken("code_challenge is not the S256 of our code_verifier.", "RFC 7636 §4.2")
    yield from _redirect_uri(pairs, facts)
    named = _all(pairs, "resource")
    if not named and facts.target.kind == "mcp":
        yield Broken("resource is missing.", RESOURCE)
    elif any("#" in one for one in named):
        yield Broken("resource must have no fragment.", "RFC 8707 §2")
    elif named and facts.target.kind == "mcp":
        published = value_member(resource_metadata(facts) or {}, "resource")
        known = {canonical_resource(one) for one in (facts.target.url, published) if one}
        if known.isdisjoint(map(canonical_resource, named)):
            yield Broken("resource is not this MCP server.", RESOURCE)
    yield from _once(pairs, "RFC 6749 §3.1")


def _redirect_uri(pairs: Pairs, facts: Facts) -> Iterator[Broken]:
    document = facts.client.document if facts.client else None
    registered = text_list(document or {}, "redirect_uris") or ()
    asked = value(pairs, "redirect_uri")
    if not asked:
        if len(registered) > 1:
            words = "redirect_uri is missing, and several are registered."
            yield Broken(words, "RFC 6749 §3.1.2.3")
    elif problem := redirect_uri_problem(asked):
        yield Broken(f"redirect_uri cannot be one: {problem}.", "RFC 6749 §3.1.2")
    elif registered and not any(same_redirect(one, asked) for one in registered):
        words = "redirect_uri is not one that was registered."
        yield Broken(words, "RFC 6749 §3.1.2.3; RFC 9700 §2.1")


def _token(request: Request, facts: Facts) -> Iterator[Broken]:
    if media_type(request.headers) != FORM:
        yield Broken(f"Content-Type must be {FORM}.", "RFC 6749 §4.1.3, appendix B")
        return
    pairs = read_form(request.body)
    grant = value(pairs, "grant_type")
    if not grant:
        yield Broken("grant_type is missing.", "RFC 6749 §4.1.3")
    elif grant == "authorization_code":
        yield from _exchange(pairs, facts)
    elif grant == "refresh_token" and not value(pairs, "refresh_token"):
        yield Broken("refresh_token is missing.", "RFC 6749 §6")
    yield from _once(pairs, "RFC 6749 §3.2")


def _exchange(pairs: Pairs, facts: Facts) -> Iterator[Broken]:
    if not value(pairs, "code"):
        yield Broken("code is missing.", "RFC 6749 §4.1.3")
    url = facts.authorization_url
    asked = _query(Request("GET", url)) if url else ()
    verifier, pkce = value(pairs, "code_verifier"), facts.pkce
    if value(asked, "code_challenge") and not verifier:
        yield Broken("code_verifier is missing: a challenge was sent.", "RFC 7636 §4.5")
    elif verifier and pkce and verifier != pkce.code_verifier:
        yield Broken("code_verifier is not the one of the challenge.", "RFC 7636 §4.6")
    for name, standard in (
        ("redirect_uri", "RFC 6749 §4.1.3"),
        ("client_id", "RFC 6749 §4.1.3"),
        ("resource", "RFC 8707 §2.2"),
    ):
        allowed, given = _all(asked, name), _all(pairs, name)
        if allowed and not set(given) <= {*allowed}:  # RFC 8707 lets a client ask for fewer
            yield Broken(f"{name} is not that of the authorization request.", standard)


def _all(pairs: Pairs, name: str) -> tuple[str, ...]:
    return tuple(text for key, text in pairs if key == name and text)


def _once(pairs: Pairs, standard: str) -> Iterator[Broken]:
    """RFC 8707 section 2 lets `resource` stand several times, RFC 8693 section 2.1 `audience`."""
    for name, number in Counter(name for name, _ in pairs).items():
        if number > 1 and name not in ("resource", "audience"):
            yield Broken(f"{name} stands there more than once.", standard)


def _registration(request: Request) -> Iterator[Broken]:
    document, _ = read_json(request.body)
    if not isinstance(document, dict):
        yield Broken("The body must be a JSON object.", "RFC 7591 §3.1")
        return
    grants = text_list(document, "grant_types") or ("authorization_code",)
    uris = text_list(document, "redirect_uris")
    if not uris and {"authorization_code", "implicit"} & {*grants}:
        yield Broken("redirect_uris is missing.", "RFC 7591 §2")
    if any("#" in uri for uri in uris or ()):
        yield Broken("A redirect URI must have no fragment.", "RFC 6749 §3.1.2")


def _mcp(step: StepId, request: Request, facts: Facts) -> Iterator[Broken]:
    if value(_query(request), "access_token") is not None:
        yield Broken("A token must not stand in the URL.", "MCP Authorization, Token Requirements")
    authorized = header(request.headers, "authorization")
    if not authorized and facts.tokens and step != "challenge":
        yield Broken("Authorization is missing.", "MCP Authorization, Token Requirements")
    if request.method != "POST":
        return
    accepts = (header(request.headers, "accept") or "").lower()
    if not ("application/json" in accepts and "text/event-stream" in accepts):
        words = "Accept must list application/json and text/event-stream."
        yield Broken(words, "MCP Streamable HTTP, Sending Messages")
    if header(request.headers, "mcp-protocol-version") is None:
        words = "MCP-Protocol-Version is missing."
        yield Broken(words, "MCP Streamable HTTP, Protocol Version Header")
    document, _ = read_json(request.body)
    if isinstance(document, list) and facts.connection and facts.connection.version == BATCHES:
        return
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        words = 'The body must be one JSON-RPC message with "jsonrpc": "2.0".'
        yield Broken(words, "JSON-RPC 2.0 §4")
