"""Every exchange as it happens: JSON Lines, one line an exchange, in a private file."""

from __future__ import annotations

import json
import os
import stat
import sys
from base64 import b64encode
from contextlib import suppress
from typing import Any, TextIO

from flows.exchange import Exchange, Request, Response
from flows.session import Event, Exchanged
from tui.output import STDOUT, unwritable
from tui.redaction import Redaction


class Trace:
    """A file that holds every exchange so far, whatever happens next."""

    def __init__(self, name: str, redaction: Redaction) -> None:
        """Raises Failure when the file cannot be written. One that is there is emptied."""
        self._redaction = redaction
        self._name = name
        if name == STDOUT:
            self._file: TextIO = sys.stdout
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        try:
            handle = os.open(name, flags, 0o600)
            if os.name == "posix" and stat.S_ISREG(os.fstat(handle).st_mode):
                os.fchmod(handle, 0o600)  # a file that was there keeps its mode otherwise
        except (OSError, ValueError) as error:
            raise unwritable(name, error) from error
        self._file = os.fdopen(handle, "w", encoding="utf-8")

    def write(self, event: Event) -> None:
        """Raises Failure when the disk is full or gone."""
        if not isinstance(event, Exchanged):
            return
        entry = entry_of(self._redaction.exchanged(event))
        try:
            self._file.write(f"{json.dumps(entry)}\n")
            self._file.flush()
        except OSError as error:
            if self._name == STDOUT:
                raise
            raise unwritable(self._name, error) from error

    def close(self) -> None:
        if self._name != STDOUT:
            with suppress(OSError):  # what could not be written was said already
                self._file.close()


def entry_of(event: Exchanged) -> dict[str, Any]:
    """{at, step, label, id, request, response, error, timing (seconds), peer, tls}."""
    exchange = event.exchange
    return {
        "at": exchange.started.isoformat(timespec="milliseconds"),
        "step": event.step,
        "label": event.label,
        "id": exchange.id,
        "request": _request(exchange.request),
        "response": exchange.response and _response(exchange.response),
        "error": exchange.error and {"code": exchange.error.kind, "text": exchange.error.text},
        "timing": _timing(exchange),
        "peer": exchange.peer,
        "tls": exchange.tls
        and {
            "version": exchange.tls.version,
            "cipher": exchange.tls.cipher,
            "verified": exchange.tls.verified,
        },
    }


def _request(request: Request) -> dict[str, Any]:
    head = {"method": request.method, "url": request.url}
    return {**head, "headers": request.headers, **_body(request.body)}


def _response(response: Response) -> dict[str, Any]:
    head = {"status": response.status, "reason": response.reason, "http": response.http_version}
    size = {"wire_size": response.wire_size}
    return {**head, "headers": response.headers, **_body(response.body), **size}


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(body).decode()}


def _timing(exchange: Exchange) -> dict[str, float]:
    timing = exchange.timing
    phases = {
        "connect": timing.connect,
        "tls": timing.tls,
        "send": timing.send,
        "first_byte": timing.first_byte,
        "body": timing.body,
        "total": timing.total,
    }
    return {name: round(seconds, 6) for name, seconds in phases.items() if seconds is not None}
