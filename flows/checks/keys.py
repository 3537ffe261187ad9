"""JWK: the issuer's key set (RFC 7517, RFC 7518 section 6)."""

from __future__ import annotations

from dataclasses import replace

from flows.checks.documents import pointer
from flows.checks.kernel import (
    Outcome,
    Outcomes,
    Place,
    Severity,
    at,
    check,
    failed,
    passed,
    skipped,
)
from flows.checks.record import Document, Record
from flows.exchange import Exchange
from flows.json_text import Problem
from flows.key_set import KeyRow, key_set_problems
from flows.network import edge_page, is_unreadable
from flows.steps.discovery import judged
from flows.steps.server_metadata import endpoint_problem


def _answer(record: Record) -> Document | None:
    """The last answer to a request for the keys that no proxy gave."""
    documents = record.documents("keys")
    if not documents or edge_page(documents[-1].response):
        return None
    return documents[-1]


def _set(record: Record) -> Document | None:
    """The key set, where there is one to look into."""
    document = _answer(record)
    if document is None or document.response.status != 200:
        return None
    wrong = key_set_problems(document.value)
    return None if any(problem.code == "not-a-set" for problem in wrong) else document


def _told(record: Record, *codes: str) -> Outcomes:
    """The problems of these codes, key by key; one pass where there are keys and none has one."""
    document = _set(record)
    if document is None or not record.keys:
        return
    found = [
        (row, problem)
        for row in record.keys
        for problem in row.problems
        if problem.code in codes and problem.mark in ("error", "warn")
    ]
    for row, problem in found:
        yield _failed(document.exchange, row, problem)
    if not found:
        yield passed(at(document.exchange, "/keys"))


def _failed(exchange: Exchange, row: KeyRow, problem: Problem) -> Outcome:
    words = f"{row.name[:1].upper()}{row.name[1:]} {problem.text}."
    return failed(words, at(exchange, pointer("keys", row.index)), standard=problem.standard)


@check(
    "JWK-01",
    "keys",
    "authorization-server",
    "error",
    "jwks_uri answers with a JWK Set",
    "RFC 7517 §5; RFC 8414 §2",
    'Answer 200 with the JSON object {"keys": [...]}.',
)
def there_is_a_set(record: Record) -> Outcomes:
    if problem := endpoint_problem(record.facts, "jwks_uri"):
        used = judged(record.facts.server_tried)
        place = Place(used.exchange_id, "response", "/jwks_uri") if used else None
        yield failed(f"{problem}.", place)
        return
    document = _answer(record)
    if document is None:
        return
    exchange = document.exchange
    wrong = [p.text for p in key_set_problems(document.value) if p.code == "not-a-set"]
    if exchange.status != 200:
        words = f"jwks_uri answers {exchange.status}: nobody can verify the tokens."
        yield failed(words, at(exchange, "status"))
    elif exchange.error and not is_unreadable(exchange):
        yield skipped("the answer did not arrive whole")
    elif exchange.error:
        yield failed(f"jwks_uri: {exchange.error.text}.", at(exchange))
    elif document.problem:
        yield failed(f"jwks_uri: {document.problem}.", at(exchange))
    elif wrong:
        yield failed(f"jwks_uri: {wrong[0]}.", at(exchange))
    else:
        yield passed(at(exchange, "/keys"))


@check(
    "JWK-02",
    "keys",
    "authorization-server",
    "error",
    "the set holds a public key that can verify signatures",
    "RFC 7517 §4.1-4.4, §5.1",
    "Publish the public part of the key that signs the tokens.",
)
def a_key_is_usable(record: Record) -> Outcomes:
    document = _set(record)
    if document is None:
        return
    place = at(document.exchange, "/keys")
    if not record.keys:
        yield failed("The key set holds no keys: nothing this issuer signs can be verified.", place)
    elif any(row.problem("private") for row in record.keys):
        yield skipped("a private key is published, which matters more")
    elif not any(row.usable for row in record.keys):
        kinds = ", ".join(row.kind for row in record.keys[:5])
        yield failed(f"None of the keys can verify a signature: {kinds}.", place)
    else:
        yield passed(place)
        for row in record.keys:
            for code in ("malformed-key", "unknown-kty"):
                if problem := row.problem(code):
                    severity: Severity = "warn" if problem.mark == "error" else "info"
                    yield replace(_failed(document.exchange, row, problem), severity=severity)


@check(
    "JWK-03",
    "keys",
    "authorization-server",
    "warn",
    "every key of several has a kid of its own",
    "RFC 7517 §4.5",
    "Give every key a kid that no other has.",
)
def keys_are_told_apart(record: Record) -> Outcomes:
    document = _set(record)
    if document is None:
        return
    same = [p for p in key_set_problems(document.value) if p.code == "same-kid"]
    for problem in same:
        place = at(document.exchange, "/keys")
        yield failed(f"{problem.text}: verifiers may choose the wrong one.", place)
    for outcome in _told(record, "no-kid"):
        if outcome.result == "fail" or not same:
            yield outcome


@check(
    "JWK-04",
    "keys",
    "authorization-server",
    "error",
    "the set holds no private or symmetric key",
    "RFC 7517 §9.2",
    "Take the key out of use at once, then publish public members alone.",
)
def no_secret_is_published(record: Record) -> Outcomes:
    yield from _told(record, "private", "symmetric")


@check(
    "JWK-05",
    "keys",
    "authorization-server",
    "warn",
    "the keys are strong enough and fit their alg",
    "RFC 7518 §3.1, §3.3",
    "Use RSA keys of 2048 bits or more, and the curve that the alg names.",
)
def keys_fit_their_algorithm(record: Record) -> Outcomes:
    yield from _told(record, "weak", "alg-mismatch")


@check(
    "JWK-06",
    "keys",
    "authorization-server",
    "warn",
    "the numbers are base64url without padding and without zeros in front",
    "RFC 7518 §2, §6.3.1",
    "Encode n, e, x and y as base64url without padding, without leading zero octets.",
)
def numbers_are_well_encoded(record: Record) -> Outcomes:
    yield from _told(record, "encoding", "leading-zero")


@check(
    "JWK-07",
    "keys",
    "authorization-server",
    "warn",
    "use and key_ops agree",
    "RFC 7517 §4.2, §4.3",
    "Leave key_ops out, or let it say the same as use.",
)
def uses_agree(record: Record) -> Outcomes:
    yield from _told(record, "use-mismatch")


@check(
    "JWK-08",
    "keys",
    "authorization-server",
    "warn",
    "the first certificate of x5c carries the same key",
    "RFC 7517 §4.7",
    "Publish the certificate of this key first, in base64.",
)
def certificates_match(record: Record) -> Outcomes:
    yield from _told(record, "certificate")
