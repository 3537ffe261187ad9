"""A session as HAR 1.2, for the network panel of a browser (W3C Web Performance, HAR 1.2).

What HAR has no member for has a name of its own that begins with an underscore, as HAR says:
`_error` and `_failure` (words and kind), `_step`, `_probe`, and `_encoding` for a request's body.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from flows import __version__
from flows.exchange import Exchange, Headers, Request, Response, header, header_values
from flows.secrets import Redactor
from flows.session import Exchanged, Session
from flows.steps import STEP
from flows.store.errors import SecretLeak
from flows.store.redaction import known_secrets, redact_session

Object = dict[str, Any]


def har(session: Session, *, with_secrets: bool = False) -> str:
    """Every exchange, in ASCII. Raises SecretLeak when a known secret is in it that should not be:
    then nothing must be written."""
    told = session if with_secrets else redact_session(session)
    creator = {"name": "authwalk", "version": __version__}
    entries = [_entry(event) for event in told.exchanges]
    log = {"version": "1.2", "creator": creator, "pages": [], "entries": entries}
    text = json.dumps({"log": log}, indent=1) + "\n"
    if not with_secrets and (left := Redactor(known_secrets(session)).leaks(text)):
        raise SecretLeak(left)
    return text


def _entry(event: Exchanged) -> Object:
    exchange = event.exchange
    entry: Object = {
        "startedDateTime": exchange.started.isoformat(timespec="milliseconds"),
        "time": _milliseconds(exchange.timing.total),
        "request": _request(exchange.request, exchange.response),
        "response": _response(exchange.response),
        "cache": {},
        "timings": _timings(exchange),
        "comment": ": ".join(part for part in (STEP[event.step].title, event.label) if part),
        "_step": event.step,
    }
    if exchange.peer and (peer := re.fullmatch(r"\[?(.*?)\]?:(\d+)", exchange.peer)):
        entry |= {"serverIPAddress": peer[1], "connection": peer[2]}
    if exchange.error:
        entry |= {"_error": exchange.error.text, "_failure": exchange.error.kind}
    return entry | ({"_probe": event.probe} if event.probe else {})


def _request(request: Request, response: Response | None) -> Object:
    query = request.url.partition("#")[0].partition("?")[2]
    described: Object = {
        "method": request.method,
        "url": request.url,
        "httpVersion": response.http_version if response else "HTTP/1.1",
        "cookies": list(_cookies(request.headers, "cookie")),
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        text, encoding = _text(request.body)
        described["postData"] = {"mimeType": header(request.headers, "content-type") or ""}
        described["postData"] |= {"text": text, **({"_encoding": encoding} if encoding else {})}
    return described


def _response(response: Response | None) -> Object:
    if response is None:  # status 0, as browsers write it
        response = Response(0, "", (), http_version="")
    text, encoding = _text(response.body)
    content = {
        "size": len(response.body),
        "mimeType": header(response.headers, "content-type") or "x-unknown",
        "text": text,
        **({"encoding": encoding} if encoding else {}),
    }
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": response.http_version,
        "cookies": list(_cookies(response.headers, "set-cookie")),
        "headers": _pairs(response.headers),
        "content": content,
        "redirectURL": header(response.headers, "location") or "",
        "headersSize": -1,
        "bodySize": response.wire_size if response.status else -1,
    }


def _text(body: bytes) -> tuple[str, str]:
    """The body as text, and how that is encoded; "" for plain UTF-8."""
    try:
        return body.decode(), ""
    except UnicodeDecodeError:
        return b64encode(body).decode(), "base64"


def _pairs(pairs: Headers | list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(headers: Headers, name: str) -> Iterator[dict[str, str]]:
    for line in header_values(headers, name):
        parts = line.split(";")[: 1 if name == "set-cookie" else None]
        for part in parts:
            key, _, value = part.strip().partition("=")
            yield {"name": key, "value": value}


def _timings(exchange: Exchange) -> dict[str, float]:
    """In milliseconds. The time of TLS is also part of `connect`; -1 is for what did not happen,
    which `send`, `wait` and `receive` must not be."""
    timing = exchange.timing
    connect = None if timing.connect is None else timing.connect + (timing.tls or 0)
    return {
        "blocked": -1,
        "dns": -1,
        "connect": _milliseconds(connect, -1),
        "ssl": _milliseconds(timing.tls, -1),
        "send": _milliseconds(timing.send),
        "wait": _milliseconds(timing.first_byte),
        "receive": _milliseconds(timing.body),
    }


def _milliseconds(seconds: float | None, otherwise: float = 0) -> float:
    return otherwise if seconds is None else round(seconds * 1000, 3)
