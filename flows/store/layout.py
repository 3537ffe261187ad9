"""A TOML document that a person can read, from tables with str and bytes in them.

tomli-w lays out the tables. It knows no literal strings, and its multi-line ones turn CRLF into
LF, so it is given a placeholder for every string and the strings are put in afterwards: JSON
stands there without a backslash, and whatever is read back is exact.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from typing import Any

import tomli_w

from flows.store.tables import BASE64, Table
from flows.text import visible

_PLACE = re.compile(r'"\\u0000(\d+)"')  # how tomli-w writes NUL and a number
_BARE = re.compile(r'[^"\\]*')
_ESCAPED = re.compile(r'[\x00-\x08\x0b-\x1f\x7f\\]|"(?="|\Z)|[^\x00-\x7f]+')
_SHORT = {"\b": "\\b", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def document(table: Table) -> str:
    fragments: list[str] = []

    def place(fragment: str) -> str:
        fragments.append(fragment)
        return f"\0{len(fragments) - 1}"

    def prepare(value: Any) -> Any:
        match value:
            case str() | bytes():
                return place(_string(value))
            case tuple() if value and all(isinstance(item, str) for item in value):
                return place(f"[{', '.join(map(_string, value))}]")
            case tuple():
                return [prepare(item) for item in value]
            case dict():
                return {key: prepare(item) for key, item in value.items()}
            case _:
                return value

    laid_out = tomli_w.dumps(prepare(table))
    return _PLACE.sub(lambda match: fragments[int(match[1])], laid_out)


def _string(value: str | bytes) -> str:
    try:
        if isinstance(value, bytes):
            return string(value.decode("utf-8"))
        value.encode("utf-8")
        return string(value)
    except UnicodeError:
        data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        return f"{{ {BASE64} = '''\n{encodebytes(data).decode()}''' }}"


def string(text: str) -> str:
    """A TOML string (v1.0.0, String) in the form that needs the fewest escapes.

    What a terminal or an editor would obey or hide is escaped, as `flows.text` sees it.
    """
    lines = "\n" in text
    tabs_aside = text.replace("\t", " ")
    if visible(tabs_aside, lines=True) == tabs_aside:
        if not lines and _BARE.fullmatch(text):
            return f'"{text}"'
        if not lines and "'" not in text:
            return f"'{text}'"
        if "'''" not in text and not text.endswith("'"):
            return f"'''\n{text}'''" if lines else f"'''{text}'''"
    escaped = _ESCAPED.sub(_escape, text)
    return f'"""\n{escaped}"""' if lines else f'"""{escaped}"""'


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    if found in _SHORT:
        return _SHORT[found]
    if found.isascii():
        return f"\\u{ord(found):04x}"
    if visible(found) == found:
        return found
    return "".join(char if visible(char) == char else _unicode(char) for char in found)


def _unicode(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
