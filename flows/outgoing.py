"""From a `Request` as a step or a person wrote it to the bytes of its head: pure text.

What HTTP cannot carry is refused here, before anything is sent, so that no edited header can
smuggle a second one in. Everything that it can carry goes out as it was written.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from flows.exchange import Headers, Request, header, header_values
from flows.wellknown import url_problem

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.6.2
_VALUE = r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
_URL = r"(?i)https?://[^/?#]+(?P<path>[^?#]*)(?P<query>\?[^#]*)?"
_VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_WITH_CONTENT = ("POST", "PUT", "PATCH")


class Unsendable(ValueError):
    """The request cannot be put on the wire; the text says why."""


def is_field_name(text: str) -> bool:
    return bool(re.fullmatch(_TOKEN, text))


def is_field_value(text: str) -> bool:
    """Whether a header field can carry the text as it is (RFC 9110 section 5.5)."""
    return bool(re.fullmatch(_VALUE, text))


def target(url: str) -> bytes:
    """The request-target of `url` (RFC 9112 section 3.2.1): path and query as written, without
    the fragment. Only what is not ASCII is percent-encoded. Raises Unsendable."""
    parts = re.match(_URL, url)
    if (problem := url_problem(url)) or parts is None:
        raise Unsendable(f"the URL is not usable: {problem or 'it is none'}")
    written = (parts["path"] or "/") + (parts["query"] or "")
    return quote(written, safe=_VISIBLE_ASCII).encode("ascii")


def sent(request: Request, host: str, user_agent: str) -> Request:
    """`request` with the header fields the wire adds, in the order in which they go out: Host
    first (h11 insists on it, as RFC 9112 section 3.2 recommends), then the request's own, then
    User-Agent, Accept-Encoding and Content-Length where they are missing. Raises Unsendable.
    """
    if not re.fullmatch(_TOKEN, request.method):
        raise Unsendable(f"{request.method!r} is no HTTP method")
    for name, value in request.headers:
        if not is_field_name(name):
            raise Unsendable(f"{name!r} is no header field name")
        if not is_field_value(value):
            raise Unsendable(
                f"the value of {name} holds a line break, a control character, a character "
                "outside ISO-8859-1, or white space at its end"
            )
    _check_framing(request)

    hosts = tuple(entry for entry in request.headers if entry[0].lower() == "host")
    fields = [*(hosts or (("Host", host),))]
    fields += [entry for entry in request.headers if entry[0].lower() != "host"]
    if user_agent and header(request.headers, "user-agent") is None:
        fields.append(("User-Agent", user_agent))
    if header(request.headers, "accept-encoding") is None:
        fields.append(("Accept-Encoding", "gzip, deflate"))
    if (request.body or request.method in _WITH_CONTENT) and not _framed(request.headers):
        fields.append(("Content-Length", str(len(request.body))))
    return Request(request.method, request.url, tuple(fields), request.body)


def _framed(headers: Headers) -> bool:
    return any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)


def _check_framing(request: Request) -> None:
    """RFC 9112 section 6. A request that misstates its own length hangs or desynchronises."""
    lengths = header_values(request.headers, "content-length")
    codings = header_values(request.headers, "transfer-encoding")
    if lengths and codings:
        raise Unsendable("Content-Length and Transfer-Encoding exclude each other")
    if lengths and lengths != (str(len(request.body)),):
        said = ", ".join(lengths)
        raise Unsendable(f"Content-Length says {said}, the body has {len(request.body)} bytes")
    if codings and [coding.lower() for coding in codings] != ["chunked"]:
        raise Unsendable("the only Transfer-Encoding that can be sent is chunked")
    if len(header_values(request.headers, "host")) > 1:
        raise Unsendable("Host can be sent only once")
