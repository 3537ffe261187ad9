"""The loopback listener that receives the authorization response (RFC 8252 sections 7.3, 8.3).

It listens on loopback addresses only, from just before the browser opens until the caller has
the response. Whoever else knocks (a favicon request, a port scan, a page that rebinds its name to
127.0.0.1, a response with a foreign state) gets an error page, is written down for the person to
see, and does not end the wait. No byte of a request is ever reflected in a page.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, quote

from flows.frozen import frozen

REQUEST_LINE = 16 * 1024
HEADERS = 64 * 1024
BODY = 64 * 1024
CONNECTIONS = 32
READ_DEADLINE = 10.0
MOST_REJECTED = 50

_ADDRESSES = {
    "127.0.0.1": ("127.0.0.1",),
    "::1": ("::1",),
    # Browsers try either address first, whatever the name resolves to elsewhere.
    "localhost": ("127.0.0.1", "::1"),
}
_HEADERS_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@frozen
class Callback:
    """The authorization response. `url` is the redirect URI with the parameters that came; those
    of a form (OAuth 2.0 Form Post Response Mode) stand in its query."""

    url: str = field(repr=False)
    at: datetime
    peer: str


@frozen
class Rejected:
    """A request that did not end the wait. `callback` marks one that came to the right place
    and failed only for its state or its lack of one: the person may choose to take its `url`."""

    method: str
    url: str = field(repr=False)
    reason: str
    at: datetime
    peer: str
    callback: bool = False


class Listener:
    """Opened with `bind`, asked with `wait`, shut with `close` (or by `async with`)."""

    def __init__(
        self,
        host: str,
        port: int,
        path: str,
        on_rejected: Callable[[Rejected], None] | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.redirect_uri = f"http://{_authority(host, port)}{path}"
        self.rejected: list[Rejected] = []
        self._path = path.partition("?")[0]
        self._hosts = {_authority(host, port), *([_authority(host)] if port == 80 else [])}
        self._on_rejected = on_rejected
        self._clock = clock
        self._servers: list[asyncio.Server] = []
        self._handlers: set[asyncio.Task[None]] = set()
        self._waiting = asyncio.Event()
        self._state: str | None = None
        self._result: asyncio.Future[Callback] | None = None

    @classmethod
    async def bind(
        cls,
        redirect_uri_host: str = "127.0.0.1",
        port: int = 0,
        path: str = "/callback",
        *,
        on_rejected: Callable[[Rejected], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Listener:
        """Listen on "127.0.0.1", "::1", or "localhost" where a server insists on it (both
        addresses then). Port 0 takes a free one. Raises OSError with a text for the person when
        the port cannot be had, ValueError for any other host: nothing but loopback is bound."""
        host = redirect_uri_host.strip("[]")
        if host not in _ADDRESSES:
            raise ValueError(f"{redirect_uri_host} is no loopback address")
        if not path.startswith("/") or path.strip(_VISIBLE_ASCII) or "#" in path:
            raise ValueError(f"{path!r} is no path of a redirect URI")
        sockets = _bound(_ADDRESSES[host], port)
        listener = cls(host, sockets[0].getsockname()[1], path, on_rejected, clock)
        for bound in sockets:
            listener._servers.append(await asyncio.start_server(listener._accept, sock=bound))
        return listener

    async def __aenter__(self) -> Listener:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def wait(self, state: str | None) -> Callback:
        """The first response to `redirect_uri` whose `state` is the one that was sent, be it a
        code or an error (RFC 6749 section 4.1.2). With None, any response with parameters.

        A request that comes before this call is held back until it. Deadlines are the caller's:
        cancelling leaves the listener open for another wait.
        """
        self._state = state
        self._result = asyncio.get_running_loop().create_future()
        self._waiting.set()
        try:
            return await self._result
        finally:
            self._waiting.clear()

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        handlers = tuple(self._handlers)
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._handlers) >= CONNECTIONS:
            writer.transport.abort()
            return
        self._handlers.add(task)
        try:
            # close() ends us by cancelling, which asyncio's own callback would log as an error.
            with suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(READ_DEADLINE):
                    await self._serve(reader, writer)
        finally:
            self._handlers.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")
        received = _Received(peer=_authority(address[0], address[1]))
        try:
            if not await _read(reader, received):
                return  # a browser's spare connection, or a port scan: nothing was asked
            url = self._callback_url(received)
            if not (self._result and self._result.done() and not self._result.cancelled()):
                await self._waiting.wait()
            self._check(url)
        except _Refused as refused:
            method = received.method
            writer.write(_page(refused.status, method != "HEAD"))
            self._reject(
                Rejected(
                    method,
                    refused.url or received.url,
                    str(refused),
                    self._clock(),
                    received.peer,
                    callback=refused.url is not None,
                )
            )
        else:
            # The page first: whoever waits may close the listener at once.
            writer.write(_page(HTTPStatus.OK))
            if self._result and not self._result.done():
                self._result.set_result(Callback(url, self._clock(), received.peer))
        await _drain(reader, writer)

    def _callback_url(self, received: _Received) -> str:
        """The redirect URI with the parameters that came. Raises _Refused."""
        path, _, query = received.target.partition("?")
        if received.host.lower() not in self._hosts:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the Host is not that of the redirect URI")
        if path != self._path:
            raise _Refused(HTTPStatus.NOT_FOUND, "another path than the redirect URI's")
        if received.method == "POST":
            if received.media_type != "application/x-www-form-urlencoded":
                raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a POST that is no form")
            form = quote(received.body, safe=_VISIBLE_ASCII)
            query = f"{query}&{form}" if query and form else query or form
        elif received.method != "GET":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "neither GET nor POST")
        if not query:
            raise _Refused(
                HTTPStatus.BAD_REQUEST,
                "no parameters: browsers keep to themselves what stands in a fragment",
            )
        return f"{self.redirect_uri.partition('?')[0]}?{query}"

    def _check(self, url: str) -> None:
        """Raises _Refused, with the URL, unless `url` is the response that is waited for."""
        query = url.partition("?")[2]
        states = [value for name, value in parse_qsl(query, True) if name == "state"]
        reason = ""
        if self._result is None or self._result.done():
            reason = "a response had already come"
        elif self._state is None:
            return
        elif not states:
            reason = "a response without state"
        elif len(states) > 1:
            reason = f"a response with {len(states)} states"
        elif not hmac.compare_digest(states[0].encode(), self._state.encode()):
            reason = "a response with another state than the one sent"
        if reason:
            raise _Refused(HTTPStatus.BAD_REQUEST, reason, url)

    def _reject(self, rejected: Rejected) -> None:
        if len(self.rejected) < MOST_REJECTED:
            self.rejected.append(rejected)
            if self._on_rejected:
                self._on_rejected(rejected)


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, reason: str, url: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.url = url


@dataclass(slots=True)
class _Received:
    """A request as far as it was read."""

    peer: str
    method: str = ""
    target: str = ""
    host: str = ""
    media_type: str = ""
    body: bytes = b""

    @property
    def url(self) -> str:
        return f"http://{self.host}{self.target}"[:REQUEST_LINE] if self.target else ""


async def _read(reader: asyncio.StreamReader, received: _Received) -> bool:
    """Read one request into `received`; False when none came. Raises _Refused."""
    import h11

    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=REQUEST_LINE + HEADERS)
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(16 * 1024))
            elif isinstance(event, h11.Request):
                fields = {name: value.decode("latin-1") for name, value in event.headers}
                received.method = event.method.decode("ascii")
                received.target = event.target.decode("latin-1")
                received.host = fields.get(b"host", "")
                media_type, _, _ = fields.get(b"content-type", "").partition(";")
                received.media_type = media_type.strip().lower()
                if len(event.target) > REQUEST_LINE:
                    raise _Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "a URL of more than 16 KiB")
                if sum(len(name) + len(value) + 4 for name, value in event.headers) > HEADERS:
                    raise _Refused(_HEADERS_TOO_LARGE, "a header of more than 64 KiB")
            elif isinstance(event, h11.Data):
                received.body += event.data
                if len(received.body) > BODY:
                    raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a body of over 64 KiB")
            else:
                return isinstance(event, h11.EndOfMessage)
    except h11.RemoteProtocolError as error:
        if error.error_status_hint == _HEADERS_TOO_LARGE:
            raise _Refused(_HEADERS_TOO_LARGE, "a header of more than 64 KiB") from error
        raise _Refused(HTTPStatus.BAD_REQUEST, f"no valid HTTP: {error}"[:200]) from error


async def _drain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closing with input unread resets the connection, and the browser would lose the page."""
    await writer.drain()
    writer.write_eof()
    for _ in range(64):
        if not await reader.read(16 * 1024):
            return


