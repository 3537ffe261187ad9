"""What an exchange on the open connection gave: an answer, or a reason to send something more.

A stream that ended early is taken up again (2025-11-25 Streamable HTTP, Resumability and
Redelivery); a refused version gives way to a mutual one (2026-07-28 Versioning, Negotiation).
"""

from __future__ import annotations

from dataclasses import replace

from flows.exchange import Exchange, Request, media_type
from flows.facts import Connection, Facts, Resumption
from flows.mcp.opening import mutual_version, sent
from flows.mcp.rpc import (
    CANCELLED,
    MODERN,
    UNSUPPORTED_VERSION,
    Answer,
    answers,
    is_aside,
    legacy_request,
    message_url,
    read_answer,
    stream,
)
from flows.moves import Send
from flows.session import StepId
from flows.sse import Parser

RECONNECT = 1.0
"""Seconds before a stream is taken up again when the server named no time."""
MAX_RECONNECT = 300.0
MAX_RESUMPTIONS = 100


def take(exchange: Exchange, facts: Facts) -> tuple[Facts, Answer | None]:
    """The facts after an exchange and the answer in it; None when it is still to come."""
    if is_aside(exchange.request):
        return facts, None
    former = facts.resuming
    rpc_id = sent(exchange.request)[2]
    if former and exchange.request.method == "GET":
        rpc_id = former.rpc_id
    else:
        former = None
        facts = replace(facts, rpc_sent=facts.rpc_sent + 1)
    answer = read_answer(exchange, rpc_id)
    resuming = None if answer.problem == "" else _resumption(exchange, rpc_id, facts, former)
    facts = replace(facts, resuming=resuming)
    if resuming:
        return facts, None
    if connection := _renegotiated(answer, facts.connection):
        return replace(facts, connection=connection), None
    return facts, answer


def comes_later(exchange: Exchange, rpc_id: int | None, facts: Facts) -> bool:
    """Whether the response to a request was accepted and comes on the stream of HTTP+SSE."""
    accepted = exchange.error is None and 200 <= (exchange.status or 0) < 300
    posted = facts.stream is not None and exchange.request.url == message_url(facts)
    awaited = rpc_id is not None and accepted and posted
    return awaited and read_answer(exchange, rpc_id).problem != ""


def giving_up(exchange: Exchange, rpc_id: int | None, facts: Facts) -> Request | None:
    """What tells a server of 2025-11-25 or earlier that its response is not waited for any more
    (Cancellation). Since then the end of the connection says so, and of `initialize` nothing may:
    there is no connection yet."""
    connection, error = facts.connection, exchange.error
    if rpc_id is None or connection is None or connection.era != "legacy":
        return None
    if error is None or error.kind not in ("cancelled", "timeout") or exchange.timing.send is None:
        return None
    params = {"requestId": rpc_id, "reason": error.text}
    return legacy_request(facts, CANCELLED, params, connection, notification=True)


def resume(step: StepId, facts: Facts) -> Send | None:
    """The move that takes up a stream again, where one waits for that."""
    resuming, connection = facts.resuming, facts.connection
    if resuming is None or connection is None:
        return None
    request = stream(facts, connection, resuming.last_event_id)
    label = "resume the stream"
    return Send(step, request, label, rpc_id=resuming.rpc_id, delay=resuming.delay)


def _resumption(
    exchange: Exchange, rpc_id: int | None, facts: Facts, former: Resumption | None
) -> Resumption | None:
    """How to take up the stream of an exchange; None where it cannot be, or has its response."""
    connection, response = facts.connection, exchange.response
    tries = former.tries + 1 if former else 1
    if rpc_id is None or connection is None or connection.era != "legacy":
        return None
    if response is None or response.status != 200 or tries > MAX_RESUMPTIONS:
        return None
    # What was cancelled, or cut at a limit of ours, did not break.
    if exchange.error and exchange.error.kind != "protocol":
        return None
    if media_type(response.headers) != "text/event-stream":
        return None
    parser = Parser()
    if any(answers(event, rpc_id) for event in parser.feed(response.body)):
        return None
    last_event_id = parser.last_event_id or (former.last_event_id if former else "")
    delay = RECONNECT if parser.retry is None else parser.retry / 1000
    if parser.retry is None and former:
        delay = former.delay
    if not last_event_id or delay > MAX_RECONNECT:
        return None
    return Resumption(rpc_id, last_event_id, delay, tries)


def _renegotiated(answer: Answer, connection: Connection | None) -> Connection | None:
    """The connection in another version, or in the same once more, after its version was
    refused; None where that is not the case or no version is left."""
    if answer.code != UNSUPPORTED_VERSION or connection is None or connection.era != "modern":
        return None
    refused = (*connection.refused, connection.version)
    version = mutual_version(answer, (MODERN,), refused)
    return replace(connection, version=version, refused=refused) if version else None
