"""IDT: the ID token, for the client alone (OpenID Connect Core sections 2 and 3.1.3.7)."""

from __future__ import annotations

from flows.checks.claims import source
from flows.checks.kernel import Check, Outcomes, at, failed, passed
from flows.checks.record import Record
from flows.steps.claims import faults


def _check(id: str, name: str, asserts: str, standard: str, fix: str) -> Check:
    """A check of one claim, or with "" of the token as a whole."""

    def judge(record: Record) -> Outcomes:
        inspection = record.inspection("id")
        if inspection is None or inspection.token.claims is None:
            return
        exchange = source(record, record.facts.current_tokens)
        place = at(exchange, "/id_token") if exchange else None
        wrong = [one for one in faults(inspection, id_token=True) if one.check == id]
        for fault in wrong:
            standard_of = fault.standard or None
            yield failed(fault.text, place, severity=fault.level, standard=standard_of)
        if not wrong and (not name or name in inspection.token.claims):
            yield passed(place)

    return Check(id, "claims", "authorization-server", "error", asserts, standard, fix, judge)


for_this_client = _check(
    "IDT-01",
    "",
    "the ID token has the claims it must have, for this client and from this issuer",
    "OIDC Core §2, §3.1.3.7",
    "Set iss to the issuer, aud to the client, and sub, exp and iat.",
)
nonce_comes_back = _check(
    "IDT-02",
    "nonce",
    "nonce is that of the request",
    "OIDC Core §3.1.3.7 (11)",
    "Return the nonce of the request unchanged.",
)
hash_matches = _check(
    "IDT-03",
    "at_hash",
    "at_hash is of the access token",
    "OIDC Core §3.1.3.8",
    "Compute at_hash over the access token of the same response.",
)
