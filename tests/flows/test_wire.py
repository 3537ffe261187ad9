"""Against real servers on loopback, most of which misbehave."""

from __future__ import annotations

import asyncio
import gzip
import math
import os
import socket
import ssl
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from flows.exchange import Exchange, Failure, Headers, Request, header
from flows.flight import BodyReceived, Connected, EventReceived, HeadReceived, Progress
from flows.network import failing_check
from flows.sse import ServerSentEvent
from flows.wire import Wire, WireOptions
from tests.flows.servers import Connection, Handler, answers, make_certificate, ok, serve

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLAIN = WireOptions()


@asynccontextmanager
async def wire(options: WireOptions = PLAIN, **limits: float) -> AsyncIterator[Wire]:
    options = replace(
        options,
        limits=replace(options.limits, **limits),  # type: ignore[arg-type]
        user_agent="authwalk-test",
    )
    wire = Wire(options, clock=lambda: NOW, new_id=lambda: "id-1")
    try:
        yield wire
    finally:
        await wire.close()


STREAM = (("Accept", "application/json, text/event-stream"),)


async def get(
    handler: Handler,
    options: WireOptions = PLAIN,
    *,
    tls: ssl.SSLContext | None = None,
    asked: Headers = (),
    **limits: float,
) -> Exchange:
    """One GET of `handler`, on a wire of its own."""
    async with serve(handler, tls) as server, wire(options, **limits) as sender:
        return await sender.send(Request("GET", server.url + "/", asked))


def failure(exchange: Exchange) -> Failure:
    assert exchange.error is not None
    return exchange.error


def body(exchange: Exchange) -> bytes:
    assert exchange.response is not None
    return exchange.response.body


async def test_the_recorded_request_is_what_the_server_read() -> None:
    headers = (("x-lower", "1"), ("X-UPPER", "é"), ("x-Lower", "2"), ("Authorization", "Bearer t"))
    async with serve(answers(ok(b"hi"))) as server, wire() as sender:
        request = Request("post", f"{server.url}/a/../b?x=%7e&y=[1]#f", headers, b"\0\xff\r\n")
        exchange = await sender.send(request)

    fields = "".join(f"{name}: {value}\r\n" for name, value in exchange.request.headers)
    assert server.requests == [
        b"post /a/../b?x=%7e&y=[1] HTTP/1.1\r\n" + fields.encode("latin-1") + b"\r\n\0\xff\r\n"
    ]
    assert exchange.request.headers == (
        ("Host", f"127.0.0.1:{server.port}"),
        *headers,
        ("User-Agent", "authwalk-test"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Content-Length", "4"),
    )
    assert (exchange.id, exchange.started, exchange.error) == ("id-1", NOW, None)
    assert exchange.peer == f"127.0.0.1:{server.port}"


async def test_a_host_written_elsewhere_is_recorded_where_it_is_sent() -> None:
    async with serve(answers(ok())) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url, (("A", "1"), ("hOST", "other"))))
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\nhOST: other\r\nA: 1\r\n")
    assert exchange.request.headers[:2] == (("hOST", "other"), ("A", "1"))


async def test_response_headers_keep_order_case_repetition_and_bytes() -> None:
    head = "HTTP/1.1 418 I'm a té\r\nb: 2\r\nSet-COOKIE: x\r\nset-cookie: ÿ\r\nA:\r\n"
    exchange = await get(answers(head.encode("latin-1") + b"Content-Length: 0\r\n\r\n"))
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.reason) == (418, "I'm a té")
    assert exchange.response.headers == (
        ("b", "2"),
        ("Set-COOKIE", "x"),
        ("set-cookie", "ÿ"),
        ("A", ""),
        ("Content-Length", "0"),
    )


async def test_binary_body_and_old_http_until_close() -> None:
    data = bytes(range(256)) * 300
    exchange = await get(answers(b"HTTP/1.0 200 OK\r\n\r\n" + data))
    assert exchange.response is not None and exchange.error is None
    assert exchange.response.http_version == "HTTP/1.0"
    assert (exchange.response.body, exchange.response.wire_size) == (data, len(data))


