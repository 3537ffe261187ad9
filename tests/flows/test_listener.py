"""RFC 8252 sections 7.3 and 8.3, and what else arrives at an open port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import listener as module
from flows.listener import Callback, Listener, Rejected

HANGS = 60
"""Seconds after which something has gone wrong, on a busy machine too."""
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@asynccontextmanager
async def waiting(
    state: str | None = "s1", host: str = "127.0.0.1", path: str = "/callback"
) -> AsyncIterator[tuple[Listener, asyncio.Task[Callback]]]:
    async with await Listener.bind(host, path=path, clock=lambda: NOW) as listener:
        wait = asyncio.create_task(listener.wait(state))
        try:
            yield listener, wait
        finally:
            wait.cancel()
            await asyncio.gather(wait, return_exceptions=True)


def port_of(listener: Listener) -> int:
    port = urlsplit(listener.redirect_uri).port
    assert port
    return port


async def raw(listener: Listener, request: bytes, address: str = "127.0.0.1") -> bytes:
    reader, writer = await asyncio.open_connection(address, port_of(listener))
    try:
        writer.write(request)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), HANGS)
    finally:
        writer.close()


async def ask(
    listener: Listener,
    target: str,
    method: str = "GET",
    *,
    host: str | None = None,
    fields: str = "",
    body: bytes = b"",
) -> int:
    """The status of one request."""
    host = urlsplit(listener.redirect_uri).netloc if host is None else host
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}"
    if body:
        head += f"Content-Length: {len(body)}\r\n"
    answer = await raw(listener, head.encode("latin-1") + b"\r\n" + body)
    return int(answer.split(b" ", 2)[1])


async def test_the_matching_response_ends_the_wait() -> None:
    async with waiting() as (listener, wait):
        assert await ask(listener, "/callback?code=a%2Fb&state=s1&iss=x") == 200
        callback = await wait
    assert callback.url == listener.redirect_uri + "?code=a%2Fb&state=s1&iss=x"
    assert callback.at == NOW and callback.peer.startswith("127.0.0.1:")
    assert listener.redirect_uri == f"http://127.0.0.1:{port_of(listener)}/callback"
    assert listener.rejected == []


async def test_an_error_response_ends_the_wait() -> None:
    async with waiting() as (listener, wait):
        assert await ask(listener, "/callback?error=access_denied&state=s1") == 200
        assert "error=access_denied" in (await wait).url


async def test_form_post() -> None:
    async with waiting() as (listener, wait):
        fields = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        body = b"code=a+b&state=s1"
        assert await ask(listener, "/callback", "POST", fields=fields, body=body) == 200
        assert (await wait).url == listener.redirect_uri + "?code=a+b&state=s1"


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5), st.binary(max_size=20))
def test_a_form_becomes_a_query_of_visible_ascii(fields: dict[str, str], junk: bytes) -> None:
    listener = Listener("127.0.0.1", 1, "/callback", None, lambda: NOW)
    form = urlencode(fields).encode()
    received = module._Received(
        "", "POST", "/callback", "127.0.0.1:1", "application/x-www-form-urlencoded", form or b"a=b"
    )
    url = listener._callback_url(received)
    assert dict(parse_qsl(urlsplit(url).query, True)) == (fields or {"a": "b"})

    received.body = b"x=" + junk
    assert all(0x20 < ord(character) < 0x7F for character in listener._callback_url(received))


@pytest.mark.parametrize(
    ("target", "method", "status", "reason"),
    [
        ("/favicon.ico", "GET", 404, "another path"),
        ("/callback/?code=a&state=s1", "GET", 404, "another path"),
        ("/%63allback?code=a&state=s1", "GET", 404, "another path"),
        ("http://127.0.0.1/callback?code=a&state=s1", "GET", 404, "another path"),
        ("/callback?code=a&state=s1", "HEAD", 405, "neither GET nor POST"),
        ("/callback?code=a&state=s1", "OPTIONS", 405, "neither GET nor POST"),
        ("/callback?code=a&state=s1", "POST", 415, "no form"),
        ("/callback", "GET", 400, "fragment"),
        ("/callback?", "GET", 400, "fragment"),
    ],
)
async def test_other_requests_do_not_end_the_wait(
    target: str, method: str, status: int, reason: str
) -> None:
    async with waiting() as (listener, wait):
        assert await ask(listener, target, method) == status
        [rejected] = listener.rejected
        assert reason in rejected.reason and not rejected.callback
        assert (rejected.method, rejected.at) == (method, NOW)
        assert not wait.done()
        assert await ask(listener, "/callback?code=b&state=s1") == 200
        assert "code=b" in (await wait).url


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("code=a", "without state"),
        ("code=a&state=", "another state"),
        ("code=a&state=foreign", "another state"),
        ("code=a&state=S1", "another state"),
        ("error=server_error", "without state"),
        ("code=a&state=s1&state=s1", "2 states"),
    ],
)
async def test_a_lost_state_is_shown_and_can_be_taken_by_hand(query: str, reason: str) -> None:
    seen: list[Rejected] = []
    async with await Listener.bind(on_rejected=seen.append) as listener:
        wait = asyncio.create_task(listener.wait("s1"))
        assert await ask(listener, f"/callback?{query}") == 400
        assert listener.rejected == seen and not wait.done()
        assert seen[0].callback and reason in seen[0].reason
        assert seen[0].url == f"{listener.redirect_uri}?{query}"
        await ask(listener, "/callback?code=b&state=s1")
        assert "code=b" in (await wait).url


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_state_is_recognised_in_its_encoded_form(state: str) -> None:
    async def check() -> str:
        async with waiting(state) as (listener, wait):
            await ask(listener, f"/callback?code=a&state={quote(state, safe='')}")
            return (await asyncio.wait_for(wait, HANGS)).url

    assert dict(parse_qsl(urlsplit(asyncio.run(check())).query, True))["state"] == state


async def test_without_an_expected_state_any_parameters_do() -> None:
    async with waiting(None) as (listener, wait):
        assert await ask(listener, "/callback") == 400
        assert await ask(listener, "/callback?code=a") == 200
        assert (await wait).url.endswith("?code=a")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:{port}", ""])
async def test_a_foreign_host_is_refused(host: str) -> None:
    async with waiting() as (listener, wait):
        host = host.format(port=port_of(listener))
        assert await ask(listener, "/callback?code=a&state=s1", host=host) == 400
        assert "Host" in listener.rejected[0].reason and not wait.done()


async def test_a_redirect_uri_with_a_query() -> None:
    async with waiting(path="/cb?tenant=1") as (listener, wait):
        assert listener.redirect_uri.endswith("/cb?tenant=1")
        assert await ask(listener, "/cb?tenant=1&code=a&state=s1") == 200
        assert (await wait).url == listener.redirect_uri + "&code=a&state=s1"


async def test_a_response_before_the_wait_is_held_for_it() -> None:
    async with await Listener.bind() as listener:
        early = asyncio.create_task(ask(listener, "/callback?code=a&state=s1"))
        foreign = asyncio.create_task(ask(listener, "/callback?code=a&state=s0"))
        assert await ask(listener, "/other") == 404  # by now the early ones are there too
        callback = await listener.wait("s1")
        assert callback.url.endswith("?code=a&state=s1")
        assert sorted(await asyncio.gather(early, foreign)) == [200, 400]


async def test_a_second_response_is_refused() -> None:
    async with waiting() as (listener, wait):
        assert await ask(listener, "/callback?code=a&state=s1") == 200
        assert await ask(listener, "/callback?code=b&state=s1") == 400
        assert "code=a" in (await wait).url
        assert "already come" in listener.rejected[0].reason


async def test_a_cancelled_wait_can_be_taken_up_again() -> None:
    async with await Listener.bind() as listener:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await listener.wait("s1")
        again = asyncio.create_task(listener.wait("s2"))
        assert await ask(listener, "/callback?code=a&state=s1") == 400
        assert await ask(listener, "/callback?code=a&state=s2") == 200
        assert "state=s2" in (await again).url


async def test_closing_right_after_the_response_still_gives_the_page() -> None:
    listener = await Listener.bind()
    page = asyncio.create_task(ask(listener, "/callback?code=a&state=s1"))
    await listener.wait("s1")
    await listener.close()
    assert await page == 200
    with pytest.raises(OSError):
        await ask(listener, "/callback?code=a&state=s1")


async def test_pages_are_constant_and_reflect_nothing() -> None:
    async with waiting() as (listener, wait):
        host = f"Host: 127.0.0.1:{port_of(listener)}\r\n\r\n".encode()
        refused = [
            await raw(listener, b"GET /callback?code=%s&state=x HTTP/1.1\r\n" % code + host)
            for code in (b"SECRET", b"<script>", b"%3Cscript%3E")
        ]
        assert len(set(refused)) == 1
        accepted = await raw(listener, b"GET /callback?code=SECRET&state=s1 HTTP/1.1\r\n" + host)
        await wait
    for answer in (refused[0], accepted):
        head, _, page = answer.partition(b"\r\n\r\n")
        for line in (
            b"Cache-Control: no-store",
            b"Referrer-Policy: no-referrer",
            b"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
            b"Connection: close",
            f"Content-Length: {len(page)}".encode(),
        ):
            assert line in head
        assert b"SECRET" not in answer and b"script" not in page and b"://" not in page
    assert b"return to the terminal" in accepted


async def test_head_has_no_body() -> None:
    async with waiting() as (listener, _):
        answer = await raw(
            listener, f"HEAD / HTTP/1.1\r\nHost: 127.0.0.1:{port_of(listener)}\r\n\r\n".encode()
        )
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /callback?code=" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 66_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 200_000, 431),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000, 413),
        (b"\x16\x03\x01\x02\0 a TLS greeting\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /half HTTP/1.1\r\nHo", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ],
    ids=["url", "header", "endless-header", "body", "tls", "no-host", "half", "two-lengths"],
)
async def test_limits_and_garbage(request_: bytes, status: int) -> None:
    async with waiting() as (listener, wait):
        answer = await raw(listener, request_)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert len(listener.rejected) == 1 and not wait.done()


async def test_silent_connections_end_at_the_deadline_and_are_not_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "READ_DEADLINE", 0.05)
    async with waiting() as (listener, wait):
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
        assert await asyncio.wait_for(reader.read(), HANGS) == b""
        writer.close()
        assert await raw(listener, b"") == b""
        assert listener.rejected == [] and not wait.done()


async def test_connections_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS", 2)
    async with waiting() as (listener, _):
        idle = [await asyncio.open_connection("127.0.0.1", port_of(listener)) for _ in range(3)]
        try:
            reader, _ = idle[2]
            with pytest.raises(ConnectionError):
                if await reader.read() == b"":
                    raise ConnectionError
            assert not idle[0][0].at_eof()
        finally:
            for _, writer in idle:
                writer.close()
        async with asyncio.timeout(HANGS):
            while listener._handlers:
                await asyncio.sleep(0)
        assert await ask(listener, "/callback?code=a&state=s1") == 200


async def test_the_list_of_rejected_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REJECTED", 3)
    async with waiting() as (listener, _):
        for number in range(5):
            await ask(listener, f"/{number}")
        assert [entry.url[-2:] for entry in listener.rejected] == ["/0", "/1", "/2"]


async def test_a_taken_port_is_said_in_words() -> None:
    async with await Listener.bind() as first:
        port = port_of(first)
        with pytest.raises(OSError, match=f"127.0.0.1:{port} is taken by another program"):
            await Listener.bind(port=port)
    async with await Listener.bind(port=port) as again:  # free again at once
        assert port_of(again) == port


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.com", "", "127.0.0.2"])
async def test_nothing_but_loopback_is_bound(host: str) -> None:
    with pytest.raises(ValueError, match="no loopback"):
        await Listener.bind(host)


@pytest.mark.parametrize("path", ["callback", "", "/a b", "/a\r\nb", "/é", "/a#b"])
async def test_unusable_paths(path: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        await Listener.bind(path=path)


async def test_only_the_loopback_address_listens() -> None:
    async with waiting() as (listener, _):
        addresses = {sock.getsockname()[0] for srv in listener._servers for sock in srv.sockets}
    assert addresses == {"127.0.0.1"}


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")
async def test_localhost_listens_on_both_addresses() -> None:
    for address in ("127.0.0.1", "::1"):
        async with waiting(host="localhost") as (listener, wait):
            assert listener.redirect_uri.startswith("http://localhost:")
            netloc = urlsplit(listener.redirect_uri).netloc
            head = f"GET /callback?code=a&state=s1 HTTP/1.1\r\nHost: {netloc}\r\n\r\n"
            assert (await raw(listener, head.encode(), address)).startswith(b"HTTP/1.1 200 ")
            assert (await wait).peer.startswith(("127.0.0.1:", "[::1]:"))


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
async def test_ipv6(host: str) -> None:
    async with waiting(host=host) as (listener, wait):
        assert listener.redirect_uri == f"http://[::1]:{port_of(listener)}/callback"
        netloc = urlsplit(listener.redirect_uri).netloc
        head = f"GET /callback?code=a&state=s1 HTTP/1.1\r\nHost: {netloc}\r\n\r\n"
        assert (await raw(listener, head.encode(), "::1")).startswith(b"HTTP/1.1 200 ")
        assert (await wait).peer.startswith("[::1]:")


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")
async def test_localhost_fails_when_one_address_is_taken() -> None:
    async with await Listener.bind("::1") as first:
        with pytest.raises(OSError, match="is taken"):
            await Listener.bind("localhost", port_of(first))
