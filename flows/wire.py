"""The one place that opens connections as a client: a request goes out, an `Exchange` comes back.

    Wire.send(Request) ── observe ──> Connected, HeadReceived, BodyReceived, EventReceived
         └── Exchange    whatever happened; what a server or a network does is never an exception

Nothing happens behind the caller's back: no redirect is followed, no cookie kept, no request
repeated, and no credentials are taken from the environment or a netrc file. Nor are HTTP_PROXY
and its kin read: a debugger must not talk to somebody its record does not name. A front end that
wants them passes their value as `WireOptions.proxy`, where it can be seen.

The request is given to httpx's transport, not its client: the client would merge headers, keep a
cookie jar and normalise the URL, where here every byte has to be the caller's. HTTP/1.1 only.
"""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import socket
import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from flows import __version__, certificate
from flows.exchange import Exchange, Failure, Request, header, header_values
from flows.flight import BodyReceived, Cut, EventReceived, Flight, Observer
from flows.frozen import frozen
from flows.inflate import BadEncoding, Inflater
from flows.limits import Limits, Patience
from flows.network import UNREADABLE_BUNDLE
from flows.outgoing import Unsendable, sent, target
from flows.sse import Parser, ServerSentEvent
from flows.text import size

if TYPE_CHECKING:
    import httpx

_Until = Callable[[ServerSentEvent], bool] | None
_Error = TypeVar("_Error", bound=BaseException)

