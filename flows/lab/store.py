"""What the authorization server remembers: clients, codes and tokens, in memory and bounded.

The classes answer the questions that Authlib's grants ask of their models
(authlib.oauth2.rfc6749.models); their names are Authlib's.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flows.frozen import frozen
from flows.wellknown import same_redirect

V = TypeVar("V")


class Bounded(OrderedDict[str, V]):
    """A mapping that forgets its oldest entry when it is full."""

    def __init__(self, limit: int = 2048) -> None:
        super().__init__()
        self._limit = limit

    def __setitem__(self, key: str, value: V) -> None:
        super().__setitem__(key, value)
        while len(self) > self._limit:
            self.popitem(last=False)


DEFAULT_SCOPE = "mcp:tools"
SCOPES = (DEFAULT_SCOPE, "mcp:admin", "offline_access")


@frozen
class Client:
    """A client and its metadata (RFC 7591 section 2)."""

    client_id: str
    metadata: dict[str, Any]
    client_secret: str | None = field(default=None, repr=False)
    auth_methods: frozenset[str] = frozenset({"none"})

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        uris = self.metadata["redirect_uris"]
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        # No registered ceiling: stepping up to more scope must not need a new registration.
        return scope or DEFAULT_SCOPE

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return any(same_redirect(uri, redirect_uri) for uri in self.metadata["redirect_uris"])

    def check_client_secret(self, client_secret: str) -> bool:
        known = self.client_secret or ""
        return bool(known) and hmac.compare_digest(known.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        return True  # a wrong one is unsupported_response_type, which the grant's rules say

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.metadata["grant_types"]


@dataclass(slots=True)
class Code:
    """An authorization code with all that it is bound to. `family` ties it to its tokens."""

    code: str = field(repr=False)
    client_id: str
    redirect_uri: str | None
    scope: str
    resource: str
    subject: str
    family: str
    code_challenge: str
    code_challenge_method: str
    expires_at: float
    used: bool = False

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass(slots=True)
class Token:
    """An access or refresh token that was issued. `claims` are the access token's own."""

    token: str = field(repr=False)
    kind: str
    client_id: str
    scope: str
    resource: str
    subject: str
    family: str
    expires_at: float
    claims: dict[str, Any] = field(default_factory=dict)
    used: bool = False
    revoked: bool = False

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id

    def is_expired(self) -> bool:
        return self.expires_at < time.time()

    def is_revoked(self) -> bool:
        return self.revoked or self.used


class Store:
    def __init__(self) -> None:
        self.clients: Bounded[Client] = Bounded()
        self.codes: Bounded[Code] = Bounded()
        self.tokens: Bounded[Token] = Bounded(8192)

    def live(self, token: str, kind: str) -> Token | None:
        """The token of that kind, unless it expired, was used up or was revoked."""
        found = self.tokens.get(token)
        if found is None or found.kind != kind or found.is_expired() or found.is_revoked():
            return None
        return found

    def revoke_family(self, family: str) -> None:
        """End every token that came of one approval (RFC 6749 section 4.1.2, RFC 9700 section
        4.14.2)."""
        for token in self.tokens.values():
            if token.family == family:
                token.revoked = True
