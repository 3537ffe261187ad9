"""A request as it stands on the wire: raw HTTP/1.1 (RFC 9112), and an .http file around it.

Both are text, where no escape can stand for a byte: a body that is no text, or that holds what a
terminal would obey, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flows.exchange import Request, header, header_values, media_type
from flows.export.draft import (
    DEFAULTS,
    CurlOptions,
    Draft,
    Secrets,
    field_text,
    fields,
    plain_url,
    url_parts,
)
from flows.export.words import Command, Pieces, Unquotable, Variable, shown
from flows.spans import body_spans, url_spans
from flows.text import visible

_METHODS = frozenset("GET POST PUT DELETE PATCH HEAD OPTIONS TRACE".split())
# What the WHATWG URL Standard's parser and its percent-encode sets leave alone.
_STANDING = re.compile(r"(?:[A-Za-z0-9._~!$&()*+,;=:@/?\[\]-]|%[0-9A-Fa-f]{2})*")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=[/?]|$)", re.IGNORECASE)
_OBEYED = re.compile(r"^[ \t]*(?:#|//|<|>|@|```|\?\?|HTTP/|$)")
"""How a line of an .http file begins that is no text of a body: a comment, a file to read or to
write, a script, a definition, a test, a recorded answer; and an empty line, which may be lost."""


def raw(
    request: Request,
    *,
    secrets: Secrets = "variables",
    options: CurlOptions = DEFAULTS,
    comments: tuple[str, ...] = (),
    own: frozenset[str] = frozenset(),
) -> Command:
    """The message, its lines ended by line feeds; HTTP/1.1 wants CRLF behind those of the head.
    It has no place for `options` and `comments`. Secrets are `$VARIABLES`."""
    draft = Draft(request, secrets, options, own)
    url, request = plain_url(draft), draft.request
    _, authority, target = url_parts(url)
    target = target if target.startswith("/") else f"/{target}"
    target_spans = url_spans(target)
    lines: list[Pieces] = [(f"{request.method} ", *draft.variables.split(target, target_spans))]
    lines[0] = (*lines[0], " HTTP/1.1")
    if header(request.headers, "host") is None:
        lines.append((f"Host: {authority}",))
    for name, value in request.headers:
        text = field_text(name, value)
        lines.append((f"{name}: ", *draft.variables.split(text, draft.spans(name, text))))
    counts = ("content-length", "transfer-encoding")
    if request.body and not any(header(request.headers, name) for name in counts):
        lines.append((f"Content-Length: {len(request.body)}",))
    text = "\n".join(_text(draft, line, "${}") for line in lines)
    return draft.command(f"{text}\n\n{_text(draft, _body(draft), '${}', lines=True)}")


def http_file(
    request: Request,
    *,
    secrets: Secrets = "variables",
    options: CurlOptions = DEFAULTS,
    comments: tuple[str, ...] = (),
    own: frozenset[str] = frozenset(),
) -> Command:
    """A request as the HTTP clients of editors read it (JetBrains, Visual Studio, VS Code REST
    Client, httpYac). They add fields of their own, and count the body. Secrets are variables of
    the file, to be filled in.

    Raises `Unquotable` also for what such a client would take for a variable, a comment, a file
    to read or a script to run.
    """
    draft = Draft(request, secrets, options, own)
    request = draft.request
    if request.method not in _METHODS:
        raise Unquotable("The clients of .http files do not know the method")
    url = plain_url(draft)
    path_and_query = "".join(url_parts(url)[2:])
    if not _STANDING.fullmatch(path_and_query) or _DOT_SEGMENT.search(path_and_query):
        raise Unquotable("The clients of .http files would write the URL in another way")
    told = [(f"{request.method} ", *draft.variables.split(url, url_spans(url)), " HTTP/1.1")]
    for name, text in fields(draft, "the client"):
        once = len(header_values(request.headers, name)) == 1
        if not once or not text.isascii() or name.startswith(("#", "//")) or not text:
            raise Unquotable(f"An .http file cannot hold the field {name} as it is")
        if name.lower() != "host" or text.lower() != url_parts(url)[1].lower():
            told.append((f"{name}: ", *draft.variables.split(text, draft.spans(name, text))))
    body = _body(draft)
    lines = [_text(draft, _templated(line), "{{{{{}}}}}") for line in told]
    if request.body:
        written = _text(draft, _templated(body), "{{{{{}}}}}", lines=True)
        if any(_OBEYED.match(line) for line in written.split("\n")):
            raise Unquotable("A line of the body would mean something else in an .http file")
        lines += ["", written]
    title, *notes = (_comment(draft.known.text(comment)) for comment in comments or ("",))
    above = [f"@{name} =" for name in draft.variables.values]
    above += [f"### {title}".rstrip(), *(f"# {note}" for note in notes)]
    return draft.command("\n".join((*above, *lines)))


def http_files(texts: Iterable[str]) -> str:
    """The requests of several in one, each variable defined once."""
    defined: dict[str, None] = {}
    parts = []
    for text in texts:
        lines = text.split("\n")
        while lines and lines[0].startswith("@"):
            defined[lines.pop(0)] = None
        parts.append("\n".join(lines))
    return "\n\n".join((*(["\n".join(defined)] if defined else []), *parts))


def _body(draft: Draft) -> Pieces:
    body, media = draft.request.body, media_type(draft.request.headers)
    text = body.decode("utf-8", "surrogateescape")
    return draft.variables.split(text, body_spans(text, media))


def _text(draft: Draft, pieces: Pieces, variable: str, *, lines: bool = False) -> str:
    """The pieces as text. Raises Unquotable for what a text cannot show as it is."""
    written = []
    for piece in draft.variables.hide(pieces):
        value = draft.variables.values[piece.name] if isinstance(piece, Variable) else piece
        if not shown(re.sub("[\n\t]" if lines else "\t", "", value)):
            raise Unquotable("It holds bytes that are no text, or that a terminal would obey")
        written.append(variable.format(piece.name) if isinstance(piece, Variable) else piece)
    return "".join(written)


def _templated(pieces: Pieces) -> Pieces:
    """Raises Unquotable when a text has what makes a variable."""
    joined = "".join(piece if isinstance(piece, str) else "\0" for piece in pieces)
    if re.search("{{|{\0|\0}", joined):
        raise Unquotable("Double braces would be a variable in an .http file")
    return pieces


def _comment(text: str) -> str:
    """A comment that gives no command: those begin with "@", and braces are variables."""
    line = visible(text).replace("{{", "{ {")
    return line if not line or line[0].isalnum() else f"'{line}'"
