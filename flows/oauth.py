"""OAuth error responses and their meaning (RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591
section 3.2.2, RFC 8707 section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.documents import text_member

ERRORS: Mapping[str, str] = {
    "invalid_request": "a parameter is missing, repeated or malformed",
    "invalid_client": "the client could not be authenticated, or is unknown",
    "invalid_grant": "the code or refresh token is wrong, expired, used, or meant for another "
    "client or redirect URI; or the code verifier does not match",
    "unauthorized_client": "this client may not use this grant",
    "unsupported_grant_type": "the server does not know this grant",
    "invalid_scope": "a requested scope is unknown or more than was granted",
    "invalid_target": "the resource is unknown to the authorization server",
    "access_denied": "the person, or the server for them, said no",
    "unsupported_response_type": "the server does not issue codes this way",
    "server_error": "the authorization server failed inside",
    "temporarily_unavailable": "the authorization server is overloaded or in maintenance",
    "use_dpop_nonce": "the DPoP proof lacks the nonce that the server gives with this answer",
    "invalid_dpop_proof": "the DPoP proof is missing or does not pass the server's checks",
    "invalid_request_uri": "the request URI is unknown, used or expired",
    "invalid_redirect_uri": "the registration refuses a redirect URI",
    "invalid_client_metadata": "the registration refuses a member of the client metadata",
    "login_required": "a login is needed and was not allowed",
    "consent_required": "consent is needed and was not allowed",
    "interaction_required": "the person must act and was not allowed to",
}


def error_text(document: Mapping[str, Any] | None) -> str:
    """`error: description (meaning)` of an OAuth error document; "" when it is none."""
    if document is None:
        return ""
    error = text_member(document, "error")
    if error is None:
        return ""
    description = text_member(document, "error_description")
    meaning = ERRORS.get(error)
    words = f"{error}: {description}" if description else error
    return f"{words} ({meaning})" if meaning else words
