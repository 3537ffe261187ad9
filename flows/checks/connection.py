"""MCP: the connection, and whether the token opens it (MCP Versioning, Lifecycle, Streamable
HTTP, Authorization Error Handling)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.authenticate import read_challenges
from flows.catalogue import CacheHint, cache_hint
from flows.checks.kernel import Outcomes, Place, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.documents import json_type, read_json
from flows.exchange import Exchange, header, media_type
from flows.mcp.caching import hints_in_words, wrong_hints
from flows.mcp.opening import KNOWN_VERSIONS, sent
from flows.mcp.rpc import MODERN, read_answer
from flows.page import page_words
from flows.session import Exchanged, StepId
from flows.steps.challenge import at_wrong_url, challenge_in
from flows.steps.claims import GIVE_ANOTHER, cause_to_refuse
from flows.steps.connect import COMPARE, came

MCP_STEPS: tuple[StepId, ...] = ("challenge", "connect", "tools", "call")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_CACHED = frozenset(
    {
        "server/discover",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "resources/read",
    }
)
SESSION_ID = "header Mcp-Session-Id"


def mcp_exchanges(record: Record) -> Iterator[Exchanged]:
    """JSON-RPC requests to the MCP endpoint that were answered with 200."""
    for event in record.exchanges(*MCP_STEPS):
        if event.exchange.request.method == "POST" and event.exchange.status == 200:
            yield event


def read_params(exchange: Exchange) -> Mapping[str, Any]:
    """The `params` of a JSON-RPC request as it was sent."""
    message, _ = read_json(exchange.request.body)
    params = message.get("params") if isinstance(message, dict) else None
    return params if isinstance(params, dict) else {}


def _opening(record: Record) -> Exchange | None:
    """The exchange that opened the connection."""
    if record.facts.connection is None or not record.facts.openings:
        return None
    return record.facts.openings[-1].exchange


@check(
    "MCP-02",
    "connect",
    "resource-server",
    "warn",
    "the server says who it is, what it can and which revisions it speaks",
    "MCP 2026-07-28 Discovery; MCP 2025-11-25 Lifecycle, Initialization",
    "Answer with the members that the specification gives the result.",
)
def opening_is_complete(record: Record) -> Outcomes:
    exchange = _opening(record)
    connection = record.facts.connection
    if exchange is None or connection is None:
        return
    method, _, rpc_id = sent(exchange.request)
    result = read_answer(exchange, rpc_id).result or {}
    place = at(exchange, "/result")
    modern = method == "server/discover"
    wanted = {"capabilities": dict, **({"supportedVersions": list} if modern else {})}
    if not modern:
        wanted |= {"protocolVersion": str, "serverInfo": dict}
    wrong = [name for name, type_ in wanted.items() if not isinstance(result.get(name), type_)]
    for name in wrong:
        found = json_type(result[name]) if name in result else "missing"
        yield failed(f"{name} of the {method} result is {found}.", at(exchange, f"/result/{name}"))
    if connection.version not in KNOWN_VERSIONS:
        named = connection.version or "no named version"
        words = f"The server speaks {named}, which is no revision of MCP."
        yield failed(words, place, standard="MCP Versioning")
    elif not wrong:
        yield passed(place)


@check(
    "MCP-04",
    "connect",
    "resource-server",
    "error",
    "the MCP server takes the token",
    "MCP Token Handling; RFC 6750 §3.1",
    COMPARE,
)
def token_is_taken(record: Record) -> Outcomes:
    """The last answer decides: a refusal that a refresh or a step-up mended is how it should be."""
    carried = [
        event
        for event in record.exchanges("connect", "tools", "call")
        if header(event.exchange.request.headers, "authorization") is not None
        and event.exchange.status is not None
    ]
    if not carried:
        return
    step, last = carried[-1].step, carried[-1].exchange
    if last.status == 401 and not (record.facts.current_tokens or record.facts.target.bearer):
        # What the token was like, and so whose fault it was, went with it.
        yield skipped("The token that was refused is given up, and another asked for.")
    elif last.status in (401, 403):
        words = f"The token that {came(record.facts)} is refused with {last.status}{_said(last)}."
        # A token that gives cause is its issuer's fault, which another check names.
        cause = cause_to_refuse(record.facts, last.status)
        given = bool(record.facts.target.bearer)
        yield failed(
            words,
            at(last, "status"),
            severity="info" if cause else None,
            party="person" if given and not cause else None,
            fix=GIVE_ANOTHER if given else None,
            step=step,
        )
    else:
        yield passed(at(last, "status"))


def _said(exchange: Exchange) -> str:
    challenge = challenge_in(exchange)
    if challenge is None:
        return ""
    words = (challenge.get("error"), challenge.get("error_description"))
    return "".join(f": {word}" for word in words if word)


@check(
    "MCP-06",
    "connect",
    "resource-server",
    "error",
    "a JSON-RPC request is answered with JSON or an event stream",
    "MCP Streamable HTTP, Sending Messages",
    "Answer with Content-Type application/json or text/event-stream.",
)
def content_type_is_promised(record: Record) -> Outcomes:
    judged: Exchange | None = None
    for event in mcp_exchanges(record):
        exchange = event.exchange
        assert exchange.response
        if event.step == "challenge" and at_wrong_url(exchange):
            continue  # CHAL-01 says so
        if sent(exchange.request)[2] is None:
            continue  # MCP-27 is of notifications and responses
        kind = media_type(exchange.response.headers)
        place = at(exchange, "header Content-Type")
        if kind in ("application/json", "text/event-stream"):
            judged = exchange
        elif kind == "text/html" or exchange.response.body.lstrip()[:1] == b"<":
            words = (
                "An HTML page where a JSON-RPC answer belongs: something in front of the MCP "
                "server answers in its place."
            )
            fix = "Let POST requests to the MCP endpoint through to the MCP server."
            yield failed(words, place, party="network", fix=fix, step=event.step)
            return
        else:
            words = f"The answer is {kind or 'of no type'}, neither JSON nor an event stream."
            yield failed(words, place, step=event.step)
            return
    if judged:
        yield passed(at(judged, "header Content-Type"))


@check(
    "MCP-27",
    "connect",
    "resource-server",
    "warn",
    "a notification that is taken is answered with 202 and no body",
    "MCP 2025-11-25 Streamable HTTP, Sending Messages to the Server",
    "Answer a POST that holds a notification or a response with 202 Accepted and no body.",
)
def notifications_are_accepted(record: Record) -> Outcomes:
    connection = record.facts.connection
    if connection is None or connection.version < "2025-03-26":
        return
    for event in record.exchanges("connect"):
        exchange = event.exchange
        method, _, rpc_id = sent(exchange.request)
        if exchange.request.method != "POST" or not method or rpc_id is not None:
            continue
        place = at(exchange, "status")
        if exchange.status == 202:
            yield passed(place)
        elif exchange.status is not None and 200 <= exchange.status < 300:
            yield failed(f"{method} is answered {exchange.status} where 202 belongs.", place)


@check(
    "MCP-07",
    "connect",
    "resource-server",
    "error",
    "the session id is visible ASCII",
    "MCP 2025-11-25 Streamable HTTP, Session Management",
    "Give session ids of visible ASCII characters alone.",
)
def session_id_is_ascii(record: Record) -> Outcomes:
    exchange, connection = _opening(record), record.facts.connection
    if exchange and connection and connection.session_id is not None:
        if _VISIBLE.fullmatch(connection.session_id):
            yield passed(at(exchange, SESSION_ID))
        else:
            words = "Mcp-Session-Id is empty or holds more than visible ASCII."
            yield failed(words, at(exchange, SESSION_ID))


@check(
    "MCP-08",
    "connect",
    "resource-server",
    "warn",
    "a 403 says which scope is missing",
    "MCP Authorization, Runtime Insufficient Scope Errors; RFC 6750 §3.1",
    'Answer 403 with Bearer error="insufficient_scope", scope="..." and resource_metadata.',
)
def forbidden_names_a_scope(record: Record) -> Outcomes:
    for event in record.exchanges("connect", "tools", "call"):
        exchange = event.exchange
        if exchange.status != 403 or exchange.response is None:
            continue
        if header(exchange.request.headers, "authorization") is None:
            continue
        place = at(exchange, "header WWW-Authenticate")
        found = {one.get("error"): one for one in read_challenges(exchange.response.headers)}
        challenge = found.get("insufficient_scope")
        if challenge is None:
            words = '403 without error="insufficient_scope": no client knows what to ask for.'
            yield failed(words, place, step=event.step)
        elif not challenge.get("scope"):
            words = "The challenge of the 403 names no scope to ask for."
            yield failed(words, place, step=event.step)
        else:
            yield passed(place)


@check(
    "MCP-12",
    "tools",
    "resource-server",
    "warn",
    "what a token may see is not cached for everyone",
    "RFC 9111 §3.5",
    "Leave public, s-maxage and must-revalidate out of answers to authorized requests.",
)
def answers_are_private(record: Record) -> Outcomes:
    for event in mcp_exchanges(record):
        exchange = event.exchange
        assert exchange.response
        if header(exchange.request.headers, "authorization") is None:
            continue
        value = header(exchange.response.headers, "cache-control") or ""
        directives = {part.partition("=")[0].strip().lower() for part in value.split(",")}
        place = at(exchange, "header Cache-Control")
        if directives & {"public", "s-maxage"}:
            words = f"Cache-Control: {value} lets shared caches keep an answer that needed a token."
            yield failed(words, place)
            return
        yield passed(place)
        return


@check(
    "MCP-13",
    "connect",
    "resource-server",
    "warn",
    "results that may be kept say for how long and for whom",
    "MCP 2026-07-28 Caching",
    "Add ttlMs, an integer from 0, and cacheScope, public or private, to the result.",
)
def results_have_cache_hints(record: Record) -> Outcomes:
    connection = record.facts.connection
    if connection is None or connection.version < MODERN:
        return
    hints: dict[str, list[CacheHint]] = {}
    places: dict[str, Place] = {}
    for event in mcp_exchanges(record):
        method, _, rpc_id = sent(event.exchange.request)
        result = read_answer(event.exchange, rpc_id).result
        # What came of a round of input is never kept.
        retried = "requestState" in read_params(event.exchange)
        if method in _CACHED and result and not retried:
            if result.get("resultType", "complete") == "complete":
                hints.setdefault(method, []).append(cache_hint(result))
                places[method] = at(event.exchange, "/result")
    for method, found in hints.items():
        wrong = wrong_hints(found)
        for words in wrong:
            yield failed(f"{method}: {words}.", places[method])
        if not wrong:
            yield passed(places[method], f"{method}: {hints_in_words(found)}")


@check(
    "MCP-14",
    "connect",
    "resource-server",
    "error",
    "the server answers without an error of its own",
    "RFC 9110 §15.6",
    "Look into the MCP server's own log at this time.",
)
def server_works(record: Record) -> Outcomes:
    for event in record.exchanges("connect", "tools", "call"):
        exchange = event.exchange
        if exchange.status is not None and exchange.status >= 500:
            method, place = sent(exchange.request)[0], at(exchange, "status")
            words = f"The MCP server answers {exchange.status}{_message(exchange)}."
            if method == "server/discover" and record.facts.connection:
                words = f"{words[:-1]} to server/discover, and knows initialize."
                fix = "Answer a method that is not known with 400 or 404, or a JSON-RPC error."
                yield failed(words, place, severity="warn", step=event.step, fix=fix)
                continue
            yield failed(words, place, step=event.step)
            return


def _message(exchange: Exchange) -> str:
    assert exchange.response
    value, problem = read_json(exchange.response.body)
    if problem or not isinstance(value, dict):
        said = page_words(exchange.response)
        return f": {said}" if said else ""
    answer = read_answer(exchange, None)
    return f": {answer.message}" if answer.error else ""


@check(
    "MCP-24",
    "connect",
    "resource-server",
    "info",
    "the server speaks Streamable HTTP",
    "MCP 2025-03-26 Transports, Backwards Compatibility",
    "Offer Streamable HTTP at the MCP endpoint: HTTP+SSE is of 2024-11-05, and deprecated.",
)
def transport_is_current(record: Record) -> Outcomes:
    stream = record.facts.stream
    if record.facts.connection is None:
        return
    if stream and stream.uri is not None:
        words = "The server speaks HTTP+SSE, which Streamable HTTP has replaced."
        yield failed(words, Place(stream.exchange_id))
    else:
        yield passed()


@check(
    "MCP-25",
    "connect",
    "resource-server",
    "info",
    "log messages are declared where they are wanted",
    "MCP Logging, Capabilities",
    "Declare the logging capability to send log messages.",
)
def logging_is_declared(record: Record) -> Outcomes:
    connection = record.facts.connection
    if connection is None or connection.era != "legacy" or not record.facts.target.log_level:
        return
    if "logging" in connection.capabilities:
        yield passed()
    else:
        yield failed("The server declares no logging: it is not asked for log messages.")
