"""CL, AR-09: what the client did, from its own requests: ours, or a browser's record of another's
(see `flows.recorded`)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from flows.checks.kernel import Outcomes, Place, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.documents import read_form
from flows.exchange import Exchange
from flows.recorded import BROWSER, CALLBACK
from flows.session import Pairs, value
from flows.spans import MARK
from flows.steps.pkce import s256

CODE_LIFE = 600.0
"""Seconds that RFC 6749 section 4.1.2 recommends a code to live at most."""


def _asked(record: Record) -> Pairs:
    """The parameters of the authorization request."""
    url = record.facts.authorization_url
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True)) if url else ()


def _exchange_request(record: Record) -> tuple[Exchange, Pairs] | None:
    """The token request that a code was sent with."""
    for event in record.exchanges("token"):
        pairs = read_form(event.exchange.request.body)
        if value(pairs, "grant_type") == "authorization_code":
            return event.exchange, pairs
    return None


def _place(exchange: Exchange, name: str) -> Place:
    return Place(exchange.id, "request", f"form {name}")


@check(
    "CL-02",
    "token",
    "client",
    "error",
    "client_id, redirect_uri and resource are the same in both requests",
    "RFC 6749 §4.1.3; RFC 8707 §2.2",
    "Send the token request with the very values of the authorization request.",
)
def both_legs_agree(record: Record) -> Outcomes:
    asked, found = _asked(record), _exchange_request(record)
    if found is None or not asked or value(asked, "request_uri"):
        return
    exchange, pairs = found
    wrong = False
    for name in ("client_id", "redirect_uri", "resource"):
        first, second = value(asked, name), value(pairs, name)
        # A confidential client may name itself in its credentials alone.
        if first is None or (second is None and name != "redirect_uri") or first == second:
            continue
        wrong = True
        words = f"{name} is {second or 'missing'} in the token request, and was {first} before."
        yield failed(words, _place(exchange, name))
    if not wrong:
        yield passed(_place(exchange, "redirect_uri"))


@check(
    "CL-03",
    "token",
    "client",
    "error",
    "the code verifier is the one that the challenge was made of",
    "RFC 7636 §4.6",
    "Keep the code verifier of this very authorization request, and send it unchanged.",
)
def verifier_fits(record: Record) -> Outcomes:
    asked, found = _asked(record), _exchange_request(record)
    challenge = value(asked, "code_challenge")
    if found is None or not challenge or value(asked, "code_challenge_method") != "S256":
        return
    exchange, pairs = found
    verifier = value(pairs, "code_verifier")
    if verifier is None:
        yield failed("The token request has no code_verifier.", _place(exchange, "code_verifier"))
    elif MARK.fullmatch(verifier):
        yield skipped("the code verifier was redacted")
    elif verifier.isascii() and s256(verifier) == challenge:
        yield passed(_place(exchange, "code_verifier"))
    else:
        words = "The code verifier is not the one that the code challenge was made of."
        yield failed(words, _place(exchange, "code_verifier"))


@check(
    "CL-04",
    "token",
    "client",
    "warn",
    "the code is exchanged while it lives",
    "RFC 6749 §4.1.2",
    "Exchange the code as soon as it arrives.",
)
def code_is_fresh(record: Record) -> Outcomes:
    response, found = record.facts.response, _exchange_request(record)
    if response is None or found is None:
        return
    exchange, _ = found
    age = (exchange.started - response.at).total_seconds()
    if age > CODE_LIFE:
        words = f"The code was {age / 60:.0f} minutes old when it was sent; ten are the most."
        yield failed(words, _place(exchange, "code"))
    else:
        yield passed(_place(exchange, "code"))


@check(
    "AR-09",
    "callback",
    "client",
    "error",
    "the client's own callback takes the authorization response",
    "RFC 6749 §4.1.2",
    "See in the authorization server's log whether POST /token arrived after this (authwalk logs), "
    "then walk the same server (authwalk URL): what that walk finds is what the client choked on.",
)
def callback_takes_the_response(record: Record) -> Outcomes:
    for event in record.probes(BROWSER):
        exchange = event.exchange
        if event.label != CALLBACK:
            continue
        if exchange.error and exchange.error.kind == "cancelled":
            yield skipped("the record does not hold what the callback answered")
        elif exchange.response is None:
            words = "The client's callback did not answer the browser."
            yield failed(words, at(exchange))
        elif exchange.response.status >= 400:
            words = (
                f"The browser brought the response to the client's callback, which answered "
                f"{exchange.response.status}: what the client did next, the token exchange or "
                "reading the token, failed on its own server."
            )
            yield failed(words, at(exchange, "status"))
        else:
            yield passed(at(exchange, "status"))
