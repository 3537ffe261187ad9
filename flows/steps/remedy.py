"""What a client does when its token is refused in the middle: refresh, authorize again, ask for
more scope (MCP Authorization, Token Handling and Step-Up Authorization Flow; RFC 6749 section 6).
"""

from __future__ import annotations

from typing import Final

from flows.authenticate import read_challenges
from flows.exchange import Exchange
from flows.facts import Facts
from flows.moves import Remedy
from flows.session import StepId
from flows.steps.scope import requested

LIMIT: Final = 3
"""Remedies in one walk. A server that is never content must not keep a client going."""
REFRESH: Final = Remedy("refresh", "refresh the token")
REDISCOVER: StepId = "resource-metadata"


def remedy_of(facts: Facts, exchange: Exchange) -> Remedy | None:
    """The remedy for an MCP request that was refused, or None when there is none left."""
    if facts.target.bearer or facts.remedies >= LIMIT:
        return None
    if exchange.status == 401 and not facts.current_tokens:
        # Some servers let anybody in and ask for a token only where it matters.
        return Remedy(REDISCOVER, "authorize")
    if exchange.status == 401:
        # A token that was refreshed and is refused again will not get better by refreshing.
        return again(facts) if facts.refreshed or not _can_refresh(facts) else REFRESH
    if exchange.status == 403:
        return _step_up(facts, exchange)
    return None


def again(facts: Facts) -> Remedy | None:
    """Authorize again, from the resource metadata on: the authorization server may have moved."""
    if facts.remedies >= LIMIT:
        return None
    return Remedy(REDISCOVER, "authorize again")


def _step_up(facts: Facts, exchange: Exchange) -> Remedy | None:
    """The union of what was requested and what is challenged; none when that asks no more."""
    wanted = ""
    for challenge in read_challenges(exchange.response.headers if exchange.response else ()):
        if challenge.get("error") == "insufficient_scope":
            wanted = challenge.get("scope") or ""
    asked = requested_scope(facts)
    union = list(dict.fromkeys([*asked, *wanted.split()]))
    if set(union) == set(asked):
        return None
    return Remedy("pkce", f"authorize again with scope {' '.join(union)}", " ".join(union))


def requested_scope(facts: Facts) -> list[str]:
    """The scope that the last authorization request asked for."""
    return requested(facts).get("scope", "").split()


def _can_refresh(facts: Facts) -> bool:
    tokens = facts.current_tokens
    return bool(tokens and tokens.refresh_token)
