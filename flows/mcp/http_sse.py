"""HTTP+SSE, the transport of revision 2024-11-05 (Transports, HTTP with SSE).

    GET   the server's URL   ──>  a stream that stays open
                             <──  event `endpoint`: where messages are posted
    POST  the endpoint       ──>  202
                             <──  event `message` on the stream: the JSON-RPC response

The record keeps both as they came. A step reads the POST as if its response had come with it, so
that no step need know how its request travelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from flows.documents import read_json
from flows.exchange import Exchange
from flows.frozen import frozen
from flows.session import Event, Exchanged, Made, Received, StepId, value
from flows.sse import ServerSentEvent

REVISION = "2024-11-05"
ENDPOINT = "endpoint"
"""The name of the event that a stream of this transport must begin with."""


@frozen
class Stream:
    """The stream that the step opened. `uri` is that of the `endpoint` event, None before it
    came; `responses` are those whose POST is still to be read, by their id."""

    exchange_id: str
    step: StepId
    uri: str | None = None
    responses: Mapping[str | int, str] = field(default_factory=dict, repr=False)


def follow(stream: Stream | None, event: Event) -> tuple[Stream | None, Event]:
    """The stream after one more event of the record, and that event as a step reads it."""
    match event:
        case Made(step=step, values=values) if value(values, "first") == ENDPOINT:
            return Stream(value(values, "stream") or "", step), event
        case Received(exchange_id=id, event=sent) if stream and id == stream.exchange_id:
            return _heard(stream, sent), event
        case Exchanged(exchange=exchange) if stream and stream.responses:
            message, _ = read_json(exchange.request.body)
            rpc_id: Any = message.get("id") if isinstance(message, dict) else None
            if isinstance(rpc_id, str | int) and rpc_id in stream.responses and not exchange.error:
                left = dict(stream.responses)
                joined = replace(event, exchange=_joined(exchange, left.pop(rpc_id)))
                return replace(stream, responses=left), joined
    return stream, event


def with_responses(events: Iterable[Event]) -> Iterator[Event]:
    """The events of a record as the steps read them."""
    stream: Stream | None = None
    for event in events:
        stream, event = follow(stream, event)
        yield event


def unopened(stream: Stream | None, exchange: Exchange) -> bool:
    """Whether an exchange is this stream, and ended before it was of use."""
    return stream is not None and stream.exchange_id == exchange.id and stream.uri is None


def response_id(event: ServerSentEvent) -> str | int | None:
    """The id of the JSON-RPC response that this event of a stream is."""
    message, problem = read_json(event.data.encode("utf-8", "replace"))
    if problem or not isinstance(message, dict) or not {"result", "error"} & {*message}:
        return None
    rpc_id: Any = message.get("id")
    return rpc_id if isinstance(rpc_id, str | int) else None


def _heard(stream: Stream, sent: ServerSentEvent) -> Stream:
    if sent.event == ENDPOINT:
        return replace(stream, uri=sent.data) if stream.uri is None else stream
    rpc_id = response_id(sent)
    if rpc_id is None:
        return stream
    return replace(stream, responses={**stream.responses, rpc_id: sent.data})


def _joined(exchange: Exchange, data: str) -> Exchange:
    """An accepted POST and its response as one exchange, as Streamable HTTP would have it."""
    assert exchange.response
    headers = (("Content-Type", "application/json"),)
    body = data.encode("utf-8", "replace")
    response = replace(exchange.response, status=200, reason="OK", headers=headers, body=body)
    return replace(exchange, response=response)