async def test_chunked_body() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange = await get(answers(head, b"3\r\nabc\r\n", b"2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n"))
    assert (body(exchange), exchange.error) == (b"abcde", None)


async def test_redirects_and_cookies_are_shown_and_left_alone() -> None:
    async def handler(connection: Connection) -> None:
        while await connection.request():
            fields = ("Location: /elsewhere", "Set-Cookie: a=b; Path=/")
            await connection.send(ok(b"", *fields, status="302 Found"))

    async with serve(handler) as server, wire() as sender:
        first = await sender.send(Request("GET", server.url))
        await sender.send(Request("GET", server.url))
    assert first.status == 302 and first.response is not None
    assert header(first.response.headers, "location") == "/elsewhere"
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


async def test_a_kept_alive_connection_has_no_connect_time() -> None:
    async def handler(connection: Connection) -> None:
        while await connection.request():
            await connection.send(ok(b"x"))

    async with serve(handler) as server, wire() as sender:
        first = await sender.send(Request("GET", server.url))
        second = await sender.send(Request("GET", server.url))
    assert server.connections == 1
    assert first.timing.connect is not None and first.timing.tls is None
    assert second.timing.connect is None and second.peer == first.peer
    for timing in (first.timing, second.timing):
        assert timing.send is not None and timing.first_byte is not None and timing.body is not None
        parts = (timing.connect or 0) + timing.send + timing.first_byte + timing.body
        assert 0 < parts <= timing.total


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "ftp://127.0.0.1/"),
        Request("GET", "http://127.0.0.1:99999/"),
        Request("GET", "http://127.0.0.1:0/"),
        Request("GET", "http://127.0.0.1:http/"),
        Request("GET", "http://256.1.1.1/"),
        Request("GET", "http://☃.invalid/"),
        Request("GET", "http://[::g]/"),
        Request("GET", "http://127.0.0.1/" + 70_000 * "a"),
        Request("GET", "http://127.0.0.1/", (("X", "a\r\nInjected: b"),)),
        Request("G T", "http://127.0.0.1/"),
    ],
    ids=lambda request: request.url[:30],
)
async def test_unusable_requests(request_: Request) -> None:
    async with wire() as sender:
        exchange = await sender.send(request_)
    assert failure(exchange).kind == "bad-request"
    assert exchange.response is None and exchange.request == request_


async def test_an_injected_header_opens_no_connection() -> None:
    async with serve(answers(ok())) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url, (("X", "a\nEvil: b"),)))
    assert failure(exchange).kind == "bad-request"
    assert server.connections == 0


async def test_refused() -> None:
    with socket.socket() as reserved:  # bound but not listening
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        async with wire() as sender:
            exchange = await sender.send(Request("GET", f"http://127.0.0.1:{port}/"))
    assert failure(exchange).kind == "refused"
    assert f"127.0.0.1:{port}" in failure(exchange).text
    assert os.strerror(111) in failure(exchange).text or sys.platform != "linux"
    assert exchange.timing.connect is not None


async def test_unknown_name() -> None:
    async with wire() as sender:
        exchange = await sender.send(Request("GET", "http://authwalk-test.invalid/"))
    assert failure(exchange).kind == "dns"
    assert "authwalk-test.invalid" in failure(exchange).text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "without sending a response"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "status line"),
        (b"\x15\x03\x01\0\x02\x02\x46\r\n\r\n", "status line"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "header line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "Content-Length"),
    ],
)
async def test_not_http(answer: bytes, words: str) -> None:
    exchange = await get(answers(answer))
    assert failure(exchange).kind == "protocol" and exchange.response is None
    assert words in failure(exchange).text


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n", b"half"),
    ],
)
async def test_body_broken_in_the_middle(answer: bytes, kept: bytes) -> None:
    exchange = await get(answers(answer))
    assert failure(exchange).kind == "protocol"
    assert "receiving the body" in failure(exchange).text
    assert (exchange.status, body(exchange)) == (200, kept)


async def test_reset_in_the_middle() -> None:
    body_seen = asyncio.Event()

    async def handler(connection: Connection) -> None:
        await connection.request()
        raw = connection.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await body_seen.wait()
        connection.writer.transport.abort()

    def observe(progress: Progress) -> None:
        if isinstance(progress, BodyReceived):
            body_seen.set()

    async with serve(handler) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), observe=observe)
    assert failure(exchange).kind == "protocol" and body(exchange) == b"half"
    assert "broke while receiving the body" in failure(exchange).text


