"""What each grant sends to the token endpoint.

authorization-code   RFC 6749 section 4.1.3, RFC 7636 section 4.5
client-credentials   RFC 6749 section 4.4.2, MCP OAuth Client Credentials
jwt-bearer           RFC 7523 section 2.1: an assertion that the person brought
id-jag               MCP Enterprise-Managed Authorization: an ID token becomes an ID-JAG at the
                     identity provider (RFC 8693), which is then exchanged as jwt-bearer does
"""

from __future__ import annotations

from typing import Final

from flows.client_authentication import authenticated
from flows.documents import flaw, value_member
from flows.exchange import Exchange, Request
from flows.facts import Client, Facts, IdJag
from flows.moves import Blocked, Send
from flows.oauth import error_text
from flows.session import Pairs, StepId
from flows.steps.scope import selected_resource, selected_scope
from flows.steps.server_metadata import endpoint, expected_issuer, issuer
from flows.steps.token_endpoint import read_document, send

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_JAG: Final = "urn:ietf:params:oauth:token-type:id-jag"
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"
_IDP: Final = "identity provider"
_AS: Final = "authorization-server"
_STANDARD: Final = "MCP Enterprise-Managed Authorization"


def grant_move(step: StepId, facts: Facts) -> Send | Blocked:
    """The next token request of the walk's grant."""
    if facts.target.grant == "id-jag" and facts.id_jag is None:
        return _token_exchange(step, facts)
    url = endpoint(facts, "token_endpoint")
    if url is None:
        return Blocked(step, "The metadata names no usable token_endpoint.", _AS, "none")
    resource = _named("resource", selected_resource(facts))
    scope = _named("scope", selected_scope(facts))
    match facts.target.grant:
        case "authorization-code":
            return send(step, facts, url, (*_code(facts), *resource), "authorization code grant")
        case "client-credentials":
            pairs = (("grant_type", "client_credentials"), *resource, *scope)
            return send(step, facts, url, pairs, "client credentials grant")
        case "jwt-bearer":
            if not facts.target.assertion:
                return _lacks(step, "an assertion", "RFC 7523 §2.1")
            pairs = (*_jwt_bearer(facts.target.assertion), *resource, *scope)
            return send(step, facts, url, pairs, "JWT bearer grant")
        case "id-jag":
            # The ID-JAG says which scope was granted.
            assertion = facts.id_jag.assertion if facts.id_jag else ""
            pairs = (*_jwt_bearer(assertion), *resource)
            return send(step, facts, url, pairs, "JWT bearer grant with the ID-JAG")


def _named(name: str, value: str | None) -> Pairs:
    return ((name, value),) if value else ()


def _jwt_bearer(assertion: str) -> Pairs:
    return (("grant_type", JWT_BEARER), ("assertion", assertion))


def _code(facts: Facts) -> Pairs:
    assert facts.pkce and facts.response
    return (
        ("grant_type", "authorization_code"),
        ("code", facts.response.get("code") or ""),
        ("redirect_uri", facts.redirect_uri or ""),
        ("code_verifier", facts.pkce.code_verifier),
    )


def _lacks(step: StepId, what: str, standard: str) -> Blocked:
    words = f"This grant needs {what}, and none was given."
    return Blocked(step, words, "client", "incomplete", standard=standard)


def _token_exchange(step: StepId, facts: Facts) -> Send | Blocked:
    """The request to the identity provider (RFC 8693 section 2.1, MCP Enterprise-Managed
    Authorization section 4). Its client is another than that of the MCP server's issuer."""
    target = facts.target
    for what, given in (
        ("the token endpoint of an identity provider", target.idp_token_url),
        ("the client identifier at the identity provider", target.idp_client_id),
        ("an ID token", target.id_token),
    ):
        if not given:
            return _lacks(step, what, f"{_STANDARD} §4")
    assert target.idp_token_url and target.idp_client_id and target.id_token
    pairs = (
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", issuer(facts) or expected_issuer(facts)),
        *_named("resource", selected_resource(facts)),
        *_named("scope", selected_scope(facts)),
        ("subject_token", target.id_token),
        ("subject_token_type", ID_TOKEN),
    )
    # Nothing is known of the provider's metadata: Basic is what every server must support.
    method = "client_secret_basic" if target.idp_client_secret else "none"
    client = Client(target.idp_client_id, "pre-registered", method, target.idp_client_secret)
    request: Request = authenticated(target.idp_token_url, client, pairs)
    return Send(step, request, "token exchange for an ID-JAG")


def read_id_jag(exchange: Exchange) -> tuple[IdJag | None, str]:
    """The token exchange's answer (RFC 8693 section 2.2.1) as `(IdJag, "")`, or `(None, why there
    is none)`. The member is called access_token whatever it holds."""
    document, problem = read_document(exchange, _IDP)
    if document is None:
        return None, problem
    assertion = value_member(document, "access_token")
    if assertion is None:
        flawed = f"access_token of the {_IDP}'s response is {flaw(document, 'access_token')}"
        return None, error_text(document) or flawed
    issued = document.get("issued_token_type")
    if issued != ID_JAG:
        shown = "missing" if issued is None else f"{issued!s:.200}"
        return None, f"the {_IDP} issued {shown}, not {ID_JAG}"
    return IdJag(assertion), ""
