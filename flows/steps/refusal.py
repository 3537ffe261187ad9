"""Why a token request gave no token: the check that it fails, who is at fault, what to change
(RFC 6749 sections 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flows.documents import read_form, read_object, text_member
from flows.exchange import Exchange, Response
from flows.facts import Facts, Failed
from flows.frozen import frozen
from flows.moves import Blocked
from flows.network import failing_check, failing_party
from flows.session import Party, StepId

_AS: Final[Party] = "authorization-server"
_IDP_CHECK: Final = "EMA-01"
_STANDARD: Final = "RFC 6749 §5.1, §5.2"

_FIXES: Mapping[str, str] = {
    "invalid_grant": "Accept the grant once, while it lives, from the client, the redirect URI and "
    "the code verifier that it belongs to.",
    "unsupported_grant_type": "Support the grant, or leave it out of grant_types_supported.",
    "invalid_scope": "Grant the scope that the MCP server asks for, or a part of it.",
    "invalid_request": "Accept the request: it has every parameter of its grant, each once.",
    "invalid_dpop_proof": "Check the proof as RFC 9449 §4.3 says; compare the clocks.",
}


_OF_PKCE: Final = ("verifier", "challenge", "pkce")
EDITED: Final = "The request was edited before it was sent: send it as it was, or look at the edit."
_COMPARE_S256: Final = (
    "Compare code_challenge with the SHA-256 of code_verifier in base64url without padding."
)


@frozen
class Refusal:
    """`field` is where in the response the evidence stands, as in `flows.checks.Place`."""

    check: str
    text: str
    party: Party
    standard: str = _STANDARD
    fix: str = ""
    field: str = "status"


def refused(step: StepId, failed: Failed, facts: Facts) -> Blocked:
    """The stop after a token request that gave no token."""
    refusal = refusal_of(step, failed, facts)
    return Blocked(
        step,
        refusal.text,
        refusal.party,
        str(failed.exchange.status or "failed"),
        refusal.fix,
        refusal.standard,
        check=refusal.check,
    )


def refusal_of(step: StepId, failed: Failed, facts: Facts) -> Refusal:
    """What the last exchange of `step`, `token` or `refresh`, is to be told as."""
    exchange = failed.exchange
    text = f"No access token: {failed.reason}."
    if check := failing_check(exchange):
        return Refusal(check, text, failing_party(exchange, _AS), "", field="")
    if exchange.response is None:
        party = failing_party(exchange, _AS)
        return Refusal("RT-01" if step == "refresh" else "TOK-01", text, party, "", field="")
    refusal = _judged(text, exchange, exchange.response, facts)
    if failed.answers_edit:
        refusal = replace(refusal, party="person", fix=EDITED)
    if step == "refresh":
        check = "RT-05" if refusal.check == "TOK-19" else "RT-01"
        return replace(refusal, check=check, standard=f"RFC 6749 §6; {refusal.standard}")
    if facts.target.grant == "id-jag" and facts.id_jag is None:
        standard = "MCP Enterprise-Managed Authorization §4.2; RFC 8693 §2.2"
        return replace(refusal, check=_IDP_CHECK, standard=standard)
    return refusal


def _judged(text: str, exchange: Exchange, response: Response, facts: Facts) -> Refusal:
    document, _ = read_object(response)
    error = text_member(document or {}, "error")
    told = "/error" if error else "status"
    if response.status >= 500:
        fix = "Answer a request that cannot be granted with 400 and an error; mend the server."
        return Refusal("TE-01", text, _AS, "RFC 6749 §5.2", fix)
    if response.status >= 400 and error is None:
        fix = 'Answer with a JSON object that has an "error".'
        if response.status in (415, 422):  # as frameworks refuse a body that they cannot read
            fix = f"Read token requests as form-urlencoded (RFC 6749 §4.1.3). {fix}"
        return Refusal("TE-02", text, _AS, "RFC 6749 §5.2", fix, "")
    if response.status < 300 and document is None:
        return Refusal("TOK-05", text, _AS, "RFC 6749 §5.1", "Answer with one JSON object.", "")
    if response.status < 300 and error:
        return Refusal("TE-03", text, _AS, "RFC 6749 §5.2", "Answer errors with 400.")
    if response.status < 300:
        return _without_token(text, document or {})
    if error == "use_dpop_nonce":
        fix = "Give a DPoP-Nonce with the error, and accept the proof that holds it."
        return Refusal("DPOP-03", text, _AS, "RFC 9449 §8", fix, told)
    if error in ("invalid_client", "unauthorized_client"):
        fix = "Authenticate the client by the method and the credentials it is registered with."
        return Refusal("TOK-17", text, _of_client(facts), "RFC 6749 §2.3, §5.2", fix, told)
    if _about_resource(exchange, document or {}):
        party: Party = "client" if facts.target.resource is not None else _AS
        fix = "Accept the MCP server's URI as resource; ignore the parameter if it is unknown."
        return Refusal("TOK-19", text, party, "RFC 6749 §3.2; RFC 8707 §2.2", fix, told)
    said = (text_member(document or {}, "error_description") or "").lower()
    if error == "invalid_grant" and any(word in said for word in _OF_PKCE):
        return Refusal("TOK-01", text, _AS, "RFC 7636 §4.6", _COMPARE_S256, told)
    return Refusal("TOK-01", text, _at_fault(error, facts), _STANDARD, _fix(error), told)


def _without_token(text: str, document: Mapping[str, Any]) -> Refusal:
    inside = [name for name, member in document.items() if isinstance(member, dict)]
    wrapped = [name for name in inside if "access_token" in document[name]]
    if wrapped:
        words = f"{text[:-1]}: it is inside {wrapped[0]}, and belongs at the top level."
        fix = "Send the members of the token response at the top level of the JSON object."
        return Refusal("TOK-05", words, _AS, "RFC 6749 §5.1", fix, f"/{wrapped[0]}")
    field = "/access_token" if "access_token" in document else ""
    fix = "Send access_token, a string that is not empty."
    return Refusal("TOK-06", text, _AS, "RFC 6749 §5.1", fix, field)


def _about_resource(exchange: Exchange, document: Mapping[str, Any]) -> bool:
    asked = dict(read_form(exchange.request.body))
    error = text_member(document, "error")
    description = text_member(document, "error_description") or ""
    named = error == "invalid_request" and "resource" in description.lower()
    return "resource" in asked and (named or error == "invalid_target")


def _of_client(facts: Facts) -> Party:
    """The server knows the clients it registered; what was entered by hand may be mistyped."""
    client = facts.client
    return "client" if client and client.source in ("pre-registered", "entered") else _AS


def _at_fault(error: str | None, facts: Facts) -> Party:
    if error == "invalid_scope" and facts.target.scope is not None:
        return "client"
    brought = facts.target.grant == "jwt-bearer"  # the assertion
    return "client" if error == "invalid_grant" and brought else _AS


def _fix(error: str | None) -> str:
    return _FIXES.get(error or "", "Answer with 200 and a token, or with an error that says why.")
