"""The access token, by the grant of the walk (RFC 6749 section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.facts import Facts, Tokens, fail
from flows.moves import Blocked, Done, Move, Skipped
from flows.session import Event, Exchanged
from flows.steps.applies import for_machines, no_authorization
from flows.steps.binding import demanded
from flows.steps.grants import grant_move, read_id_jag
from flows.steps.refusal import refused
from flows.steps.token_endpoint import asked, read_tokens

STEP: Final = "token"


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if facts.tokens:
        return _judged(facts, facts.tokens)
    if failed := facts.failed.get(STEP):
        return refused(STEP, failed, facts)
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
        id_jag, reason = read_id_jag(exchange)
        if id_jag:
            return replace(facts, id_jag=id_jag)
    else:
        tokens, reason = read_tokens(exchange, event.at)
        if tokens:
            return replace(facts, tokens=tokens)
    return fail(facts, STEP, exchange, reason, edited=event.draft is not None)


def _judged(facts: Facts, tokens: Tokens) -> Move:
    reason = demanded(facts)
    if not reason or tokens.bound or STEP in facts.overridden:
        return Done(STEP, "200")
    return Blocked(
        STEP,
        f"The access token is bound to no key, and {reason}.",
        "authorization-server",
        "unbound",
        fix="Issue access tokens with token_type DPoP to clients that send a DPoP proof.",
        standard="RFC 9449 §5",
        can_override=True,
        check="DPOP-02",
    )
