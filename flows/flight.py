"""An exchange under way: what is learnt while it lasts, and what an observer is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Any

from flows import certificate
from flows.exchange import (
    Exchange,
    Failure,
    FailureKind,
    Request,
    Response,
    Timing,
    Tls,
    header,
    media_type,
)
from flows.frozen import frozen
from flows.sse import ServerSentEvent
from flows.text import size


@frozen
class Connected:
    """A new connection stands, its TLS handshake included."""

    peer: str | None
    tls: Tls | None


@frozen
class HeadReceived:
    response: Response  # without body


@frozen
class BodyReceived:
    size: int  # bytes so far, after inflating


@frozen
class EventReceived:
    event: ServerSentEvent


Progress = Connected | HeadReceived | BodyReceived | EventReceived
Observer = Callable[[Progress], None]

_DOING = {
    "connect_tcp": "connecting",
    "start_tls": "in the TLS handshake",
    "send_request_headers": "sending the request",
    "send_request_body": "sending the request",
    "receive_response_headers": "waiting for the first byte of the answer",
}


class Cut(Exception):
    """Ends the reading of an answer; what was read stays in the record."""

    def __init__(self, kind: FailureKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Flight:
    """What is known of an exchange under way. Whatever ends it, this is what gets recorded."""

    def __init__(self, request: Request, observe: Observer, verified: bool) -> None:
        self.request = request
        self.observe = observe
        self.head: Response | None = None
        self.body: list[bytes] = []
        self.size = 0
        self.wire_size = 0
        self.failure: Failure | None = None
        self.tls: Tls | None = None
        self._peer: str | None = None
        self._stream: Any = None
        self._verified = verified
        self._began = perf_counter()
        self._phase = "connect_tcp"
        self._spans: dict[str, tuple[float, float]] = {}

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """The "trace" extension of httpcore: "http11.send_request_body.started" and the like."""
        _, phase, edge = name.split(".")
        if phase not in _DOING:
            return
        now = perf_counter()
        if edge == "started":
            self._phase = phase
            self._spans[phase] = (now, now)
            return
        self._spans[phase] = (self._spans[phase][0], now)
        if phase == "start_tls" and edge == "failed" and self._stream:
            await self._stream.aclose()  # httpcore leaves it open when a deadline ends a handshake
        if edge == "complete" and phase in ("connect_tcp", "start_tls"):
            self._connected(info["return_value"])
            if phase == "start_tls" or self.request.url[:5].lower() == "http:":
                self.observe(Connected(self._peer, self.tls))

    def _connected(self, stream: Any) -> None:
        self._stream = stream
        if address := stream.get_extra_info("server_addr"):
            host = f"[{address[0]}]" if ":" in address[0] else address[0]
            self._peer = f"{host}:{address[1]}"
        if connection := stream.get_extra_info("ssl_object"):
            self.tls = certificate.describe(connection, verified=self._verified)

    def answered(
        self, status: int, fields: list[tuple[bytes, bytes]], extensions: dict[str, Any], most: int
    ) -> None:
        """Keep the head of the answer, cut to `most` bytes of header. Raises Cut."""
        if self._peer is None:  # kept alive: the connection was made for another exchange
            self._connected(extensions["network_stream"])
        headers: list[tuple[str, str]] = []
        total = 0
        for name, value in fields:
            total += len(name) + len(value) + 4
            if total <= most:
                headers.append((name.decode("latin-1"), value.decode("latin-1")))
        self.head = Response(
            status=status,
            reason=extensions["reason_phrase"].decode("latin-1"),
            headers=tuple(headers),
            http_version=extensions["http_version"].decode("ascii"),
        )
        if total > most:
            words = f"the header has {size(total)}, more than the limit of {size(most)}"
            raise Cut("too-large", words)
        self.observe(HeadReceived(self.head))

    def keep(self, piece: bytes, most: int) -> bool:
        """Add to the body; False when the piece passes `most` bytes and was cut."""
        kept = piece[: most - self.size]
        self.body.append(kept)
        self.size += len(kept)
        return len(kept) == len(piece)

    @property
    def streams(self) -> bool:
        """Whether the answer is an event stream."""
        return self.head is not None and media_type(self.head.headers) == "text/event-stream"

    @property
    def may_last(self) -> bool:
        """Whether the answer is the event stream that was asked for. Where it was not, such as at
        a token endpoint, an endless one is a server that does not answer."""
        wanted = header(self.request.headers, "accept") or ""
        return self.streams and "text/event-stream" in wanted.lower()

    @property
    def doing(self) -> str:
        if self.head:
            what = "event stream" if self.streams else "body"
            return f"receiving the {what} ({size(self.wire_size)} so far)"
        return _DOING[self._phase]

    @property
    def connected(self) -> bool:
        return self._phase not in ("connect_tcp", "start_tls")

    @property
    def opened(self) -> bool:
        """Whether a connection was made for this exchange."""
        return "connect_tcp" in self._spans

    @property
    def in_handshake(self) -> bool:
        return self._phase == "start_tls"

    def exchange(self, id: str, started: datetime) -> Exchange:
        response = self.head and replace(
            self.head, body=b"".join(self.body), wire_size=self.wire_size
        )
        return Exchange(
            id, self.request, started, response, self.failure, self._timing(), self._peer, self.tls
        )

    def _timing(self) -> Timing:
        now = perf_counter()
        spans = self._spans

        def between(first: str, last: str) -> float | None:
            return spans[last][1] - spans[first][0] if first in spans and last in spans else None

        answered = spans.get("receive_response_headers")
        return Timing(
            connect=between("connect_tcp", "connect_tcp"),
            tls=between("start_tls", "start_tls"),
            send=between("send_request_headers", "send_request_body"),
            first_byte=between("receive_response_headers", "receive_response_headers"),
            body=now - answered[1] if answered and self.head else None,
            total=now - self._began,
        )
