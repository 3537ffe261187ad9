"""Faults of the token endpoint, of the access token's claims, and of what follows it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flows.lab.faults.mechanism import (
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
    when_granting,
    without,
)
from flows.session import Party

SLOW = 8.0
"""Seconds that a slow token endpoint takes."""


def _granted(change: Callable[[Reply], Reply]) -> Hook:
    """A change of successful token responses alone."""
    return reply("token", lambda answer: change(answer) if answer.status == 200 else answer)


def _form_encoded(answer: Reply) -> Reply:
    form = urlencode(json.loads(answer.body)).encode()
    return replace(answer, body=form).with_header(
        "content-type", "application/x-www-form-urlencoded"
    )


def _wrapped(answer: Reply) -> Reply:
    return replace(answer, body=b'{"data":' + answer.body + b"}")


def _claim(name: str) -> Hook:
    return edit("claims", without(name))


def _unsigned(token: str) -> str:
    """RFC 7515 appendix A.5: alg is none and the signature is empty."""
    _, claims, _ = token.split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    return f"{header}.{claims}."


def _tampered(token: str) -> str:
    """The first character of the signature is another: its last may hold only padding bits."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _opaque(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _no_cors(answer: Reply) -> Reply:
    return replace(
        answer,
        headers=tuple(f for f in answer.headers if not f[0].lower().startswith("access-control-")),
    )


def _aged(claims: Document) -> Document:
    return {**claims, "iat": claims["iat"] - 7200, "exp": claims["iat"] - 3600}


def _fault(
    name: str,
    summary: str,
    *hooks: Hook,
    step: Step = "token",
    party: Party = "authorization-server",
    legal: bool = False,
) -> Fault:
    return Fault(name, summary, step, party, hooks, legal)


def _response(name: str, summary: str, *, legal: bool = False, **members: Any) -> Fault:
    """A fault that sets members of the token response."""
    return _fault(name, summary, edit("token", having(**members)), legal=legal)


def _claims(name: str, summary: str, *hooks: Hook, legal: bool = False) -> Fault:
    return _fault(name, summary, *hooks, step="claims", legal=legal)


_TOKEN_RESPONSE: tuple[Fault, ...] = (
    _fault(
        "missing-token-type",
        "the token response has no token_type (RFC 6749 section 5.1)",
        edit("token", without("token_type")),
    ),
    _response(
        "token-type-lowercase",
        'token_type is "bearer": legal, the value is case insensitive',
        token_type="bearer",
        legal=True,
    ),
    _response("expires-in-string", 'expires_in is a string: "3600"', expires_in=str),
    _response("expires-in-null", "expires_in is null", expires_in=None),
    _response("expires-in-float", "expires_in is not an integer: 3600.5", expires_in=3600.5),
    _response("null-refresh-token", "refresh_token is null instead of absent", refresh_token=None),
    _response("scope-array", "scope is an array (RFC 6749 section 3.3)", scope=str.split),
    _response(
        "empty-access-token", "access_token is the empty string", access_token=lambda token: ""
    ),
    _response(
        "extra-token-members",
        "the token response has members of the server's own",
        legal=True,
        account_id="acct_1815",
        ext_expires_in=3600,
        user={"name": "Ada"},
    ),
    _fault(
        "no-refresh-token",
        "no refresh token is issued: legal, the server decides",
        edit("token", without("refresh_token")),
        legal=True,
    ),
    _fault(
        "token-html",
        "the token endpoint answers 200 with an HTML page",
        refuse("token", always(html_reply(200, "<!doctype html><title>Lab</title><div id=root>"))),
    ),
    _fault(
        "token-500",
        "the token endpoint answers 500",
        refuse("token", always(html_reply(500, "<h1>Internal Server Error</h1>"))),
    ),
    _fault(
        "token-waf-block",
        "a proxy in front of the token endpoint answers 403 with an HTML page",
        refuse(
            "token",
            always(
                html_reply(
                    403,
                    "<!doctype html><title>Just a moment...</title>",
                    ("cf-mitigated", "challenge"),
                )
            ),
        ),
        party="network",
    ),
    _fault(
        "token-form-encoded",
        "the token response is form-urlencoded instead of JSON (RFC 6749 section 5.1)",
        _granted(_form_encoded),
    ),
    _fault(
        "token-201",
        "the token response has status 201 instead of 200",
        _granted(lambda answer: replace(answer, status=201)),
    ),
    _fault(
        "token-wrapped",
        'the token response is wrapped in {"data": ...}',
        _granted(_wrapped),
    ),
    _fault(
        "token-bom",
        "the token response starts with a byte order mark (RFC 8259 section 8.1)",
        _granted(lambda answer: replace(answer, body=b"\xef\xbb\xbf" + answer.body)),
    ),
    _fault(
        "token-200-error",
        "an error is sent with status 200",
        refuse("token", always(oauth_error(200, "invalid_grant", "The code is not known"))),
    ),
    _fault(
        "token-cacheable",
        "the token response lacks Cache-Control: no-store",
        _granted(lambda answer: answer.without("cache-control", "pragma")),
    ),
    _fault(
        "no-cors-on-token",
        "the token endpoint sends no CORS fields, which stops browser-based clients alone",
        reply("token", _no_cors),
        legal=True,
    ),
    _fault(
        "slow-token",
        "the token endpoint takes 8 seconds",
        reply("token", lambda answer: replace(answer, delay=SLOW)),
    ),
    _fault(
        "expired-code",
        "the authorization code has expired before it can be exchanged",
        refuse(
            "token",
            when_granting(
                "authorization_code",
                oauth_error(400, "invalid_grant", "The authorization code has expired"),
            ),
        ),
    ),
    _fault(
        "invalid-client",
        "the token endpoint does not know the client that was just registered",
        refuse("token", always(oauth_error(401, "invalid_client", "Unknown client"))),
    ),
    _fault(
        "rejects-resource",
        "the token endpoint refuses the resource parameter (RFC 6749 section 3.2, RFC 8707)",
        refuse(
            "token",
            lambda call: (
                oauth_error(400, "invalid_request", "Unknown parameter: resource")
                if "resource" in call.parameters
                else None
            ),
        ),
    ),
)

