"""JWT: what an access token says, judged as it stood when it came (RFC 9068, RFC 7519, RFC 8725).

The judging is done once, by `flows.claims` and `flows.jwk`; `flows.steps.claims.faults` says which
check each finding of theirs is. Here they get their evidence.
"""

from __future__ import annotations

from flows.audience import audiences
from flows.checks.kernel import Check, Outcomes, Place, Severity, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.exchange import Exchange
from flows.facts import Tokens
from flows.steps.claims import CHECKS, FIXES, blamed, faults
from flows.steps.inspection import Inspection

TOLERANCE = 60.0
"""Seconds by which clocks may differ."""
ALWAYS = ("JWT-01", "JWT-16", "JWT-18")
"""Checks that a token passes by not having something."""
PROFILE = ("JWT-05", "JWT-14")
"""What RFC 9068 has access tokens hold, whose profile is one among others."""
SIGNED = ("JWT-03", "JWT-04")


def source(record: Record, tokens: Tokens | None) -> Exchange | None:
    """The exchange that brought a token response; None where the person brought the token."""
    found = (
        event.exchange
        for event in record.session.exchanges
        if tokens and event.step in ("token", "refresh") and event.at == tokens.at
    )
    return next(found, None)


def _place(record: Record) -> Place | None:
    exchange = source(record, record.facts.current_tokens)
    return at(exchange, "/access_token") if exchange else None


def _told(record: Record, id: str) -> Outcomes:
    """What `faults` finds for a check, or that there is nothing to find."""
    inspection = record.inspection()
    if inspection is None:
        return
    token = inspection.token
    if token.kind != "jwt" or token.claims is None:
        if id == "JWT-01" and token.kind != "garbage":
            yield skipped(f"the access token is {token.looks}: legal, only its issuer can read it")
        return
    place, wrong = _place(record), [one for one in faults(inspection) if one.check == id]
    for fault in wrong:
        # Nobody need keep RFC 9068, and this server takes the token as it is.
        remark = id in PROFILE and fault.level == "warn" and record.facts.connection is not None
        brought = blamed(fault, record.facts)
        yield failed(
            fault.text,
            place,
            severity="info" if remark else fault.level,
            standard=fault.standard or None,
            party=brought.party if brought is not fault else None,
            fix=brought.fix if brought is not fault else None,
        )
    if wrong:
        return
    if id in SIGNED:
        yield from _signature(inspection, place)
    elif id in ALWAYS or any(CHECKS.get(name) == id for name in _names(inspection)):
        yield passed(place)


def _names(inspection: Inspection) -> set[str]:
    return {row.name for row in (*inspection.claims, *inspection.header) if row.present}


def _signature(inspection: Inspection, place: Place | None) -> Outcomes:
    verification = inspection.verification
    if verification is None:
        yield skipped("there is no key set to verify the signature with")
    elif verification.result == "cannot":
        yield skipped(verification.reason)
    elif verification.result == "verified":
        yield passed(place, verification.reason)


def _check(id: str, severity: Severity, asserts: str, standard: str) -> Check:
    def judge(record: Record) -> Outcomes:
        yield from _told(record, id)

    return Check(
        id, "claims", "authorization-server", severity, asserts, standard, FIXES[id], judge
    )


well_formed = _check(
    "JWT-01",
    "error",
    "a token that looks like a JWT is one",
    "RFC 7515 §2, §7.1; RFC 7519 §7.2",
)
signed = _check(
    "JWT-02",
    "error",
    "the algorithm is one that signs",
    "RFC 9068 §2.1; RFC 8725 §3.1, §3.2",
)
key_is_published = _check(
    "JWT-03",
    "error",
    "the key of the signature is in the key set",
    "RFC 7515 §4.1.4; RFC 9068 §4",
)
signature_verifies = _check(
    "JWT-04",
    "error",
    "the signature verifies",
    "RFC 9068 §4; RFC 8725 §3.3",
)
typ_is_access_token = _check(
    "JWT-05",
    "warn",
    "typ is at+jwt",
    "RFC 9068 §2.1, §4; RFC 8725 §3.11",
)
iss_is_the_issuer = _check(
    "JWT-06",
    "error",
    "iss is the issuer of the metadata",
    "RFC 9068 §4",
)
aud_is_the_server = _check(
    "JWT-07",
    "error",
    "aud is the MCP server",
    "RFC 9068 §3; RFC 8707 §2; MCP Authorization, Token Handling",
)


