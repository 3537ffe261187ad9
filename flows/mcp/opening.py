"""Opening an MCP connection and finding out which era the server speaks.

Streamable HTTP 2026-07-28, Backward Compatibility: send a modern request; a recognised modern
JSON-RPC error means a modern server (retry with a version it supports); an authorization answer
says nothing of the era; any other 4xx means `initialize`. Every try is an exchange in the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from flows.documents import read_json, text_list, text_member
from flows.exchange import Exchange, Request
from flows.facts import Connection, Facts, Opening
from flows.mcp.rpc import (
    CLIENT_INFO,
    LEGACY,
    METHOD_NOT_FOUND,
    MODERN,
    MODERN_ERRORS,
    UNSUPPORTED_VERSION,
    Answer,
    capabilities,
    is_reply,
    legacy_request,
    modern_request,
    read_answer,
    session_id,
)
from flows.moves import Send
from flows.session import StepId

KNOWN_VERSIONS = (MODERN, *LEGACY)


def opening_move(facts: Facts, step: StepId) -> Send | None:
    """The next request that may open the connection, or None when no try is left.

    Tries made with a token in hand are judged apart from those made without.
    """
    authorized = facts.current_tokens is not None
    tries = [opening for opening in facts.openings if opening.authorized == authorized]
    version = _next_version(facts, tries)
    if version is None:
        return None
    rpc_id = facts.rpc_sent + 1
    request: Request
    if version == MODERN:
        request = modern_request(facts, "server/discover", {}, version)
        label = f"server/discover, {version}"
    else:
        params = {
            "protocolVersion": version,
            "capabilities": capabilities(facts),
            "clientInfo": CLIENT_INFO,
        }
        request = legacy_request(facts, "initialize", params)
        label = f"initialize, {version}"
    return Send(step, request, label, rpc_id=rpc_id)


def _next_version(facts: Facts, tries: list[Opening]) -> str | None:
    pinned = facts.target.protocol
    if not tries:
        if pinned != "auto":
            return pinned
        legacy = any(is_legacy(opening) for opening in facts.openings)
        return LEGACY[0] if legacy else MODERN
    last = tries[-1]
    tried = [opening.version for opening in tries]
    if is_refusal(last.exchange):
        return None
    answer = read_answer(last.exchange, None)
    if answer.code == UNSUPPORTED_VERSION:
        versions = KNOWN_VERSIONS if pinned == "auto" else (pinned,)
        return mutual_version(answer, versions, tried)
    if pinned != "auto":
        return None
    if last.method == "server/discover" and is_legacy(last) and LEGACY[0] not in tried:
        return LEGACY[0]
    return None


def is_refusal(exchange: Exchange) -> bool:
    """401 or 403: about authorization, not about the era."""
    return exchange.status in (401, 403)


def is_legacy(opening: Opening) -> bool:
    """A modern request that was answered with a 4xx and no recognised modern error."""
    status = opening.exchange.status
    if opening.method != "server/discover" or status is None or is_refusal(opening.exchange):
        return False
    answer = read_answer(opening.exchange, None)
    if answer.code in MODERN_ERRORS or (status == 404 and answer.code == METHOD_NOT_FOUND):
        return False
    if 400 <= status < 500:
        return True
    # Some servers answer a request they do not know with a JSON-RPC error and status 200.
    return status == 200 and answer.error is not None


def mutual_version(answer: Answer, versions: Iterable[str], tried: Sequence[str]) -> str | None:
    """The version to try after an UnsupportedProtocolVersion error: the first of `versions` that
    the server says it supports. The last one tried gets a second chance, and no third, when the
    server lists the very version that it refuses."""
    data: Any = answer.error.get("data") if answer.error else None
    offered = text_list(data, "supported") or () if isinstance(data, dict) else ()
    mutual = [version for version in versions if version in offered]
    fresh = [version for version in mutual if version not in tried]
    again = [tried[-1]] if tried[-1] in mutual and tried.count(tried[-1]) == 1 else []
    return next(iter(fresh + again), None)


def read_opening(exchange: Exchange, facts: Facts) -> Facts:
    """Record one try, and the connection if it opened one.

    What was sent says which kind of try it was, so that an edited request is read as sent.
    """
    if is_reply(exchange.request):
        return facts
    method, version, rpc_id = sent(exchange.request)
    opening = Opening(method, version, _has_token(exchange.request, facts), exchange)
    facts = replace(facts, openings=(*facts.openings, opening), rpc_sent=facts.rpc_sent + 1)
    if exchange.status != 200:
        return facts
    answer = read_answer(exchange, rpc_id)
    if answer.result is None:
        return facts
    if method == "initialize":
        return replace(facts, connection=_initialized(answer.result, exchange))
    return replace(facts, connection=_discovered(answer.result, version))


def sent(request: Request) -> tuple[str, str, int | None]:
    """`(method, version, id)` of a JSON-RPC request as it was sent; "" where unreadable."""
    message, _ = read_json(request.body)
    if not isinstance(message, dict):
        return "", "", None
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    meta = params.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    version = params.get("protocolVersion") or meta.get("io.modelcontextprotocol/protocolVersion")
    method, rpc_id = message.get("method"), message.get("id")
    return (
        method if isinstance(method, str) else "",
        version if isinstance(version, str) else "",
        rpc_id if isinstance(rpc_id, int) else None,
    )


def _has_token(request: Request, facts: Facts) -> bool:
    """Whether a token was sent. Credentials that the person wants on every request are none: the
    server may ask for a token beside them."""
    own = () if facts.current_tokens else facts.target.headers
    return any(pair[0].lower() == "authorization" and pair not in own for pair in request.headers)


def _initialized(result: Any, exchange: Exchange) -> Connection:
    info = result.get("serverInfo")
    info = info if isinstance(info, dict) else {}
    capabilities = result.get("capabilities")
    return Connection(
        era="legacy",
        version=text_member(result, "protocolVersion") or "",
        server_name=text_member(info, "name") or "",
        server_version=text_member(info, "version") or "",
        instructions=text_member(result, "instructions") or "",
        capabilities=capabilities if isinstance(capabilities, dict) else {},
        session_id=session_id(exchange),
        initialized=False,
    )


def _discovered(result: Any, version: str) -> Connection:
    meta = result.get("_meta")
    info = meta.get("io.modelcontextprotocol/serverInfo") if isinstance(meta, dict) else None
    info = info if isinstance(info, dict) else {}
    capabilities = result.get("capabilities")
    offered = text_list(result, "supportedVersions") or (version,)
    return Connection(
        era="modern",
        version=version if version in offered else next(iter(offered), version),
        server_name=text_member(info, "name") or "",
        server_version=text_member(info, "version") or "",
        instructions=text_member(result, "instructions") or "",
        capabilities=capabilities if isinstance(capabilities, dict) else {},
    )
