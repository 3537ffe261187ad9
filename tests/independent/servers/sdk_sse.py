"""The MCP SDK's server on HTTP+SSE, the transport of 2024-11-05. Argument: `oauth` puts its
authorization server in front."""

from __future__ import annotations

import sys

from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl

from tests.independent.servers.sdk_open import add
from tests.independent.servers.sdk_provider import REGISTRATION, SCOPE, Provider
from tests.independent.servers.serving import bound, serve


def main() -> None:
    listening, origin = bound()
    server: MCPServer[None] = MCPServer("sse")
    if "oauth" in sys.argv:
        server = MCPServer(
            "sse",
            auth_server_provider=Provider(),
            auth=AuthSettings(
                issuer_url=AnyHttpUrl(origin),
                resource_server_url=AnyHttpUrl(f"{origin}/sse"),
                client_registration_options=REGISTRATION,
                required_scopes=[SCOPE],
            ),
        )
    server.tool()(add)
    serve(server.sse_app(), listening, f"{origin}/sse")


if __name__ == "__main__":
    main()
