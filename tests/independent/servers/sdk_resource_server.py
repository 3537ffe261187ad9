"""The MCP SDK's server as a resource server only.

Arguments: the issuer as it is to be named, and how tokens are verified: `introspection`, `jwt`.
"""

from __future__ import annotations

import asyncio
import sys

import httpx
import jwt
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from tests.independent.servers.sdk_open import add
from tests.independent.servers.sdk_provider import SCOPE
from tests.independent.servers.serving import bound, serve


class Introspection(TokenVerifier):
    """Asks the authorization server about every token."""

    def __init__(self, issuer: str) -> None:
        self._url = f"{issuer.rstrip('/')}/introspect"

    async def verify_token(self, token: str) -> AccessToken | None:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = (await http.post(self._url, data={"token": token})).json()
        if not answer["active"]:
            return None
        return AccessToken(
            token=token,
            client_id=answer["client_id"],
            scopes=answer["scope"].split(),
            expires_at=answer["exp"],
            resource=answer["aud"],
        )


class Signature(TokenVerifier):
    """Verifies JWT access tokens of an issuer meant for `audience` (RFC 9068 section 4)."""

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer, self._audience = issuer, audience
        self._keys = jwt.PyJWKClient(f"{issuer}/jwks")

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims = jwt.decode(token, key, ["RS256"], audience=self._audience, issuer=self._issuer)
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            resource=self._audience,
        )


def main() -> None:
    issuer, kind = sys.argv[1:]
    listening, origin = bound()
    url = f"{origin}/mcp"
    verifier = Introspection(issuer) if kind == "introspection" else Signature(issuer, url)
    server: MCPServer[None] = MCPServer(
        "resource server",
        token_verifier=verifier,
        auth=AuthSettings.model_validate(
            {
                "issuer_url": issuer,
                "resource_server_url": url,
                "required_scopes": [SCOPE],
                "validate_token_resource": True,
            }
        ),
    )
    server.tool()(add)
    serve(server.streamable_http_app(), listening, url)


if __name__ == "__main__":
    main()
