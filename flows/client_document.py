"""Client ID Metadata Documents: a client named by the URL of its metadata
(draft-ietf-oauth-client-id-metadata-document-00, which is the one that MCP names)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flows.audience import difference
from flows.documents import text_list, text_member
from flows.wellknown import LOOPBACK, redirect_uri_problem

if TYPE_CHECKING:
    from flows.signing import SigningKey

MAX_SIZE = 5 * 1024
"""Bytes that authorization servers are advised to read at most (section 6.6)."""
SHARED_SECRET = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
"""Methods that rest on a secret, which a public document cannot hold (section 4.1)."""
REDIRECT_URI = "http://127.0.0.1/callback"
"""Where authwalk listens; servers must let the port be any (RFC 8252 section 7.3)."""


def client_document(
    url: str,
    name: str,
    redirect_uris: Sequence[str] = (REDIRECT_URI,),
    *,
    key: SigningKey | None = None,
    client_uri: str | None = None,
    scope: str | None = None,
) -> dict[str, Any]:
    """The document of the client `url`: a public one, or with a `key` one that authenticates by
    private_key_jwt, whose public part is then in the document."""
    document: dict[str, Any] = {
        "client_id": url,
        "client_name": name,
        "redirect_uris": list(redirect_uris),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "private_key_jwt" if key else "none",
    }
    if client_uri:
        document["client_uri"] = client_uri
    if scope:
        document["scope"] = scope
    if key:
        document["token_endpoint_auth_signing_alg"] = key.alg
        document["jwks"] = {"keys": [_public(key)]}
    return document


def _public(key: SigningKey) -> dict[str, Any]:
    """The public part of a key as a JWK (RFC 7517 section 4)."""
    from jwt.algorithms import get_default_algorithms

    public = key.private.public_key()
    jwk: dict[str, Any] = get_default_algorithms()[key.alg].to_jwk(public, as_dict=True)
    named = {"kid": key.kid} if key.kid else {}
    return {**jwk, **named, "use": "sig", "alg": key.alg}


def url_problem(url: str) -> str:
    """Why a URL is no client identifier (section 3), in words; "" when it is one."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme != "https" or not host:
        return "it must be an absolute https URL"
    if not parts.path.removeprefix("/"):
        return "it needs a path"
    if "#" in url:
        return "a fragment has no place there"
    if "@" in parts.netloc:
        return "a user name or password has no place there"
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        return "its path has dot segments"
    return ""


def is_local(url: str) -> bool:
    """Whether `url` is one that only this machine reaches, and http will do: no client identifier
    by the draft, and one that a server under development on the same machine may take."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and parts.hostname in LOOPBACK and len(parts.path) > 1
    except ValueError:
        return False


def redirect_problems(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the redirect URIs (RFC 6749 section 3.1.2, RFC 9700 section 2.6)."""
    found = []
    for uri in text_list(document, "redirect_uris") or ():
        problem = redirect_uri_problem(uri)
        if not problem and uri.startswith("http://"):
            host = urlsplit(uri).hostname
            here = host in LOOPBACK or host == "localhost"
            problem = "" if here else "http is for loopback addresses alone"
        if problem:
            found.append(f"{uri}: {problem}")
    return tuple(found)


def identity_problem(document: Mapping[str, Any], url: str) -> str:
    """Why the document at `url` is not that of the client `url` (section 4.1)."""
    named = text_member(document, "client_id")
    if named is None:
        return "client_id is missing"
    return "" if named == url else f"client_id is {named}, not {url}: {difference(named, url)}"


def missing_members(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What MCP asks for and the document has not (MCP Client Registration)."""
    missing = [] if text_member(document, "client_name") else ["client_name"]
    if not text_list(document, "redirect_uris"):
        missing.append("redirect_uris")
    return tuple(missing)


def secret_members(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Members, or the method, that a public document must not have (section 4.1)."""
    found = [name for name in ("client_secret", "client_secret_expires_at") if name in document]
    if document.get("token_endpoint_auth_method") in SHARED_SECRET:
        found.append("token_endpoint_auth_method")
    return tuple(found)


def key_problem(document: Mapping[str, Any]) -> str:
    """Why private_key_jwt cannot work with the document (section 6.2); "" when it can, or is not
    asked for. Whether a jwks_uri answers is not known here."""
    if document.get("token_endpoint_auth_method") != "private_key_jwt":
        return ""
    jwks, uri = document.get("jwks"), text_member(document, "jwks_uri")
    if jwks is not None and uri is not None:
        return "both jwks and jwks_uri are there, where one belongs"
    if uri is not None:
        return ""
    if jwks is None:
        return "private_key_jwt without jwks or jwks_uri: nobody can verify the client"
    from flows.key_set import summarize_keys

    usable = any(row.usable for row in summarize_keys(jwks))
    return "" if usable else "jwks holds no key that can verify a signature"


def methods_in_common(document: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The authentication methods that the client's document and the server's metadata share.

    Without a list the server takes client_secret_basic (RFC 8414 section 2), which is as much as
    none for a public document; without a method the client is registered for that (RFC 7591
    section 2), which here can only mean `none`.
    """
    own = text_member(document, "token_endpoint_auth_method") or "none"
    listed = text_list(metadata, "token_endpoint_auth_methods_supported")
    return (own,) if listed is None or own in listed else ()