async def test_an_early_answer_to_a_large_request_is_read() -> None:
    async def handler(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(ok(b"enough", status="413 Content Too Large"))
        await connection.reader.read()

    async with serve(handler) as server, wire() as sender:
        request = Request("POST", server.url, body=bytes(200_000))
        exchange = await sender.send(request, deadline=30)
    assert (exchange.status, body(exchange)) == (413, b"enough")


async def silent(connection: Connection) -> None:
    await connection.request()
    await connection.reader.read()


async def drip(connection: Connection) -> None:
    await connection.request()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await connection.send(b"x")
        await asyncio.sleep(0.01)


async def test_deadline_before_the_answer() -> None:
    exchange = await get(silent, deadline=1)
    assert failure(exchange).kind == "timeout" and exchange.response is None
    assert (
        "the deadline of 1 s" in failure(exchange).text and "first byte" in failure(exchange).text
    )
    assert exchange.timing.first_byte is not None


async def test_deadline_ends_a_dripping_body_and_keeps_what_came() -> None:
    exchange = await get(drip, deadline=1)
    assert failure(exchange).kind == "timeout"
    assert "receiving the body" in failure(exchange).text
    assert body(exchange) and set(body(exchange)) == {ord("x")}


async def test_deadline_in_the_handshake() -> None:
    async def handler(connection: Connection) -> None:
        await connection.reader.read(1)
        await connection.reader.read()

    async with serve(handler) as server, wire(deadline=1) as sender:
        exchange = await sender.send(Request("GET", f"https://127.0.0.1:{server.port}/"))
    assert failure(exchange).kind == "timeout" and "TLS handshake" in failure(exchange).text
    assert exchange.timing.tls is not None and exchange.peer is not None


async def test_deadline_of_one_request_overrides_the_limits() -> None:
    async with serve(silent) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), deadline=0.05)
    assert "0.05 s" in failure(exchange).text
    async with serve(answers(ok(b"x"))) as server, wire(deadline=0) as sender:
        exchange = await sender.send(Request("GET", server.url), deadline=math.inf)
    assert exchange.error is None


async def test_cancel_event_in_the_body_keeps_what_came() -> None:
    cancel = asyncio.Event()

    def stop(progress: Progress) -> None:
        if isinstance(progress, BodyReceived) and progress.size >= 2:
            cancel.set()

    async with serve(drip) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), observe=stop, cancel=cancel)
    assert failure(exchange).kind == "cancelled" and len(body(exchange)) >= 2


async def test_cancel_event_set_before_the_request() -> None:
    cancel = asyncio.Event()
    cancel.set()
    async with serve(silent) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), cancel=cancel)
    assert failure(exchange).kind == "cancelled"


async def test_unused_cancel_event_changes_nothing() -> None:
    async with serve(answers(ok(b"x"))) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), cancel=asyncio.Event())
    assert exchange.error is None


