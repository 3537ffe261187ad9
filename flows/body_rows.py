"""What stands in a row of a laid out body, and where: what copying a row copies.

A value is what was sent: the value of a member, an array or object whole, a line. A path is a
pointer in JSON (RFC 6901), a name in a form. All in slices: of a large body all that stands before
a row is counted.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from flows.collapse import CollapsibleRows
from flows.rows import SLICE, TextRows
from flows.slices import WINDOW, Sliced, count, find, find_last, text

if TYPE_CHECKING:
    from flows.bodies import Rendered


def bounds(rendered: Rendered, row: int) -> tuple[int, int]:
    rows = rendered.rows
    assert isinstance(rows, TextRows | CollapsibleRows)
    return rows.line_bounds(row)


def line_value(rendered: Rendered, row: int) -> Sliced[str]:
    return (yield from text(rendered.rows.data, *bounds(rendered, row)))


def form_value(rendered: Rendered, row: int) -> Sliced[str]:
    name, equals, value = (yield from _form_pair(rendered, row)).partition(b"=")
    return (yield from _whole(value if equals else name))


def form_path(rendered: Rendered, row: int) -> Sliced[str]:
    return (yield from _whole((yield from _form_pair(rendered, row)).partition(b"=")[0]))


def _form_pair(rendered: Rendered, row: int) -> Sliced[bytes]:
    """What the row shows, as it was sent."""
    start, _ = bounds(rendered, row)
    source, at = rendered.source, 0
    left = yield from count(rendered.rows.data, b"\n", 0, start)
    while (number := source.count(b"&", at, at + WINDOW)) < left:
        left -= number
        at += WINDOW
        yield
    within = source[at : at + WINDOW]
    at += len(within) - len(within.split(b"&", left)[-1])
    end = source.find(b"&", at)
    return source[at : len(source) if end < 0 else end]


def _whole(encoded: bytes) -> Sliced[str]:
    pieces = []
    for piece in plain(encoded):
        pieces.append(piece)
        yield
    return "".join(pieces)


_JSON_ROW = re.compile(rb'( *)(?:("[^"\\]*+(?:\\.[^"\\]*+)*+"): )?')
_CLOSING = {b"{": b"}", b"[": b"]"}


def json_value(rendered: Rendered, row: int) -> Sliced[str]:
    start, end = bounds(rendered, row)
    data = rendered.rows.data
    found = _JSON_ROW.match(data, start, end)
    assert found
    indent, start = bytes(found[1]), found.end()
    value = bytes(data[start:end]).removesuffix(b",")
    if value in _CLOSING:
        # Laid out by us: the bracket that closes stands below the row that opens.
        close = yield from find(data, b"\n" + indent + _CLOSING[value], end)
        end = len(data) if close < 0 else close + len(indent) + 2
        return (yield from text(data, start, end, less=indent))
    if value.startswith(b'"'):
        try:
            read = str(json.loads(value))
            read.encode()  # half of a surrogate pair fits no clipboard
            return read
        except ValueError:
            pass
    return (yield from text(value, 0, len(value)))


def json_path(rendered: Rendered, row: int) -> Sliced[str]:
    """The reference tokens of a row, from the outermost value in; a closing bracket stands where
    its opening one does."""
    data = rendered.rows.data
    start, end = bounds(rendered, row)
    least = 2 if rendered.kind == "sse" else 0  # data of an event stands behind two spaces
    indent = end - start - len(data[start:end].lstrip(b" "))
    if data[start + indent : start + indent + 1] in (b"}", b"]"):
        start = yield from _line_above(data, start, indent)
    tokens: list[str] = []
    while indent > least and (found := _JSON_ROW.match(data, start)):
        outer = yield from _line_above(data, start, indent - 2)
        if found[2]:
            tokens.append(_token(found[2]))
        else:
            # The items above, and not what stands deeper or closes. The line's own line end, in
            # front of it, is not counted.
            line = b"\n" + b" " * indent
            above = yield from count(data, line, outer, start)
            for other in (b" ", b"]", b"}"):
                above -= yield from count(data, line + other, outer, start)
            tokens.append(str(above))
        start, indent = outer, indent - 2
    return "".join(f"/{token}" for token in reversed(tokens))


def _line_above(data: bytes | bytearray, start: int, indent: int) -> Sliced[int]:
    """Where the nearest line above begins that opens something so far from the left."""
    before = b"\n" + b" " * indent
    firsts = (before + b'"', before + b"{", before + b"[")
    return (yield from find_last(data, firsts, start)) + 1


def _token(name: bytes) -> str:
    try:
        read = str(json.loads(name))
    except ValueError:
        read = name.decode("utf-8", "backslashreplace")[1:-1]
    return read.replace("~", "~0").replace("/", "~1")


def hex_value(rendered: Rendered, row: int) -> Sliced[str]:
    yield
    return rendered.rows.text(row)


_PIECE = SLICE // 4


def plain(encoded: bytes) -> Iterator[str]:
    """A name or value as it was before encoding, in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    at = 0
    while at < len(encoded):
        stop = at + _PIECE
        cut = encoded.rfind(b"%", stop - 2, stop)
        stop = cut if cut > at else stop
        decoded = unquote_to_bytes(encoded[at:stop].replace(b"+", b" "))
        at = stop
        yield decoder.decode(decoded, final=at >= len(encoded))
