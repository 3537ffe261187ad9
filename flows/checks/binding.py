"""DPOP: access tokens bound to a key (RFC 9449)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.checks.token_rules import Answer, answers, refused
from flows.documents import json_type, read_object
from flows.dpop import ALGORITHM, HEADER, proven_thumbprint
from flows.exchange import Exchange, header
from flows.facts import Json, Tried
from flows.jwt import read_token
from flows.session import Party, StepId
from flows.steps.binding import LISTED, demanded, uses_dpop


def _documents(record: Record) -> Iterator[tuple[StepId, Party, Exchange, Json]]:
    """The metadata that lists algorithms of proofs: step, party, exchange, document."""
    documents: tuple[tuple[StepId, Party, tuple[Tried, ...]], ...] = (
        ("server-metadata", "authorization-server", record.facts.server_tried),
        ("resource-metadata", "resource-server", record.facts.resource_tried),
    )
    for step, party, candidates in documents:
        used = next((tried for tried in candidates if tried.usable), None)
        exchange = record.session.exchange(used.exchange_id) if used else None
        if used and exchange and used.document and LISTED in used.document:
            yield step, party, exchange, used.document


@check(
    "DPOP-01",
    "server-metadata",
    "authorization-server",
    "warn",
    "the algorithms of DPoP proofs are listed, and can be checked",
    "RFC 9449 §5.1; RFC 9728 §2",
    "List asymmetric algorithms, ES256 among them.",
)
def proofs_can_be_checked(record: Record) -> Outcomes:
    for step, party, exchange, document in _documents(record):
        listed, place = document[LISTED], at(exchange, f"/{LISTED}")
        names = listed if isinstance(listed, list) else []
        weak = [name for name in names if name == "none" or str(name).startswith("HS")]
        words = ""
        if not isinstance(listed, list):
            words = f"{LISTED} is a JSON {json_type(listed)}, not an array."
        elif weak:
            words = f"{LISTED} has {', '.join(weak)}: a proof is signed with a private key."
        elif uses_dpop(record.facts) and ALGORITHM not in names:
            words = f"{LISTED} does not list {ALGORITHM}, with which proofs are signed here."
        if words:
            yield failed(words, place, party=party, step=step)
        else:
            yield passed(place)


@check(
    "DPOP-02",
    "token",
    "authorization-server",
    "error",
    "a proof gets a token that is bound to its key",
    "RFC 9449 §5, §6.1",
    "Issue access tokens with token_type DPoP to clients that send a DPoP proof, with cnf.jkt of "
    "the key of the proof.",
)
def the_token_is_bound(record: Record) -> Outcomes:
    for answer in answers(record, "token"):
        yield from _bound(answer)


def _bound(answer: Answer) -> Outcomes:
    members = answer.members or {}
    token_type, token = members.get("token_type"), members.get("access_token")
    if not isinstance(token_type, str) or not isinstance(token, str) or not token:
        return
    place, bound = answer.at("token_type"), token_type.lower() == "dpop"
    if bound and not answer.proven:
        words = f"token_type is {token_type}, and no proof was sent: it is bound to no key of ours."
        yield failed(words, place)
    elif answer.proven and not bound:
        reason = demanded(answer.facts)
        words = f"token_type is {token_type} though a DPoP proof was sent: it is bound to no key."
        if reason:
            words = f"The access token is bound to no key, and {reason}."
        yield failed(words, place, severity=None if reason else "warn")
    elif bound:
        yield from _bound_to_our_key(answer, token)


def _bound_to_our_key(answer: Answer, text: str) -> Outcomes:
    """The proof tells whose key it is: a session saved without secrets has lost the key."""
    place, token = answer.at("access_token"), read_token(text)
    ours = proven_thumbprint(header(answer.exchange.request.headers, HEADER) or "")
    if token.kind != "jwt" or token.claims is None or not ours:
        yield passed(answer.at("token_type"))
        return
    confirmation = token.claims.get("cnf")
    jkt = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    if jkt == ours:
        yield passed(place)
    else:
        words = f"cnf.jkt is {jkt or 'missing'}, the thumbprint of the proof's key {ours}."
        yield failed(words, place, standard="RFC 9449 §6.1")


@check(
    "DPOP-03",
    "token",
    "authorization-server",
    "error",
    "a nonce that is asked for is given, and taken",
    "RFC 9449 §8",
    "Give a DPoP-Nonce with the error, and accept the proof that holds it.",
)
def a_nonce_is_taken(record: Record) -> Outcomes:
    yield from refused(record, "DPOP-03")
    if "token" in record.facts.failed:
        return
    for event in record.exchanges("token"):
        response = event.exchange.response
        document = read_object(response)[0] if response and response.status >= 400 else None
        if (document or {}).get("error") == "use_dpop_nonce":
            yield passed(at(event.exchange, "header DPoP-Nonce"))
