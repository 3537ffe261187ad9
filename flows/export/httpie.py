"""A request as an HTTPie command for a POSIX shell.

HTTPie rewrites more than curl does: what would not arrive as it stands in the request is refused,
and the refusal says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote_plus, unquote_plus

from flows.exchange import Request, header, media_type
from flows.export.curl import fits
from flows.export.draft import DEFAULTS, CurlOptions, Draft, Secrets, fields, plain_url, url_parts
from flows.export.shell import comment, printf, quote
from flows.export.words import Command, Pieces, Unquotable, Variables, is_utf8, value_of
from flows.spans import FORM, body_spans, url_spans

# What urllib3 leaves as it is (RFC 3986 appendix A): the rest it encodes, or writes anew.
_KEPT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*")
_DECODED = re.compile("%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])")
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?=[/?]|$)")
# A backslash before a separator is eaten, and none can be written before one.
_EATEN = re.compile(r"(?<!\\)(?:\\\\)*\\[:;=@]")
_OF_SEPARATORS = ("=", "@")  # a value that starts so would lengthen the separator before it
_UNASKED = ("User-Agent", "Accept", "Accept-Encoding", "Connection")


def httpie(
    request: Request,
    *,
    secrets: Secrets = "variables",
    options: CurlOptions = DEFAULTS,
    comments: tuple[str, ...] = (),
    own: frozenset[str] = frozenset(),
) -> Command:
    """As `flows.export.curl.curl`. Raises `Unquotable` also for what HTTPie would change."""
    draft = Draft(request, secrets, options, own)
    request, hide = draft.request, draft.variables.hide
    if not re.fullmatch("[A-Z]+", request.method):
        raise Unquotable("HTTPie takes only methods of capital letters")
    url, form = _url(draft), _form(draft)
    target = draft.variables.split(url, url_spans(url))
    items = [*_headers(draft), *form]
    flags, piped = ([("--form",)], ()) if form else _raw(draft)
    first = ["http --ignore-netrc -p hb", *(() if piped else ("--ignore-stdin",))]
    first += ["--path-as-is"] * bool(_DOT_SEGMENT.search(url))
    if draft.options.proxy == "":
        first.insert(0, "NO_PROXY='*'")
    lines = [" ".join(first), *(quote(hide(flag)) for flag in (*_transport(draft), *flags))]
    lines += [f"{request.method} {quote(hide(target))}", *(quote(hide(item)) for item in items)]
    feed = f"{printf(hide(piped))} |\n" if piped else ""
    above = "".join(f"{comment(note)}\n" for note in draft.notes(comments, "export {}=..."))
    return draft.command(above + feed + " \\\n  ".join(lines))


def _url(draft: Draft) -> str:
    url = plain_url(draft)
    scheme, authority, _ = url_parts(url)
    path, mark, query = url.removeprefix(scheme + authority).partition("?")
    bare_mark = mark and not query
    if bare_mark or _DECODED.search(path + query) or not _KEPT.fullmatch(path + query):
        raise Unquotable("HTTPie would write the URL in another way")
    return url


def _transport(draft: Draft) -> Iterator[Pieces]:
    options, variables = draft.options, draft.variables
    if options.max_time is not None:
        yield (f"--timeout={options.max_time:g}",)
    if options.insecure:
        yield ("--verify=no",)
    elif options.ca_bundle is not None:
        yield (f"--verify={options.ca_bundle}",)
    if options.proxy:
        proxy = variables.split(options.proxy, url_spans(options.proxy))
        yield from ((f"--proxy={scheme}:", *proxy) for scheme in ("http", "https"))
    if options.resolve is not None:
        draft.warnings.append("HTTPie cannot be told an address: it asks the resolver.")


def _headers(draft: Draft) -> Iterator[Pieces]:
    """An item a field, and an empty one for each field HTTPie would add of its own."""
    request, variables = draft.request, draft.variables
    for name, text in fields(draft, "HTTPie"):
        if name.lower() == "host" and text.lower() == url_parts(request.url)[1].lower():
            continue
        value = _value(variables.split(text, draft.spans(name, text)), variables)
        if name.startswith("-") or text != text.strip() or not is_utf8(text) or value is None:
            raise Unquotable(f"HTTPie cannot send the field {name} as it is")
        yield (f"{name}:", *value) if text else (f"{name};",)
    unasked = list(_UNASKED)
    unasked += ["Content-Type"] * (bool(request.body) or request.method == "POST")
    yield from ((f"{name}:",) for name in unasked if header(request.headers, name) is None)


def _value(pieces: Pieces, variables: Variables) -> Pieces | None:
    """A value as it must stand behind the separator of an item; None when it cannot."""
    text = value_of(pieces, variables)
    if _EATEN.search(text):
        return None
    if not text.startswith(_OF_SEPARATORS):
        return pieces
    first, *others = pieces
    return (f"\\{first}", *others) if isinstance(first, str) and first else None


def _form(draft: Draft) -> list[Pieces]:
    """An item a form field, where HTTPie encodes them to the same bytes; else none."""
    request, found = draft.request, []
    text = request.body.decode("utf-8", "surrogateescape")
    if media_type(request.headers) != FORM or not fits(text):
        return []
    for part in text.split("&"):
        name, _, encoded = part.partition("=")
        plain = unquote_plus(encoded, errors="surrogateescape")
        spans = body_spans(part, FORM)
        whole = [(one.start, one.end) for one in spans] == [(len(name) + 1, len(part))]
        same = fits(plain) and f"{name}={quote_plus(plain)}" == part and (whole or not spans)
        told = not _EATEN.search(plain) and not plain.startswith(_OF_SEPARATORS)
        if not (re.fullmatch(r"\w[\w.~]*", name, re.ASCII) and same and told):
            return []
        found.append((name, spans[0].secret if whole else None, plain))
    return [
        (f"{name}=", *(draft.variables.piece(secret, plain) if secret else (plain,)))
        for name, secret, plain in found
    ]


def _raw(draft: Draft) -> tuple[list[Pieces], Pieces]:
    """The option that holds the body, or what must be piped to HTTPie."""
    body = draft.request.body
    text = body.decode("utf-8", "surrogateescape")
    pieces = draft.variables.split(text, body_spans(text, media_type(draft.request.headers)))
    if not text:
        return [], ()
    return ([("--raw=", *pieces)], ()) if fits(text) else ([], pieces)
