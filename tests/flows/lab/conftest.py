"""A lab on loopback, and a hand that walks it without a line of authwalk's own client."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest_asyncio

from flows.lab import Lab

REDIRECT = "http://127.0.0.1:49152/callback"
MODERN = "2026-07-28"
SECRET = ("lab-client", "lab-secret")


class Hand:
    """The requests of a walk, one by one, each with what a client would send."""

    def __init__(self, lab: Lab, http: httpx.AsyncClient) -> None:
        self.lab, self.http = lab, http
        self.origin = lab.mcp_url.removesuffix("/mcp")
        self.verifier = secrets.token_urlsafe(48)

    async def get(self, url: str, **headers: str) -> httpx.Response:
        return await self.http.get(url, headers=headers)

    async def resource_metadata(self) -> httpx.Response:
        return await self.get(f"{self.origin}/.well-known/oauth-protected-resource/mcp")

    async def server_metadata(self) -> httpx.Response:
        return await self.get(f"{self.lab.issuer}/.well-known/oauth-authorization-server")

    async def keys(self) -> httpx.Response:
        return await self.get(f"{self.lab.issuer}/jwks.json")

    async def register(self, **metadata: Any) -> httpx.Response:
        document = {
            "client_name": "Hand",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        }
        return await self.http.post(f"{self.lab.issuer}/register", json=document | metadata)

    async def authorize(
        self, client_id: str = "lab-client", /, accept: str = "*/*", **changes: Any
    ) -> httpx.Response:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "scope": "mcp:tools",
            "state": "a state",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "resource": self.lab.mcp_url,
        }
        query = {k: v for k, v in (asked | changes).items() if v is not None}
        url = f"{self.lab.issuer}/authorize"
        return await self.http.get(url, params=query, headers={"accept": accept})

    async def code(self, client_id: str = "lab-client", /, **changes: Any) -> str:
        return callback(await self.authorize(client_id, **changes))["code"]

    async def token(self, code: str | None = None, /, **changes: str | None) -> httpx.Response:
        """As the preregistered client, unless a client_id is among the changes."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code or await self.code(),
            "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
            "resource": self.lab.mcp_url,
        }
        return await self.post("token", **(form | changes))

    async def refresh(self, refresh_token: str, **changes: str | None) -> httpx.Response:
        form: dict[str, str | None] = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "resource": self.lab.mcp_url,
        }
        return await self.post("token", **(form | changes))

    async def post(self, endpoint: str, **form: str | None) -> httpx.Response:
        data = {k: v for k, v in form.items() if v is not None}
        auth = httpx.Auth() if "client_id" in data else httpx.BasicAuth(*SECRET)
        return await self.http.post(f"{self.lab.issuer}/{endpoint}", data=data, auth=auth)

    async def access_token(self, **changes: Any) -> str:
        token = (await self.token(await self.code(**changes))).json()["access_token"]
        assert isinstance(token, str)
        return token

    async def mcp(
        self,
        method: str,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> httpx.Response:
        """A request of the 2026-07-28 era."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "hand", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
        }
        meta |= params.pop("_meta", {})
        fields = {"mcp-protocol-version": MODERN, "mcp-method": method, **(headers or {})}
        if name := params.get("name") or params.get("uri"):
            fields["mcp-name"] = name
        return await self._rpc(1, method, {**params, "_meta": meta}, token, fields)

    async def legacy(
        self, method: str, token: str, session: str | None = None, id: int | None = 1, **params: Any
    ) -> httpx.Response:
        """A request, or without `id` a notification, of the handshake era."""
        fields = (
            {"mcp-protocol-version": "2025-11-25", "mcp-session-id": session} if session else {}
        )
        return await self._rpc(id, method, params, token, fields)

    async def initialize(self, token: str) -> httpx.Response:
        return await self.legacy(
            "initialize",
            token,
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": "hand", "version": "1"},
        )

    async def _rpc(
        self,
        id: int | None,
        method: str,
        params: dict[str, Any],
        token: str | None,
        fields: dict[str, str],
    ) -> httpx.Response:
        headers = {"accept": "application/json, text/event-stream", **fields}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if id is not None:
            message["id"] = id
        return await self.http.post(self.lab.mcp_url, json=message, headers=headers)


def callback(response: httpx.Response) -> dict[str, str]:
    """The parameters of a redirect to the client."""
    assert response.status_code in (302, 303), response.text
    location = response.headers["location"]
    assert location.startswith(REDIRECT.rpartition(":")[0])
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))


def messages(response: httpx.Response) -> list[dict[str, Any]]:
    """The JSON-RPC messages of an answer, be it JSON or an event stream."""
    if response.headers["content-type"].startswith("application/json"):
        return [response.json()]
    lines = response.text.splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: {")]
    return [json.loads(line) for line in data]


def result(response: httpx.Response) -> dict[str, Any]:
    answer = messages(response)[-1]
    assert "result" in answer, answer
    found: dict[str, Any] = answer["result"]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def hand(lab: Lab) -> AsyncIterator[Hand]:
    lab.set_faults(())
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        yield Hand(lab, http)
    lab.set_faults(())
