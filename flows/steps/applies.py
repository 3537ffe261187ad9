"""Whether the authorization half of the walk applies at all."""

from __future__ import annotations

from flows.facts import Facts


def no_authorization(facts: Facts) -> str:
    """Why this walk has no authorization steps; "" when it has them."""
    if facts.target.bearer:
        return "a bearer token was given"
    # With a remedy under way the connection stands while its token is made anew.
    if facts.connection and not facts.tokens and not facts.remedies:
        return "no authorization asked for"
    return ""
