"""The access token's claims, judged for this MCP server (RFC 9068 section 2.2, RFC 8707
section 2). Nothing is sent: the step is done as soon as there is a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from flows.claim_checks import MCP_TOKEN_THEFT
from flows.facts import Facts
from flows.moves import Done, Move, Skipped
from flows.session import Event, Party
from flows.steps.inspection import Inspection, inspect_of

STEP: Final = "claims"
CHECKS: Mapping[str, str] = {
    "alg": "JWT-02",
    "typ": "JWT-05",
    "iss": "JWT-06",
    "aud": "JWT-07",
    "exp": "JWT-09",
    **dict.fromkeys(("iat", "auth_time", "updated_at"), "JWT-10"),
    "nbf": "JWT-11",
    "sub": "JWT-13",
    **dict.fromkeys(("client_id", "azp", "cid", "appid", "jti"), "JWT-14"),
    **dict.fromkeys(("scope", "scp"), "JWT-15"),
    **dict.fromkeys(("crit", "jku", "x5u", "jwk", "x5c"), "JWT-16"),
    **dict.fromkeys(("nonce", "at_hash", "c_hash"), "JWT-18"),
}
"""The check of each claim and header parameter of an access token; JWT-01 for all others."""
ID_TOKEN_CHECKS: Mapping[str, str] = {"nonce": "IDT-02", "at_hash": "IDT-03"}
"""The same of an ID token; IDT-01 for all others."""
DECISIVE: Final = ("JWT-02", "JWT-03", "JWT-04", "JWT-06", "JWT-07", "JWT-09", "JWT-11")
"""What every resource server checks first: signature, issuer, audience, time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a token, and the check that says so."""

    check: str
    level: Literal["error", "warn"]
    text: str
    standard: str
    party: Party = "authorization-server"


def next(facts: Facts) -> Move:
    inspection = inspect_of(facts, "access", facts.at)
    if inspection is None:
        return Skipped(STEP, "no access token")
    token = inspection.token
    if token.kind != "jwt" or token.claims is None:
        return Done(STEP, token.kind)
    number = len(token.claims)
    return Done(STEP, f"{number} claim{'s' if number != 1 else ''}")


def read(event: Event, facts: Facts) -> Facts:
    return facts


def faults(inspection: Inspection, *, id_token: bool = False) -> tuple[Fault, ...]:
    """What is wrong with the form, the claims and the signature of a JWT, errors first."""
    token = inspection.token
    if token.kind != "jwt" or token.claims is None:
        return ()
    found = _id_token_faults(inspection) if id_token else _faults(inspection)
    return tuple(sorted(found, key=lambda fault: fault.level != "error"))


def _faults(inspection: Inspection) -> Iterator[Fault]:
    for problem in inspection.token.problems:
        if problem.mark in ("error", "warn"):
            check = "JWT-16" if problem.code == "crit" else "JWT-01"
            yield Fault(check, problem.mark, f"{problem.text}.", problem.standard)
    for row in (*inspection.claims, *inspection.header):
        if row.mark in ("error", "warn"):
            check = CHECKS.get(row.name, "JWT-01")
            if row.name == "exp" and row.standard == MCP_TOKEN_THEFT:
                check = "JWT-17"
            yield Fault(check, row.mark, f"{row.name}: {row.note}.", row.standard)
    verification = inspection.verification
    # That alg is none is said of the header already.
    if verification and verification.result == "failed" and verification.code != "unsecured":
        check = "JWT-03" if verification.code in ("unknown-kid", "no-key") else "JWT-04"
        words = f"The signature does not verify: {verification.reason}."
        yield Fault(check, "error", words, "RFC 7515 §5.2")


def _id_token_faults(inspection: Inspection) -> Iterator[Fault]:
    names = {f"{row.name}: {row.note}.": row.name for row in inspection.claims}
    for fault in _faults(inspection):
        yield replace(fault, check=ID_TOKEN_CHECKS.get(names.get(fault.text, ""), "IDT-01"))


def cause_to_refuse(facts: Facts) -> Fault | None:
    """The worst fault that a resource server may refuse the access token for; whoever made the
    token is at fault before whoever refuses it."""
    tokens = facts.current_tokens
    inspection = inspect_of(facts, "access", facts.at)
    if tokens is None or inspection is None:
        return None
    errors = [fault for fault in faults(inspection) if fault.level == "error"]
    decisive = [fault for fault in errors if fault.check in DECISIVE]
    for fault in decisive or errors:
        issued = inspect_of(facts, "access", tokens.at)
        if fault.check != "JWT-09" or (issued and fault.check in {f.check for f in faults(issued)}):
            return fault
        # It was good when it came: the client kept it too long.
        return replace(fault, check="", party="client")
    return None
