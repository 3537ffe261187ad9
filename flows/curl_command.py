"""A curl command as the request it would send. Nothing is executed, and no file is read.

    read_curl(text)     the request of a command as a browser, a document or authwalk wrote it
    target_of(request)  what a walk starts from, where the request names a server

Options that are not known here are refused: a request that is only almost the one meant would
mislead.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote_plus, urlsplit

from flows.documents import read_form
from flows.exchange import Headers, Request, header
from flows.frozen import frozen
from flows.session import PROTOCOLS, Protocol, Target, value
from flows.shell_words import ShellError, shell_words
from flows.spans import FORM
from flows.text import visible
from flows.wellknown import is_web_url, origin, url_problem

MOST = 4 * 1024 * 1024
"""Characters of a command."""
_COMMAND = re.compile(r"(?:\s|#[^\n]*\n)*(?:\$\s+)?curl(?:\.exe)?\s", re.IGNORECASE)
_SHORT = {
    "X": "request",
    "H": "header",
    "d": "data",
    "G": "get",
    "I": "head",
    "u": "user",
    "A": "user-agent",
    "e": "referer",
    "b": "cookie",
    "k": "insecure",
    "x": "proxy",
    "s": "silent",
    "S": "show-error",
    "i": "include",
    "v": "verbose",
    "L": "location",
    "f": "fail",
    "g": "globoff",
    "N": "no-buffer",
    "#": "progress-bar",
    "4": "ipv4",
    "6": "ipv6",
    "0": "http1.0",
    "o": "output",
    "w": "write-out",
    "m": "max-time",
    "D": "dump-header",
}
_SILENT = frozenset(
    "silent show-error include verbose location fail fail-with-body globoff no-buffer "
    "progress-bar no-progress-meter ipv4 ipv6 http1.0 http1.1 http2 compressed path-as-is "
    "tlsv1.2 tlsv1.3".split()
)
"""Options that change nothing about the request."""
_SILENT_WITH_VALUE = frozenset(
    "output write-out max-time connect-timeout dump-header retry retry-delay".split()
)
_TOLD = {
    "insecure": "-k is left out: --insecure is an option of authwalk too",
    "proxy": "the proxy is left out: --proxy is an option of authwalk too",
    "noproxy": "",
    "cacert": "the CA bundle is left out: --ca-bundle is an option of authwalk too",
}
_DATA = ("data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json")
_OF_THE_WALK = frozenset(
    "accept accept-encoding connection content-length content-type host last-event-id mcp-method "
    "mcp-name mcp-protocol-version mcp-session-id transfer-encoding user-agent".split()
)
"""Fields that each request of a walk has of its own."""


class CurlError(ValueError):
    """The command is not understood; the text says what of it, fit to be shown."""


@frozen
class CurlCommand:
    """`remarks` tell what of the command is not in the request."""

    request: Request
    remarks: tuple[str, ...] = ()


def is_curl(text: str) -> bool:
    """Whether a text begins as a curl command does."""
    return bool(_COMMAND.match(f"{text[:MOST]} "))


def read_curl(text: str) -> CurlCommand:
    """The request that a command would send. Raises CurlError."""
    if len(text) > MOST:
        raise CurlError("the command is too long")
    try:
        words = shell_words(text)
    except ShellError as error:
        raise CurlError(str(error)) from None
    if words[:1] == ["$"]:  # the prompt was copied too
        del words[0]
    if not words or words[0] not in ("curl", "curl.exe"):
        raise CurlError("it does not begin with curl")
    reading = _Reading()
    for option, argument in _options(words[1:]):
        _take(reading, option, argument)
    return CurlCommand(_request(reading), tuple(dict.fromkeys(reading.remarks)))


@dataclass(slots=True)
class _Reading:
    """What the options said so far."""

    url: str | None = None
    method: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    data: list[str] = field(default_factory=list)
    json: bool = False
    sends: bool = False
    get: bool = False
    head: bool = False
    remarks: list[str] = field(default_factory=list)


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Each option by its long name with its argument, "" where it takes none; a word that is no
    option is the URL."""
    left = iter(words)
    for word in left:
        if word.startswith("--") and len(word) > 2:
            name = word[2:]
            yield name, _argument(word, left) if _takes(name) else ""
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word, left)
        else:
            yield "url", word