async def test_cancelling_the_task_propagates_and_closes_the_connection() -> None:
    closed, begun = asyncio.Event(), asyncio.Event()

    async def handler(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        await connection.reader.read()
        closed.set()

    def observe(progress: Progress) -> None:
        if isinstance(progress, BodyReceived):
            begun.set()

    async with serve(handler) as server, wire() as sender:
        task = asyncio.create_task(sender.send(Request("GET", server.url), observe=observe))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(closed.wait(), 60)


async def test_what_an_observer_raises_is_not_taken_for_a_failure() -> None:
    def broken(progress: Progress) -> None:
        if isinstance(progress, HeadReceived):
            raise OSError("the observer's own")

    async with serve(answers(ok(b"x"))) as server, wire() as sender:
        with pytest.raises(OSError, match="the observer's own"):
            await sender.send(Request("GET", server.url), observe=broken)
        with pytest.raises(TimeoutError):
            await sender.send(Request("GET", server.url), observe=_raise_timeout)


def _raise_timeout(progress: Progress) -> None:
    if isinstance(progress, HeadReceived):
        raise TimeoutError


async def test_header_limit_with_both_sizes() -> None:
    exchange = await get(answers(ok(b"x", "A: 1", f"B: {'b' * 3000}", "C: 2")), headers=2000)
    assert failure(exchange).kind == "too-large"
    assert "3.0 kB" in failure(exchange).text and "2.0 kB" in failure(exchange).text
    assert exchange.response is not None and exchange.response.headers == (("A", "1"),)


async def test_endless_headers() -> None:
    async def handler(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await connection.send(b"X: " + b"y" * 5000 + b"\r\n")

    exchange = await get(handler)
    assert failure(exchange).kind == "too-large" and exchange.response is None


async def test_endless_body_is_cut_and_kept() -> None:
    async def handler(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await connection.send(b"y" * 5000)

    exchange = await get(handler, body=100_000)
    assert failure(exchange).kind == "too-large" and "100.0 kB" in failure(exchange).text
    assert body(exchange) == b"y" * 100_000


async def test_a_declared_length_past_the_limit_names_both_sizes() -> None:
    exchange = await get(answers(ok(b"y" * 3000)), body=1000)
    assert failure(exchange).kind == "too-large"
    assert "3.0 kB" in failure(exchange).text and "1.0 kB" in failure(exchange).text
    assert body(exchange) == b"y" * 1000


async def test_limit_on_received_bytes() -> None:
    data = os.urandom(50_000)
    packed = gzip.compress(data)
    exchange = await get(answers(ok(packed, "Content-Encoding: gzip")), wire_body=20_000)
    assert failure(exchange).kind == "too-large"
    assert data.startswith(body(exchange)) and 15_000 < len(body(exchange)) <= 20_000


@pytest.mark.parametrize("extra", [0, 1])
async def test_body_of_exactly_the_limit_is_complete(extra: int) -> None:
    exchange = await get(answers(ok(b"y" * (1000 + extra))), body=1000, wire_body=1000)
    assert (exchange.error is None) is (extra == 0)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "deflate-raw"])
async def test_codings_are_undone(coding: str) -> None:
    data = b"some text " * 1000
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(data),
        "deflate": zlib.compress(data),
        "deflate-raw": raw.compress(data) + raw.flush(),
    }[coding]
    exchange = await get(answers(ok(packed, f"Content-Encoding: {coding.removesuffix('-raw')}")))
    assert exchange.response is not None and exchange.error is None
    assert (exchange.response.body, exchange.response.wire_size) == (data, len(packed))


async def test_a_bomb_is_cut_with_bounded_memory() -> None:
    bomb = ok(gzip.compress(bytes(200_000_000), 6), "Content-Encoding: gzip")
    async with serve(answers(bomb)) as server, wire(body=1_000_000) as sender:
        await asyncio.to_thread(sender.warm)
        tracemalloc.start()
        try:
            exchange = await sender.send(Request("GET", server.url))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert failure(exchange).kind == "too-large"
    assert body(exchange) == bytes(1_000_000)
    assert "inflate to more than the limit of 1.0 MB" in failure(exchange).text
    assert peak < 12_000_000


@pytest.mark.parametrize(
    ("coding", "data", "words"),
    [
        ("gzip", b"this is no gzip", "corrupt"),
        ("gzip", gzip.compress(b"text " * 100)[:-9], "ends in the middle"),
        ("gzip", gzip.compress(os.urandom(100_000))[:-8] + b"badcrc!!", "corrupt"),
        ("deflate", b"\xff\xff\xff\xff\xff", "corrupt"),
        ("br", b"\x0b\x02\x80text\x03", "'br'"),
        ("gzip, zstd", b"(\xb5/\xfd", "'zstd'"),
    ],
    ids=range(6),
)
async def test_bad_codings_keep_the_received_bytes(coding: str, data: bytes, words: str) -> None:
    exchange = await get(answers(ok(data, f"Content-Encoding: {coding}")))
    assert failure(exchange).kind == "bad-encoding" and words in failure(exchange).text
    assert body(exchange) == data


