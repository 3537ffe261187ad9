"""HAR 1.2 as it is written, held against the reader that takes browsers' HARs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.exchange import Exchange, Failure, Request, Response, Timing
from flows.export.har import har
from flows.har import read_har
from flows.recorded import session_of
from flows.session import Exchanged, Session, Target
from flows.store import redact_session
from tests.flows.world import MCP, World
from tests.hostile import HOSTILE

AT = datetime(2026, 11, 25, 10, 0, 0, 250000, UTC)

RESPONSE = Response(
    200,
    "OK",
    (("Content-Type", "text/html"), ("Set-Cookie", "sid=abcdef; Path=/"), ("Location", "/x")),
    b"<p>caf\xc3\xa9",
    wire_size=9,
)
EXCHANGE = Exchange(
    "ex-1",
    Request("POST", "https://h/x?a=b&a=&c=%20", (("Content-Type", "text/plain"),), b"body"),
    AT,
    RESPONSE,
    timing=Timing(0.010, 0.020, 0.001, 0.150, 0.003, 0.184),
    peer="203.0.113.7:443",
)


def session(*exchanges: Exchange) -> Session:
    events = tuple(Exchanged(one.started, "token", one, "a label") for one in exchanges)
    return Session(Target(MCP), AT, events=events)


def entries(*exchanges: Exchange) -> list[Any]:
    document = json.loads(har(session(*exchanges), with_secrets=True))
    assert document["log"]["version"] == "1.2"
    found: list[Any] = document["log"]["entries"]
    return found


def read_back(exchange: Exchange) -> Exchange:
    (found,) = read_har(har(session(exchange), with_secrets=True).encode())
    return replace(found, id=exchange.id, peer=exchange.peer)


def as_read(exchange: Exchange) -> Exchange:
    """An exchange as any HAR has it: no TLS, the size of the body twice, and zeros in `Timing`."""
    response = exchange.response
    if response:
        response = replace(response, wire_size=len(response.body))
    timing = exchange.timing
    timing = replace(
        timing,
        send=timing.send or 0.0,
        first_byte=timing.first_byte or 0.0,
        body=timing.body or 0.0,
    )
    return replace(exchange, response=response, timing=timing, tls=None)


def test_an_exchange_is_the_same_when_it_is_read_back() -> None:
    assert read_back(EXCHANGE) == as_read(EXCHANGE)


def test_every_member_that_har_demands_is_there() -> None:
    (entry,) = entries(EXCHANGE)
    assert entry["startedDateTime"] == "2026-11-25T10:00:00.250+00:00"
    assert entry["time"] == 184 and entry["cache"] == {}
    assert entry["timings"] == {
        "blocked": -1,
        "dns": -1,
        "connect": 30,
        "ssl": 20,
        "send": 1,
        "wait": 150,
        "receive": 3,
    }
    assert (entry["serverIPAddress"], entry["connection"]) == ("203.0.113.7", "443")
    assert entry["comment"] == "Exchange code: a label"
    request, response = entry["request"], entry["response"]
    assert request["queryString"] == [
        {"name": "a", "value": "b"},
        {"name": "a", "value": ""},
        {"name": "c", "value": " "},
    ]
    assert request["postData"] == {"mimeType": "text/plain", "text": "body"}
    assert response["cookies"] == [{"name": "sid", "value": "abcdef"}]
    assert response["redirectURL"] == "/x" and response["content"]["size"] == 8
    for message in (request, response):
        assert {"cookies", "headers", "headersSize", "bodySize", "httpVersion"} <= set(message)


def test_a_failure_is_told_with_its_kind() -> None:
    failed = replace(EXCHANGE, response=None, error=Failure("tls", "certificate expired"))
    (entry,) = entries(failed)
    assert (entry["response"]["status"], entry["_error"]) == (0, "certificate expired")
    assert read_back(failed) == as_read(failed)
    cut = replace(EXCHANGE, error=Failure("protocol", "the body was cut short"))
    assert read_back(cut) == as_read(cut)


def test_bytes_that_are_no_text_are_base64() -> None:
    binary = replace(
        EXCHANGE,
        request=replace(EXCHANGE.request, body=b"\xff\x00"),
        response=replace(RESPONSE, body=bytes(range(256)), wire_size=256),
    )
    (entry,) = entries(binary)
    assert entry["response"]["content"]["encoding"] == "base64"
    assert read_back(binary) == as_read(binary)


@given(st.binary(max_size=80), st.binary(max_size=80), st.sampled_from(HOSTILE))
def test_any_bodies_and_words_come_back(sent: bytes, came: bytes, words: str) -> None:
    value = words.encode("utf-8", "surrogatepass").decode("latin-1")
    exchange = replace(
        EXCHANGE,
        request=Request("POST", "https://h/", (("X", value),), sent),
        response=Response(500, value, (("Y", value),), came, wire_size=len(came)),
    )
    text = har(session(exchange), with_secrets=True)
    assert text.isascii() and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert read_back(exchange) == as_read(exchange)


def test_a_walk_is_redacted_and_still_the_same_walk() -> None:
    world = World()
    world.walk()
    text = har(world.session)
    assert world.facts.tokens and world.facts.pkce
    for secret in (world.facts.tokens.access_token, world.facts.pkce.code_verifier):
        assert secret not in text
    read = read_har(text.encode())
    recorded = [event.exchange for event in redact_session(world.session).exchanges]
    assert [one.request for one in read] == [one.request for one in recorded]
    assert session_of(read).target.url == MCP
    assert world.facts.tokens.access_token in har(world.session, with_secrets=True)


@pytest.mark.parametrize("peer", ["::1:443", "[::1]:443"])
def test_an_address_of_ip_6(peer: str) -> None:
    (entry,) = entries(replace(EXCHANGE, peer=peer))
    assert (entry["serverIPAddress"], entry["connection"]) == ("::1", "443")
