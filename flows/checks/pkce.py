"""PK, RT-03: what a code and a refresh token are bound to (see `flows.deep`)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.checks.kernel import Outcome, Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record, document
from flows.documents import text_member
from flows.exchange import Exchange
from flows.session import Exchanged


def _issued(exchange: Exchange) -> bool:
    read = document(exchange)
    members = read.members if read and exchange.status in (200, 201) else None
    return text_member(members or {}, "access_token") is not None


def _must_fail(events: tuple[Exchanged, ...], says: str) -> Iterator[Outcome]:
    for event in events[-1:]:
        exchange = event.exchange
        if exchange.response is None:
            yield skipped("the probe was not answered")
        elif _issued(exchange):
            yield failed(says, at(exchange, "/access_token"))
        else:
            yield passed(at(exchange, "status"))


@check(
    "PK-01",
    "token",
    "authorization-server",
    "error",
    "a wrong code verifier is refused",
    "RFC 7636 §4.6",
    "Compare the S256 hash of code_verifier with the code_challenge of the request.",
)
def verifier_is_checked(record: Record) -> Outcomes:
    says = "A token was issued for a wrong code verifier: PKCE protects nothing here."
    yield from _must_fail(record.probes("wrong-verifier"), says)


@check(
    "PK-02",
    "token",
    "authorization-server",
    "error",
    "a missing code verifier is refused",
    "RFC 9700 §2.1.1; RFC 7636 §4.5",
    "Require code_verifier for every code that was requested with a code_challenge.",
)
def verifier_is_required(record: Record) -> Outcomes:
    says = "A token was issued without a code verifier: PKCE protects nothing here."
    yield from _must_fail(record.probes("missing-verifier"), says)


@check(
    "PK-04",
    "token",
    "authorization-server",
    "error",
    "a code works once",
    "RFC 6749 §4.1.2",
    "Refuse a code that was exchanged before, and revoke what was issued for it.",
)
def code_works_once(record: Record) -> Outcomes:
    events = record.probes("code-twice")
    if events and not _issued(events[0].exchange):
        yield skipped("the code was not accepted the first time")
        return
    yield from _must_fail(events, "A code was exchanged twice.")


@check(
    "PK-07",
    "token",
    "authorization-server",
    "error",
    "a code is bound to its redirect URI",
    "RFC 6749 §4.1.3",
    "Compare redirect_uri with that of the authorization request.",
)
def code_is_bound(record: Record) -> Outcomes:
    says = "A code was exchanged with another redirect URI than it was issued for."
    yield from _must_fail(record.probes("other-redirect"), says)


@check(
    "RT-03",
    "refresh",
    "authorization-server",
    "warn",
    "a refresh token that was rotated is dead",
    "RFC 9700 §4.14.2",
    "Refuse a refresh token once a new one was issued for it.",
)
def spent_refresh_token_is_dead(record: Record) -> Outcomes:
    """Only where the server rotates: without that, a refresh token works again by design."""
    events = [event for event in record.probes("refresh-twice") if event.step == "refresh"]
    if len(events) < 2 or not _issued(events[0].exchange):
        return
    first = document(events[0].exchange)
    if not text_member((first.members if first else None) or {}, "refresh_token"):
        yield skipped("the server does not rotate refresh tokens")
        return
    yield from _must_fail(tuple(events), "A refresh token was used again after it was rotated.")
