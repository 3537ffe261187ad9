"""The authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from flows.exchange import Request
from flows.facts import Facts
from flows.moves import Blocked, Compose, Done, Move, Skipped
from flows.session import Event, Made, value
from flows.steps.applies import no_authorization
from flows.steps.scope import selected_resource, selected_scope
from flows.steps.server_metadata import endpoint

STEP: Final = "authorize"


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if facts.authorization_url:
        return Done(STEP, "ready")
    url = endpoint(facts, "authorization_endpoint")
    if url is None:
        return Blocked(
            STEP,
            "The metadata names no usable authorization_endpoint.",
            "authorization-server",
            "none",
            standard="RFC 8414 §2",
        )
    return Compose(STEP, Request("GET", authorization_url(facts, url)), "authorization request")


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Made):
        return facts
    return replace(facts, authorization_url=value(event.values, "authorization_url"))


def authorization_url(facts: Facts, endpoint_url: str) -> str:
    """The endpoint with the request's parameters behind a query it may already have (RFC 6749
    section 3.1)."""
    assert facts.client and facts.pkce
    pairs = [
        ("response_type", "code"),
        ("client_id", facts.client.client_id),
        ("redirect_uri", facts.redirect_uri or ""),
        ("state", facts.pkce.state),
        ("code_challenge", facts.pkce.code_challenge),
        ("code_challenge_method", facts.pkce.code_challenge_method),
    ]
    if scope := selected_scope(facts):
        pairs.append(("scope", scope))
    if resource := selected_resource(facts):
        pairs.append(("resource", resource))
    if facts.pkce.nonce:
        pairs.append(("nonce", facts.pkce.nonce))
    bare = endpoint_url.partition("#")[0]
    glue = "" if bare.endswith(("?", "&")) else "&" if "?" in bare else "?"
    return bare + glue + urlencode(pairs, quote_via=quote, safe="")
