"""What a first-class debugger checks: one module a topic, each check a pure function of the
record (see `flows.checks.kernel`). Adding a check is adding one function to a module of TOPICS.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from flows.checks.kernel import Check, Finding, Place, Result, Severity, registered
from flows.checks.record import Record

__all__ = ["Check", "Finding", "Place", "Record", "Result", "Severity", "all_checks", "findings"]

TOPICS = (
    "challenge",
    "probed_resource",
    "probed_authorization",
    "probed_token",
    "both_legs",
    "connection",
    "tools",
    "cors",
)
"""The modules that hold the checks, in the order of the walk."""


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of the walk and of its module."""
    return tuple(
        check for topic in TOPICS for check in registered(import_module(f"{__name__}.{topic}"))
    )


def findings(record: Record) -> tuple[Finding, ...]:
    """What every check finds in a record, in the checks' order. Never raises."""
    return tuple(finding for check in all_checks() for finding in check.findings(record))
