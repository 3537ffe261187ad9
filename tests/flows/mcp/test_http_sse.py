"""A record of HTTP+SSE as the steps read it."""

import json
from typing import Any

import pytest

from flows.exchange import Exchange, Failure, Request, Response
from flows.mcp.http_sse import Stream, follow, response_id, with_responses
from flows.session import Event, Exchanged, Made, Received
from flows.sse import ServerSentEvent
from tests.flows.world import NOW

BEGAN = Made(NOW, "connect", (("stream", "s"), ("first", "endpoint")))
ENDPOINT = Received(NOW, "connect", "s", ServerSentEvent("endpoint", "/m"))
RESULT = {"jsonrpc": "2.0", "id": 3, "result": {"tools": []}}


def said(message: Any, exchange_id: str = "s") -> Received:
    return Received(NOW, "tools", exchange_id, ServerSentEvent(data=json.dumps(message)))


def posted(rpc_id: object, error: Failure | None = None) -> Exchanged:
    body = json.dumps({"id": rpc_id, "method": "tools/list"}).encode()
    accepted = Response(202, "Accepted", (("Content-Type", "text/plain"),), b"Accepted")
    request = Request("POST", "https://mcp.example.com/m", (), body)
    return Exchanged(NOW, "tools", Exchange("p", request, NOW, accepted, error), "tools/list")


def last(*events: Event) -> Exchange:
    event = list(with_responses(events))[-1]
    assert isinstance(event, Exchanged)
    return event.exchange


def test_a_post_is_read_with_its_response() -> None:
    joined = last(BEGAN, ENDPOINT, said(RESULT), posted(3))
    assert joined.id == "p" and joined.response
    assert (joined.status, json.loads(joined.response.body)) == (200, RESULT)


@pytest.mark.parametrize(
    "events",
    [
        (BEGAN, ENDPOINT, posted(3)),
        (BEGAN, ENDPOINT, said(RESULT), posted(4)),
        (BEGAN, ENDPOINT, said(RESULT), posted([3])),
        (BEGAN, ENDPOINT, said(RESULT, "another stream"), posted(3)),
        (BEGAN, ENDPOINT, said({"id": 3, "method": "ping"}), posted(3)),
        (BEGAN, ENDPOINT, said(RESULT), posted(3, Failure("timeout", "too late"))),
        (Made(NOW, "connect", (("stream", "s"),)), said(RESULT), posted(3)),
        (BEGAN, ENDPOINT, said(RESULT), posted(3), posted(3)),
    ],
)
def test_what_has_no_response_is_read_as_it_came(events: tuple[Event, ...]) -> None:
    assert last(*events).status == 202


def test_the_first_endpoint_counts() -> None:
    stream, _ = follow(None, BEGAN)
    assert stream == Stream("s", "connect") and stream.uri is None
    stream, _ = follow(stream, ENDPOINT)
    stream, _ = follow(stream, Received(NOW, "connect", "s", ServerSentEvent("endpoint", "/n")))
    assert stream and stream.uri == "/m"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('{"id": 1, "result": {}}', 1),
        ('{"id": "a", "error": {}}', "a"),
        ('{"id": null, "error": {}}', None),
        ('{"id": 1, "method": "ping"}', None),
        ("[]", None),
        ("{", None),
    ],
)
def test_responses_are_known_by_their_id(data: str, expected: object) -> None:
    assert response_id(ServerSentEvent(data=data)) == expected