def _short(word: str, left: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Letters that stand together; the rest behind one that takes an argument is that."""
    for at, letter in enumerate(word[1:], 2):
        if letter not in _SHORT:
            raise CurlError(f"-{visible(letter)} is not understood here")
        name = _SHORT[letter]
        if _takes(name):
            yield name, word[at:] or _argument(f"-{letter}", left)
            return
        yield name, ""


def _takes(name: str) -> bool:
    return not (name in _SILENT or name in ("get", "head", "insecure"))


def _argument(option: str, left: Iterator[str]) -> str:
    try:
        return next(left)
    except StopIteration:
        raise CurlError(f"{visible(option, limit=60)} has no value") from None


def _take(reading: _Reading, option: str, argument: str) -> None:
    match option:
        case "url":
            if reading.url is not None:
                shown = visible(argument, limit=60)
                raise CurlError(f"there is a second URL, or a word too many: {shown}")
            reading.url = argument
        case "request":
            reading.method = argument
        case "header":
            _header(reading, argument)
        case "get":
            reading.get = True
        case "head":
            reading.head = True
        case "user":
            name, colon, _ = argument.partition(":")
            if not colon:
                raise CurlError(
                    f"-u {visible(name, limit=60)} has no password, which curl asks for"
                )
            pair = b64encode(argument.encode("utf-8", "surrogateescape")).decode()
            reading.headers.append(("Authorization", f"Basic {pair}"))
        case "oauth2-bearer":
            reading.headers.append(("Authorization", f"Bearer {argument}"))
        case "user-agent" | "referer":
            reading.headers.append((option.title(), argument))
        case "cookie":
            if "=" not in argument:
                raise CurlError("-b names a file, and files are not read: write the cookie there")
            reading.headers.append(("Cookie", argument))
        case _ if option in _DATA:
            _data(reading, option, argument)
        case _ if option in _TOLD:
            if words := _TOLD[option]:
                reading.remarks.append(words)
        case _ if option not in _SILENT | _SILENT_WITH_VALUE:
            raise CurlError(f"--{visible(option, limit=60)} is not understood here")


def _header(reading: _Reading, argument: str) -> None:
    if argument.startswith("@"):
        raise CurlError("-H @… reads a file: write the header field there")
    name, colon, text = argument.partition(":")
    if not colon:
        name, semicolon, _ = argument.partition(";")
        if not semicolon:
            raise CurlError(f"-H {visible(name, limit=40)} is no header field")
    elif not text.strip():
        reading.removed.add(name.strip().lower())
        return
    # Header values are the bytes of the wire as ISO-8859-1.
    value = text.strip(" \t").encode("utf-8", "surrogateescape").decode("latin-1")
    reading.headers.append((name.strip(), value))


def _data(reading: _Reading, option: str, argument: str) -> None:
    reading.sends = True
    if option == "data-urlencode":
        name, equals, text = argument.partition("=")
        if "@" in name or (not equals and "@" in argument):
            raise CurlError("--data-urlencode …@… reads a file: write the value there")
        coded = quote_plus(text if equals else argument, errors="surrogateescape")
        reading.data.append(f"{name}={coded}" if name and equals else coded)
        return
    if option != "data-raw" and argument.startswith("@"):
        raise CurlError(f"--{option} @… reads a file: write the body there")
    reading.json = reading.json or option == "json"
    reading.data.append(argument)


def _request(reading: _Reading) -> Request:
    """The request with what curl adds to it."""
    if reading.url is None:
        raise CurlError("there is no URL in it")
    url = reading.url if "://" in reading.url else f"http://{reading.url}"
    body = ("" if reading.json else "&").join(reading.data)
    if reading.get and body:
        bare, hash_, fragment = url.partition("#")
        url = f"{bare}{'&' if '?' in bare else '?'}{body}{hash_}{fragment}"
        body = ""
    if problem := url_problem(url):
        raise CurlError(f"the URL {visible(url, limit=200)} is not usable: {problem}")
    sends = reading.sends and not reading.get
    default = "HEAD" if reading.head else "POST" if sends else "GET"
    headers: Headers = tuple(reading.headers)
    added = [("Accept", "application/json" if reading.json else "*/*")]
    if sends:
        added.append(("Content-Type", "application/json" if reading.json else FORM))
    headers += tuple(
        (name, text)
        for name, text in added
        if header(headers, name) is None and name.lower() not in reading.removed
    )
    data = body.encode("utf-8", "surrogateescape")
    return Request(reading.method or default, url, headers, data)


def target_of(request: Request) -> Target:
    """What a walk of the server that a request goes to starts from. Raises CurlError."""
    pairs = tuple(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    if value(pairs, "response_type") and value(pairs, "client_id"):
        resource = value(pairs, "resource")
        mcp = is_web_url(resource or "")
        return Target(
            resource if mcp and resource else origin(request.url),
            kind="mcp" if mcp else "authorization-server",
            client_id=value(pairs, "client_id"),
            redirect_uri=value(pairs, "redirect_uri"),
            scope=value(pairs, "scope"),
        )
    if value(read_form(request.body), "grant_type"):
        raise CurlError(
            "it is a token request, which names no server to walk: paste it in the app, where the "
            "walk stands at Exchange code"
        )
    bearer = next(
        (
            text.partition(" ")[2].strip()
            for name, text in request.headers
            if name.lower() == "authorization" and text.lower().startswith("bearer ")
        ),
        None,
    )
    own = _OF_THE_WALK | ({"authorization"} if bearer else set())
    spoken = header(request.headers, "mcp-protocol-version")
    protocol: Protocol = next((known for known in PROTOCOLS if known == spoken), "auto")
    return Target(
        request.url.partition("#")[0],
        protocol=protocol,
        headers=tuple(pair for pair in request.headers if pair[0].lower() not in own),
        bearer=bearer or None,
    )
