"""One HTTP request and what came of it, as frozen data.

    Exchange
     ├── request    Request   what was sent, byte for byte
     ├── response   Response  or None when no status line came
     ├── error      Failure   or None; may stand beside a response whose body was cut short
     ├── timing     Timing    seconds for each phase
     └── peer, tls            who answered

A refused connection is not an exception here: a debugger must be able to show it, save it and
go on, so failures are values.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Literal

from flows.frozen import frozen

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and letter case of the wire; values are ISO-8859-1 text."""

FailureKind = Literal[
    "bad-request",  # the request itself cannot be sent: unusable URL or header
    "dns",
    "refused",
    "tls",
    "timeout",
    "too-large",  # headers, body or inflated body passed a limit
    "bad-encoding",  # Content-Encoding unknown or its data corrupt
    "protocol",  # not HTTP, or the connection broke in the middle
    "cancelled",
]


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header field, its name compared without case (RFC 9110 section 5.1)."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def header_values(headers: Headers, name: str) -> tuple[str, ...]:
    """Every value of a header field, in order, one entry a field line."""
    wanted = name.lower()
    return tuple(value for key, value in headers if key.lower() == wanted)


def media_type(headers: Headers) -> str:
    """The media type of a message without parameters, in lower case; "" when absent."""
    return (header(headers, "content-type") or "").partition(";")[0].strip().lower()


@frozen
class Request:
    """What is sent. `headers` hold what the step chose; the wire adds Host, Content-Length and
    Connection, and the recorded exchange shows the request with them."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)


@frozen
class Response:
    """A status line, header fields and the body after Content-Encoding was undone.

    `wire_size` counts the body's bytes as they were received, before inflating.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    http_version: str = "HTTP/1.1"
    wire_size: int = 0


@frozen
class Timing:
    """Seconds spent in each phase; None where a phase did not happen (a kept-alive connection
    has neither `connect` nor `tls`)."""

    connect: float | None = None  # name resolution and TCP
    tls: float | None = None
    send: float | None = None
    first_byte: float | None = None  # from the request's last byte to the response's header
    body: float | None = None
    total: float = 0.0


@frozen
class Tls:
    """What the handshake agreed on, and the certificate's own words (RFC 5280 section 4.1.2)."""

    version: str
    cipher: str
    subject: str = ""
    issuer: str = ""
    not_after: datetime | None = None
    verified: bool = True


@frozen
class Failure:
    """Why an exchange did not complete, in words for a person."""

    kind: FailureKind
    text: str


@frozen
class Exchange:
    """A request with everything that is known of its answer. `started` is aware, in UTC."""

    id: str
    request: Request
    started: datetime
    response: Response | None = None
    error: Failure | None = None
    timing: Timing = Timing()
    peer: str | None = None  # "address:port" that answered
    tls: Tls | None = None

    @property
    def status(self) -> int | None:
        return self.response.status if self.response else None
