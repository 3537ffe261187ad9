"""Opening an MCP connection and finding out which era the server speaks.

Streamable HTTP 2026-07-28, Backward Compatibility: send a modern request; a recognised modern
JSON-RPC error means a modern server (retry with a version it supports); an authorization answer
says nothing of the era; any other 4xx means `initialize`. When that fails with 400, 404 or 405 a
GET may open the stream of HTTP+SSE. Every try is an exchange in the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from flows.documents import read_json, text_list, text_member
from flows.exchange import Exchange, Request, media_type
from flows.facts import Connection, Facts, Opening
from flows.hosts import versions_of
from flows.mcp.http_sse import ENDPOINT, REVISION
from flows.mcp.rpc import (
    LEGACY,
    METHOD_NOT_FOUND,
    MODERN,
    MODERN_ERRORS,
    UNSUPPORTED_VERSION,
    Answer,
    capabilities,
    client_info,
    is_aside,
    legacy_request,
    message_url,
    modern_request,
    read_answer,
    session_id,
    stream,
)
from flows.moves import Blocked, Send
from flows.session import StepId
from flows.wellknown import same_origin

HTTP_SSE = "MCP 2024-11-05 Transports, HTTP with SSE"
KNOWN_VERSIONS = (MODERN, *LEGACY)


def opening_move(facts: Facts, step: StepId) -> Send | None:
    """The next request that may open the connection, or None when no try is left.

    Tries made with a token in hand are judged apart from those made without.
    """
    method, version = _next_try(facts, step)
    rpc_id = facts.rpc_sent + 1
    request: Request
    if not method:
        return None
    if method == "GET":
        words = "the stream of HTTP+SSE"
        return Send(step, stream(facts, None), words, background=True, first=ENDPOINT)
    if method == "server/discover":
        request = modern_request(facts, "server/discover", {}, version)
        label = f"server/discover, {version}"
    else:
        params = {
            "protocolVersion": version,
            "capabilities": capabilities(facts),
            "clientInfo": client_info(facts),
        }
        request = legacy_request(facts, "initialize", params)
        label = f"initialize, {version}"
    return Send(step, request, label, rpc_id=rpc_id)


_NONE = ("", "")
_GET = ("GET", REVISION)


def _next_try(facts: Facts, step: StepId) -> tuple[str, str]:
    """`(method, version)` of the next try, both "" when none is left."""
    spoken, tries = versions_of(facts.target), _tries(facts)
    pinned = spoken[0] if spoken else "auto"
    initialize = ("initialize", LEGACY[0] if pinned == "auto" else pinned)
    if facts.stream and facts.stream.uri is not None and facts.stream.step == step:
        posted = any(try_.exchange.request.url == message_url(facts) for try_ in tries)
        return _NONE if posted or foreign_endpoint(step, facts) else initialize
    if not tries:
        if pinned != "auto":
            return _GET if pinned == REVISION else _asking(pinned)
        if any(is_older(opening) for opening in facts.openings):
            return _GET
        legacy = any(is_legacy(opening) for opening in facts.openings)
        return initialize if legacy else _asking(MODERN)
    last = tries[-1]
    tried = [opening.version for opening in tries]
    if is_refusal(last.exchange):
        return _NONE
    answer = read_answer(last.exchange, None)
    if answer.code == UNSUPPORTED_VERSION:
        version = mutual_version(answer, spoken or KNOWN_VERSIONS, tried)
        return _asking(version) if version else _NONE
    if pinned != "auto":
        return _NONE
    if is_legacy(last) and LEGACY[0] not in tried:
        return initialize
    return _GET if is_older(last) else _NONE


def _asking(version: str) -> tuple[str, str]:
    return ("server/discover" if version == MODERN else "initialize", version)


def _tries(facts: Facts) -> list[Opening]:
    """Those with a token, once there is one, else those without."""
    authorized = facts.current_tokens is not None
    return [opening for opening in facts.openings if opening.authorized == authorized]


def telling(openings: Sequence[Opening]) -> Exchange:
    """The one of these tries that says why the connection did not open: the last, unless that was
    a GET made on the chance that the server is an old one."""
    *earlier, last = openings
    guess = last.method == "GET" and not is_refusal(last.exchange) and not _streams(last.exchange)
    return earlier[-1].exchange if guess and earlier else last.exchange


def no_endpoint(exchange: Exchange) -> str:
    """What to say of a stream of HTTP+SSE that came to nothing; "" of any other exchange."""
    if exchange.request.method != "GET" or not _streams(exchange):
        return ""
    return exchange.error.text if exchange.error else f"the stream brought no `{ENDPOINT}` event"


def foreign_endpoint(step: StepId, facts: Facts) -> Blocked | None:
    """The stop at an `endpoint` event that would lead the messages, and the token with them, to
    somebody else."""
    url, endpoint = facts.target.url, message_url(facts)
    if same_origin(url, endpoint):
        return None
    words = f"The `{ENDPOINT}` event names {endpoint}, which is of another origin than {url}."
    fix = "Name an endpoint of the server's own origin, best as a path."
    return Blocked(step, words, "resource-server", "other origin", fix, HTTP_SSE)


def _streams(exchange: Exchange) -> bool:
    response = exchange.response
    streams = response is not None and media_type(response.headers) == "text/event-stream"
    return streams and exchange.status == 200


def is_refusal(exchange: Exchange) -> bool:
    """401 or 403: about authorization, not about the era."""
    return exchange.status in (401, 403)


def is_older(opening: Opening) -> bool:
    """An `initialize` that failed as it does at a server of HTTP+SSE (2025-11-25, Backwards
    Compatibility)."""
    return opening.method == "initialize" and opening.exchange.status in (400, 404, 405)


def is_legacy(opening: Opening) -> bool:
    """A modern request that was answered with a 4xx, or a 5xx, and no recognised modern error."""
    status = opening.exchange.status
    if opening.method != "server/discover" or status is None or is_refusal(opening.exchange):
        return False
    answer = read_answer(opening.exchange, None)
    if answer.code in MODERN_ERRORS or (status == 404 and answer.code == METHOD_NOT_FOUND):
        return False
    if 400 <= status < 600:  # servers exist that break on a method that they do not know
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
    if is_aside(exchange.request):
        return facts
    if exchange.request.method == "GET":
        return _read_stream(exchange, facts)
    method, version, rpc_id = sent(exchange.request)
    opening = Opening(method, version, _has_token(exchange.request, facts), exchange)
    facts = replace(facts, openings=(*facts.openings, opening), rpc_sent=facts.rpc_sent + 1)
    if exchange.status != 200:
        return facts
    answer = read_answer(exchange, rpc_id)
    if answer.result is None:
        return facts
    if method == "initialize":
        connection = _initialized(answer.result, exchange)
        on_stream = facts.stream is not None and exchange.request.url == message_url(facts)
        return replace(facts, connection=replace(connection, listening=on_stream))
    return replace(facts, connection=_discovered(answer.result, version))


def _read_stream(exchange: Exchange, facts: Facts) -> Facts:
    """A try that came to nothing. The end of a stream that was of use says nothing here."""
    if _streams(exchange) and not (facts.stream and facts.stream.exchange_id == exchange.id):
        return facts
    opening = Opening("GET", REVISION, _has_token(exchange.request, facts), exchange)
    return replace(facts, openings=(*facts.openings, opening), stream=None)


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
        capabilities=capabilities if isinstance(capabilities, dict) else {},
    )
