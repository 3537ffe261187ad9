"""Bodies laid out for reading: JSON, forms, server-sent events, HTML, text, hex.

views(content_type, body)           the kinds that suit a body, the best first
render(body, content_type, kind)    its rows, read lazily, with a note of what was odd
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

from flows.body_rows import (
    bounds,
    form_path,
    form_value,
    hex_value,
    json_path,
    json_value,
    line_value,
    plain,
)
from flows.collapse import CollapsibleRows
from flows.frozen import frozen
from flows.reindent import Break, reindent
from flows.rows import SLICE, HexRows, Rows, TextRows
from flows.slices import Sliced, finish
from flows.sse import Parser
from flows.text import decode, visible

_SAMPLE = 4096
_CHARSET = r'(?i);\s*charset\s*=\s*"?([^\s;"]+)'
_JSON_TYPE = r"(?:application|text)/json|.*\+json"
_JSON_START = (
    rb'\s*(?:\{\s*["}]|\[\s*(?:[\[{"\]]|-?[0-9]+(?:\.[0-9]+)?\s*[,\]]|(?:true|false|null)\b))'
)
_FORM_TYPE = "application/x-www-form-urlencoded"
_SSE_TYPE = "text/event-stream"
_HTML_TYPE = r"text/html|(?:application|text)/xml|.*\+xml"
_HTML_START = rb"(?i)\s*<(?:!doctype\s+html|html|head|body|\?xml)\b"
_BINARY_TYPE = r"(?:image|audio|video|font)/(?!.*\+xml).*|application/octet-stream"

Notes = list[str]


class Rendered:
    """A body in one view. `rows` are there after `step` was called, all of them when it says
    False; `language` is what a highlighter is told."""

    def __init__(self, view: View, rows: Rows, source: bytes, notes: Notes) -> None:
        self.kind = view.kind
        self.language = view.language
        self.rows = rows
        self.source = source
        self._view = view
        self._notes = notes
        self._check = _utf8_check(source, notes) if view.kind != "hex" else iter(())

    @property
    def note(self) -> str:
        """What a reader should know, safe to show; "" when there is nothing. It may grow."""
        return "; ".join(self._notes)

    def step(self) -> bool:
        """Do one slice of work, a few milliseconds; False when all is done."""
        return self.rows.step() or next(self._check, "done") is None

    def finish(self) -> Rendered:
        while self.step():
            pass
        return self

    def path_at(self, row: int) -> str:
        """Where the row stands: in JSON a pointer (RFC 6901), in a form the name, else ""."""
        return finish(self.finding_path(row))

    def finding_path(self, row: int) -> Sliced[str]:
        """As `path_at`, in slices: of a large body all that stands before is counted."""
        return (yield from self._view.path(self, row)) if self._view.path else ""

    def line_at(self, row: int) -> bytes:
        """The whole line that a row belongs to, as it is laid out."""
        if isinstance(self.rows, HexRows):
            return b""
        start, end = bounds(self, row)
        return bytes(self.rows.data[start:end])

    def value_at(self, row: int) -> str:
        """What copying a row copies: the value of a member, an array or object whole, a line.
        As it was sent, so it is for a clipboard and not to be shown."""
        return finish(self.finding_value(row))

    def finding_value(self, row: int) -> Sliced[str]:
        """As `value_at`, in slices."""
        return (yield from self._view.value(self, row))


@frozen
class View:
    """One way to lay out a body. `suits` is its priority for a media type and body, the highest
    wins; `lay_out` is None where the text stays as it is."""

    kind: str
    language: str
    suits: Callable[[str, bytes], int]
    lay_out: Callable[[bytes, Notes], Iterator[bytes]] | None
    value: Callable[[Rendered, int], Sliced[str]]
    path: Callable[[Rendered, int], Sliced[str]] | None = None


def views(content_type: str, body: bytes) -> tuple[str, ...]:
    """The kinds that suit a body, the best first. "text" and "hex" are always among them."""
    media = _media_type(content_type)
    body = body.removeprefix(codecs.BOM_UTF8)
    ranked = sorted(VIEWS.values(), key=lambda view: -view.suits(media, body))
    return tuple(view.kind for view in ranked if view.suits(media, body))


def render(
    body: bytes,
    content_type: str = "",
    kind: str | None = None,
    *,
    measure: Callable[[str], int] = len,
) -> Rendered:
    """A body in the view `kind`, or in the one that suits it best.

    `content_type` is a media type, with its parameters if it has any. `measure` gives the cells
    that a text takes on the terminal. Never fails: what cannot be laid out comes as it was sent,
    and the note says so. Raises KeyError for a kind that does not exist.
    """
    notes: Notes = []
    best = views(content_type, body)[0]
    view = VIEWS[kind or best]
    if kind is None:
        notes += _contradictions(_media_type(content_type), best, body)
    if not body:
        notes.append("no body")
    if view.kind == "hex":
        return Rendered(view, HexRows(body), body, notes)
    source = _utf8(body, content_type, notes)
    pieces = view.lay_out(source, notes) if view.lay_out and source else None
    rows = TextRows(b"" if pieces else source, pieces, measure=measure)
    collapsible = view.kind in ("json", "sse")
    return Rendered(view, CollapsibleRows(rows) if collapsible else rows, source, notes)


def render_text(text: str, language: str = "", *, measure: Callable[[str], int] = len) -> Rendered:
    """Text of our own making, such as a command; `language` as Pygments names it."""
    source = text.encode("utf-8", "backslashreplace")
    view = View("text", language, _suits_text, None, line_value)
    return Rendered(view, TextRows(source, measure=measure), source, [])


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _utf8(body: bytes, content_type: str, notes: Notes) -> bytes:
    """The text of a body in UTF-8, which it most often is already; wrong bytes stay in it."""
    declared = re.search(_CHARSET, content_type)
    charset = declared[1] if declared else None
    encoding = decode(body[:4], charset).encoding
    if not encoding.startswith("utf-8"):
        text, encoding = decode(body, charset)
        notes.append(f"decoded from {encoding}")
        return text.encode("utf-8", "backslashreplace")
    if "unknown" in encoding:
        notes.append(f"unknown charset {visible(charset or '', limit=40)}, read as UTF-8")
    if body.startswith(codecs.BOM_UTF8):
        notes.append("starts with a byte order mark")
        return body[len(codecs.BOM_UTF8) :]
    return body


def _utf8_check(data: bytes, notes: Notes) -> Iterator[None]:
    if data.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), SLICE):
            decoder.decode(data[start : start + SLICE], final=start + SLICE >= len(data))
            yield
    except UnicodeDecodeError:
        notes.append("not all UTF-8: wrong bytes show as \\xNN")


def _contradictions(media: str, kind: str, body: bytes) -> Iterator[str]:
    sent_as = f"sent as {visible(media, limit=60)}" if media else "sent without a media type"
    if re.fullmatch(_JSON_TYPE, media) and kind != "json" and body:
        lines = body[: len(body) - len(body.lstrip())]
        column = len(lines) - (lines.rfind(b"\n") + 1) + 1
        yield f"{sent_as}, but is no JSON at line {lines.count(10) + 1}, column {column}"
    elif kind == "json" and not re.fullmatch(_JSON_TYPE, media):
        yield f"JSON by its look, {sent_as}"
    elif kind == "html" and not re.fullmatch(_HTML_TYPE, media):
        yield f"HTML by its look, {sent_as}"
    elif kind == "hex" and not re.fullmatch(_BINARY_TYPE, media):
        yield f"no text by its look, {sent_as}"


def _suits_json(media: str, body: bytes) -> int:
    if re.fullmatch(_JSON_TYPE, media):
        # Anything that can begin a JSON text (RFC 8259 section 2); an error document cannot.
        start = body[:_SAMPLE].lstrip()[:1]
        return 90 if start and start in b'{["-0123456789tfn' else 5
    return 60 if re.match(_JSON_START, body) and body[-_SAMPLE:].rstrip()[-1:] in b"]}" else 0


def _suits_form(media: str, body: bytes) -> int:
    return 90 if media == _FORM_TYPE else 0


def _suits_sse(media: str, body: bytes) -> int:
    return 90 if media == _SSE_TYPE else 0


def _suits_html(media: str, body: bytes) -> int:
    if re.match(_HTML_START, body):
        return 80
    return 30 if re.fullmatch(_HTML_TYPE, media) else 0


def _suits_text(media: str, body: bytes) -> int:
    return 20


def _suits_hex(media: str, body: bytes) -> int:
    if re.fullmatch(_BINARY_TYPE, media):
        return 70
    sample = body[:_SAMPLE]
    if not decode(sample[:4]).encoding.startswith("utf-8") or media.startswith("text/"):
        return 10
    odd = sample.decode("utf-8", "replace").count("\N{REPLACEMENT CHARACTER}")
    return 40 if b"\0" in sample or odd * 10 > len(sample) else 10


def _json_rows(source: bytes, notes: Notes) -> Iterator[bytes]:
    notes += _broken((yield from reindent(source)))


def _broken(broken: Break | None) -> Iterator[str]:
    if broken:
        where = f"line {broken.line}, column {broken.column}"
        what = "laid out up to" if broken.is_json else "no JSON at"
        yield f"{what} {where}: {broken.reason}; from there as sent"


def _form_rows(source: bytes, notes: Notes) -> Iterator[bytes]:
    start = source[:_SAMPLE]
    names = (visible("".join(plain(pair.partition(b"=")[0]))) for pair in start.split(b"&"))
    width = min(24, max(map(len, names)))
    parts: list[str] = []
    length = at = 0
    while at <= len(source):
        end = source.find(b"&", at)
        end = len(source) if end < 0 else end
        name, equals, value = source[at:end].partition(b"=")
        for piece in _row(name, equals, value, width):
            parts.append(piece)
            length += len(piece)
            if length > SLICE:
                yield "".join(parts).encode()
                parts.clear()
                length = 0
        at = end + 1
    yield "".join(parts).encode()


def _row(name: bytes, equals: bytes, value: bytes, width: int) -> Iterator[str]:
    """A row of a form, in pieces; without its value where there is no "="."""
    for piece in plain(name):
        piece = visible(piece)
        width -= len(piece)
        yield piece
    if equals:
        yield f"{' ' * width} = "
        yield from map(visible, plain(value))
    yield "\n"


_BLANK_LINE = rb"(?:\r\n|\n|\r(?!\n)){2}"


def _sse_rows(source: bytes, notes: Notes) -> Iterator[bytes]:
    """A row for each event's type, id and retry; its data behind two spaces."""
    parser = Parser()
    count = 0
    for start in range(0, len(source), SLICE):
        for event in parser.feed(source[start : start + SLICE]):
            count += 1
            head = "\n" * (count > 1) + event.event
            if event.id:
                head += f"  id {event.id}"
            if event.retry is not None:
                head += f"  retry {event.retry} ms"
            yield f"{head}\n  ".encode()
            for piece in _event_data(event.data.encode()):
                yield piece.replace(b"\n", b"\n  ")
            yield b"\n"
    end = re.split(_BLANK_LINE, source[-SLICE:])[-1].strip()
    if end and not end.startswith(b":"):
        notes.append("it ends inside an event, which a client does not see")
    elif not count:
        notes.append("there is no event in it")


def _event_data(data: bytes) -> Iterator[bytes]:
    if data.startswith((b"{", b"[")):
        yield from reindent(data)
    else:
        yield data


VIEWS = {
    view.kind: view
    for view in (
        View("json", "json", _suits_json, _json_rows, json_value, json_path),
        View("form", "form", _suits_form, _form_rows, form_value, form_path),
        View("sse", "sse", _suits_sse, _sse_rows, json_value, json_path),
        View("html", "html", _suits_html, None, line_value),
        View("text", "", _suits_text, None, line_value),
        View("hex", "hex", _suits_hex, None, hex_value),
    )
}
