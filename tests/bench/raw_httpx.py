"""What `authwalk run URL --approve --list` does, as a script of bare httpx would: no checks, no
record. A token is got where one is asked for. The reference of bench_run.

    python tests/bench/raw_httpx.py URL
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import sys
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

REDIRECT_URI = "http://127.0.0.1:8912/callback"
VERSION = "2025-11-25"


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def main(url: str) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    client = {"name": "raw", "version": "1"}
    initialize = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
    async with httpx.AsyncClient() as http:

        async def rpc(method: str, params: dict[str, Any], number: int | None) -> httpx.Response:
            message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
            if number is not None:
                message["id"] = number
            return await http.post(url, json=message, headers=headers)

        begun = await rpc("initialize", initialize, 1)
        if begun.status_code == 401:
            token = await authorize(http, begun.headers["www-authenticate"])
            headers["Authorization"] = f"Bearer {token}"
            begun = await rpc("initialize", initialize, 1)
        headers["MCP-Protocol-Version"] = VERSION
        if session := begun.headers.get("mcp-session-id"):
            headers["Mcp-Session-Id"] = session
        await rpc("notifications/initialized", {}, None)
        listed = await rpc("tools/list", {}, 2)
        listed.raise_for_status()
        print(len(listed.text))


async def authorize(http: httpx.AsyncClient, challenge: str) -> str:
    """An access token, from a server that approves by itself."""
    resource = (await http.get(challenge.split('resource_metadata="')[1].split('"')[0])).json()
    issuer = resource["authorization_servers"][0].rstrip("/")
    server = (await http.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    registration = {
        "client_name": "raw",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    registered = (await http.post(server["registration_endpoint"], json=registration)).json()
    verifier = secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": registered["client_id"],
        "redirect_uri": REDIRECT_URI,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "state": secrets.token_urlsafe(16),
        "resource": resource["resource"],
        "scope": " ".join(resource.get("scopes_supported", ())),
    }
    approved = await http.get(server["authorization_endpoint"], params=asked)
    code = parse_qs(urlsplit(approved.headers["location"]).query)["code"][0]
    exchange = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "client_id": registered["client_id"],
        "code_verifier": verifier,
        "resource": resource["resource"],
    }
    tokens = (await http.post(server["token_endpoint"], data=exchange)).json()
    return str(tokens["access_token"])


asyncio.run(main(sys.argv[1]))
