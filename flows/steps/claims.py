"""The access token's claims, judged for this MCP server (RFC 9068 section 2.2, RFC 8707
section 2). Nothing is sent: the step is done as soon as there is a token."""

from __future__ import annotations

from typing import Final

from flows.facts import Facts
from flows.moves import Done, Level, Move, Remark, Skipped
from flows.session import Event
from flows.steps.inspection import Inspection, inspect_of

STEP: Final = "claims"
_LEVELS: dict[str, Level] = {"error": "error", "warn": "warn"}


def next(facts: Facts) -> Move:
    inspection = inspect_of(facts, "access", facts.at)
    if inspection is None:
        return Skipped(STEP, "no access token")
    token = inspection.token
    if token.kind != "jwt" or token.claims is None:
        words = f"The access token is {token.looks}: only its issuer can read it, which is legal."
        return Done(STEP, token.kind, (Remark("info", words),))
    number = len(token.claims)
    return Done(STEP, f"{number} claim{'s' if number != 1 else ''}", remarks(inspection))


def read(event: Event, facts: Facts) -> Facts:
    return facts


def remarks(inspection: Inspection) -> tuple[Remark, ...]:
    """What is wrong with the form, the claims and the signature, worst first."""
    found = [
        Remark(_LEVELS[problem.mark], f"{problem.text}.", "authorization-server", problem.standard)
        for problem in inspection.token.problems
        if problem.mark in _LEVELS
    ]
    found += [
        Remark(_LEVELS[row.mark], f"{row.name}: {row.note}.", "authorization-server", row.standard)
        for row in (*inspection.claims, *inspection.header)
        if row.mark in _LEVELS
    ]
    verification = inspection.verification
    if verification and verification.result == "failed":
        words = f"The signature does not verify: {verification.reason}."
        found.append(Remark("error", words, "authorization-server", "RFC 7515 §5.2"))
    return tuple(sorted(found, key=lambda remark: remark.level != "error"))
