"""The authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2),
pushed beforehand where the server demands it (RFC 9126)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from flows.documents import flaw, value_member
from flows.dpop import key_thumbprint
from flows.exchange import Exchange, Request
from flows.facts import Facts, Failed, Pushed, fail
from flows.moves import Blocked, Compose, Done, Move, Skipped
from flows.network import failing_check, failing_party
from flows.oauth import error_text
from flows.session import Event, Exchanged, Made, Pairs, Party, value
from flows.steps.applies import no_browser
from flows.steps.binding import uses_dpop
from flows.steps.scope import selected_resource, selected_scope
from flows.steps.server_metadata import endpoint, endpoint_problem, server_metadata
from flows.steps.token_endpoint import asked, read_document, send

STEP: Final = "authorize"
PUSHED: Final = "PAR-01"
"""The check of the answer to a pushed authorization request."""
_AS: Final[Party] = "authorization-server"
_PAR: Final = "pushed_authorization_request_endpoint"
_NO_PAR: Final = f"the metadata names no {_PAR}"


def next(facts: Facts) -> Move:
    if reason := no_browser(facts):
        return Skipped(STEP, reason)
    if facts.authorization_url:
        return Done(STEP, "ready")
    if failed := facts.failed.get(STEP):
        return _refused(failed)
    url = endpoint(facts, "authorization_endpoint")
    if url is None:
        words = "The metadata names no usable authorization_endpoint."
        return Blocked(STEP, words, _AS, "none", standard="RFC 8414 §2")
    if facts.pushed is None and (wanted_by := _must_push(facts)):
        return _push(facts, wanted_by)
    return Compose(STEP, Request("GET", authorization_url(facts, url)), "authorization request")


def read(event: Event, facts: Facts) -> Facts:
    match event:
        case Made(values=values, draft=draft):
            url = value(values, "authorization_url")
            return replace(facts, authorization_url=url, authorization_edited=draft is not None)
        case Exchanged(exchange=exchange):
            pushed, reason = _read_pushed(exchange)
            if pushed is None:
                return fail(facts, STEP, exchange, reason)
            return replace(facts, pushed=pushed, requested=asked(exchange.request))
        case _:
            return facts


def authorization_url(facts: Facts, endpoint_url: str) -> str:
    """The endpoint with the request's parameters behind a query it may already have (RFC 6749
    section 3.1). Of a pushed request only the client and the request URI are left."""
    assert facts.client
    client_id = ("client_id", facts.client.client_id)
    if facts.pushed:
        pairs = [client_id, ("request_uri", facts.pushed.request_uri)]
    else:
        first, *others = _parameters(facts)
        pairs = [first, client_id, *others]
    bare = endpoint_url.partition("#")[0]
    glue = "" if bare.endswith(("?", "&")) else "&" if "?" in bare else "?"
    return bare + glue + urlencode(pairs, quote_via=quote, safe="")


def _parameters(facts: Facts) -> Pairs:
    """The request's parameters without `client_id`, which goes with the client's credentials."""
    assert facts.pkce
    pairs = [
        ("response_type", "code"),
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
    if uses_dpop(facts):
        # Binds the code too (RFC 9449 section 10): without it only the token would be bound.
        pairs.append(("dpop_jkt", key_thumbprint(facts)))
    return tuple(pairs)


def _must_push(facts: Facts) -> Party | None:
    """Who wants the request pushed (RFC 9126 sections 5 and 6)."""
    name = "require_pushed_authorization_requests"
    registration = facts.client.document if facts.client else None
    if any((one or {}).get(name) is True for one in (server_metadata(facts), registration)):
        return _AS
    return "person" if facts.target.par else None


def _push(facts: Facts, wanted_by: Party) -> Move:
    url = endpoint(facts, _PAR)
    if url is None:
        problem = endpoint_problem(facts, _PAR)
        words = f"A pushed authorization request is wanted, and {problem or _NO_PAR}."
        return Blocked(STEP, words, _AS if problem else wanted_by, "none", standard="RFC 9126 §5")
    return send(STEP, facts, url, _parameters(facts), "pushed authorization request")


def _read_pushed(exchange: Exchange) -> tuple[Pushed | None, str]:
    """The response of RFC 9126 section 2.2 as `(Pushed, "")`, or `(None, why there is none)`."""
    document, problem = read_document(exchange, "pushed authorization request endpoint")
    if document is None:
        return None, problem
    request_uri = value_member(document, "request_uri")
    if request_uri is None:
        flawed = f"request_uri of the response is {flaw(document, 'request_uri')}"
        return None, error_text(document) or flawed
    return Pushed(request_uri), ""


def _refused(failed: Failed) -> Blocked:
    exchange = failed.exchange
    party = failing_party(exchange, _AS)
    return Blocked(
        STEP,
        f"The authorization request was not accepted: {failed.reason}.",
        party,
        str(exchange.status or "failed"),
        standard="" if party == "network" else "RFC 9126 §2.3",
        check=failing_check(exchange) or PUSHED,
    )
