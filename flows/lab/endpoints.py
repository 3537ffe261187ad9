"""The authorization server as an ASGI application: its endpoints, and the lab's control.

A browser (its Accept names text/html) is shown a consent page. Anything else that asks the
authorization endpoint, like curl with its `*/*`, is taken for the person at the terminal, who has
already said yes by asking, and is redirected at once.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flows import __version__
from flows.lab.authorization_server import SUBJECT, Grants, OAuth2Error
from flows.lab.cimd import MetadataError, fetch_client
from flows.lab.consent import consent_page, error_page
from flows.lab.faults import FAULTS, UnknownFault
from flows.lab.layers import layered
from flows.lab.parameters import AUTH_METHODS, Parameters
from flows.lab.registration import RegistrationError, preregistered, register
from flows.lab.store import SCOPES, Bounded

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from flows.lab.faults.mechanism import Endpoint

WELL_KNOWN = "/.well-known/oauth-authorization-server"
ENDPOINTS: dict[str, Endpoint] = {
    WELL_KNOWN: "server-metadata",
    "/jwks.json": "keys",
    "/register": "register",
    "/authorize": "authorize",
    "/token": "token",
    "/revoke": "revoke",
    "/introspect": "introspect",
}
BODY_LIMIT = 1 << 16
_NO_STORE = {"Cache-Control": "no-store"}


class Endpoints:
    def __init__(self, grants: Grants) -> None:
        self.grants = grants
        self.pending: Bounded[list[tuple[str, str]]] = Bounded(256)
        client = preregistered()
        grants.store.clients[client.client_id] = client

    async def metadata(self, request: Request) -> Response:
        """RFC 8414 section 2."""
        issuer = self.grants.issuer
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks.json",
            "registration_endpoint": f"{issuer}/register",
            "revocation_endpoint": f"{issuer}/revoke",
            "introspection_endpoint": f"{issuer}/introspect",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": AUTH_METHODS,
            "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
            "introspection_endpoint_auth_methods_supported": AUTH_METHODS[:2],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(self.grants.faults.edited("server-metadata", document))

    async def keys(self, request: Request) -> Response:
        return JSONResponse(self.grants.key.jwks())

    async def register(self, request: Request) -> Response:
        try:
            response = register(json.loads(await request.body()), self.grants.store)
        except (ValueError, RecursionError):
            return _refusal("invalid_client_metadata", "The body must be a JSON object")
        except RegistrationError as error:
            return _refusal(error.error, error.description)
        edited = self.grants.faults.edited("client", response)
        return JSONResponse(edited, 201, _NO_STORE)

    async def authorize(self, request: Request) -> Response:
        """RFC 6749 section 4.1.1."""
        return await self._authorization(request, parse_qsl(request.url.query), None)

    async def decision(self, request: Request) -> Response:
        """The answer of the consent page. A request is answered once."""
        form = dict(await _form(request))
        asked = self.pending.pop(form.get("request", ""), None)
        if asked is None:
            return error_page("invalid_request", "This consent page has been answered already")
        response = await self._authorization(request, asked, form.get("decision") == "approve")
        if response.status_code == 302:
            response.status_code = 303  # a POST must not be repeated (RFC 9700 section 4.12)
        return response

    async def _authorization(
        self, request: Request, pairs: list[tuple[str, str]], approved: bool | None
    ) -> Response:
        parameters = Parameters("GET", str(request.url), request.headers, pairs)
        wants_page = "text/html" in request.headers.get("accept", "")
        try:
            await self._know(parameters.payload.client_id)
            grant = self.grants.get_consent_grant(parameters)
        except MetadataError as error:
            return _shown("invalid_client", str(error), wants_page)
        except OAuth2Error as error:
            if error.redirect_uri:
                refusal: Response = self.grants.handle_error_response(parameters, error)
                return refusal
            return _shown(error.error, error.get_error_description(), wants_page)
        if approved is None and wants_page:
            ticket = secrets.token_urlsafe(24)
            self.pending[ticket] = pairs
            return consent_page(
                parameters.client,
                grant.redirect_uri,
                parameters.scope,
                self.grants.resource,
                ticket,
            )
        person = None if approved is False else SUBJECT
        answer: Response = self.grants.create_authorization_response(parameters, person, grant)
        return answer

    async def _know(self, client_id: str | None) -> None:
        """Fetch the metadata document of a client that is named by its URL."""
        clients = self.grants.store.clients
        if client_id is not None and "://" in client_id and client_id not in clients:
            clients[client_id] = await asyncio.to_thread(fetch_client, client_id)

    async def token(self, request: Request) -> Response:
        return self.grants.token_response(await self._posted(request))

    async def revoke(self, request: Request) -> Response:
        """RFC 7009."""
        posted = await self._posted(request)
        response: Response = self.grants.create_endpoint_response("revocation", posted)
        return response

    async def introspect(self, request: Request) -> Response:
        """RFC 7662."""
        posted = await self._posted(request)
        response: Response = self.grants.create_endpoint_response("introspection", posted)
        return response

    async def _posted(self, request: Request) -> Parameters:
        form = await _form(request)
        return Parameters("POST", str(request.url), request.headers, form)

    async def lab(self, request: Request) -> Response:
        """What the lab is, and which faults are on."""
        return JSONResponse(self._state(), headers=_NO_STORE)

    async def faults(self, request: Request) -> Response:
        """Turn on exactly the faults of `{"faults": [names]}`."""
        try:
            names = json.loads(await request.body())["faults"]
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise TypeError
        except (ValueError, LookupError, TypeError, RecursionError):
            return JSONResponse({"error": 'the body must be {"faults": [names]}'}, 400)
        try:
            self.grants.faults.set(names)
        except UnknownFault as error:
            return JSONResponse(
                {"error": str(error), "unknown": list(error.names), "known": list(FAULTS)}, 400
            )
        return JSONResponse(self._state(), headers=_NO_STORE)

    def _state(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "issuer": self.grants.issuer,
            "mcp": self.grants.resource,
            "faults": list(self.grants.faults.names),
            "known": [
                {
                    "name": fault.name,
                    "summary": fault.summary,
                    "step": fault.step,
                    "party": fault.party,
                    "legal": fault.legal,
                }
                for fault in FAULTS.values()
            ],
        }


def authorization_application(grants: Grants) -> ASGIApp:
    """The authorization server and the lab's control as an ASGI application."""
    here = Endpoints(grants)
    application = Starlette(
        routes=[
            Route(WELL_KNOWN, here.metadata),
            Route("/jwks.json", here.keys),
            Route("/register", here.register, methods=["POST"]),
            Route("/authorize", here.authorize),
            Route("/authorize/decision", here.decision, methods=["POST"]),
            Route("/token", here.token, methods=["POST"]),
            Route("/revoke", here.revoke, methods=["POST"]),
            Route("/introspect", here.introspect, methods=["POST"]),
            Route("/lab", here.lab),
            Route("/lab/faults", here.faults, methods=["PUT"]),
        ],
        middleware=[
            # A page elsewhere must not reach the control by a name that resolves to loopback.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(RequestBodyLimitMiddleware, max_body_size=BODY_LIMIT),
        ],
    )
    return layered(application, grants.faults, ENDPOINTS, same_origin=("/authorize", "/lab"))


async def _form(request: Request) -> list[tuple[str, str]]:
    """The pairs of a form body (RFC 6749 appendix B); none when the body is something else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return []
    return parse_qsl((await request.body()).decode("utf-8", "replace"))


def _refusal(error: str, description: str) -> Response:
    """RFC 7591 section 3.2.2."""
    return JSONResponse({"error": error, "error_description": description}, 400, _NO_STORE)


def _shown(error: str, description: str, wants_page: bool) -> Response:
    if wants_page:
        return error_page(error, description)
    return JSONResponse({"error": error, "error_description": description}, 400, _NO_STORE)
