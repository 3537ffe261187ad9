"""Which parts of a message are secret, and copies of messages without them.

    secrets_of        message  ->  its secrets
    redact            one secret  ->  the mark that stands for it
    redact_exchange   message  ->  a copy, secrets marked by name, position, value and shape
    Redactor          any text  ->  the same text, known secrets marked wherever they reappear

`flows.spans` knows the names and the places.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import unquote_plus

from flows.exchange import Exchange, Headers, Request, Response, media_type
from flows.spans import (
    MARK,
    VARIABLES,
    Secret,
    basic_pair,
    body_spans,
    header_spans,
    marked,
    pair_spans,
    redact,
    redact_jwts,
    url_spans,
)

__all__ = [
    "Redactor",
    "Secret",
    "redact",
    "redact_exchange",
    "redact_pairs",
    "redact_request",
    "redact_response",
    "secrets_in",
    "secrets_of",
]

_BY_VALUE = 6  # shorter secrets are found by name only: by value they would shred the text


def secrets_of(message: Request | Response | Exchange) -> tuple[Secret, ...]:
    """The secrets in a message, each once, in the order they stand there."""
    return tuple(dict.fromkeys(_secrets(message)))


def secrets_in(pairs: Iterable[tuple[str, str]], where: str = "value") -> tuple[Secret, ...]:
    """The secrets among named values, such as the parameters of an authorization response."""
    return tuple(
        dict.fromkeys(
            span.secret for name, value in pairs for span in pair_spans(name, value, where)
        )
    )


def _secrets(message: Request | Response | Exchange) -> Iterator[Secret]:
    if isinstance(message, Exchange):
        yield from _secrets(message.request)
        if message.response:
            yield from _secrets(message.response)
        return
    if isinstance(message, Request):
        yield from (span.secret for span in url_spans(message.url))
    for name, value in message.headers:
        for span in header_spans(name, value):
            yield from _parts(span.secret)
    body, media = _text(message.body), media_type(message.headers)
    yield from (span.secret for span in body_spans(body, media))


def _parts(secret: Secret) -> Iterator[Secret]:
    """The secret and, for Basic credentials, the client secret in them."""
    pair = basic_pair(secret.value) if secret.name == "basic_credentials" else None
    if pair is None:
        yield secret
    elif not MARK.fullmatch(pair[1]):
        # Clients that forget the form encoding have a secret whose decoding is another.
        yield secret
        for value in dict.fromkeys((unquote_plus(pair[1]), pair[1])):
            if value:
                yield Secret("client_secret", value, secret.where)


class Redactor:
    """Marks known secrets wherever they reappear, and JWTs by their shape.

    A secret is recognised as it is, percent- or form-encoded (also twice), with JSON escapes,
    and as the base64 of the whole value. Secrets of fewer than six characters are not looked for.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        secrets = sorted({value for value in known if len(value) >= _BY_VALUE}, key=len)
        self._known = tuple(
            (value, tuple(map(_anchor, _forms(value))))
            for value in reversed(secrets)
            if redact(value) != value
        )

    def text(self, text: str) -> str:
        if present := self._present(text):
            marks = [redact(value) for value in present]
            text = _pattern(present).sub(
                lambda match: marks[match.lastindex - 1] if match.lastindex else match[0], text
            )
        return redact_jwts(text)

    def data(self, data: bytes) -> bytes:
        """As `text`, for bytes of any kind: what is not UTF-8 stays as it is."""
        return self.text(_text(data)).encode("utf-8", "surrogateescape")

    def leaks(self, text: str) -> tuple[str, ...]:
        """The marks of the known secrets that stand in `text`: the last look at a finished file."""
        present = self._present(text)
        found = (match.lastindex for match in _pattern(present).finditer(text)) if present else ()
        return tuple(dict.fromkeys(redact(present[index - 1]) for index in found if index))

    def _present(self, text: str) -> tuple[str, ...]:
        """The secrets that may stand in the text, longest first. Looking for a plain string is
        what keeps many secrets and large bodies affordable."""
        return tuple(value for value, anchors in self._known if any(a in text for a in anchors))


