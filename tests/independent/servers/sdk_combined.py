"""The MCP SDK's server as MCP server and authorization server in one."""

from __future__ import annotations

from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl

from tests.independent.servers.sdk_open import add
from tests.independent.servers.sdk_provider import REGISTRATION, SCOPE, Provider
from tests.independent.servers.serving import bound, serve


def main() -> None:
    listening, origin = bound()
    server: MCPServer[None] = MCPServer(
        "combined",
        auth_server_provider=Provider(),
        auth=AuthSettings(
            # As the SDK's examples write it; the type puts a slash behind a bare origin.
            issuer_url=AnyHttpUrl(origin),
            resource_server_url=AnyHttpUrl(f"{origin}/mcp"),
            client_registration_options=REGISTRATION,
            required_scopes=[SCOPE],
            validate_token_resource=True,
        ),
    )
    server.tool()(add)
    serve(server.streamable_http_app(), listening, f"{origin}/mcp")


if __name__ == "__main__":
    main()
