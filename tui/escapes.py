r"""Text that a one-line or multi-line field cannot hold as it is, written with escapes.

escape("a\nb\\c")     'a\\nb\\\\c'     nothing in it that a terminal would obey or hide
unescape(...)         the text again, exactly
"""

from __future__ import annotations

import re

from flows.text import visible

_ESCAPE = re.compile(r"\\(?:(\\)|([nrt])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def needs_escapes(text: str, *, lines: bool = False) -> bool:
    """Whether `text` holds what no field shows. With `lines`, line feeds and tabs are fine."""
    if lines:
        text = text.replace("\n", " ").replace("\t", " ")
    return visible(text) != text


def escape(text: str, *, lines: bool = False) -> str:
    """`text` in printable characters; with `lines`, line feeds and tabs stay."""
    text = text.replace("\\", "\\\\")
    if not lines:
        return visible(text)
    return re.sub(r"[^\n\t]+", lambda found: visible(found[0]), text)


def unescape(text: str) -> str:
    """What `escape` made `text` of. Raises ValueError, with words, at an escape it never writes."""
    return _ESCAPE.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    backslash, control, *codes = found.groups()
    if backslash:
        return "\\"
    if control:
        return _CONTROLS[control]
    code = next((int(code, 16) for code in codes if code), None)
    if code is None or code > 0x10FFFF:
        written = visible(found.string[found.start() : found.start() + 2])
        raise ValueError(f"{written} is no escape; a backslash is written \\\\")
    return chr(code)
