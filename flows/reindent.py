"""JSON laid out for reading without being read into values (RFC 8259).

Only white space between tokens changes: `1.0` stays `1.0`, `1e400` stays, members named twice
stay, escapes stay, and so does the order. Nothing is kept but the place, so that a document of any
size can be laid out in slices.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from flows.frozen import frozen

MOST_LEVELS = 100
"""Arrays and objects inside each other; deeper, indentation would outgrow the text."""

GROWTH = 5
"""Times its own size that a large text may take when laid out, the index of its rows included."""

_ALWAYS_ROOM = 4_000_000  # bytes: up to here no growth is worth a word
_SLICE = 1000  # values to a piece, about 2 ms
_REST = 1 << 18

_IN_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+)*+'
_STRING = _IN_STRING + b'"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_SPACE = rb"[ \t\r\n]*+"
_EMPTY = rb"\[%b\]|\{%b\}" % (_SPACE, _SPACE)
_VALUE = rb"(?:(%b|%b|true|false|null|%b)%b(,)?|[{\[])" % (_STRING, _NUMBER, _EMPTY, _SPACE)

# A whole row in one match is what makes this fast.
_ELEMENT = re.compile(rb"%b()%b" % (_SPACE, _VALUE))
_MEMBER = re.compile(rb"%b(%b)%b:%b%b" % (_SPACE, _STRING, _SPACE, _SPACE, _VALUE))


_MARK = re.compile(rb"%b([,}\]])" % _SPACE)
_SKIP = re.compile(_SPACE)
_WHOLE_STRING = re.compile(_STRING)
_STRING_START = re.compile(_IN_STRING)

_CLOSER = {b"{": b"}", b"[": b"]"}


@frozen
class Break:
    """From where a text was not laid out, in lines and characters counted from 1, and why."""

    line: int
    column: int
    reason: str
    is_json: bool = False
    """So far it is; it was left for its depth or size."""


def reindent(source: bytes) -> Generator[bytes, None, Break | None]:
    """Lay out a JSON text in pieces, one value a line, two spaces a level.

    A generator: it yields the text and returns None when all of it is one JSON value. Otherwise
    it lays out what is JSON, yields the rest as it was sent, from a new line on, and returns
    where and why it stopped.
    """
    closers: list[bytes] = []
    out: list[bytes] = []
    before = b""  # the line end and indentation in front of a value
    room = max(_ALWAYS_ROOM, GROWTH * len(source)) - len(source)
    at = values = 0
    why: tuple[int, str] | None = None
    limit = ""
    while why is None and not limit:
        in_object = bool(closers) and closers[-1] == b"}"
        found = (_MEMBER if in_object else _ELEMENT).match(source, at)
        if found is None:
            why = _no_value(source, at, in_object)
            break
        name, value, comma = found.groups()
        at = found.end()
        out += (before, name, b": ") if name else (before,)
        if value is None:
            bracket = source[at - 1 : at]
            out.append(bracket)
            closers.append(_CLOSER[bracket])
            before = _line(closers)
            if len(closers) > MOST_LEVELS:
                limit = f"more than {MOST_LEVELS} levels of nesting"
        else:
            out.append(value[:1] + value[-1:] if value[0] in b"[{" else value)
            if comma and closers:
                out.append(comma)
            else:
                at, more = _close(source, at - len(comma or b""), closers, out)
                if not more:
                    why = _no_end(source, at, closers)
                    break
                before = _line(closers)
        values += 1
        if values % _SLICE == 0:
            piece = b"".join(out)
            out.clear()
            room -= len(piece) + 4 * piece.count(b"\n")
            if room < 0:
                limit = "laid out it would take too much memory"
            yield piece
    yield b"".join(out)
    if limit:
        why = at, limit
    if why is None:
        return None
    rest = _skip(source, at)
    if at and rest < len(source):
        yield b"\n"
    for start in range(rest, len(source), _REST):
        yield source[start : start + _REST]
    return _located(source, *why, is_json=bool(limit))


def _line(closers: list[bytes]) -> bytes:
    return b"\n" + b"  " * len(closers)


def _close(source: bytes, at: int, closers: list[bytes], out: list[bytes]) -> tuple[int, bool]:
    """Lay out the brackets that close at `at`; where they end, and whether a comma follows."""
    while closers and (found := _MARK.match(source, at)):
        mark = found[1]
        if mark == b",":
            out.append(mark)
            return found.end(), True
        if mark != closers[-1]:
            break
        closers.pop()
        out += (_line(closers), mark)
        at = found.end()
    return at, False


def _skip(source: bytes, at: int) -> int:
    space = _SKIP.match(source, at)
    return space.end() if space else at


def _no_value(source: bytes, at: int, in_object: bool) -> tuple[int, str]:
    """Where and why there is no value, or no member of an object."""
    at = _skip(source, at)
    if in_object:
        if source[at : at + 1] not in (b'"', b""):
            return at, "member name expected"
        name = _WHOLE_STRING.match(source, at)
        if name is None:
            return _no_string(source, at)
        at = _skip(source, name.end())
        if source[at : at + 1] not in (b":", b""):
            return at, '":" expected'
        at = _skip(source, at + 1)
    if source[at : at + 1] == b'"':
        return _no_string(source, at)
    return at, "value expected" if at < len(source) else "it ends early"


def _no_string(source: bytes, at: int) -> tuple[int, str]:
    start = _STRING_START.match(source, at)
    end = start.end() if start else at
    match source[end : end + 1]:
        case b"":
            return end, "it ends early"
        case b"\\":
            return end, "an escape JSON does not have"
        case _:
            return end, "a control character in a string"


def _no_end(source: bytes, at: int, closers: list[bytes]) -> tuple[int, str] | None:
    """Where and why a text does not go on or end as it should; None when it ends well."""
    at = _skip(source, at)
    if not closers:
        return (at, "more text after the JSON value") if at < len(source) else None
    if at == len(source):
        return at, "it ends early"
    return at, f'"," or "{closers[-1].decode()}" expected'


def _located(source: bytes, at: int, reason: str, *, is_json: bool) -> Break:
    start = source.rfind(b"\n", 0, at) + 1
    column = len(source[start:at].decode("utf-8", "replace")) + 1
    return Break(source.count(b"\n", 0, at) + 1, column, reason, is_json)
