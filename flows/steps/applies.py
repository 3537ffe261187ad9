"""Whether the authorization half of the walk applies at all, and the part with a browser."""

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


def no_browser(facts: Facts) -> str:
    """Why nobody is asked to approve; "" when somebody is."""
    if for_machines(facts):
        return f"the grant {facts.target.grant} needs no browser"
    return no_authorization(facts)


def for_machines(facts: Facts) -> bool:
    """Whether the token is got by a grant that has no authorization endpoint in it."""
    return facts.target.grant != "authorization-code"
