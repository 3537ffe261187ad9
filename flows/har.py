"""A HAR file as exchanges: what Chrome, Firefox and Safari write, HAR 1.2.

`flows.recorded` makes a session of them.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from flows.exchange import Exchange, Failure, FailureKind, Headers, Request, Response, Timing
from flows.session import FROM_HAR
from flows.text import size

MOST_BYTES = 512 * 1024 * 1024
_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
_SAID: Mapping[str, FailureKind] = {
    "ERR_NAME_": "dns",
    "ERR_CONNECTION_REFUSED": "refused",
    "ERR_CERT_": "tls",
    "ERR_SSL_": "tls",
    "TIMED_OUT": "timeout",
    # The browser's own doing: the page was left, an extension or CORS forbade it.
    "ERR_ABORTED": "cancelled",
    "ERR_BLOCKED": "cancelled",
    "ERR_FAILED": "cancelled",
}
"""Parts of Chrome's names of network errors."""


class HarError(ValueError):
    """The file is no HAR; the text says why."""


def read_file(path: Path) -> tuple[Exchange, ...]:
    """The exchanges of a HAR file. Raises HarError and OSError."""
    if path.stat().st_size > MOST_BYTES:
        raise HarError(f"more than {size(MOST_BYTES)}")
    return read_har(path.read_bytes())


def read_har(data: bytes) -> tuple[Exchange, ...]:
    """The exchanges of a HAR 1.2 in the order in which they began. Raises HarError."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
        entries = document["log"]["entries"]
    except json.JSONDecodeError as error:
        ended = error.pos >= len(error.doc.rstrip()) or "Unterminated" in error.msg
        cut_off = ended and error.doc.lstrip().startswith("{")
        raise HarError(f"{'cut off' if cut_off else 'not JSON'}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise HarError(f"not JSON: {error}") from error
    except (KeyError, TypeError) as error:
        raise HarError("no HAR: there is no `log` with `entries`") from error
    if not isinstance(entries, list):
        raise HarError("no HAR: `entries` is no array")
    read = (_exchange(number, entry) for number, entry in enumerate(entries, 1))
    found = [one for one in read if one]
    messages = [message for one in found for message in (one.request, one.response) if message]
    if messages and not any(message.headers for message in messages):
        # What is judged rests on them: each that is missing would be told as the server's fault.
        raise HarError("no message in it has header fields: record it again, with them")
    return tuple(sorted(found, key=lambda one: one.started))


def _exchange(number: int, entry: object) -> Exchange | None:
    """One entry; None when not even its request can be read."""
    if not isinstance(entry, dict) or not isinstance(entry.get("request"), dict):
        return None
    asked: dict[str, Any] = entry["request"]
    url, method = asked.get("url"), asked.get("method")
    if not isinstance(url, str) or not isinstance(method, str):
        return None
    request = Request(method.upper(), url, _headers(asked), _posted(asked.get("postData")))
    answer = entry.get("response")
    response = _response(answer)
    said = entry.get("_error") or (answer.get("_error") if isinstance(answer, dict) else None)
    said = said if isinstance(said, str) else ""
    failure = None
    if said or response is None:
        named = [kind for kind in _KINDS if kind == entry.get("_failure")]
        kind = named[0] if named else _kind(said)
        failure = Failure(kind, said or "the record has no answer, and not why")
    elif _lacks_body(answer, response):
        failure = Failure("cancelled", "the body of the answer is not in the record")
    return Exchange(
        f"{FROM_HAR}{number}",
        request,
        _time(entry.get("startedDateTime")),
        response,
        failure,
        _timing(entry),
        _peer(entry),
    )


def _kind(said: str) -> FailureKind:
    """What Chrome's word for a failure is; without one the request may have been broken off, as it
    is by leaving the page."""
    for words, kind in _SAID.items():
        if words in said:
            return kind
    return "protocol" if said else "cancelled"


def _lacks_body(answer: Any, response: Response) -> bool:
    """Whether there was a body that is not in the file: not kept, or in the browser's cache."""
    content = answer.get("content")
    content = content if isinstance(content, dict) else {}
    size = content.get("size")
    had = response.status == 304 or (isinstance(size, int | float) and size > 0)
    return had and not isinstance(content.get("text"), str)


def _headers(message: Mapping[str, Any]) -> Headers:
    fields = message.get("headers")
    return tuple(
        (field["name"], field["value"])
        for field in (fields if isinstance(fields, list) else ())
        if isinstance(field, dict)
        and isinstance(field.get("name"), str)
        and isinstance(field.get("value"), str)
        and not field["name"].startswith(":")  # HTTP/2's own
    )


def _posted(data: object) -> bytes:
    """The body: as text, or as the pairs that Firefox keeps of a form."""
    if not isinstance(data, dict):
        return b""
    text = data.get("text")
    if isinstance(text, str) and text:
        encoded = text.encode("utf-8", "surrogatepass")
        return _decoded(encoded) if data.get("_encoding") == "base64" else encoded
    pairs = data.get("params")
    if not isinstance(pairs, list):
        return b""
    named = (pair for pair in pairs if isinstance(pair, dict))
    joined = "&".join(f"{pair.get('name', '')}={pair.get('value', '')}" for pair in named)
    return joined.encode("utf-8", "surrogatepass")


def _response(answer: object) -> Response | None:
    if not isinstance(answer, dict):
        return None
    status = answer.get("status")
    if not isinstance(status, int) or isinstance(status, bool) or status < 100:
        return None  # 0: blocked, refused or cut off
    content = answer.get("content")
    content = content if isinstance(content, dict) else {}
    text = content.get("text")
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
    if content.get("encoding") == "base64":
        body = _decoded(body)
    reason, version = answer.get("statusText"), answer.get("httpVersion")
    return Response(
        status,
        reason if isinstance(reason, str) else "",
        _headers(answer),
        body,
        version if isinstance(version, str) and version else "HTTP/1.1",
        len(body),
    )


def _decoded(body: bytes) -> bytes:
    try:
        return b64decode(body)
    except Base64Error:
        return b""


def _time(text: object) -> datetime:
    try:
        found = datetime.fromisoformat(text if isinstance(text, str) else "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def _timing(entry: Mapping[str, Any]) -> Timing:
    """HAR counts in milliseconds, -1 where a phase did not happen; TLS is a part of `connect`."""
    phases = entry.get("timings")
    phases = phases if isinstance(phases, dict) else {}

    def seconds(amount: object) -> float | None:
        number = isinstance(amount, int | float) and not isinstance(amount, bool)
        return amount / 1000 if number and amount >= 0 else None  # type: ignore[operator]

    connect, tls = seconds(phases.get("connect")), seconds(phases.get("ssl"))
    return Timing(
        None if connect is None else max(0.0, round(connect - (tls or 0), 6)),
        tls,
        seconds(phases.get("send")),
        seconds(phases.get("wait")),
        seconds(phases.get("receive")),
        seconds(entry.get("time")) or 0.0,
    )


def _peer(entry: Mapping[str, Any]) -> str | None:
    address = entry.get("serverIPAddress")
    return address if isinstance(address, str) and address else None
