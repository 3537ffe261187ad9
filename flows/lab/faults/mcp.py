"""Faults of the MCP connection, and text that attacks the reader everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows.lab.faults.discovery import HUGE, unauthorized
from flows.lab.faults.mechanism import (
    Call,
    Document,
    Fault,
    Hook,
    Reply,
    Step,
    edit,
    having,
    html_reply,
    in_json,
    json_reply,
    refuse,
    reply,
    with_token,
)
from flows.session import Party

HOSTILE = (
    "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b[31mred \x9b32mgreen\x07\b\b "
    "\u202efdp.exe\u2066 \u200binvisible\u200d \U000e0041\U000e0042 "
    "[@click=app.quit]press[/] [/nothing] [bold]bold <script>alert(1)</script> `x` $(id) 100%"
)
"""Escape sequences, C1, bidi, zero-width and tag characters, markup of three kinds, shell."""

_HOSTILE_FIELD = "\x9b31m red \x9d0;owned\x9c [@click=app.quit]press"
"""What of it a header field may carry: C1 controls are obs-text (RFC 9110 section 5.5)."""

_DESCRIPTIVE = frozenset({"title", "description", "text", "instructions", "version", "websiteUrl"})


def _hostile(value: Any) -> Any:
    """Every descriptive member of a JSON value, at any depth, made hostile."""
    if isinstance(value, list):
        return [_hostile(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: HOSTILE if key in _DESCRIPTIVE and isinstance(item, str) else _hostile(item)
        for key, item in value.items()
    }


def _hostile_error(answer: Reply) -> Reply:
    if answer.status < 400:
        return answer
    return in_json(having(error_description=HOSTILE))(answer)


def _hostile_challenge(answer: Reply) -> Reply:
    value = next((v for k, v in answer.headers if k.lower() == "www-authenticate"), "Bearer")
    return answer.with_header("www-authenticate", f'{value}, realm="{_HOSTILE_FIELD}"')


def _huge_result(result: Document) -> Document:
    return {**result, "content": [{"type": "text", "text": "0123456789abcde\n" * (HUGE // 16)}]}


def _nonsense_schema(result: Document) -> Document:
    tools = [{**tool, "inputSchema": {"type": "string"}} for tool in result["tools"]]
    return {**result, "tools": tools}


def _endless(result: Document) -> Document:
    """Every page names the same next page."""
    return {**result, "nextCursor": "again"}


def _modern(answer: Reply) -> Callable[[Call], Reply | None]:
    """Refuses requests of the 2026-07-28 era: they alone carry Mcp-Method."""
    return lambda call: answer if "mcp-method" in call.headers else None


def _legacy(answer: Reply) -> Callable[[Call], Reply | None]:
    def change(call: Call) -> Reply | None:
        return None if "mcp-method" in call.headers else with_token(answer)(call)

    return change


def _fault(
    name: str,
    summary: str,
    *hooks: Hook,
    step: Step = "connect",
    party: Party = "resource-server",
    legal: bool = False,
) -> Fault:
    return Fault(name, summary, step, party, hooks, legal)


def _rpc_error(status: int, code: int, message: str, data: object = None) -> Reply:
    error = {"code": code, "message": message} | ({"data": data} if data else {})
    return json_reply(status, {"jsonrpc": "2.0", "id": None, "error": error})


_INVALID_TOKEN = Reply(
    401,
    (
        ("content-type", "application/json"),
        (
            "www-authenticate",
            'Bearer error="invalid_token", error_description="The token was not accepted"',
        ),
    ),
    b'{"error": "invalid_token"}',
)

MCP: tuple[Fault, ...] = (
    _fault(
        "mcp-rejects-token",
        "the MCP server refuses the token that was just issued",
        refuse("mcp", with_token(_INVALID_TOKEN)),
    ),
    _fault(
        "mcp-403",
        "the MCP server answers 403 to every token and names no scope",
        refuse("mcp", with_token(json_reply(403, {"error": "forbidden"}))),
    ),
    _fault(
        "mcp-500",
        "the MCP server answers 500 to authorized requests",
        refuse("mcp", with_token(html_reply(500, "<h1>Internal Server Error</h1>"))),
    ),
    _fault(
        "mcp-html",
        "a proxy answers authorized requests with an HTML page and status 200",
        refuse("mcp", with_token(html_reply(200, "<!doctype html><title>Welcome</title>"))),
        party="network",
    ),
    _fault(
        "legacy-only",
        "the MCP server speaks the initialize handshake alone",
        refuse("mcp", _modern(_rpc_error(400, -32000, "Bad Request: missing session ID"))),
        legal=True,
    ),
    _fault(
        "modern-only",
        "the MCP server speaks 2026-07-28 alone",
        refuse(
            "mcp",
            _legacy(
                _rpc_error(
                    400,
                    -32022,
                    "Unsupported protocol version",
                    {"supported": ["2026-07-28"], "requested": "initialize"},
                )
            ),
        ),
        legal=True,
    ),
    _fault(
        "tools-empty",
        "tools/list returns no tools",
        edit("mcp tools/list", having(tools=[])),
        step="tools",
    ),
    _fault(
        "tools-schema-invalid",
        "the tools' inputSchema does not describe an object",
        edit("mcp tools/list", _nonsense_schema),
        step="tools",
    ),
    _fault(
        "tools-endless",
        "tools/list names a next page for ever",
        edit("mcp tools/list", _endless),
        step="tools",
    ),
    _fault(
        "huge-body",
        "tool results are 20 MB of text",
        edit("mcp tools/call", _huge_result),
        step="call",
        legal=True,
    ),
    _fault(
        "hostile-text",
        "escape sequences, bidi and markup in every descriptive field and error text",
        *(
            edit(f"mcp {method}", _hostile)
            for method in (
                "initialize",
                "server/discover",
                "tools/list",
                "tools/call",
                "resources/list",
                "resources/read",
                "prompts/list",
                "prompts/get",
            )
        ),
        edit("resource-metadata", having(resource_name=HOSTILE)),
        edit("server-metadata", having(x_display_name=HOSTILE)),
        edit("client", having(client_name=HOSTILE)),
        edit("token", having(x_message=HOSTILE)),
        edit("claims", having(name=HOSTILE)),
        reply("token", _hostile_error),
        reply("register", _hostile_error),
        unauthorized(lambda answer: _hostile_challenge(_hostile_error(answer))),
        step="challenge",
        legal=True,
    ),
)
