"""The MCP SDK's server without authorization. Argument: `json` answers without event streams."""

from __future__ import annotations

import sys

from mcp.server.mcpserver import MCPServer

from tests.independent.servers.serving import bound, serve


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def main() -> None:
    listening, origin = bound()
    server: MCPServer[None] = MCPServer("open")
    server.tool()(add)
    serve(server.streamable_http_app(json_response="json" in sys.argv), listening, f"{origin}/mcp")


if __name__ == "__main__":
    main()
