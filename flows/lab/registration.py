"""Dynamic client registration (RFC 7591), and the client that needs none.

Written here because both libraries at hand change what they echo: one normalises redirect URIs,
the other drops `application_type` and answers every mistake with the same error.
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flows.lab.store import SCOPES, Client, Store

CLIENT_ID = "lab-client"
CLIENT_SECRET = "lab-secret"

CONFIDENTIAL = frozenset({"client_secret_basic", "client_secret_post"})
GRANT_TYPES = ("authorization_code", "refresh_token")
_TEXTS = (
    "client_name",
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "software_id",
    "software_version",
    "application_type",
)
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_UNSAFE_SCHEMES = frozenset({"javascript", "data", "file", "vbscript", "about", "blob"})


class RegistrationError(Exception):
    """A refusal (RFC 7591 section 3.2.2): the error code and words for a developer."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def _unusable(text: str) -> RegistrationError:
    return RegistrationError("invalid_client_metadata", text)


def preregistered() -> Client:
    """The confidential client of the lab: documented credentials, any loopback port."""
    paths = ("/callback", "/oauth/callback", "/")
    hosts = ("127.0.0.1", "[::1]")
    metadata = {
        "client_name": "Preregistered lab client",
        "redirect_uris": [f"http://{host}{path}" for host in hosts for path in paths],
        "grant_types": list(GRANT_TYPES),
    }
    return Client(CLIENT_ID, metadata, CLIENT_SECRET, CONFIDENTIAL)


def client_metadata(document: object) -> dict[str, Any]:
    """The client metadata this server takes from a document (RFC 7591 section 2), which is what it
    echoes. Members that are null or unknown count as absent. Raises RegistrationError."""
    if not isinstance(document, dict):
        raise _unusable("The client metadata must be a JSON object")
    asked = {key: value for key, value in document.items() if value is not None}
    taken: dict[str, Any] = {"redirect_uris": _redirect_uris(asked.get("redirect_uris"))}
    for name in _TEXTS:
        if name in asked:
            taken[name] = _text(name, asked[name])
    if "contacts" in asked:
        taken["contacts"] = _texts("contacts", asked["contacts"])
    if "jwks" in asked:
        if not isinstance(asked["jwks"], dict) or "jwks_uri" in asked:
            raise _unusable("jwks must be an object and stand without jwks_uri")
        taken["jwks"] = asked["jwks"]
    grants = _texts("grant_types", asked.get("grant_types", ["authorization_code"]))
    taken["grant_types"] = [grant for grant in grants if grant in GRANT_TYPES]
    if "authorization_code" not in taken["grant_types"]:
        raise _unusable("grant_types must hold authorization_code")
    if "code" not in _texts("response_types", asked.get("response_types", ["code"])):
        raise _unusable("response_types must hold code")
    taken["response_types"] = ["code"]
    method = _text("method", asked.get("token_endpoint_auth_method", "client_secret_basic"))
    if method != "none" and method not in CONFIDENTIAL:
        raise _unusable("token_endpoint_auth_method is not supported")
    taken["token_endpoint_auth_method"] = method
    scopes = _text("scope", asked.get("scope", "")).split()
    if known := [scope for scope in scopes if scope in SCOPES]:
        taken["scope"] = " ".join(known)
    return taken


def register(document: object, store: Store) -> dict[str, Any]:
    """Register a client; the client information response (RFC 7591 section 3.2.1)."""
    metadata = client_metadata(document)
    method = metadata["token_endpoint_auth_method"]
    secret = secrets.token_urlsafe(32) if method in CONFIDENTIAL else None
    client = Client(f"client-{secrets.token_hex(8)}", metadata, secret, frozenset({method}))
    store.clients[client.client_id] = client
    issued: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(time.time()),
    }
    if secret is not None:
        issued |= {"client_secret": secret, "client_secret_expires_at": 0}
    return {**issued, **metadata}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > 4096:
        raise _unusable(f"{name} must be a string")
    return value


def _texts(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > 50:
        raise _unusable(f"{name} must be an array of strings")
    return [_text(name, item) for item in value]


def _redirect_uris(value: object) -> list[str]:
    if not isinstance(value, list) or not value or len(value) > 50:
        raise RegistrationError("invalid_redirect_uri", "redirect_uris must name at least one URI")
    for uri in value:
        if not isinstance(uri, str) or not _acceptable(uri):
            raise RegistrationError(
                "invalid_redirect_uri",
                "A redirect URI must be absolute, without fragment, and https, loopback http "
                "or of a private-use scheme",
            )
    return value


def _acceptable(uri: str) -> bool:
    """RFC 6749 section 3.1.2, RFC 9700 section 2.6, RFC 8252 section 7."""
    if "#" in uri or len(uri) > 2048 or not uri.isascii() or not uri.isprintable() or " " in uri:
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in _LOCAL and "@" not in parts.netloc
    return bool(parts.scheme) and parts.scheme not in _UNSAFE_SCHEMES
