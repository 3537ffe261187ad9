"""How a client proves who it is at the token endpoint (RFC 6749 section 2.3, RFC 7523
section 2.2)."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from urllib.parse import quote_plus

from flows.documents import FORM, form
from flows.exchange import Request
from flows.facts import Client
from flows.session import Pairs
from flows.signing import SigningKey, sign

SECRET_METHODS = ("none", "client_secret_basic", "client_secret_post")
AUTH_METHODS = (*SECRET_METHODS, "private_key_jwt")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = 300
"""Seconds. Long enough for clocks that differ, short enough for a token that works once."""


def authenticated(url: str, client: Client | None, pairs: Pairs, assertion: str = "") -> Request:
    """A form for the token endpoint, or another that takes the same credentials.

    `client_id` is in the body with every method: it identifies, the rest authenticates, and
    some servers look only there. Without a client the grant must identify itself. `assertion` is
    what private_key_jwt sends.
    """
    headers = [("Content-Type", FORM), ("Accept", "application/json")]
    body = list(pairs)
    if client:
        body.insert(1, ("client_id", client.client_id))
        match client.token_endpoint_auth_method:
            case "client_secret_basic":
                headers.append(("Authorization", f"Basic {_userinfo(client)}"))
            case "client_secret_post":
                body.append(("client_secret", client.client_secret or ""))
            case "private_key_jwt":
                body.append(("client_assertion_type", ASSERTION_TYPE))
                body.append(("client_assertion", assertion))
    return Request("POST", url, tuple(headers), form(body))


def _userinfo(client: Client) -> str:
    # Both parts are form-encoded before base64: a secret may hold ":" or "+".
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret or '')}"
    return b64encode(pair.encode()).decode()


def client_assertion(key: SigningKey, client_id: str, audience: str, at: datetime, jti: str) -> str:
    """The JWT of private_key_jwt (RFC 7523 section 3). `audience` is the issuer identifier: a
    token endpoint URL could be another server's, which MCP and FAPI therefore rule out."""
    issued = int(at.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": issued,
        "exp": issued + ASSERTION_LIFETIME,
        "jti": jti,
    }
    return sign(key, {"typ": "JWT"}, claims)