def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """Finds marks, each secret as a group of its own, and names of parameters."""
    # A client secret of "secret" must not eat the parameter's name.
    names = [re.escape(name) for name in VARIABLES if any(value in name for value in secrets)]
    return re.compile(
        "|".join(
            (
                f"(?:{MARK.pattern})",
                *(f"({'|'.join(map(_any_encoding, _forms(value)))})" for value in secrets),
                *(rf"(?<![\w.~-]){name}(?![\w.~-])" for name in names),
            )
        )
    )


def _forms(value: str) -> tuple[str, ...]:
    """The value and its base64, in both alphabets and without padding."""
    encoded = b64encode(value.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    return tuple(dict.fromkeys((value, encoded, encoded.replace("+", "-").replace("/", "_"))))


def _anchor(form: str) -> str:
    """The longest part of it that is the same in every encoding."""
    return max(re.split(r"[^0-9A-Za-z_~-]+", form), key=len)


def _any_encoding(form: str) -> str:
    return "".join(map(_any_character, form))


def _any_character(char: str) -> str:
    """A pattern for one character in every encoding a URL, a form or JSON may give it."""
    if char.isascii() and (char.isalnum() or char in "-_~"):
        return char
    percent = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in char.encode("utf-8", "surrogatepass"))
    utf16 = char.encode("utf-16-be", "surrogatepass").hex()
    escape = "".join(rf"\\u(?i:{utf16[i : i + 4]})" for i in range(0, len(utf16), 4))
    forms = [percent, escape]
    if char == " ":
        forms.append(r"\+")
    elif char == "/":
        forms.append(r"\\/")
    elif char != (short := json.dumps(char)[1:-1]) and len(short) == 2:
        forms.append(re.escape(short))
    # Last: a "%" or a backslash that stands for itself is also how the encoded forms begin.
    return f"(?:{'|'.join((*forms, re.escape(char)))})"


def redact_request(request: Request, redactor: Redactor | None = None) -> Request:
    """A copy with its secrets marked by name and position, and what `redactor` knows by value.

    Without a redactor it knows the request's own secrets. Content-Length stays as it was sent.
    """
    redactor = redactor or _own(request)
    return replace(
        request,
        url=redactor.text(marked(request.url, url_spans(request.url))),
        headers=_redact_headers(request.headers, redactor),
        body=_redact_body(request, redactor),
    )


def redact_response(response: Response, redactor: Redactor | None = None) -> Response:
    """As `redact_request`; `wire_size` stays as it was received."""
    redactor = redactor or _own(response)
    return replace(
        response,
        reason=redactor.text(response.reason),
        headers=_redact_headers(response.headers, redactor),
        body=_redact_body(response, redactor),
    )


def redact_exchange(exchange: Exchange, redactor: Redactor | None = None) -> Exchange:
    """As `redact_request`, for both messages and the words of a failure."""
    redactor = redactor or _own(exchange)
    return replace(
        exchange,
        request=redact_request(exchange.request, redactor),
        response=exchange.response and redact_response(exchange.response, redactor),
        error=exchange.error and replace(exchange.error, text=redactor.text(exchange.error.text)),
    )


def redact_pairs(
    pairs: Iterable[tuple[str, str]], redactor: Redactor
) -> tuple[tuple[str, str], ...]:
    """Named values, such as a step made or a person gave, with their secrets marked."""
    return tuple(
        (name, redactor.text(marked(value, pair_spans(name, value, "value"))))
        for name, value in pairs
    )


def _own(message: Request | Response | Exchange) -> Redactor:
    return Redactor(secret.value for secret in secrets_of(message))


def _redact_headers(headers: Headers, redactor: Redactor) -> Headers:
    return tuple(
        (name, redactor.text(marked(value, header_spans(name, value)))) for name, value in headers
    )


def _redact_body(message: Request | Response, redactor: Redactor) -> bytes:
    body = _text(message.body)
    spans = body_spans(body, media_type(message.headers))
    return redactor.text(marked(body, spans)).encode("utf-8", "surrogateescape")


def _text(body: bytes) -> str:
    """Text that gives the same bytes back, whatever they are."""
    return body.decode("utf-8", "surrogateescape")
