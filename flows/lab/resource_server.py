"""The protected resource: the bearer gate in front of the MCP endpoint, and its metadata.

The gate is ours because the SDK's own says `error="invalid_token"` to requests without credentials,
which RFC 6750 section 3.1 advises against.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import DEFAULT_MAX_REQUEST_BODY_SIZE, RequestBodyLimitMiddleware
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flows.lab.keys import ALGORITHM
from flows.lab.layers import buffered, layered
from flows.lab.store import DEFAULT_SCOPE, Store
from flows.lab.tools import ADMIN_TOOLS, mcp_server
from flows.lab.utilities import Utilities

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from flows.lab.faults import Switchboard
    from flows.lab.faults.mechanism import Endpoint

Claims = dict[str, Any]
Jwks = Callable[[], dict[str, Any]]

WELL_KNOWN = "/.well-known/oauth-protected-resource"
ENDPOINTS: dict[str, Endpoint] = {
    "/mcp": "mcp",
    WELL_KNOWN: "resource-metadata",
    f"{WELL_KNOWN}/mcp": "resource-metadata",
}
ADMIN_SCOPE = "mcp:admin"


class Verifier:
    """Whether a token is good for `resource` (RFC 9068 section 4).

    A JWT is judged by the key set as published, faults included, like any resource server would;
    `store` stands for introspection: it knows opaque tokens and what was revoked.
    """

    def __init__(self, issuer: str, resource: str, jwks: Jwks, store: Store) -> None:
        self._resource, self._jwks, self._store = resource, jwks, store
        self._registry = jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": issuer},
            # Like the server of the report that authwalk began with, it refuses a wrong audience
            # and lets a missing one pass: the fault shows only to whoever looks at the token.
            aud={"essential": False, "value": resource},
            exp={"essential": True},
        )
        self._any_audience = jwt.JWTClaimsRegistry(
            leeway=30, iss={"essential": True, "value": issuer}, exp={"essential": True}
        )

    def claims(self, token: str, *, any_audience: bool = False) -> Claims | None:
        """The claims of a token that is accepted, or None."""
        record = self._store.tokens.get(token)
        if record is not None and (record.kind != "access_token" or record.is_revoked()):
            return None
        if token.count(".") == 2:
            return self._verified(token, self._any_audience if any_audience else self._registry)
        return None if record is None or record.is_expired() else record.claims

    def _verified(self, token: str, registry: jwt.JWTClaimsRegistry) -> Claims | None:
        try:
            keys = KeySet.import_key_set(self._jwks())  # type: ignore[arg-type]
            decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
            registry.validate(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        typed = str(decoded.header.get("typ", "")).lower().removeprefix("application/")
        return decoded.claims if typed == "at+jwt" else None


class BearerGate:
    """Lets a request through to `app` with a good token, and challenges every other."""

    def __init__(
        self, app: ASGIApp, verifier: Verifier, metadata_url: str, faults: Switchboard
    ) -> None:
        self._app = AuthContextMiddleware(app)
        self._faults = faults
        self._verifier = verifier
        self._where = f'resource_metadata="{metadata_url}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        token = token.strip()
        body, receive = await buffered(receive) if scope["method"] == "POST" else (b"", receive)
        anyone = b'"tools/' in body and not self._faults.guards("tools")
        if (scheme.lower() != "bearer" or not token) and not anyone:
            await self._challenge(401, DEFAULT_SCOPE)(scope, receive, send)
            return
        any_audience = not self._faults.guards("audience")
        claims = self._verifier.claims(token, any_audience=any_audience)
        if anyone or not self._faults.guards("token"):
            claims = claims or {"sub": "anyone", "scope": DEFAULT_SCOPE}
        if claims is None:
            refusal = self._challenge(
                401, DEFAULT_SCOPE, "invalid_token", "The access token is not valid here"
            )
            await refusal(scope, receive, send)
            return
        scopes = str(claims.get("scope", "")).split()
        needed = (
            [DEFAULT_SCOPE, ADMIN_SCOPE] if _called_tool(body) in ADMIN_TOOLS else [DEFAULT_SCOPE]
        )
        if not set(needed) <= set(scopes):
            text = "The access token's scope does not cover this request"
            refusal = self._challenge(403, " ".join(needed), "insufficient_scope", text)
            await refusal(scope, receive, send)
            return
        # What the SDK's own middleware would leave behind; sessions are bound to it.
        scope["user"] = AuthenticatedUser(
            AccessToken(
                token=token,
                client_id=str(claims.get("client_id", "unknown")),
                scopes=scopes,
                subject=claims.get("sub"),
                claims=claims,
            )
        )
        scope["auth"] = AuthCredentials(scopes)
        await self._app(scope, receive, send)

    def _challenge(self, status: int, scope: str, error: str = "", text: str = "") -> Response:
        """RFC 6750 section 3, RFC 9728 section 5.1."""
        parameters = [self._where, f'scope="{scope}"']
        document = {"detail": "Authorization is required"}
        if error:
            parameters = [f'error="{error}"', f'error_description="{text}"', *parameters]
            document = {"error": error, "error_description": text}
        headers = {"WWW-Authenticate": f"Bearer {', '.join(parameters)}"}
        return JSONResponse(document, status, headers)


def _called_tool(body: bytes) -> str | None:
    """The name of the tool that a JSON-RPC request calls. Legacy requests say it in the body
    alone, so no header can be asked."""
    if b"tools/call" not in body:
        return None
    try:
        name = json.loads(body)["params"]["name"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def resource_application(
    origin: str, issuer: str, jwks: Jwks, store: Store, faults: Switchboard
) -> ASGIApp:
    """The MCP server as an ASGI application; its MCP endpoint is `origin`/mcp."""
    resource = f"{origin}/mcp"
    utilities = Utilities()
    server = mcp_server(faults, utilities)
    server.streamable_http_app()  # makes the session manager; the routes are our own
    manager = server.session_manager
    utilities.serve(manager.app)
    gate = BearerGate(
        manager.handle_request,
        Verifier(issuer, resource, jwks, store),
        f"{origin}{WELL_KNOWN}/mcp",
        faults,
    )

    async def metadata(request: Request) -> Response:
        """RFC 9728 section 2."""
        document = {
            "resource": resource,
            "authorization_servers": [issuer],
            "scopes_supported": [DEFAULT_SCOPE],
            "bearer_methods_supported": ["header"],
            "resource_name": "authwalk practice MCP server",
        }
        edited = faults.edited("resource-metadata", document)
        return JSONResponse(edited, headers={"Cache-Control": "no-store"})

    application = Starlette(
        routes=[
            Route("/mcp", RequestBodyLimitMiddleware(gate, DEFAULT_MAX_REQUEST_BODY_SIZE)),
            Route(WELL_KNOWN, metadata),
            Route(f"{WELL_KNOWN}/mcp", metadata),
        ],
        lifespan=lambda app: manager.run(),
    )
    return layered(application, faults, ENDPOINTS)