@check(
    "JWT-08",
    "claims",
    "authorization-server",
    "warn",
    "aud names servers, not any server",
    "RFC 8725 §3.9; RFC 9700 §2.3",
    "Name the MCP server in aud, without wildcards.",
)
def aud_is_no_wildcard(record: Record) -> Outcomes:
    inspection = record.inspection()
    values = audiences((inspection.token.claims or {}).get("aud")) if inspection else ()
    wild = [value for value in values if "*" in value]
    if wild:
        words = f"aud has {', '.join(wild)}: the token would be good at every server."
        yield failed(words, _place(record))
    elif values:
        yield passed(_place(record))


expires = _check(
    "JWT-09",
    "error",
    "exp is a time to come, in seconds",
    "RFC 7519 §2, §4.1.4; RFC 9068 §2.2",
)
was_issued = _check(
    "JWT-10",
    "warn",
    "iat is no time to come",
    "RFC 7519 §4.1.6; RFC 9068 §2.2",
)
is_valid_now = _check(
    "JWT-11",
    "error",
    "nbf has come",
    "RFC 7519 §4.1.5",
)


@check(
    "JWT-12",
    "claims",
    "authorization-server",
    "warn",
    "expires_in tells how long the token lives",
    "RFC 6749 §5.1",
    "Set expires_in to the seconds until exp.",
)
def expires_in_agrees(record: Record) -> Outcomes:
    tokens, inspection = record.facts.current_tokens, record.inspection()
    claims = inspection.token.claims if inspection else None
    told = tokens.expires_in if tokens else None
    if not tokens or not inspection or not claims or not told or told <= 0:
        return
    if any(row.name == "exp" and row.mark == "error" for row in inspection.claims):
        return
    exp, issued = claims.get("exp"), claims.get("iat")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        return
    # By our clock, and by the server's: a token may have been made before it was given out.
    lives = [exp - tokens.at.timestamp()]
    if isinstance(issued, int | float):
        lives.append(exp - issued)
    closest = min(lives, key=lambda life: abs(life - told))
    words = f"expires_in is {told:g} s, and exp is {closest:.0f} s away."
    if closest < told - TOLERANCE:
        yield failed(f"{words} Clients refresh too late.", _place(record))
    elif closest > told + TOLERANCE:
        yield failed(f"{words} Clients refresh early: legal.", _place(record), severity="info")
    else:
        yield passed(_place(record))


subject = _check(
    "JWT-13",
    "error",
    "sub is there, a string",
    "RFC 9068 §2.2",
)
client_and_id = _check(
    "JWT-14",
    "warn",
    "client_id and jti are there, and name this client and this token",
    "RFC 9068 §2.2",
)
scope = _check(
    "JWT-15",
    "warn",
    "scope is a string of what was granted",
    "RFC 9068 §2.2.3; RFC 8693 §4.2",
)
extensions = _check(
    "JWT-16",
    "warn",
    "the header neither demands extensions nor points at keys",
    "RFC 7515 §4.1.11; RFC 8725 §3.10",
)
short_lived = _check(
    "JWT-17",
    "warn",
    "the token is short-lived",
    "MCP Authorization Security, Token Theft",
)
no_id_token = _check(
    "JWT-18",
    "error",
    "the access token is no ID token",
    "RFC 8725 §3.12; RFC 9068 §5",
)
