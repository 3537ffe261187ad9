"""Revocation (RFC 7009) and introspection (RFC 7662), on Authlib's endpoints."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]

from flows.lab.parameters import AUTH_METHODS, Parameters
from flows.lab.store import Client, Token


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_params(self, request: Parameters, client: Client) -> None:
        if "token" not in request.form:
            raise InvalidRequestError("token is missing")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return self.server.store.tokens.get(token_string)  # type: ignore[no-any-return]

    def revoke_token(self, token: Token, request: Parameters) -> None:
        self.server.store.revoke_family(token.family)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012

    check_params = Revocation.check_params
    query_token = Revocation.query_token

    def check_permission(self, token: Token, client: Client, request: Parameters) -> bool:
        return token.client_id == client.client_id or client.client_id == "lab-client"

    def create_introspection_payload(self, token: Token | None) -> dict[str, Any]:
        payload = super().create_introspection_payload(token)
        edited: dict[str, Any] = self.server.faults.edited("introspection", payload)
        return edited

    def introspect_token(self, token: Token) -> dict[str, Any]:
        return {
            "active": True,
            "iss": self.server.issuer,
            "sub": token.subject,
            "aud": token.resource,
            "client_id": token.client_id,
            "scope": token.scope,
            "exp": int(token.expires_at),
            "username": "ada",
            **({"token_type": "Bearer"} if token.kind == "access_token" else {}),
            **{k: token.claims[k] for k in ("iat", "jti") if k in token.claims},
        }
