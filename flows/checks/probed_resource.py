"""What probes of the MCP server show (see `flows.probes.resource`)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.audience import audiences
from flows.checks.kernel import Outcome, Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.deep import (
    BEARING,
    BROUGHT,
    FORGED,
    IN_THE_QUERY,
    OTHER_AUDIENCE,
    OTHER_RESOURCE,
    SMALL_LETTERS,
)
from flows.documents import value_member
from flows.exchange import Exchange, header
from flows.jwt import read_token
from flows.mcp.opening import sent
from flows.mcp.rpc import read_answer
from flows.network import reach_of
from flows.steps.challenge import challenge_in, refusal
from flows.steps.resource_metadata import resource_metadata

WWW_AUTHENTICATE = "header WWW-Authenticate"


def _wants_token(record: Record) -> bool:
    """Whether the server asked for authorization at all: an open one may answer anything."""
    return refusal(record.facts) is not None


def _is_usual(record: Record, exchange: Exchange) -> bool:
    """Whether the walk's own requests are refused with the same status, for which other checks
    speak."""
    walked = (opening.exchange.status for opening in record.facts.openings)
    return exchange.status in walked and (exchange.status or 0) >= 400


@check(
    "NET-09",
    "challenge",
    "network",
    "error",
    "every client gets the same answer, whatever its User-Agent",
    "RFC 9110 §10.1.5",
    "Let MCP clients through in the CDN or firewall: by default many block AI user agents.",
)
def every_client_is_answered_alike(record: Record) -> Outcomes:
    probes = record.probes("user-agents")
    walked = record.exchanges("challenge")
    if not probes or not walked:
        return
    usual = walked[0].exchange
    for event in probes:
        found = event.exchange
        if found.status == usual.status or found.status in (429, 503):
            continue
        words = (
            f"A request as {event.label} is answered {_status(found)}, the same request as "
            f"authwalk {_status(usual)}."
        )
        yield failed(words, at(found, "status"))
    if all(event.exchange.status == usual.status for event in probes):
        yield passed(at(probes[-1].exchange, "status"))


def _status(exchange: Exchange) -> str:
    return str(exchange.status or (exchange.error.kind if exchange.error else "not at all"))


@check(
    "CHAL-08",
    "challenge",
    "resource-server",
    "error",
    "a token that nobody issued is refused with 401 and invalid_token",
    "RFC 6750 §3.1; MCP Token Handling",
    'Answer a bad token with 401 and Bearer error="invalid_token".',
)
def garbage_is_refused(record: Record) -> Outcomes:
    for event in record.probes("garbage-bearer"):
        exchange = event.exchange
        if exchange.response is None:
            yield skipped("the probe was not answered")
        elif not _wants_token(record):
            yield skipped("the server asks for no authorization")
        elif read_answer(exchange, sent(exchange.request)[2]).result is not None:
            words = (
                f"A token that nobody issued is let in with {exchange.status}: whoever sends any "
                "Bearer token can use this server."
            )
            fix = "Validate every token: its signature or introspection, issuer, audience, expiry."
            yield failed(words, at(exchange, "status"), fix=fix)
        elif exchange.status != 401 and _is_usual(record, exchange):
            yield skipped(f"the walk's own request is answered {exchange.status} too")
        elif exchange.status != 401:
            words = f"A made-up token is answered {exchange.status}; clients authorize anew on 401."
            yield failed(words, at(exchange, "status"))
        else:
            challenge = challenge_in(exchange)
            error = challenge.get("error") if challenge else None
            if error == "invalid_token":
                yield passed(at(exchange, WWW_AUTHENTICATE))
            else:
                found = f"says error={error}" if error else "names no error"
                words = f"The 401 for a made-up token {found}; invalid_token belongs there."
                yield failed(words, at(exchange, WWW_AUTHENTICATE), severity="warn")


@check(
    "CHAL-11",
    "challenge",
    "resource-server",
    "info",
    "a request from a page elsewhere is refused",
    "MCP Streamable HTTP, Security & Endpoint",
    "Answer 403 when Origin is not one of the server's own.",
)
def strangers_are_kept_out(record: Record) -> Outcomes:
    for event in record.probes("foreign-origin"):
        exchange = event.exchange
        local = reach_of(record.facts.target.url) == "loopback"
        if exchange.status == 403:
            yield passed(at(exchange, "status"))
        elif exchange.status is None:
            yield skipped("the probe was not answered")
        elif _wants_token(record) or exchange.status == 401:
            yield skipped("a token keeps strangers out, whatever their Origin")
        elif read_answer(exchange, sent(exchange.request)[2]).result is None:
            yield skipped(f"the answer is {exchange.status} and nothing of MCP")
        elif local:
            words = (
                f"A page of any origin is answered {exchange.status}: by DNS rebinding it can "
                "use this server without a token."
            )
            yield failed(words, at(exchange, "status"), severity="warn")
        else:
            words = f"A request with the Origin of a stranger is answered {exchange.status}."
            yield failed(words, at(exchange, "status"))


@check(
    "MCP-11",
    "challenge",
    "resource-server",
    "error",
    "every request wants a token, not the first alone",
    "MCP Authorization, Token Requirements",
    "Check the token on every request to the MCP endpoint.",
)
def every_request_wants_a_token(record: Record) -> Outcomes:
    for event in record.probes("without-token"):
        exchange = event.exchange
        if exchange.response is None:
            yield skipped("the probe was not answered")
        elif not _wants_token(record):
            yield skipped("the server asks for no authorization")
        elif exchange.status == 200 and read_answer(exchange, None).result is not None:
            words = f"{event.label} is answered without a token."
            yield failed(words, at(exchange, "status"))
        else:
            yield passed(at(exchange, "status"))


def _took(exchange: Exchange) -> bool | None:
    """Whether the token that was brought was taken; None where the answer has no word on it."""
    if exchange.status in (401, 403):
        return False
    return True if read_answer(exchange, sent(exchange.request)[2]).result is not None else None


def _judged(exchange: Exchange, words: str, *, takes: bool) -> Outcome:
    """Whether the token was taken, as it should be or should not; `words` tell where not so."""
    took = _took(exchange)
    if took is None:
        return skipped(f"the probe was answered {exchange.status}: no word on the token")
    place = at(exchange, "status")
    return passed(place) if took is takes else failed(words, place)


@check(
    "MCP-09",
    "connect",
    "resource-server",
    "error",
    "a token that was issued for another server is refused",
    "MCP Token Handling; RFC 8707 §2; RFC 9068 §4",
    "Take only tokens whose aud is the MCP server's own URI.",
)
def audience_is_checked(record: Record) -> Outcomes:
    for event in record.probes(OTHER_AUDIENCE):
        exchange, facts = event.exchange, record.facts
        if event.label != BROUGHT:
            continue
        credentials = header(exchange.request.headers, "authorization") or ""
        claims = read_token(credentials.partition(" ")[2]).claims
        named = audiences((claims or {}).get("aud"))
        own = {facts.target.url, value_member(resource_metadata(facts) or {}, "resource")}
        if OTHER_RESOURCE not in named or own & set(named):
            yield skipped("no token was issued that is for another server and says so")
            continue
        words = (
            f"A token whose aud is {OTHER_RESOURCE} is let in with {exchange.status}: what was "
            "issued for any other server works here."
        )
        yield _judged(exchange, words, takes=False)


@check(
    "MCP-26",
    "connect",
    "resource-server",
    "error",
    "a token whose signature is wrong is refused",
    "MCP Token Handling; RFC 9068 §4",
    "Verify the signature of every token by the keys at jwks_uri.",
)
def signature_is_checked(record: Record) -> Outcomes:
    for exchange in _brought(record, FORGED):
        words = (
            f"A token with another signature is let in with {exchange.status}: anyone can make "
            "tokens for this server."
        )
        yield _judged(exchange, words, takes=False)


@check(
    "MCP-05",
    "connect",
    "resource-server",
    "warn",
    "the scheme Bearer is taken in small letters too",
    "RFC 9110 §11.1",
    "Compare the authentication scheme without regard to case.",
)
def scheme_has_no_case(record: Record) -> Outcomes:
    for exchange in _brought(record, SMALL_LETTERS):
        words = f"With the scheme spelled bearer a good token is answered {exchange.status}."
        yield _judged(exchange, words, takes=True)


@check(
    "CHAL-09",
    "challenge",
    "resource-server",
    "warn",
    "a token in the query is not taken",
    "RFC 6750 §2.3, §5.3",
    "Take tokens from the Authorization header field alone: URLs end up in logs.",
)
def query_is_no_place_for_tokens(record: Record) -> Outcomes:
    for exchange in _brought(record, IN_THE_QUERY):
        yield _judged(exchange, "A token in the query, ?access_token=, is taken.", takes=False)


def _brought(record: Record, label: str) -> Iterator[Exchange]:
    """What is answered to a token that is brought in this way, where tokens are looked at and the
    walk's own is good."""
    if record.facts.connection and _wants_token(record):
        for event in record.probes(BEARING):
            if event.label == label and event.exchange.response:
                yield event.exchange