async def test_head_without_body_may_name_a_coding() -> None:
    async with serve(answers(ok(b"", "Content-Encoding: gzip"))) as server, wire() as sender:
        exchange = await sender.send(Request("HEAD", server.url))
    assert exchange.error is None and body(exchange) == b""


async def test_broken_connection_keeps_what_was_inflated() -> None:
    packed = gzip.compress(os.urandom(20_000))
    exchange = await get(answers(ok(packed, "Content-Encoding: gzip")[:-5000]))
    assert failure(exchange).kind == "protocol" and len(body(exchange)) > 10_000


def stream(*parts: bytes, close: bool = True, coding: str = "identity") -> Handler:
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/event-stream; charset=utf-8\r\n"
        f"Content-Encoding: {coding}\r\n\r\n"
    )
    return answers(head.encode(), *parts, close=close)


async def test_progress_in_order_byte_by_byte() -> None:
    data = "id: 1\ndata: é\r\n\r\nevent: end\ndata: x\n\n".encode()
    seen: list[Progress] = []
    async with serve(stream(*(bytes([byte]) for byte in data))) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), observe=seen.append)

    assert isinstance(seen[0], Connected) and seen[0].peer == exchange.peer
    assert isinstance(seen[1], HeadReceived) and seen[1].response.body == b""
    sizes = [entry.size for entry in seen if isinstance(entry, BodyReceived)]
    assert sizes == sorted(sizes) and sizes[-1] == len(data)
    assert [entry.event for entry in seen if isinstance(entry, EventReceived)] == [
        ServerSentEvent("message", "é", "1"),
        ServerSentEvent("end", "x", "1"),
    ]
    assert (body(exchange), exchange.error) == (data, None)


async def test_until_closes_an_endless_stream() -> None:
    closed = asyncio.Event()

    async def handler(connection: Connection) -> None:
        await stream(b"data: 1\n\n", b"data: 2\n\ndata: 3\n\n", close=False)(connection)
        closed.set()

    seen: list[str] = []
    async with serve(handler) as server, wire() as sender:
        exchange = await sender.send(
            Request("GET", server.url),
            observe=lambda p: seen.append(p.event.data) if isinstance(p, EventReceived) else None,
            until=lambda event: event.data == "2",
        )
        await asyncio.wait_for(closed.wait(), 60)
    assert seen == ["1", "2"] and exchange.error is None
    assert body(exchange).startswith(b"data: 1\n\ndata: 2\n\n")


async def test_events_in_a_compressed_stream_come_before_its_end() -> None:
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    async with serve(stream(first, close=False, coding="gzip")) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url), until=lambda event: True)
    assert (body(exchange), exchange.error) == (b"data: 1\n\n", None)


async def events_for(seconds: float, connection: Connection) -> None:
    """A stream that says something again and again, until it ends."""
    await stream(b"data: 1\n\n")(connection)
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        await connection.send(b": \n")
        await asyncio.sleep(0.01)


async def test_a_stream_that_keeps_on_outlasts_the_deadline_of_a_body() -> None:
    exchange = await get(partial(events_for, 1.3), asked=STREAM, deadline=1.0)
    assert exchange.error is None and body(exchange).startswith(b"data: 1\n\n: \n")
    assert exchange.timing.total > 1.0


async def test_a_stream_that_falls_silent_is_cut_with_its_events_kept() -> None:
    exchange = await get(stream(b"data: 1\n\n", close=False), asked=STREAM, idle=0.1)
    assert failure(exchange).kind == "timeout" and body(exchange) == b"data: 1\n\n"
    words = "nothing came for 0.1 s while receiving the event stream (9 B so far)"
    assert failure(exchange).text == words


async def test_a_stream_without_an_end_has_a_deadline_of_its_own() -> None:
    exchange = await get(partial(events_for, math.inf), asked=STREAM, stream=0.3)
    assert failure(exchange).kind == "timeout"
    assert failure(exchange).text.startswith("the deadline of 0.3 s for an event stream passed")


async def test_a_stream_that_nobody_asked_for_has_the_deadline_of_a_body() -> None:
    exchange = await get(partial(events_for, math.inf), deadline=0.3)
    assert failure(exchange).text.startswith("the deadline of 0.3 s passed")


