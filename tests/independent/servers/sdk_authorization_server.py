"""The MCP SDK's authorization routes on their own, with token introspection (RFC 7662)."""

from __future__ import annotations

from mcp.server.auth.routes import create_auth_routes
from mcp.server.auth.settings import AuthSettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.independent.servers.sdk_provider import REGISTRATION, Provider
from tests.independent.servers.serving import bound, serve


def main() -> None:
    listening, issuer = bound()
    provider = Provider()

    async def introspect(request: Request) -> Response:
        form = await request.form()
        token = await provider.load_access_token(str(form.get("token")))
        if token is None:
            return JSONResponse({"active": False})
        return JSONResponse(
            {
                "active": True,
                "client_id": token.client_id,
                "scope": " ".join(token.scopes),
                "exp": token.expires_at,
                "aud": token.resource,
            }
        )

    # AuthSettings reads the issuer without adding a slash behind it.
    settings = AuthSettings.model_validate({"issuer_url": issuer, "resource_server_url": None})
    routes = create_auth_routes(
        provider, settings.issuer_url, client_registration_options=REGISTRATION
    )
    app = Starlette(routes=[*routes, Route("/introspect", introspect, methods=["POST"])])
    serve(app, listening, issuer)


if __name__ == "__main__":
    main()
