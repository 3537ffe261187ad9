"""What a first-class debugger checks: one module a topic, each check a pure function of the
record (see `flows.checks.kernel`). Adding a check is adding one function to a module of TOPICS.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from flows.checks.kernel import Check, Finding, Place, Result, Severity, registered
from flows.checks.record import Record

__all__ = [
    "Check",
    "Finding",
    "Place",
    "Record",
    "Result",
    "Severity",
    "all_checks",
    "findings",
    "topic_checks",
]

TOPICS = (
    "network",
    "transport",
    "challenge",
    "probed_resource",
    "resource_metadata",
    "server_metadata",
    "server_abilities",
    "keys",
    "registration",
    "client_document",
    "authorization",
    "probed_authorization",
    "response",
    "token_response",
    "token_members",
    "token_error",
    "probed_token",
    "both_legs",
    "pkce",
    "enterprise",
    "binding",
    "claims",
    "id_token",
    "refresh",
    "connection",
    "tools",
    "calls",
    "asking",
    "cors",
    "host_discovery",
    "hosts",
    "host_tokens",
)
"""The modules that hold the checks, in the order of the walk."""


@cache
def topic_checks(topic: str) -> tuple[Check, ...]:
    """The checks of one module of TOPICS, in its order."""
    return registered(import_module(f"{__name__}.{topic}"))


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of the walk and of its module."""
    return tuple(check for topic in TOPICS for check in topic_checks(topic))


def findings(record: Record, *topics: str) -> tuple[Finding, ...]:
    """What the checks find in a record, those of all topics or of some, in the checks' order.
    Never raises."""
    checks = [check for topic in topics for check in topic_checks(topic)] or all_checks()
    return tuple(finding for check in checks for finding in check.findings(record))
