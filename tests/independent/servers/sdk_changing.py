"""The MCP SDK's server with a resource that a tool changes, telling of it as it goes."""

from __future__ import annotations

from mcp.server.mcpserver import Context, MCPServer

from tests.independent.servers.serving import bound, serve

NOTE = "note://one"


async def touch(context: Context) -> str:
    """Change the note."""
    await context.report_progress(1, 2, "half done")
    await context.session.send_log_message("warning", "about to change")
    await context.notify_resource_updated(NOTE)
    return "touched"


def note() -> str:
    return "text"


def main() -> None:
    listening, origin = bound()
    server: MCPServer[None] = MCPServer("changing")
    server.tool()(touch)
    server.resource(NOTE)(note)
    serve(server.streamable_http_app(), listening, f"{origin}/mcp")


if __name__ == "__main__":
    main()
