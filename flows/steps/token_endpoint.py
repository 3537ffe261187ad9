"""What all requests to the token endpoint share, and the pushed authorization request with them:
the client's authentication, the DPoP proof, and how the answer is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flows.client_authentication import authenticated, client_assertion
from flows.documents import flaw, read_form, read_object, text_list, text_member, value_member
from flows.dpop import HEADER, proof
from flows.entropy import derived
from flows.exchange import Exchange, Request, header
from flows.facts import Client, Facts, Tokens
from flows.moves import Blocked, Send
from flows.oauth import error_text
from flows.outgoing import is_field_value
from flows.session import Pairs, StepId
from flows.signing import UnusableKey, read_key
from flows.spans import PLACEHOLDER
from flows.steps.binding import uses_dpop
from flows.steps.server_metadata import issuer, server_metadata


def send(step: StepId, facts: Facts, url: str, pairs: Pairs, label: str) -> Send | Blocked:
    """The request as a move, or the stop where the client cannot authenticate."""
    try:
        assertion = _assertion(facts, facts.client, url, pairs)
    except UnusableKey as error:
        words = f"The client's key cannot be used: {error}."
        return Blocked(step, words, "client", "no key", standard="RFC 7523 §2.2")
    request = authenticated(url, facts.client, pairs, assertion)
    if uses_dpop(facts):
        shown = proof(facts, "POST", url, request.body)
        request = replace(request, headers=(*request.headers, (HEADER, shown)))
    return Send(step, request, label)


def _assertion(facts: Facts, client: Client | None, url: str, pairs: Pairs) -> str:
    """The assertion of private_key_jwt. Raises UnusableKey."""
    if client is None or client.token_endpoint_auth_method != "private_key_jwt":
        return ""
    if not facts.target.client_key:
        raise UnusableKey("there is none")
    if PLACEHOLDER.search(facts.target.client_key):
        raise UnusableKey("it was not saved with this session")
    listed = text_list(
        server_metadata(facts) or {}, "token_endpoint_auth_signing_alg_values_supported"
    )
    key = read_key(facts.target.client_key, facts.target.client_key_alg, listed or ())
    # Servers of 2025-03-26 may have no metadata, and so no issuer to name.
    audience = issuer(facts) or url
    jti = derived(facts.seed, f"client_assertion {facts.at.isoformat()} {url} {pairs}")
    return client_assertion(key, client.client_id, audience, facts.at, jti)


def asked(request: Request) -> Pairs:
    """The scope and the resource in a form, as they were sent."""
    return tuple(pair for pair in read_form(request.body) if pair[0] in ("scope", "resource"))


def read_document(exchange: Exchange, name: str) -> tuple[Mapping[str, Any] | None, str]:
    """The JSON object of a success as `(object, "")`, or `(None, why there is none)`. `name` is
    what answers, for the words."""
    response = exchange.response
    if response is None or exchange.error:
        return None, exchange.error.text if exchange.error else "no answer"
    document, problem = read_object(response)
    if response.status not in (200, 201):
        words = error_text(document) or problem or response.reason
        return None, f"the {name} answers {response.status}: {words}"
    if document is None:
        return None, f"the response of the {name} is unreadable: {problem}"
    return document, ""


def read_tokens(exchange: Exchange, at: datetime) -> tuple[Tokens | None, str]:
    """A token response as `(Tokens, "")`, or `(None, why there is no access token)`.

    Anything a lenient client could use is used; what the standard forbids is for the checks.
    """
    document, problem = read_document(exchange, "token endpoint")
    if document is None or exchange.response is None:
        return None, problem
    access_token = value_member(document, "access_token")
    if access_token is None:
        flawed = f"access_token of the response is {flaw(document, 'access_token')}"
        return None, error_text(document) or flawed
    if not is_field_value(access_token):
        return None, "access_token holds what no header field can carry (RFC 6750 §2.1)"
    token_type, scope = document.get("token_type"), document.get("scope")
    token_type = token_type if isinstance(token_type, str) else None
    proven = header(exchange.request.headers, HEADER) is not None
    tokens = Tokens(
        access_token,
        token_type,
        at,
        seconds(document.get("expires_in")),
        value_member(document, "refresh_token"),
        text_member(document, "id_token"),
        scope if isinstance(scope, str) else None,
        document,
        bound=proven and (token_type or "").lower() == "dpop",
    )
    return tokens, ""


def seconds(value: Any) -> float | None:
    """`expires_in` as a finite number, also where it was sent as text."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except OverflowError:  # JSON has integers of any size
        return None
    return number if math.isfinite(number) else None
