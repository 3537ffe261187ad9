"""Faults of what a server ought to refuse and lets pass: a walk that keeps the rules never sees
them, so probes must find them."""

from __future__ import annotations

from flows.lab.faults.mechanism import Call, Fault, Reply, Step, edit, html_reply, refuse
from flows.session import Party


def _open(name: str, summary: str, guards: str, step: Step, party: Party) -> Fault:
    """Without these guards, named with commas between them."""
    hooks = tuple(edit(f"guard {guard}", lambda _: False) for guard in guards.split(", "))
    return Fault(name, summary, step, party, hooks)


def _blocked_user_agent(call: Call) -> Reply | None:
    if not call.headers.get("user-agent", "").startswith("Claude"):
        return None
    return html_reply(403, "<!doctype html><title>Attention Required!</title><h1>Blocked</h1>")


GUARDS: tuple[Fault, ...] = (
    Fault(
        "user-agent-blocked",
        "something in front of the MCP server blocks the User-Agent of one client",
        "challenge",
        "network",
        (refuse("mcp", _blocked_user_agent),),
    ),
    _open(
        "any-token-accepted",
        "the MCP server takes any bearer token",
        "token",
        "challenge",
        "resource-server",
    ),
    _open(
        "any-audience-accepted",
        "a token for whatever resource is asked for is issued, and taken by the MCP server",
        "resource, audience",
        "connect",
        "resource-server",
    ),
    _open(
        "tools-without-token",
        "only the first request to the MCP server wants a token",
        "tools",
        "challenge",
        "resource-server",
    ),
    _open(
        "redirect-uri-unchecked",
        "any redirect URI is redirected to (RFC 6749 section 3.1.2.4)",
        "redirect_uri",
        "authorize",
        "authorization-server",
    ),
    _open(
        "pkce-optional",
        "an authorization request without a code challenge is granted",
        "code_challenge",
        "authorize",
        "authorization-server",
    ),
    _open(
        "any-verifier-accepted",
        "the code verifier is not compared with the challenge (RFC 7636 section 4.6)",
        "code_verifier",
        "token",
        "authorization-server",
    ),
    _open(
        "code-works-twice",
        "an authorization code can be exchanged again (RFC 6749 section 4.1.2)",
        "code",
        "token",
        "authorization-server",
    ),
    _open(
        "code-unbound",
        "a code can be exchanged with another redirect URI (RFC 6749 section 4.1.3)",
        "code redirect_uri",
        "token",
        "authorization-server",
    ),
    _open(
        "refresh-token-reusable",
        "a refresh token works again after it was rotated (RFC 9700 section 4.14.2)",
        "refresh_token",
        "refresh",
        "authorization-server",
    ),
)
