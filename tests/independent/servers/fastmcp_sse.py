"""FastMCP on HTTP+SSE, the transport of 2024-11-05, with its in-memory OAuth provider."""

from __future__ import annotations

from fastmcp import FastMCP
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from mcp.server.auth.settings import ClientRegistrationOptions

from tests.independent.servers.sdk_open import add
from tests.independent.servers.serving import bound, serve


def main() -> None:
    listening, origin = bound()
    auth = InMemoryOAuthProvider(
        base_url=origin,
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=["tools"]),
        required_scopes=["tools"],
    )
    server: FastMCP[None] = FastMCP("fastmcp", auth=auth)
    server.tool(add)
    serve(server.http_app(path="/sse", transport="sse"), listening, f"{origin}/sse")


if __name__ == "__main__":
    main()