def _authority(host: str, port: int | None = None) -> str:
    literal = f"[{host}]" if ":" in host else host
    return literal if port is None else f"{literal}:{port}"


def _bound(addresses: tuple[str, ...], port: int) -> list[socket.socket]:
    """A listening socket for each address, all with the same port."""
    for _ in range(20):
        sockets: list[socket.socket] = []
        try:
            for address in addresses:
                same = sockets[0].getsockname()[1] if sockets else port
                sockets.append(_listening(address, same))
            return sockets
        except OSError as error:
            if sockets and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return sockets  # this machine has no IPv6
            for bound in sockets:
                bound.close()
            if port == 0 and error.errno == errno.EADDRINUSE:
                continue  # free on one address, taken on the other
            where = _authority(address, same)
            text = {
                errno.EADDRINUSE: f"{where} is taken by another program",
                errno.EACCES: f"this user may not listen on {where}",
            }.get(error.errno or 0, f"cannot listen on {where}: {error.strerror}")
            raise OSError(error.errno, text) from error
    raise OSError(errno.EADDRINUSE, f"no port is free on all of {', '.join(addresses)}")


def _listening(address: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        if (
            os.name == "posix"
        ):  # a fixed port can be had again at once; elsewhere it would be shared
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(CONNECTIONS)
    except OSError:
        bound.close()
        raise
    return bound


_HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>authwalk</title>
<style>
  :root {{ color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }}
  body {{ display: grid; place-content: center; min-height: 90vh; margin: 0 1.5rem; }}
  h1 {{ font-size: 1.4rem; margin: 0; }}
</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""
_ACCEPTED = _HTML.format(
    title="The response has arrived.",
    text="You can close this page and return to the terminal.",
).encode()
_REFUSED = _HTML.format(
    title="This is not the response authwalk is waiting for.",
    text="Return to the terminal: it shows what came, and still waits.",
).encode()


def _page(status: HTTPStatus, with_body: bool = True) -> bytes:
    """A whole answer. It depends on nothing that was sent but the kind of its failure."""
    body = _ACCEPTED if status == HTTPStatus.OK else _REFUSED
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        head.append("Allow: GET, POST")
    return "\r\n".join([*head, "", ""]).encode() + (body if with_body else b"")
