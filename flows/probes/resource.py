"""Probes of the MCP server: what it does without a token, with a bad one, for other clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from flows import __version__
from flows.exchange import Request, header
from flows.facts import Facts
from flows.hosts import host_of
from flows.mcp.opening import opening_move
from flows.mcp.rpc import legacy_request, modern_request
from flows.moves import Send
from flows.probes.kernel import Probe, Variant, made_up
from flows.steps.challenge import at_wrong_url, unanswered
from flows.wellknown import is_web_url, resolve, same_origin

USER_AGENTS: tuple[tuple[str, str], ...] = (
    ("a browser", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("python-httpx", "python-httpx/0.28.1"),
    ("Claude", "Claude-User"),
    ("ChatGPT", "openai-mcp/1.0.0"),
    ("Node.js", "node"),
)
"""Who asks, and the User-Agent that it is known by: claude.ai's discovery comes as python-httpx
and its MCP requests as Claude-User (reported), ChatGPT's as openai-mcp (captured)."""


HOST_USER_AGENT = "host-user-agent"
"""The probe of the User-Agents of hosts. Its labels are their names, and OURS for that of authwalk,
against which a walk as a host is held."""
OURS = "authwalk"


def bare_request(facts: Facts) -> Request | None:
    """The request that the walk opened with, without a token."""
    if facts.target.kind != "mcp":
        return None
    if facts.openings:
        sent = facts.openings[0].exchange.request
        keep = ("content-type", "accept", "mcp-protocol-version", "mcp-method")
        fields = tuple(field for field in sent.headers if field[0].lower() in keep)
        return Request(sent.method, sent.url, (*fields, *facts.target.headers), sent.body)
    move = opening_move(replace(facts, tokens=None, refreshed=None), "challenge")
    return move.request if isinstance(move, Send) else None


def opening_request(facts: Facts) -> Request | None:
    """The request that opened the connection, without its token: what the server understands."""
    if facts.connection is None or not facts.openings:
        return None
    sent = facts.openings[-1].exchange.request
    own = ("authorization", "dpop", "mcp-session-id")
    return replace(sent, headers=tuple(one for one in sent.headers if one[0].lower() not in own))


def with_fields(request: Request, *fields: tuple[str, str]) -> Request:
    names = {name.lower() for name, _ in fields}
    kept = tuple(field for field in request.headers if field[0].lower() not in names)
    return replace(request, headers=(*kept, *fields))


def _user_agents(facts: Facts) -> Iterator[Variant]:
    if request := bare_request(facts):
        for who, user_agent in USER_AGENTS:
            yield who, with_fields(request, ("User-Agent", user_agent))


def _as_ourselves(facts: Facts) -> Iterator[Variant]:
    host = host_of(facts.target)
    if host and host.mcp_user_agent and (request := bare_request(facts)):
        yield OURS, with_fields(request, ("User-Agent", f"authwalk/{__version__}"))


def _elsewhere(facts: Facts) -> Iterator[Variant]:
    """Where a redirect leads and where MCP endpoints usually are, once this URL turned out to be
    none. Never at another origin: the person's own header fields go with it."""
    exchange, request = unanswered(facts), bare_request(facts)
    if exchange is None or request is None or not at_wrong_url(exchange):
        return
    parts = urlsplit(request.url)
    parts = parts._replace(path=parts.path or "/")
    path = parts.path.rstrip("/")
    usual = (f"{path}/mcp", path if parts.path.endswith("/") else f"{path}/", "/mcp", "/")
    urls = [urlunsplit(parts._replace(path=other or "/")) for other in usual]
    location = header(exchange.response.headers, "location") if exchange.response else None
    led = resolve(request.url, location) if location else ""
    if is_web_url(led) and same_origin(led, request.url):
        urls.insert(0, led)
    for url in dict.fromkeys(urls):
        if url != urlunsplit(parts):
            yield urlsplit(url).path, replace(request, url=url)


def _garbage_bearer(facts: Facts) -> Iterator[Variant]:
    if request := bare_request(facts):
        token = made_up(facts, "bearer")
        yield "a made-up token", with_fields(request, ("Authorization", f"Bearer {token}"))


def _foreign_origin(facts: Facts) -> Iterator[Variant]:
    if request := bare_request(facts):
        yield "Origin of a stranger", with_fields(request, ("Origin", "https://authwalk.invalid"))


def _without_token(facts: Facts) -> Iterator[Variant]:
    """What comes after the opening must want a token too."""
    if facts.target.kind != "mcp" or not facts.openings:
        return
    without = replace(facts, tokens=None, refreshed=None, refreshed_before=None)
    modern = header(facts.openings[-1].exchange.request.headers, "mcp-method") is not None
    build = modern_request if modern else legacy_request
    yield "tools/list", build(without, "tools/list", {})
    call = {"name": "authwalk_no_such_tool", "arguments": {}}
    yield "tools/call", build(without, "tools/call", call)


AS_OURSELVES = Probe(
    HOST_USER_AGENT,
    "challenge",
    "safe",
    "Is authwalk answered as the host is?",
    _as_ourselves,
)
ELSEWHERE = Probe(
    "elsewhere",
    "challenge",
    "safe",
    "Is the MCP endpoint at another path of this server?",
    _elsewhere,
)
RESOURCE: tuple[Probe, ...] = (
    AS_OURSELVES,
    ELSEWHERE,
    Probe(
        "user-agents",
        "challenge",
        "safe",
        "Is every client answered alike, or does something in front block some?",
        _user_agents,
    ),
    Probe(
        "garbage-bearer",
        "challenge",
        "safe",
        "Is a token that nobody issued refused so that a client authorizes anew?",
        _garbage_bearer,
    ),
    Probe(
        "foreign-origin",
        "challenge",
        "safe",
        "Is a page elsewhere kept out (DNS rebinding)?",
        _foreign_origin,
    ),
    Probe(
        "without-token",
        "challenge",
        "safe",
        "Does every request want a token, or the first alone?",
        _without_token,
    ),
)
