"""Whether the authorization half of the walk applies at all."""

from __future__ import annotations

from flows.facts import Facts


def no_authorization(facts: Facts) -> str:
    """Why this walk has no authorization steps; "" when it has them."""
    if facts.target.bearer:
        return "a bearer token was given"
    if facts.connection and not facts.tokens:
        return "no authorization asked for"
    return ""
