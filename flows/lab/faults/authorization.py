"""Faults of registration, the authorization request and its response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flows.lab.faults.mechanism import (
    Call,
    Document,
    Fault,
    Hook,
    Reply,
    Step,
    always,
    edit,
    having,
    html_reply,
    json_reply,
    oauth_error,
    refuse,
    reply,
    without,
)
from flows.session import Party


def _fault(
    name: str,
    summary: str,
    *hooks: Hook,
    step: Step,
    party: Party = "authorization-server",
    legal: bool = False,
) -> Fault:
    return Fault(name, summary, step, party, hooks, legal)


def _page(title: str, text: str, status: int = 400) -> Callable[[object], Reply]:
    return always(html_reply(status, f"<!doctype html><title>{title}</title><h1>{text}</h1>"))


def _error_callback(error: str, description: str) -> Hook:
    """The authorization response becomes an error response (RFC 6749 section 4.1.2.1)."""

    def change(parameters: Document) -> Document:
        kept = {key: value for key, value in parameters.items() if key != "code"}
        return {"error": error, "error_description": description, **kept}

    return edit("callback", change)


def _of_the_web(uris: list[str]) -> list[str]:
    return [uri for uri in uris if uri.startswith(("https://", "http://"))]


def _rejects_schemes(call: Call) -> Reply | None:
    asked = [str(uri) for uri in call.document.get("redirect_uris") or ()]
    if _of_the_web(asked) == asked:
        return None
    return oauth_error(400, "invalid_redirect_uri", "Redirect URIs must be http or https")


AUTHORIZATION: tuple[Fault, ...] = (
    _fault(
        "no-registration",
        "no registration_endpoint: clients need an identifier from elsewhere",
        edit("server-metadata", without("registration_endpoint")),
        refuse("register", always(json_reply(404, {"detail": "Not Found"}))),
        step="client",
        legal=True,
    ),
    _fault(
        "supports-cimd",
        "Client ID Metadata Documents are advertised beside dynamic registration",
        edit("server-metadata", having(client_id_metadata_document_supported=True)),
        step="client",
        legal=True,
    ),
    _fault(
        "cimd-without-none",
        "client documents are advertised, and no method without a secret beside them",
        edit(
            "server-metadata",
            having(
                client_id_metadata_document_supported=True,
                token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
            ),
        ),
        step="client",
        legal=True,
    ),
    _fault(
        "private-key-jwt-only",
        "private_key_jwt alone is listed, beside client documents, whatever clients register for",
        edit(
            "server-metadata",
            having(
                client_id_metadata_document_supported=True,
                token_endpoint_auth_methods_supported=["private_key_jwt"],
                token_endpoint_auth_signing_alg_values_supported=["ES256", "RS256"],
            ),
        ),
        step="server-metadata",
    ),
    _fault(
        "registration-rejects-schemes",
        "a registration with a redirect URI of a private-use scheme is refused as a whole",
        refuse("register", _rejects_schemes),
        step="client",
        legal=True,
    ),
    _fault(
        "registration-drops-schemes",
        "redirect URIs of private-use schemes are left out of a registration (RFC 7591 section 2)",
        edit("client", having(redirect_uris=_of_the_web)),
        step="client",
        legal=True,
    ),
    _fault(
        "register-fails",
        "the registration endpoint answers 500 with an HTML page",
        refuse("register", _page("Error", "Internal Server Error", 500)),
        step="client",
    ),
    _fault(
        "registration-rejects-redirect",
        "the redirect URI is not on the server's list",
        refuse(
            "register",
            always(oauth_error(400, "invalid_redirect_uri", "redirect_uri is not allowed")),
        ),
        step="client",
    ),
    _fault(
        "register-200",
        "registration answers 200 instead of 201 (RFC 7591 section 3.2.1)",
        reply("register", lambda r: replace(r, status=200) if r.status == 201 else r),
        step="client",
    ),
    _fault(
        "register-nulls",
        "the registration response has null members that strict clients reject",
        edit("client", having(client_secret=None, client_uri=None)),
        step="client",
    ),
    _fault(
        "register-drops-redirects",
        "the registration response does not echo redirect_uris (RFC 7591 section 3.2.1)",
        edit("client", without("redirect_uris")),
        step="client",
    ),
    _fault(
        "register-no-client-id",
        "the registration response has no client_id",
        edit("client", without("client_id")),
        step="client",
    ),
    _fault(
        "redirect-uri-mismatch",
        "the authorization endpoint does not know the registered redirect URI",
        refuse("authorize", _page("Error", "Error: redirect_uri_mismatch")),
        step="authorize",
    ),
    _fault(
        "authorize-500",
        "the authorization endpoint answers 500",
        refuse("authorize", _page("Error", "Something went wrong", 500)),
        step="authorize",
    ),
    _fault(
        "consent-denied",
        "the person denies access",
        _error_callback("access_denied", "The resource owner denied the request"),
        step="callback",
        party="person",
    ),
    _fault(
        "callback-server-error",
        "the authorization response is error=server_error",
        _error_callback("server_error", "The server met an unexpected condition"),
        step="callback",
    ),
    _fault(
        "callback-without-code",
        "the authorization response has neither code nor error",
        edit("callback", without("code")),
        step="callback",
    ),
    _fault(
        "missing-state",
        "the authorization response has no state (RFC 6749 section 4.1.2)",
        edit("callback", without("state")),
        step="callback",
    ),
    _fault(
        "wrong-state",
        "the authorization response has another state than the request",
        edit("callback", having(state="a-state-nobody-sent")),
        step="callback",
    ),
    _fault(
        "missing-iss-response",
        "iss is advertised, yet absent from the authorization response (RFC 9207 section 2)",
        edit("callback", without("iss")),
        step="callback",
    ),
    _fault(
        "wrong-iss-response",
        "the authorization response has another issuer's iss (RFC 9207 section 2.4)",
        edit("callback", having(iss="https://issuer.example")),
        step="callback",
    ),
    _fault(
        "token-in-callback",
        "the authorization response carries an access token (RFC 9700 section 2.1.2)",
        edit("callback", having(access_token="not-a-real-token", token_type="Bearer")),
        step="callback",
    ),
    _fault(
        "extra-callback-members",
        "the authorization response has parameters of the server's own",
        edit("callback", having(session_state="4f2d", scope="mcp:tools")),
        step="callback",
        legal=True,
    ),
)
