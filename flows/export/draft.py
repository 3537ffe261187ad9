"""A request on its way into a command: what must hold for every format, said once.

Request  ->  Draft   checked, redacted where that was asked, its secrets named
         ->  text    by one module a format
         ->  Command by `Draft.command`, which looks for known secrets once more
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal
from urllib.parse import quote as percent_encode

from flows.exchange import Request
from flows.export.words import Command, Unquotable, Variables
from flows.frozen import frozen
from flows.secrets import Redactor, redact_request, secrets_of
from flows.spans import Secret, Span, header_spans, marked, redact, url_spans
from flows.text import visible

Secrets = Literal["variables", "values", "redacted"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_URL = re.compile(r"(https?://(?:[^/?#@\\]*@)?)([A-Za-z0-9._~:%\[\]-]+)([^#]*)", re.IGNORECASE)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@frozen
class CurlOptions:
    """What a command must be told so that it connects as authwalk did.

    `proxy`: None leaves it to the environment, "" connects directly. `resolve` pins an
    address, as "host:port:address". `max_time` is in seconds. `http_version` as in `Response`.
    """

    ca_bundle: str | None = None
    insecure: bool = False
    proxy: str | None = None
    max_time: float | None = 60
    http_version: str | None = None
    resolve: str | None = None


DEFAULTS = CurlOptions()


class Draft:
    """A request with what must become of its secrets: environment variables, values as they are,
    or marks. Raises Unquotable for a method that is none."""

    def __init__(
        self,
        request: Request,
        secrets: Secrets,
        options: CurlOptions = DEFAULTS,
        own: frozenset[str] = frozenset(),
    ) -> None:
        """`own` are the header fields, in lower case, that the person added: nobody knows what
        they hold, so their values are secret."""
        self._own = own
        values = [one.value for one in secrets_of(request)]
        values += [value.strip() for name, value in request.headers if name.lower() in own]
        self.known = Redactor(() if secrets == "values" else values)
        if secrets == "redacted":
            fields = tuple((n, marked(v, self.spans(n, v))) for n, v in request.headers)
            request = redact_request(replace(request, headers=fields), self.known)
            if options.proxy:
                options = replace(options, proxy=marked(options.proxy, url_spans(options.proxy)))
        if not _TOKEN.fullmatch(request.method):
            raise Unquotable("The method is not a token (RFC 9110 section 9.1)")
        self.request, self.options = request, options
        self.variables = Variables(secrets == "variables")
        self.warnings: list[str] = []

    def spans(self, name: str, value: str) -> tuple[Span, ...]:
        """The secrets in a header field."""
        if (found := header_spans(name, value)) or name.lower() not in self._own or not value:
            return found
        secret = Secret("credentials", value, f"{name} header")
        return (Span(0, len(value), secret, redact(value)),)

    def notes(self, comments: Iterable[str], set_as: str) -> Iterator[str]:
        """The lines above a command, without the sign of a comment: its `comments`, then each
        variable it needs, as `set_as` has them ("export {}=...")."""
        yield from (self.known.text(comment) for comment in comments)
        encoded = self.variables.encoded
        yield from (set_as.format(name) for name in self.variables.values if name not in encoded)
        yield from (f"{set_as.format(name)}, encoded as in the request" for name in encoded)
        if self.options.insecure:
            yield "the certificate of the server is not verified"

    def command(self, text: str) -> Command:
        """Raises Unquotable when a secret is in the text all the same."""
        if self.known.leaks(text):
            raise Unquotable("A secret stands in the request in a way that no variable can hide")
        return Command(text, tuple(self.variables.values.items()), tuple(self.warnings))


def url_parts(url: str) -> tuple[str, str, str]:
    """Scheme with user information, authority, and the path and query of a URL."""
    match = _URL.match(url)
    if match is None or match[3][:1] not in ("", "/", "?"):
        raise Unquotable("The URL is not an http or https URL, or its host is not plain ASCII")
    return match[1], match[2], match[3]


def field_text(name: str, value: str) -> str:
    """A header field's value as text, where bytes that are no UTF-8 are surrogates."""
    if not _TOKEN.fullmatch(name):
        raise Unquotable(f"Not a field name (RFC 9110 section 5.1): {visible(name, limit=80)}")
    if re.search(r"[\r\n\0]", value):
        raise Unquotable(f"The value of {name} holds a line break or NUL")
    try:
        # White space around it is not part of the value (RFC 9110 section 5.5).
        return value.strip(" \t").encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Unquotable(f"The value of {name} holds characters that no field can") from None


def fields(draft: Draft, tool: str) -> Iterator[tuple[str, str]]:
    """Name and text of the header fields that `tool` must be told: it frames the body itself."""
    for name, value in draft.request.headers:
        text, lower = field_text(name, value), name.lower()
        if lower == "content-length":
            if text != str(len(draft.request.body)):
                draft.warnings.append(f"Content-Length is left out: {tool} counts the body itself.")
        elif lower == "transfer-encoding":
            words = f"Transfer-Encoding is left out: {tool} frames the body itself."
            draft.warnings.append(words)
        else:
            yield name, text


def plain_url(draft: Draft) -> str:
    """The URL as it goes over the wire: without user information and fragment, and printable
    ASCII as it is; all else could only be meant percent-encoded."""
    before, authority, rest = url_parts(draft.request.url)
    if "@" in before:
        draft.warnings.append("The user name and password in the URL are left out.")
    rest = percent_encode(rest, safe=_PRINTABLE, errors="surrogatepass")
    return f"{before.partition('://')[0]}://{authority}{rest}"
