"""The access token's claims, judged for this MCP server (RFC 9068 section 2.2, RFC 8707
section 2). Nothing is sent: the step is done as soon as there is a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal

from flows.claim_checks import MCP_TOKEN_THEFT
from flows.claims import ClaimRow
from flows.facts import Facts
from flows.frozen import frozen
from flows.moves import Done, Move, Skipped
from flows.session import Event, Party
from flows.steps.challenge import challenge_of
from flows.steps.inspection import Inspection, inspect_of
from flows.steps.scope import requested

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
FIXES: Mapping[str, str] = {
    "JWT-01": "Issue JWTs in compact serialization: three parts of base64url without padding.",
    "JWT-02": "Sign access tokens, best with an asymmetric key of the key set.",
    "JWT-03": "Publish every key in use at jwks_uri, before tokens are signed with it.",
    "JWT-04": "Sign with the private key of the key that `kid` names, by the algorithm that `alg` "
    "names.",
    "JWT-05": 'Set "typ": "at+jwt" in the header of access tokens.',
    "JWT-06": "Set iss to the issuer of the metadata, character by character.",
    "JWT-07": "Set aud to the resource that the client asked for, character by character.",
    "JWT-09": "Set exp to seconds since 1970, after the time of issue.",
    "JWT-10": "Set iat to the time of issue in seconds since 1970; set the server's clock.",
    "JWT-11": "Set nbf to the time of issue or leave it out; set the server's clock.",
    "JWT-13": "Set sub to the person, or to the client where it acts for itself.",
    "JWT-14": "Set client_id to the client that asked, and jti to another value for every token.",
    "JWT-15": "Set scope to the scopes that were granted, one string with spaces between.",
    "JWT-16": "Leave crit, jku, jwk, x5u and x5c out of the header; kid is enough.",
    "JWT-17": "Let access tokens live for an hour or less, and issue refresh tokens.",
    "JWT-18": "Issue an access token for the MCP server; the ID token is for the client.",
}
"""What mends a token, by the check that it fails."""
DECISIVE: Final = ("JWT-02", "JWT-03", "JWT-04", "JWT-06", "JWT-07", "JWT-09", "JWT-11")
"""What every resource server checks first: signature, issuer, audience, time."""
SHOWN: Final = ("alg", "typ", "iss", "aud", "client_id", "azp", "scope", "scp")
"""What is told with the value that was found: nothing of it is the person's."""
SUSPICIOUS: Final = ("JWT-05", "JWT-10")
"""What strict resource servers check too: typ, and that iat is past."""


@frozen
class Fault:
    """Something wrong with a token, the check that says so, and what mends a refusal for it."""

    check: str
    level: Literal["error", "warn"]
    text: str
    standard: str
    party: Party = "authorization-server"
    fix: str = ""


GIVE_ANOTHER: Final = (
    "Give a token that was issued for this MCP server and is still good; a walk without one gets "
    "its own."
)
UNBOUND: Final = Fault(
    "",
    "warn",
    "no resource was asked for, and a server that has resource metadata may demand a token that "
    "was issued for it.",
    "MCP 2025-06-18 Authorization, Resource Parameter Implementation; RFC 8707 §2",
    "client",
    "Name the resource, or walk the revision that the server authorizes by.",
)


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
            text, standard = f"{problem.text}.", problem.standard
            yield Fault(check, problem.mark, text, standard, fix=FIXES[check])
    for row in (*inspection.claims, *inspection.header):
        soon = row.name == "nbf" and row.mark == "warn"  # no more than clocks may differ
        if row.mark in ("error", "warn") and not soon:
            check = CHECKS.get(row.name, "JWT-01")
            if row.name == "exp" and row.standard == MCP_TOKEN_THEFT:
                check = "JWT-17"
            yield Fault(check, row.mark, _sentence(row), row.standard, fix=FIXES[check])
    verification = inspection.verification
    # That alg is none is said of the header already.
    if verification and verification.result == "failed" and verification.code != "unsecured":
        check = "JWT-03" if verification.code in ("unknown-kid", "no-key") else "JWT-04"
        words = f"The signature does not verify: {verification.reason}."
        yield Fault(check, "error", words, "RFC 7515 §5.2", fix=FIXES[check])


def _id_token_faults(inspection: Inspection) -> Iterator[Fault]:
    names = {_sentence(row): row.name for row in inspection.claims}
    for fault in _faults(inspection):
        yield replace(fault, check=ID_TOKEN_CHECKS.get(names.get(fault.text, ""), "IDT-01"))


def _sentence(row: ClaimRow) -> str:
    found = f" {row.value:.200}" if row.present and row.name in SHOWN else ""
    return f"{row.name}{found}: {row.note}{'' if row.note.endswith('?') else '.'}"


def cause_to_refuse(facts: Facts, status: int) -> Fault | None:
    """The fault of the access token for which a resource server refuses it with 401 or 403: who
    made the token is at fault before who refuses it. One of level warn may be the cause, as there
    is no other to be seen: RFC 9068 section 4 has servers refuse another typ than at+jwt."""
    tokens = facts.current_tokens
    inspection = inspect_of(facts, "access", facts.at)
    if tokens is None or inspection is None:
        return None
    if status == 401 and inspection.token.kind != "jwt" and _unbound(facts):
        return UNBOUND
    found = faults(inspection)
    errors = [fault for fault in found if fault.level == "error"]
    decisive = [fault for fault in errors if fault.check in DECISIVE]
    suspicions = [fault for fault in found if fault.check in SUSPICIOUS]
    scopes = [fault for fault in found if fault.check == "JWT-15"]
    causes = {401: decisive or errors or suspicions, 403: scopes}.get(status)
    if not causes:
        return None
    issued = inspect_of(facts, "access", tokens.at)
    at_first = {fault.check for fault in faults(issued)} if issued else set()
    if causes[0].check == "JWT-09" and "JWT-09" not in at_first:
        # It was good when it came: the client kept it too long.
        fix = "Refresh the token, or authorize again."
        return replace(causes[0], check="", party="client", fix=fix)
    return blamed(causes[0], facts)


def blamed(fault: Fault, facts: Facts) -> Fault:
    """The fault, with whoever brought the token to blame where it is of another server, for
    another server, or too old: its issuer need not have done wrong."""
    if facts.target.bearer and fault.check in ("JWT-06", "JWT-07", "JWT-09"):
        return replace(fault, party="person", fix=GIVE_ANOTHER)
    return fault


def _unbound(facts: Facts) -> bool:
    """Whether the walk asked for no resource of a server that speaks of its own. Revisions before
    2025-06-18 know no resource indicator, and no resource metadata either."""
    challenge = challenge_of(facts)
    named = challenge and challenge.get("resource_metadata")
    return bool(named) and not facts.target.bearer and not requested(facts).get("resource")
