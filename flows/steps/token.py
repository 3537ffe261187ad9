"""The access token, by the grant of the walk (RFC 6749 section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.facts import Facts, Tokens, fail
from flows.moves import Blocked, Done, Move, Remark, Skipped
from flows.session import Event, Exchanged
from flows.steps.applies import for_machines, no_authorization
from flows.steps.binding import demanded
from flows.steps.grants import grant_move, read_id_jag
from flows.steps.token_endpoint import asked, read_tokens, refused

STEP: Final = "token"


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if facts.tokens:
        return _judged(facts, facts.tokens)
    if failed := facts.failed.get(STEP):
        return refused(STEP, failed)
    return grant_move(STEP, facts)


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    exchange = event.exchange
    if for_machines(facts):
        # Of the two requests of id-jag only the first names a scope.
        named = dict((*facts.requested, *asked(exchange.request)))
        facts = replace(facts, requested=tuple(named.items()))
    if facts.target.grant == "id-jag" and facts.id_jag is None:
        id_jag, reason = read_id_jag(exchange, facts)
        return replace(facts, id_jag=id_jag) if id_jag else fail(facts, STEP, exchange, reason)
    tokens, reason = read_tokens(exchange, event.at, facts)
    return replace(facts, tokens=tokens) if tokens else fail(facts, STEP, exchange, reason)


def _judged(facts: Facts, tokens: Tokens) -> Move:
    remarks = (*(facts.id_jag.remarks if facts.id_jag else ()), *tokens.remarks)
    reason = demanded(facts)
    if not reason or tokens.bound:
        return Done(STEP, "200", remarks)
    words = f"The access token is bound to no key, and {reason}."
    unbound = Remark("error", words, "authorization-server", "RFC 9449 §5")
    if STEP in facts.overridden:
        return Done(STEP, "200", (unbound, *remarks))
    return Blocked(
        STEP,
        words,
        "authorization-server",
        "unbound",
        fix="Issue access tokens with token_type DPoP to clients that send a DPoP proof.",
        standard=unbound.standard,
        can_override=True,
        remarks=remarks,
    )
