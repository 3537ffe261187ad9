"""The OAuth grants: Authlib's, taught the rules of OAuth 2.1 and of MCP.

Authlib decides; this module stores, and adds what Authlib leaves to its user: S256 alone and
always (OAuth 2.1 section 7.5.2), resource indicators (RFC 8707), `iss` on every authorization
response (RFC 9207), replay that ends the token family, and error texts in the characters that
RFC 6749 section 5.2 allows.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any

from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]
from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    AccessDeniedError,
    AuthorizationServer,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped]
    AuthorizationCodeGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from starlette.responses import JSONResponse, Response

from flows.lab.faults import Switchboard
from flows.lab.keys import SigningKey
from flows.lab.parameters import AUTH_METHODS, Parameters, legal
from flows.lab.store import SCOPES, Client, Code, Store, Token
from flows.lab.token_endpoints import Introspection, Revocation

__all__ = ["Grants", "OAuth2Error"]

CODE_LIFETIME = 300
TOKEN_LIFETIME = 3600
REFRESH_LIFETIME = 30 * 86400
SUBJECT = "user-1815"

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _InvalidTarget(OAuth2Error):  # type: ignore[misc]
    error = "invalid_target"
    description = "The resource is not one that this server issues tokens for"


class _S256(CodeChallenge):  # type: ignore[misc]
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if "code_challenge" not in data and not grant.server.faults.guards("code_challenge"):
            return
        if "code_challenge" not in data:
            raise InvalidRequestError("code_challenge is missing")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        if grant.server.faults.guards("code_verifier"):
            super().validate_code_verifier(grant, result)


def _rules(grant: Any) -> None:
    """A grant extension: what Authlib does not ask of an authorization request."""

    def check(grant: Any, redirect_uri: str) -> None:
        request: Parameters = grant.request
        if name := request.repeated():
            raise InvalidRequestError(legal(f"{name} is included more than once"))
        if request.payload.response_type is None:
            raise InvalidRequestError("response_type is missing")
        if request.payload.response_type != "code":
            raise OAuth2Error("The response type must be code", error="unsupported_response_type")
        grant.server.check_resources(request)

    grant.register_hook("after_validate_authorization_request_payload", check)


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    server: Grants

    @classmethod
    def check_authorization_endpoint(cls, request: Parameters) -> bool:
        return True  # so that a wrong response_type is answered after the redirect URI is known

    @staticmethod
    def validate_no_multiple_request_parameter(request: Parameters) -> None:
        if request.payload.client_id is None:
            raise InvalidRequestError("client_id is missing")
        if request.repeated() in ("client_id", "redirect_uri"):
            raise InvalidRequestError("client_id and redirect_uri must be included once")

    @staticmethod
    def validate_authorization_redirect_uri(request: Parameters, client: Client) -> str:
        asked: str | None = request.payload.redirect_uri or client.get_default_redirect_uri()
        if asked is None:
            raise InvalidRequestError("redirect_uri is missing")
        guarded = request.faults is None or request.faults.guards("redirect_uri")
        if guarded and not client.check_redirect_uri(asked):
            raise InvalidRequestError("redirect_uri is not registered for this client")
        return asked

    def create_authorization_response(
        self, redirect_uri: str, grant_user: str | None
    ) -> tuple[int, Any, list[tuple[str, str]]]:
        if grant_user is None:
            raise AccessDeniedError(redirect_uri=redirect_uri)
        self.request.user = grant_user
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        state = self.request.payload.state
        return 302, "", [("Location", self.server.callback(redirect_uri, {"code": code}, state))]

    def save_authorization_code(self, code: str, request: Parameters) -> None:
        data = request.payload.data
        self.server.store.codes[code] = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            resource=next(iter(request.all("resource")), self.server.resource),
            subject=request.user,
            family=secrets.token_hex(8),
            code_challenge=data.get("code_challenge", ""),
            code_challenge_method=data.get("code_challenge_method", ""),
            expires_at=time.time() + CODE_LIFETIME,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = self.server.store.codes.get(code)
        if found is None or found.client_id != client.client_id:
            return None
        faults = self.server.faults
        if found.used and faults.guards("code"):
            self.server.store.revoke_family(found.family)
            raise InvalidGrantError("The authorization code has been used already")
        if found.expires_at < time.time():
            raise InvalidGrantError("The authorization code has expired")
        if not faults.guards("code redirect_uri"):
            return replace(found, redirect_uri=self.request.payload.redirect_uri)
        return found

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.server.check_resources(self.request)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        authorization_code.used = True  # kept, so that a replay is recognised

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.subject

    def generate_token(self, **asked: Any) -> dict[str, Any]:
        code: Code = self.request.authorization_code
        return self.server.issue(self.request.client, code, code.scope)


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    server: Grants

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        found = self.server.store.tokens.get(refresh_token)
        if found is not None and found.kind == "refresh_token" and found.used:
            self.server.store.revoke_family(found.family)
        return self.server.store.live(refresh_token, "refresh_token")

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.server.check_resources(self.request)

    def authenticate_user(self, refresh_token: Token) -> str:
        return refresh_token.subject

    def generate_token(self, scope: str, **asked: Any) -> dict[str, Any]:
        old: Token = self.request.refresh_token
        token = self.server.issue(self.request.client, old, scope)
        refreshed: dict[str, Any] = self.server.faults.edited("refresh", token)
        return refreshed

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.used = self.server.faults.guards("refresh_token")


class Grants(AuthorizationServer):  # type: ignore[misc]
    """The grants of one issuer, for one protected resource."""

    def __init__(
        self, issuer: str, resource: str, store: Store, key: SigningKey, faults: Switchboard
    ) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.issuer, self.resource = issuer, resource
        self.store, self.key, self.faults = store, key, faults
        self.register_grant(_CodeGrant, [_rules, _S256(required=True)])
        self.register_grant(_RefreshGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    # What Authlib asks of a server.

    def query_client(self, client_id: str) -> Client | None:
        return self.store.clients.get(client_id)

    def create_oauth2_request(self, request: Parameters) -> Parameters:
        request.faults = self.faults
        return request

    def save_token(self, token: dict[str, Any], request: Parameters) -> None:
        """Tokens are stored as they are issued."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def authenticate_client(
        self, request: Parameters, methods: list[str], endpoint: str = "token"
    ) -> Client:
        try:
            client: Client = super().authenticate_client(request, methods, endpoint)
        except UnicodeDecodeError:  # Basic credentials that are not text
            raise InvalidClientError() from None
        return client

    def validate_requested_scope(self, scope: str | None) -> None:
        if scope and not set(scope.split()) <= set(SCOPES):
            raise InvalidScopeError(f"The scopes are {' '.join(SCOPES)}")

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        if body == "":
            return Response(status_code=status, headers={**dict(headers), **_NO_STORE})
        return JSONResponse(body, status, {**dict(headers), **_NO_STORE})

    def handle_error_response(self, request: Parameters, error: OAuth2Error) -> Response:
        description = legal(error.get_error_description() or "The request was refused")
        answer = {"error": error.error, "error_description": description}
        if error.redirect_uri:
            location = self.callback(error.redirect_uri, answer, request.payload.state)
            return Response(status_code=302, headers={"Location": location, **_NO_STORE})
        if isinstance(error, InvalidClientError):
            headers = {"WWW-Authenticate": 'Basic realm="authwalk lab"', **_NO_STORE}
            return JSONResponse(answer, 401, headers)
        return JSONResponse(answer, error.status_code, _NO_STORE)

    # What the grants ask of the lab.

    def check_resources(self, request: Parameters) -> None:
        """RFC 8707 section 2: every resource asked for must be the one there is."""
        guarded = self.faults.guards("resource")
        if guarded and any(asked != self.resource for asked in request.all("resource")):
            raise _InvalidTarget()

    def callback(self, redirect_uri: str, answer: dict[str, str], state: str | None) -> str:
        """The redirect of an authorization response, errors included (RFC 9207 section 2)."""
        parameters = {**answer, **({"state": state} if state else {}), "iss": self.issuer}
        faulty = self.faults.edited("callback", parameters)
        location: str = add_params_to_uri(redirect_uri, list(faulty.items()))
        return location

    def token_response(self, request: Parameters) -> Response:
        """The token endpoint (RFC 6749 section 3.2)."""
        error: OAuth2Error | None = None
        if name := request.repeated():
            error = InvalidRequestError(legal(f"{name} is included more than once"))
        elif request.payload.grant_type is None:
            error = InvalidRequestError("grant_type is missing")
        if error is not None:
            return self.handle_error_response(request, error)
        response: Response = self.create_token_response(request)
        return response

    def issue(self, client: Client, grant: Code | Token, scope: str) -> dict[str, Any]:
        """A token response (RFC 6749 section 5.1) with a JWT access token (RFC 9068)."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": grant.subject,
            "aud": grant.resource,
            "exp": now + TOKEN_LIFETIME,
            "iat": now,
            "client_id": client.client_id,
            "jti": secrets.token_urlsafe(16),
            "scope": scope,
        }
        access_token = self.key.signed(self.faults.edited("claims", claims))
        self._remember(access_token, "access_token", client, grant, scope, TOKEN_LIFETIME, claims)
        response = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME,
            "scope": scope,
        }
        if client.check_grant_type("refresh_token"):
            refresh_token = secrets.token_urlsafe(32)
            # A refresh may narrow the scope of one access token, never that of the grant.
            self._remember(
                refresh_token, "refresh_token", client, grant, grant.scope, REFRESH_LIFETIME, {}
            )
            response["refresh_token"] = refresh_token
        faulty: dict[str, Any] = self.faults.edited("token", response)
        return faulty

    def _remember(
        self,
        token: str,
        kind: str,
        client: Client,
        grant: Code | Token,
        scope: str,
        lifetime: int,
        claims: dict[str, Any],
    ) -> None:
        self.store.tokens[token] = Token(
            token=token,
            kind=kind,
            client_id=client.client_id,
            scope=scope,
            resource=grant.resource,
            subject=grant.subject,
            family=grant.family,
            expires_at=time.time() + lifetime,
            claims=claims,
        )