_ACCESS_TOKEN: tuple[Fault, ...] = (
    _claims("missing-iss", "the access token has no iss", _claim("iss")),
    _claims("missing-sub", "the access token has no sub", _claim("sub")),
    _claims("missing-aud", "the access token has no aud", _claim("aud")),
    _claims("missing-exp", "the access token has no exp", _claim("exp")),
    _claims("missing-iat", "the access token has no iat", _claim("iat")),
    _claims("missing-scope-claim", "the access token has no scope", _claim("scope")),
    _claims(
        "wrong-aud",
        "the access token is for another resource",
        edit("claims", having(aud="https://api.example.com/mcp")),
    ),
    _claims(
        "aud-client-id",
        "the access token's audience is the client",
        edit("claims", lambda claims: {**claims, "aud": claims["client_id"]}),
    ),
    _claims(
        "wrong-iss",
        "the access token names another issuer",
        edit("claims", having(iss="https://issuer.example")),
    ),
    _claims(
        "token-expired",
        "the access token has expired when it is issued",
        edit("claims", _aged),
    ),
    _claims(
        "exp-milliseconds",
        "exp is in milliseconds (RFC 7519 section 2)",
        edit("claims", having(exp=lambda exp: exp * 1000)),
    ),
    _claims(
        "iat-future",
        "the issuer's clock is ten minutes ahead",
        edit("claims", lambda c: {**c, "iat": c["iat"] + 600, "exp": c["exp"] + 600}),
    ),
    _claims(
        "scp-claim",
        "scopes are an array in scp instead of a string in scope (RFC 9068 section 2.2.3)",
        edit("claims", lambda c: {**without("scope")(c), "scp": c["scope"].split()}),
    ),
    _claims(
        "typ-jwt",
        "the token's typ is JWT instead of at+jwt (RFC 9068 section 2.1)",
        edit("jose-header", having(typ="JWT")),
    ),
    _claims(
        "unknown-kid",
        "the token's kid is not in the key set",
        edit("jose-header", having(kid="a-key-long-gone")),
    ),
    _claims("bad-signature", "the access token's signature is wrong", edit("jwt", _tampered)),
    _claims("alg-none", "the access token is not signed: alg is none", edit("jwt", _unsigned)),
    _claims(
        "opaque-token",
        "the access token is not a JWT: legal, nobody but the server can read it",
        edit("jwt", _opaque),
        legal=True,
    ),
    _claims(
        "host-refuses-token",
        "no rule is broken, and a host is reported to refuse it: opaque, of type bearer",
        edit("jwt", _opaque),
        edit("token", having(token_type="bearer")),
        legal=True,
    ),
)

_AFTERWARDS: tuple[Fault, ...] = (
    _fault(
        "refresh-fails",
        "the refresh token is refused",
        refuse(
            "token",
            when_granting(
                "refresh_token", oauth_error(400, "invalid_grant", "The refresh token is unknown")
            ),
        ),
        step="refresh",
    ),
    _fault(
        "refresh-refused-otherwise",
        "a refresh token is refused as invalid_token, not invalid_grant (RFC 6749 section 5.2)",
        refuse(
            "token",
            when_granting(
                "refresh_token", oauth_error(401, "invalid_token", "The refresh token is unknown")
            ),
        ),
        step="refresh",
    ),
    _fault(
        "refresh-without-rotation",
        "a refresh answers without a new refresh token, though the old one is spent",
        edit("refresh", without("refresh_token")),
        step="refresh",
    ),
    _fault(
        "refresh-widens-scope",
        "a refresh says it grants more than the person approved (RFC 6749 section 6)",
        edit("refresh", having(scope=lambda scope: f"{scope} mcp:everything")),
        step="refresh",
    ),
    _fault(
        "introspect-open",
        "introspection answers without client authentication (RFC 7662 section 2.1)",
        reply(
            "introspect",
            lambda r: json_reply(200, {"active": False}) if r.status == 401 else r,
        ),
        step="introspect",
    ),
    _fault(
        "introspect-inactive",
        "introspection says that a live token is not active",
        edit("introspection", always({"active": False})),
        step="introspect",
    ),
    _fault(
        "introspect-string",
        'active is the string "true" instead of a boolean (RFC 7662 section 2.2)',
        edit("introspection", having(active=lambda active: str(active).lower())),
        step="introspect",
    ),
    _fault(
        "revoke-fails",
        "the revocation endpoint answers 503",
        refuse("revoke", always(json_reply(503, {"error": "temporarily_unavailable"}))),
        step="revoke",
    ),
)

TOKENS: tuple[Fault, ...] = (*_TOKEN_RESPONSE, *_ACCESS_TOKEN, *_AFTERWARDS)