async def test_an_endless_stream_may_be_silent_once_it_has_begun() -> None:
    async def handler(connection: Connection) -> None:
        await stream(close=False)(connection)

    async with serve(handler) as server, wire(deadline=60, idle=0.01, stream=0.01) as sender:
        cancel = asyncio.Event()
        asyncio.get_running_loop().call_later(0.2, cancel.set)
        request = Request("GET", server.url, STREAM)
        exchange = await sender.send(request, endless=True, cancel=cancel)
    assert failure(exchange).kind == "cancelled"
    async with serve(silent) as server, wire(deadline=0.1) as sender:
        exchange = await sender.send(Request("GET", server.url), endless=True)
    assert failure(exchange).kind == "timeout" and exchange.response is None


async def test_other_media_types_have_no_events() -> None:
    seen: list[Progress] = []
    data = ok(b"data: 1\n\n", "Content-Type: text/plain")
    async with serve(answers(data)) as server, wire() as sender:
        await sender.send(Request("GET", server.url), observe=seen.append)
    assert not [entry for entry in seen if isinstance(entry, EventReceived)]


async def test_tls_details_of_new_and_kept_connections(tmp_path: Path) -> None:
    async def handler(connection: Connection) -> None:
        while await connection.request():
            await connection.send(ok(b"x"))

    root = make_certificate("root", authority=True)
    leaf = make_certificate(issuer=root)
    context = leaf.context(tmp_path)
    async with (
        serve(handler, context) as server,
        wire(WireOptions(ca_bundle=root.write(tmp_path))) as sender,
    ):
        first = await sender.send(Request("GET", server.url))
        second = await sender.send(Request("GET", server.url))
    assert first.error is None and first.tls is not None
    assert first.tls.version == "TLSv1.3" and first.tls.cipher and first.tls.verified
    assert (first.tls.subject, first.tls.issuer) == ("CN=test 127.0.0.1", "CN=test root")
    assert first.tls.not_after == leaf.certificate.not_valid_after_utc
    assert second.tls == first.tls and server.connections == 1
    assert first.timing.tls is not None and second.timing.tls is None


@pytest.mark.parametrize(
    ("name", "days", "trusted", "words", "check"),
    [
        ("127.0.0.1", 1, False, "is self-signed", "NET-03"),
        ("127.0.0.1", -1, True, "has expired (on ", "NET-05"),
        ("mcp.example", 1, True, "has another name: mcp.example", "NET-04"),
    ],
)
async def test_refused_certificates(
    tmp_path: Path, name: str, days: int, trusted: bool, words: str, check: str
) -> None:
    certificate = make_certificate(name, days=days)
    tls, ca = certificate.context(tmp_path), certificate.write(tmp_path) if trusted else None
    exchange = await get(answers(ok(b"secret")), WireOptions(ca_bundle=ca), tls=tls)
    assert failure(exchange).kind == "tls" and words in failure(exchange).text
    assert failing_check(exchange) == check
    assert exchange.response is None
    assert exchange.tls is not None and not exchange.tls.verified
    assert exchange.tls.subject == f"CN=test {name}"

    exchange = await get(answers(ok(b"shown")), WireOptions(insecure=True), tls=tls)
    assert body(exchange) == b"shown" and exchange.tls is not None
    assert not exchange.tls.verified and exchange.tls.subject == f"CN=test {name}"


async def test_unknown_issuer(tmp_path: Path) -> None:
    leaf = make_certificate(issuer=make_certificate("root", authority=True))
    exchange = await get(answers(ok()), tls=leaf.context(tmp_path))
    assert "issuer" in failure(exchange).text and "CN=test root" in failure(exchange).text


async def test_looking_at_a_refused_certificate_sends_no_http(tmp_path: Path) -> None:
    tls = make_certificate().context(tmp_path)
    async with serve(answers(ok()), tls) as server, wire() as sender:
        await sender.send(Request("GET", server.url, (("Authorization", "Bearer t"),)))
    assert server.requests == []


async def test_tls_with_a_plain_server() -> None:
    async def handler(connection: Connection) -> None:
        await connection.reader.read(100)
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serve(handler) as server, wire() as sender:
        exchange = await sender.send(Request("GET", f"https://127.0.0.1:{server.port}"))
    assert failure(exchange).kind == "tls" and "does not speak TLS" in failure(exchange).text