# httpx does without its command line where click is not installed; where it is, importing that and
# what it draws with takes as long as the rest of httpx.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept: below the 5 s after which common servers close theirs, as a
request that meets the closing cannot be told from one that was processed."""


@frozen
class WireOptions:
    """`proxy` is an http or https URL; `ca_bundle` is trusted beside the public roots; an empty
    `user_agent` sends none."""

    limits: Limits = field(default_factory=Limits)
    proxy: str | None = None
    ca_bundle: Path | None = None
    insecure: bool = False
    user_agent: str = f"authwalk/{__version__}"

    @property
    def brief(self) -> WireOptions:
        """The same for walks that call no tools: everything that they ask for comes at once, and no
        event stream may last."""
        return replace(self, limits=replace(self.limits, stream=self.limits.deadline))


_PLAIN = WireOptions()


class Wire:
    """Connections that are kept alive and reused, and the settings they share.

    Belongs to one event loop. Connections of different roles do not mix when each role has a
    wire of its own.
    """

    def __init__(
        self,
        options: WireOptions = _PLAIN,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: secrets.token_hex(6),
    ) -> None:
        self.options = options
        self._clock = clock
        self.new_id = new_id
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}

    def warm(self) -> None:
        """Do now what the first request would wait for: import httpx, read the trusted roots.
        Safe in a worker thread; 0.1 to 0.2 s."""
        import anyio  # noqa: F401 - httpx imports it with its first connection
        import httpcore  # noqa: F401 - likewise
        import httpx  # noqa: F401

        with suppress(OSError):  # an unreadable bundle is the first request's failure
            _ = self._trust

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return certificate.trust(self.options.ca_bundle, insecure=self.options.insecure)

    async def send(
        self,
        request: Request,
        *,
        observe: Observer | None = None,
        until: _Until = None,
        deadline: float | None = None,
        endless: bool = False,
        cancel: asyncio.Event | None = None,
        exchange_id: str | None = None,
    ) -> Exchange:
        """Send `request` and receive all of the answer, within the limits.

        `observe` is told what happens, as it happens. In a `text/event-stream` each event is
        given to `until`; when that is true the stream is closed and the exchange is complete.
        `deadline` (seconds, `math.inf` for none) overrides that of the limits; an `endless` stream
        has none once its head has come. Setting `cancel` ends the exchange with the failure
        "cancelled" and what had arrived; cancelling the task raises CancelledError as everywhere.
        """
        import httpx

        limits = self.options.limits
        if deadline is not None:
            limits = replace(limits, deadline=deadline)
        if endless:
            limits = replace(limits, idle=math.inf, stream=math.inf)
        started = self._clock()
        flight = Flight(request, observe or _ignore, not self.options.insecure)
        patience = Patience(limits)
        scope = patience.scope
        try:
            message = self._message(flight)
            async with scope, _ended_by(cancel, scope):
                try:
                    await self._exchange(message, flight, until, patience)
                except (httpx.HTTPError, ssl.SSLError) as error:
                    await self._explain(error, message.url, flight)
        except Unsendable as error:
            flight.failure = Failure("bad-request", str(error))
        except Cut as cut:
            flight.failure = Failure(cut.kind, str(cut))
        except TimeoutError:
            if not scope.expired():
                raise
            if cancel and cancel.is_set():
                flight.failure = Failure("cancelled", f"cancelled while {flight.doing}")
            elif flight.failure is None:
                flight.failure = Failure("timeout", f"{patience.why} while {flight.doing}")
        return flight.exchange(exchange_id or self.new_id(), started)

    async def close(self) -> None:
        """Close every connection. The wire can be used again and opens new ones."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    def _transport(self, scheme: str) -> httpx.AsyncHTTPTransport:
        """One for each scheme, so that plain HTTP never waits for the trusted roots."""
        import httpx

        if found := self._transports.get(scheme):
            return found
        try:
            context = self._trust if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        except OSError as error:
            bundle = self.options.ca_bundle
            raise Cut("tls", f"{UNREADABLE_BUNDLE} {bundle} cannot be read: {error}") from error
        try:
            self._transports[scheme] = httpx.AsyncHTTPTransport(
                verify=context,
                trust_env=False,
                proxy=self.options.proxy,
                limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise Unsendable(f"the proxy {self._proxy} cannot be used: {error}") from error
        return self._transports[scheme]

    @property
    def _proxy(self) -> str:
        """For words: without the user name and password it may hold."""
        return (self.options.proxy or "").rpartition("@")[2]

    def _message(self, flight: Flight) -> httpx.Request:
        """The request for httpx's transport, every byte of its head decided. Raises Unsendable."""
        import httpx

        request = flight.request
        request_target = target(request.url)
        try:
            url = httpx.URL(request.url)
        except httpx.InvalidURL as error:
            raise Unsendable(f"the URL is not usable: {error}") from error
        flight.request = request = sent(
            request, url.netloc.decode("ascii"), self.options.user_agent
        )
        if self.options.proxy and url.scheme == "http":  # absolute-form, RFC 9112 section 3.2.2
            request_target = b"http://" + url.netloc + request_target
        message = httpx.Request(
            request.method,
            url,
            headers=[(k.encode("ascii"), v.encode("latin-1")) for k, v in request.headers],
            stream=httpx.ByteStream(request.body),
            extensions={"target": request_target, "trace": flight.trace},
        )
        message.method = request.method  # httpx would have written it in capitals
        return message

    async def _exchange(
        self, message: httpx.Request, flight: Flight, until: _Until, patience: Patience
    ) -> None:
        transport = self._transport(message.url.scheme)
        answer = await transport.handle_async_request(message)
        try:
            most = self.options.limits.headers
            flight.answered(answer.status_code, answer.headers.raw, answer.extensions, most)
            touch = patience.touch if flight.may_last else _ignore
            touch()
            async with aclosing(self._body(answer, flight, touch)) as pieces:
                await _consume(pieces, flight, until)
        finally:
            await answer.aclose()

    async def _body(
        self, answer: httpx.Response, flight: Flight, touch: Callable[[], None]
    ) -> AsyncGenerator[bytes]:
        """The body inflated, piece by piece, while `flight` keeps it; `touch` is told of each
        arrival. Raises Cut."""
        assert flight.head is not None
        limits = self.options.limits
        coding = ", ".join(header_values(flight.head.headers, "content-encoding"))
        received: list[bytes] = []
        bad: BadEncoding | None = None
        try:
            inflater = Inflater(coding)
        except BadEncoding as error:
            inflater, bad = Inflater(""), error

        async with aclosing(cast("AsyncGenerator[bytes]", answer.aiter_raw())) as chunks:
            async for chunk in chunks:
                touch()
                room = limits.wire_body - flight.wire_size
                flight.wire_size += len(chunk)
                received.append(chunk[:room])
                try:
                    for count, piece in enumerate(inflater.feed(received[-1])):
                        if count:
                            await asyncio.sleep(0)  # a chunk can inflate to megabytes
                        if not flight.keep(piece, limits.body):
                            raise _too_large(flight, limits.body)
                        if not bad:
                            yield piece
                except BadEncoding as error:
                    inflater, bad = Inflater(""), error
                    flight.body = received.copy()
                    flight.size = sum(map(len, received))
                if len(chunk) > room:
                    raise _too_large(flight, limits.wire_body)
        try:
            inflater.finish()
        except BadEncoding as error:
            flight.body, bad = received, error
        if bad:
            raise Cut("bad-encoding", f"the body is kept as it was received: {bad}")

    async def _explain(self, error: Exception, url: httpx.URL, flight: Flight) -> None:
        """Put the network's failure into words; for a refused certificate look at it again."""
        where = url.netloc.decode("ascii")
        host = url.raw_host.decode("ascii")  # `host` raises where IDNA 2008 has no such name
        flight.failure = _failure(error, host, self._proxy or where, flight)
        refused = _first(ssl.SSLCertVerificationError, error)
        if refused is None or self.options.proxy:
            return
        seen = await certificate.peek(host, url.port or 443)
        if seen:
            flight.tls = certificate.describe(seen, verified=False)
            flight.failure = Failure("tls", certificate.reason(refused, host, seen))


async def _consume(pieces: AsyncIterator[bytes], flight: Flight, until: _Until) -> None:
    """Tell the observer of every piece and, in an event stream, of every event in it."""
    assert flight.head is not None
    parser = Parser() if flight.streams else None
    async for piece in pieces:
        flight.observe(BodyReceived(flight.size))
        for event in parser.feed(piece) if parser else ():
            flight.observe(EventReceived(event))
            if until and until(event):
                return


@asynccontextmanager
async def _ended_by(cancel: asyncio.Event | None, scope: asyncio.Timeout) -> AsyncIterator[None]:
    """Let `cancel` end `scope` as its deadline would."""
    if cancel is None:
        yield
        return

    async def watch(cancel: asyncio.Event) -> None:
        await cancel.wait()
        if not scope.expired():
            scope.reschedule(0)

    watcher = asyncio.create_task(watch(cancel))
    try:
        yield
    finally:
        watcher.cancel()


def _too_large(flight: Flight, limit: int) -> Cut:
    assert flight.head is not None
    announced = header(flight.head.headers, "content-length") or ""
    if flight.wire_size < flight.size:
        text = f"{size(flight.wire_size)} of body inflate to more than the limit of {size(limit)}"
    elif announced.isascii() and announced.isdigit() and len(announced) < 19:
        text = f"the body has {size(int(announced))}, more than the limit of {size(limit)}"
    else:
        text = f"the body passes the limit of {size(limit)}: {size(flight.wire_size)} had come"
    return Cut("too-large", text)


def _failure(error: Exception, host: str, where: str, flight: Flight) -> Failure:
    """`error` of httpx in words. `where` is the authority or proxy that was connected to."""
    import httpx

    if isinstance(error, httpx.LocalProtocolError):
        return Failure("bad-request", f"the request cannot be sent: {error}")
    if isinstance(error, httpx.ProxyError):
        return Failure("refused", f"the proxy {where} refused: {error}")
    if unknown := _first(socket.gaierror, error):
        return Failure("dns", f"no address for {where}: {unknown.strerror}")
    if tls := _first(ssl.SSLError, error):
        return Failure("tls", certificate.reason(tls, host))
    if any(getattr(cause, "error_status_hint", None) == 431 for cause in _causes(error)):
        words = "the header (or the framing of the body) passes 102.4 kB without an end"
        return Failure("too-large", words)
    codes = [c.errno for c in _causes(error) if isinstance(c, OSError) and c.errno]
    detail = os.strerror(codes[0]) if codes else str(error) or type(error).__name__
    if flight.in_handshake:
        return Failure("tls", f"{where} ended the connection in the TLS handshake: {detail}")
    if isinstance(error, httpx.TimeoutException):
        return Failure("timeout", f"the system gave up while {flight.doing}: {detail}")
    if not flight.connected:
        return Failure("refused", f"{where} cannot be connected to: {detail}")
    if isinstance(error, httpx.RemoteProtocolError):
        kept = "" if flight.opened else " (on a connection kept from an earlier exchange)"
        return Failure("protocol", f"no valid HTTP while {flight.doing}{kept}: {error}"[:500])
    return Failure("protocol", f"the connection broke while {flight.doing}: {detail}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error`, what caused it, and what caused that."""
    following: BaseException | None = error
    while following:
        yield following
        if isinstance(following, BaseExceptionGroup):
            for member in following.exceptions:
                yield from _causes(member)
        following = following.__cause__ or following.__context__


def _first(kind: type[_Error], error: BaseException) -> _Error | None:
    return next((cause for cause in _causes(error) if isinstance(cause, kind)), None)


def _ignore(progress: object = None) -> None:
    """The observer of who watches nothing."""
