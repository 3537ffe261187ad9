"""A request as options of curl, whatever the shell: arguments in pieces, not yet quoted.

Redirects are not followed, no file is read, brackets do not multiply the request. What curl cannot
be told is refused.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote_plus, unquote_plus

from flows.exchange import Request, header, header_values, media_type
from flows.export.draft import CurlOptions, Draft, fields, plain_url, url_parts
from flows.export.words import Pieces, Unquotable, Variables
from flows.frozen import frozen
from flows.spans import FORM, Secret, basic_pair, body_spans, url_spans

Fits = Callable[[str], bool]
"""Whether a text can be an argument in the shell at hand."""

_HTTP_VERSIONS = {
    "HTTP/1.0": "--http1.0",
    "HTTP/1.1": "--http1.1",
    "HTTP/2": "--http2",
    "HTTP/3": "--http3",
}
_GLOB = re.compile(r"[\[\]{}\\]")
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(?=[/?]|$)", re.IGNORECASE)
_EXPECT_FROM = 1_000_000  # curl asks "Expect: 100-continue" for larger bodies
_IN_CONFIG = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


@frozen
class Option:
    """A long option of curl and its argument, if it takes one. "url" is the URL itself."""

    name: str
    value: Pieces | None = None

    @property
    def kind(self) -> str:
        """Options of one kind must keep their order."""
        return "--data" if self.name.startswith("--data") else self.name


def tell(draft: Draft, fits: Fits) -> tuple[list[Option], Pieces]:
    """The options that make curl send the request, and the body where it must reach curl in
    another way than as an argument, for which `--data-binary` is left to the caller."""
    request, variables = draft.request, draft.variables
    if request.method == "HEAD" and request.body:
        raise Unquotable("curl cannot send a HEAD request with a body")
    body, apart = _body(request, variables, fits)
    given = [
        *_target(draft),
        *_headers(draft, fits),
        *body,
        *_transport(draft.options, variables),
    ]
    given = [replace(o, value=o.value and variables.hide(o.value)) for o in given]
    return given, variables.hide(apart)


def config_line(option: Option, variables: Variables) -> Pieces:
    """A line of a curl configuration (`-K`), where only quotes and white space mean anything."""
    if any(re.search(r'["\\\s]', value) for value in variables.values.values()):
        raise Unquotable("A secret holds a character that curl's configuration would need escaped")
    name, value = option.name.removeprefix("--"), option.value or ()
    escaped = (p.translate(_IN_CONFIG) if isinstance(p, str) else p for p in value)
    return (f'{name} = "', *escaped, '"')


def _transport(options: CurlOptions, variables: Variables) -> Iterator[Option]:
    if options.http_version in _HTTP_VERSIONS:
        yield Option(_HTTP_VERSIONS[options.http_version])
    if options.insecure:
        yield Option("-k")
    if options.max_time is not None:
        yield Option("--max-time", (f"{options.max_time:g}",))
    if options.ca_bundle is not None:
        yield Option("--cacert", (options.ca_bundle,))
    if options.proxy == "":
        yield Option("--noproxy", ("*",))
    elif options.proxy is not None:
        yield Option("--proxy", variables.split(options.proxy, url_spans(options.proxy)))
    if options.resolve is not None:
        yield Option("--resolve", (options.resolve,))


def _target(draft: Draft) -> Iterator[Option]:
    request, url = draft.request, plain_url(draft)
    if _GLOB.search(url):
        yield Option("-g")
    if _DOT_SEGMENT.search(url.partition("?")[0]):
        yield Option("--path-as-is")
    yield Option("url", draft.variables.split(url, url_spans(url)))
    default = "POST" if request.body or request.method == "POST" else "GET"
    if request.method not in (default, "HEAD"):
        yield Option("--request", (request.method,))


def _headers(draft: Draft, fits: Fits) -> Iterator[Option]:
    """One option a field, and an empty one for each field curl would add of its own."""
    request = draft.request
    has_body = bool(request.body) or request.method == "POST"
    for name, text in fields(draft, "curl"):
        if text and not text.strip("\v\f"):
            raise Unquotable(f"The value of {name} is one that curl takes for none")
        lower = name.lower()
        if not _curl_sends(request, lower, text, has_body):
            yield _header(draft, name, text, fits)
        if lower == "accept-encoding" and text.lower() not in ("", "identity"):
            yield Option("--compressed")
    unasked = ["User-Agent", "Accept"]
    unasked += ["Content-Type"] * has_body
    unasked += ["Expect"] * (len(request.body) > _EXPECT_FROM)
    for name in unasked:
        if header(request.headers, name) is None:
            yield Option("--header", (f"{name}:",))


def _curl_sends(request: Request, name: str, text: str, has_body: bool) -> bool:
    """Whether curl sends this field of its own, with this value."""
    if len(header_values(request.headers, name)) > 1:
        return False
    match name:
        case "host":
            authority = url_parts(request.url)[1].lower()
            port = ":443" if request.url[:5].lower() == "https" else ":80"
            return text.lower() in (authority, authority.removesuffix(port))
        case "connection":
            return text.lower() == "keep-alive"
        case "accept":
            return text == "*/*"
        case "content-type":
            return has_body and text == FORM
    return False


def _header(draft: Draft, name: str, text: str, fits: Fits) -> Option:
    request, variables = draft.request, draft.variables
    if not text:
        return Option("--header", (f"{name};",))  # "Name:" would remove it
    scheme, _, credentials = text.partition(" ")
    only = len(header_values(request.headers, name)) == 1
    pair = basic_pair(credentials) if (name, scheme) == ("Authorization", "Basic") else None
    if only and pair:
        # curl joins and encodes a pair just so; the person can then give the secret as it is.
        joined = ":".join(pair)
        if fits(joined) and b64encode(joined.encode()).decode() == credentials:
            secret = Secret("client_secret", unquote_plus(pair[1]), "Authorization header")
            return Option("--user", (f"{pair[0]}:", *variables.piece(secret, pair[1])))
    return Option("--header", (f"{name}: ", *variables.split(text, draft.spans(name, text))))


def _body(request: Request, variables: Variables, fits: Fits) -> tuple[list[Option], Pieces]:
    """The options that give curl the body, and what must reach it in another way."""
    if not request.body:
        return [Option("--data-raw", ("",))] if request.method == "POST" else [], ()
    media, text = media_type(request.headers), request.body.decode("utf-8", "surrogateescape")
    as_argument = fits(text)
    parts = text.split("&")
    if media == FORM and as_argument and all(parts):
        return [_field(part, variables, fits) for part in parts], ()
    pieces = variables.split(text, body_spans(text, media))
    if as_argument:
        return [Option("--data-raw", pieces)], ()
    return [], pieces


def _field(field: str, variables: Variables, fits: Fits) -> Option:
    """A form field, encoded by curl where that gives the same bytes.

    curl writes a space as "+" since 7.77 and as "%20" before, and takes the name as it is. A
    value after "name=" is never read as the name of a file.
    """
    name, _, value = field.partition("=")
    spans = body_spans(field, FORM)
    whole = [(span.start, span.end) for span in spans] == [(len(name) + 1, len(field))]
    plain = unquote_plus(value, errors="surrogateescape")
    if name and value and fits(plain) and quote_plus(plain) == value and (whole or not spans):
        pieces = variables.piece(spans[0].secret, plain) if whole else (plain,)
        return Option("--data-urlencode", (f"{name}=", *pieces))
    return Option("--data-raw", variables.split(field, spans))