async def test_connection_closed_in_the_handshake() -> None:
    async def handler(connection: Connection) -> None:
        await connection.reader.read(1000)

    async with serve(handler) as server, wire() as sender:
        exchange = await sender.send(Request("GET", f"https://127.0.0.1:{server.port}"))
    assert failure(exchange).kind == "tls" and "handshake" in failure(exchange).text


async def test_server_that_wants_a_client_certificate(tmp_path: Path) -> None:
    """In TLS 1.3 the alert comes after the handshake, in place of the answer."""
    certificate = make_certificate()
    tls = certificate.context(tmp_path)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate.write(tmp_path))

    async def handler(connection: Connection) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        handshake = tls.wrap_bio(incoming, outgoing, server_side=True)
        while data := await connection.reader.read(65536):
            incoming.write(data)
            with suppress(ssl.SSLError):  # wants more, or no certificate: an alert goes out
                handshake.do_handshake()
            await connection.send(outgoing.read())

    async with serve(handler) as server, wire(WireOptions(insecure=True)) as sender:
        exchange = await sender.send(Request("GET", f"https://127.0.0.1:{server.port}"))
    assert failure(exchange).kind == "tls"
    assert "CERTIFICATE_REQUIRED" in failure(exchange).text


async def test_unreadable_ca_bundle(tmp_path: Path) -> None:
    async with wire(WireOptions(ca_bundle=tmp_path / "none.pem")) as sender:
        sender.warm()
        exchange = await sender.send(Request("GET", "https://127.0.0.1:1/"))
    assert failure(exchange).kind == "tls" and "none.pem" in failure(exchange).text
    assert failing_check(exchange) == "", "no server is at fault"


async def test_plain_request_through_a_proxy() -> None:
    async with serve(answers(ok(b"via"))) as server, wire(WireOptions(proxy=server.url)) as sender:
        exchange = await sender.send(Request("GET", "http://authwalk-test.invalid/a?b"))
    assert server.requests[0].startswith(b"GET http://authwalk-test.invalid/a?b HTTP/1.1\r\n")
    assert body(exchange) == b"via" and exchange.peer == f"127.0.0.1:{server.port}"


async def test_a_proxy_that_refuses_the_tunnel() -> None:
    refusal = ok(status="407 Proxy Authentication Required")
    async with serve(answers(refusal)) as server, wire(WireOptions(proxy=server.url)) as sender:
        exchange = await sender.send(Request("GET", "https://authwalk-test.invalid/"))
    assert failure(exchange).kind == "refused" and "407" in failure(exchange).text


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1", "socks5://127.0.0.1:1", "nonsense"])
async def test_unusable_proxy(proxy: str) -> None:
    async with wire(WireOptions(proxy=proxy)) as sender:
        exchange = await sender.send(Request("GET", "http://127.0.0.1:1/"))
    assert failure(exchange).kind == "bad-request" and proxy in failure(exchange).text


async def test_the_environment_names_no_proxy_and_no_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://authwalk-test.invalid:1")
    async with serve(answers(ok(b"direct"))) as server, wire() as sender:
        exchange = await sender.send(Request("GET", server.url))
    assert body(exchange) == b"direct"
    assert b"authorization" not in server.requests[0].lower()


async def test_a_closed_wire_opens_new_connections() -> None:
    async def handler(connection: Connection) -> None:
        while await connection.request():
            await connection.send(ok(b"x"))

    async with serve(handler) as server, wire() as sender:
        await sender.send(Request("GET", server.url))
        await sender.close()
        assert (await sender.send(Request("GET", server.url))).error is None
    assert server.connections == 2


def test_importing_the_wire_is_cheap() -> None:
    heavy = "{'httpx', 'httpcore', 'h11', 'anyio', 'certifi', 'cryptography', 'pydantic'}"
    code = f"import flows.wire, sys; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_warm_imports_httpx_and_not_cryptography() -> None:
    code = (
        "import flows.wire, sys; flows.wire.Wire().warm();"
        "print('httpx' in sys.modules, 'cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
