"""Untrusted text made safe to show, and numbers put into words.

Whatever a server sent passes `visible` before a widget, stdout or a file for a person: a
terminal obeys escape sequences, and bidirectional or invisible characters make text read as
something it is not. The record keeps the bytes as they came.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

TAB_STOPS = 4

# What a terminal obeys (C0, DEL, C1), what changes the order of reading (bidi), and what takes
# no cell of its own: format characters (Unicode category Cf), separators that break lines,
# default-ignorable letters and marks, variation selectors, tags, lone surrogates, noncharacters.
_UNSAFE = (
    "\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\xad"
    "\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u17b4\\u17b5"
    "\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164"
    "\\ud800-\\udfff\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff"
    "\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a"
    "\\U000e0000-\\U000e0fff"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(1, 17))
)
# Of this size a pattern takes a millisecond to compile, which most walks never need: what can be
# printed and is none of these needs no escape.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_IN_A_LINE = f"[\\n{_UNSAFE}]"
_IN_LINES = f"\\r\\n|[{_UNSAFE}]"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_KEPT = {"\r\n": "\n", "\t": "\t"}


def visible(text: str, *, lines: bool = False, limit: int | None = None) -> str:
    """`text` with nothing in it that a terminal would obey or hide.

    Unsafe characters become escapes (`\\x1b`, `\\u202e`, `\\U000e0041`); a backslash in the text
    stays as it is, so this is for showing and cannot be undone. With `lines`, line feeds are
    kept, CRLF becomes one, and tabs become spaces; without, they too are escaped and the result
    is one line. `limit` shows so many characters of `text` and says how many it left out.

    Text without such characters is returned as the same object.
    """
    left_out = 0
    if limit is not None and len(text) > limit:
        left_out = len(text) - limit
        text = text[:limit]
    if not (text.isprintable() and (text.isascii() or _INVISIBLE.isdisjoint(text))):
        if lines:
            text = re.sub(_IN_LINES, _escape_in_lines, text)
            if "\t" in text:
                text = text.expandtabs(TAB_STOPS)
        else:
            text = re.sub(_IN_A_LINE, _escape, text)
    if left_out:
        return f"{text}… +{left_out:,} character{'' if left_out == 1 else 's'}"
    return text


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _escape_in_lines(found: re.Match[str]) -> str:
    return _KEPT.get(found[0]) or _escape(found)


class Decoded(NamedTuple):
    """Text of a body and the name of the encoding that gave it, with what was odd about it."""

    text: str
    encoding: str


_BOMS = (  # UTF-32 first: its little-endian mark starts with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The server names the charset, and Python's codecs include slow and surprising ones (punycode,
# unicode_escape): only those of the web are used.
_CHARSET = (
    r"utf-(8|16|32)(-[lb]e)?|ascii|iso8859-\d+|cp(125\d|866|874|932|949)|koi8-[ru]|mac-roman"
    r"|gb18030|gbk|gb2312|big5|euc_(jp|kr)|shift_jis|iso2022_jp"
)


def decode(body: bytes, charset: str | None = None) -> Decoded:
    """The text of `body`, for showing. Never fails.

    A byte order mark decides before the declared `charset`, which decides before UTF-8. Bytes
    that are wrong in the chosen encoding show as `\\xNN`, and its name says so.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], name, f"{name} with BOM")
    if charset is not None:
        codec = _codec(charset)
        if codec is None:
            return _decoded(body, "utf-8", "utf-8, unknown charset declared")
        return _decoded(body, codec, codec)
    return _decoded(body, "utf-8", "utf-8")


def _codec(charset: str) -> str | None:
    try:
        name = codecs.lookup(charset.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    return name if re.fullmatch(_CHARSET, name) else None


def _decoded(body: bytes, codec: str, label: str) -> Decoded:
    try:
        return Decoded(body.decode(codec), label)
    except UnicodeError:
        return Decoded(body.decode(codec, "backslashreplace"), f"{label}, with invalid bytes")


def size(n: int) -> str:
    """A number of bytes in words, in powers of 1000: "512 B", "1.1 kB", "20.0 MB"."""
    if n < 1000:
        return f"{n} B"
    value = float(n)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if round(value, 1) < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:,.1f} TB"


def duration(seconds: float) -> str:
    """A measured time in words: "0.4 ms", "182 ms", "1.20 s", "2 min 05 s", "1 h 02 min"."""
    if seconds < 0.001:
        return f"{seconds * 1000:.1f} ms"
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def countdown(seconds: float) -> str:
    """Time left, in whole seconds begun: "0:07", "54:12", "2 h 03 min", "3 d 4 h"."""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    days, hours = whole // 86_400, whole % 86_400 // 3600
    return f"{days:,} d {hours} h" if days < 10 and hours else f"{days:,} d"


def ago(seconds: float) -> str:
    """Time gone by, in its largest unit: "12 s ago", "12 min ago", "2 h ago", "3 d ago"."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if whole >= length:
            return f"{whole // length:,} {unit} ago"
    return f"{whole} s ago"
