"""A request as a curl command for a POSIX shell.

    Request  ->  options of curl, their arguments in pieces  ->  text

Arguments stay a list until `flows.export.shell` quotes them. Running the command sends the
bytes of the request, whatever they are, to the URL and nowhere else: redirects are not followed,
no file is read, brackets do not multiply it. What no command can do is refused.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote as percent_encode
from urllib.parse import quote_plus, unquote_plus

from flows.exchange import Request, header, header_values, media_type
from flows.export.shell import (
    Command,
    Pieces,
    Unquotable,
    Variable,
    Variables,
    comment,
    printf,
    quote,
    shown,
)
from flows.secrets import Redactor, redact_request, secrets_of
from flows.spans import FORM, Secret, basic_pair, body_spans, header_spans, marked, url_spans
from flows.text import visible

Secrets = Literal["variables", "values", "redacted"]


@dataclass(frozen=True, slots=True)
class CurlOptions:
    """What curl must be told so that it connects as authwalk did.

    `proxy`: None leaves it to curl's environment, "" connects directly. `resolve` pins an
    address, as "host:port:address". `max_time` is in seconds. `http_version` as in `Response`.
    """

    ca_bundle: str | None = None
    insecure: bool = False
    proxy: str | None = None
    max_time: float | None = 60
    http_version: str | None = None
    resolve: str | None = None


DEFAULTS = CurlOptions()

_HTTP_VERSIONS = {
    "HTTP/1.0": "--http1.0",
    "HTTP/1.1": "--http1.1",
    "HTTP/2": "--http2",
    "HTTP/3": "--http3",
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_URL = re.compile(r"(https?://(?:[^/?#@\\]*@)?)([A-Za-z0-9._~:%\[\]-]+)([^#]*)", re.IGNORECASE)
_GLOB = re.compile(r"[\[\]{}\\]")
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(?=[/?]|$)", re.IGNORECASE)
_LONGEST_ARGUMENT = 100_000  # Linux takes 131,072 bytes an argument; a pipe has no limit
_EXPECT_FROM = 1_000_000  # curl asks "Expect: 100-continue" for larger bodies
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_SHORT = {"--header": "-H", "--request": "-X", "--user": "-u", "--config": "-K"}
_IN_CONFIG = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


@dataclass(frozen=True, slots=True)
class _Option:
    """A long option of curl and its argument, if it takes one. "url" is the URL itself."""

    name: str
    value: Pieces | None = None


def curl(
    request: Request,
    *,
    secrets: Secrets = "variables",
    options: CurlOptions = DEFAULTS,
    comments: tuple[str, ...] = (),
    argv_secrets: bool = True,
) -> Command:
    """The command that sends `request`, one option a line.

    `secrets` become environment variables, stay as values, or are replaced by their marks.
    With `argv_secrets=False` the variables reach curl in a configuration on its standard input,
    where a list of processes does not show them. `comments` are lines above the command.

    Raises `Unquotable` for what curl or a shell cannot express: a URL that is not http(s), names
    or values that HTTP does not allow, a HEAD request with a body, a secret that stands a second
    time in an encoding of its own.
    """
    known = Redactor(() if secrets == "values" else (s.value for s in secrets_of(request)))
    if secrets == "redacted":
        request = redact_request(request, known)
        if options.proxy:
            options = replace(options, proxy=marked(options.proxy, url_spans(options.proxy)))
    if not _TOKEN.fullmatch(request.method):
        raise Unquotable("The method is not a token (RFC 9110 section 9.1)")
    if request.method == "HEAD" and request.body:
        raise Unquotable("curl cannot send a HEAD request with a body")
    variables = Variables(secrets == "variables")
    warnings: list[str] = []
    body, piped = _body(request, variables)
    given = [
        *_target(request, variables, warnings),
        *_headers(request, variables, warnings),
        *body,
        *_transport(options, variables),
    ]
    given = [replace(o, value=o.value and variables.hide(o.value)) for o in given]
    piped = variables.hide(piped)
    feed = printf(piped) if piped else ""
    if not argv_secrets and variables.values:
        given, feed = _configured(given, piped, variables)

    notes = [f"export {name}=..." for name in variables.values if name not in variables.encoded]
    notes += [f"export {name}=..., encoded as in the request" for name in variables.encoded]
    if options.insecure:
        notes.append("-k: the certificate of the server is not verified")
    lines = [comment(known.text(note)) for note in comments] + [comment(note) for note in notes]
    if feed:
        lines.append(f"{feed} |")
    lines.append(_command("-I" if request.method == "HEAD" else "-i", given))
    text = "\n".join(lines)
    if known.leaks(text):
        raise Unquotable("A secret stands in the request in a way that no variable can hide")
    return Command(text, tuple(variables.values.items()), tuple(warnings))


# What curl is told


def _transport(options: CurlOptions, variables: Variables) -> Iterator[_Option]:
    if options.http_version in _HTTP_VERSIONS:
        yield _Option(_HTTP_VERSIONS[options.http_version])
    if options.insecure:
        yield _Option("-k")
    if options.max_time is not None:
        yield _Option("--max-time", (f"{options.max_time:g}",))
    if options.ca_bundle is not None:
        yield _Option("--cacert", (options.ca_bundle,))
    if options.proxy == "":
        yield _Option("--noproxy", ("*",))
    elif options.proxy is not None:
        yield _Option("--proxy", variables.split(options.proxy, url_spans(options.proxy)))
    if options.resolve is not None:
        yield _Option("--resolve", (options.resolve,))


def _target(request: Request, variables: Variables, warnings: list[str]) -> Iterator[_Option]:
    before, authority, rest = _url(request.url)
    if "@" in before:
        warnings.append("The user name and password in the URL are left out.")
    # Printable ASCII goes as it is; all else could only be meant percent-encoded.
    rest = percent_encode(rest, safe=_PRINTABLE, errors="surrogatepass")
    url = f"{before.partition('://')[0]}://{authority}{rest}"
    if _GLOB.search(url):
        yield _Option("-g")
    if _DOT_SEGMENT.search(rest.partition("?")[0]):
        yield _Option("--path-as-is")
    yield _Option("url", variables.split(url, url_spans(url)))
    default = "POST" if request.body or request.method == "POST" else "GET"
    if request.method not in (default, "HEAD"):
        yield _Option("--request", (request.method,))


def _url(url: str) -> tuple[str, str, str]:
    """Scheme with user information, authority, and the path and query of a URL."""
    match = _URL.match(url)
    if match is None or match[3][:1] not in ("", "/", "?"):
        raise Unquotable("The URL is not an http or https URL, or its host is not plain ASCII")
    return match[1], match[2], match[3]


def _headers(request: Request, variables: Variables, warnings: list[str]) -> Iterator[_Option]:
    """One option a field, and an empty one for each field curl would add of its own."""
    has_body = bool(request.body) or request.method == "POST"
    for name, value in request.headers:
        text = _header_text(name, value)
        lower = name.lower()
        if lower == "content-length":
            if text != str(len(request.body)):
                warnings.append("Content-Length is left out: curl counts the body itself.")
        elif lower == "transfer-encoding":
            warnings.append("Transfer-Encoding is left out: curl frames the body itself.")
        elif not _curl_sends(request, lower, text, has_body):
            yield _header(request, name, text, variables)
        if lower == "accept-encoding" and text.lower() not in ("", "identity"):
            yield _Option("--compressed")
    unasked = ["User-Agent", "Accept"]
    unasked += ["Content-Type"] * has_body
    unasked += ["Expect"] * (len(request.body) > _EXPECT_FROM)
    for name in unasked:
        if header(request.headers, name) is None:
            yield _Option("--header", (f"{name}:",))


def _header_text(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise Unquotable(f"Not a field name (RFC 9110 section 5.1): {visible(name, limit=80)}")
    if re.search(r"[\r\n\0]", value):
        raise Unquotable(f"The value of {name} holds a line break or NUL")
    try:
        # White space around it is not part of the value (RFC 9110 section 5.5).
        text = value.strip(" \t").encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Unquotable(f"The value of {name} holds characters that no field can") from None
    if text and not text.strip("\v\f"):
        raise Unquotable(f"The value of {name} is one that curl takes for none")
    return text


def _curl_sends(request: Request, name: str, text: str, has_body: bool) -> bool:
    """Whether curl sends this field of its own, with this value."""
    if len(header_values(request.headers, name)) > 1:
        return False
    match name:
        case "host":
            authority = _url(request.url)[1].lower()
            port = ":443" if request.url[:5].lower() == "https" else ":80"
            return text.lower() in (authority, authority.removesuffix(port))
        case "connection":
            return text.lower() == "keep-alive"
        case "accept":
            return text == "*/*"
        case "content-type":
            return has_body and text == FORM
    return False


def _header(request: Request, name: str, text: str, variables: Variables) -> _Option:
    if not text:
        return _Option("--header", (f"{name};",))  # "Name:" would remove it
    scheme, _, credentials = text.partition(" ")
    only = len(header_values(request.headers, name)) == 1
    pair = basic_pair(credentials) if (name, scheme) == ("Authorization", "Basic") else None
    if only and pair:
        # curl joins and encodes a pair just so; the person can then give the secret as it is.
        joined = ":".join(pair)
        if shown(joined) and b64encode(joined.encode()).decode() == credentials:
            secret = Secret("client_secret", unquote_plus(pair[1]), "Authorization header")
            return _Option("--user", (f"{pair[0]}:", *variables.piece(secret, pair[1])))
    return _Option("--header", (f"{name}: ", *variables.split(text, header_spans(name, text))))


def _body(request: Request, variables: Variables) -> tuple[list[_Option], Pieces]:
    """The options that give curl the body, and what must be piped to it instead."""
    if not request.body:
        return [_Option("--data-raw", ("",))] if request.method == "POST" else [], ()
    media, text = media_type(request.headers), request.body.decode("utf-8", "surrogateescape")
    as_argument = shown(text) and len(request.body) <= _LONGEST_ARGUMENT
    fields = text.split("&")
    if media == FORM and as_argument and all(fields):
        return [_field(field, variables) for field in fields], ()
    pieces = variables.split(text, body_spans(text, media))
    if as_argument:
        return [_Option("--data-raw", pieces)], ()
    return [_Option("--data-binary", ("@-",))], pieces


def _field(field: str, variables: Variables) -> _Option:
    """A form field, encoded by curl where that gives the same bytes.

    curl writes a space as "+" since 7.77 and as "%20" before, and takes the name as it is. A
    value after "name=" is never read as the name of a file.
    """
    name, _, value = field.partition("=")
    spans = body_spans(field, FORM)
    whole = [(span.start, span.end) for span in spans] == [(len(name) + 1, len(field))]
    plain = unquote_plus(value, errors="surrogateescape")
    if name and value and shown(plain) and quote_plus(plain) == value and (whole or not spans):
        pieces = variables.piece(spans[0].secret, plain) if whole else (plain,)
        return _Option("--data-urlencode", (f"{name}=", *pieces))
    return _Option("--data-raw", variables.split(field, spans))


def _configured(
    options: list[_Option], body: Pieces, variables: Variables
) -> tuple[list[_Option], str]:
    """Options with variables, and others of their kind so that the order stays, moved to a
    configuration that a shell's own printf writes."""
    if any(re.search(r'["\\\s]', value) for value in variables.values.values()):
        raise Unquotable("A secret holds a character that curl's configuration would need escaped")
    if body:
        options = [*(o for o in options if o.name != "--data-binary"), _Option("--data-raw", body)]
    kinds = {
        _kind(option)
        for option in options
        if option.value and (option.value is body or _has_variable(option.value))
    }
    lines = []
    for option in options:
        if option.value is not None and _kind(option) in kinds:
            name = option.name.removeprefix("--")
            value = (p.translate(_IN_CONFIG) if isinstance(p, str) else p for p in option.value)
            lines.append(quote((f'{name} = "', *value, '"')))
    feed = " \\\n  ".join(("printf '%s\\n'", *lines))
    return [
        _Option("--config", ("-",)),
        *(option for option in options if option.value is None or _kind(option) not in kinds),
    ], feed


def _kind(option: _Option) -> str:
    return "--data" if option.name.startswith("--data") else option.name


def _has_variable(pieces: Pieces) -> bool:
    return any(isinstance(piece, Variable) for piece in pieces)


def _command(show: str, options: Iterable[_Option]) -> str:
    first, lines = ["curl -sS", show], []
    for option in options:
        if option.value is None:
            first.append(option.name)
        else:
            name = "" if option.name == "url" else _SHORT.get(option.name, option.name) + " "
            lines.append(name + quote(option.value))
    return " \\\n  ".join((" ".join(first), *lines))
