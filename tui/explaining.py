"""What a line of an exchange means: the name in it, and its value where that says something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus

from flows.meanings import near, terms
from flows.text import duration, visible

_MEMBER = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)": )?(.*?),?$', re.DOTALL)
_FIELD = re.compile(r"^\s*([\w.-]+)\s*(?:[:=]\s|\s{2,})\s*(.*)$", re.DOTALL)
_STATUS = re.compile(r"^HTTP/\S+ (\d{3})\b")
_TIMES = ("exp", "iat", "nbf", "auth_time", "updated_at")


def named(line: str, path: str = "") -> tuple[str, str]:
    """The name that a line is about, and its value; `path` is its JSON Pointer, if it has one."""
    if path.startswith("/"):
        tokens = [token for token in path.split("/") if token and not token.isdecimal()]
        found = _MEMBER.match(line)
        name = tokens[-1] if tokens else ""
        return name.replace("~1", "/").replace("~0", "~"), found[2].strip('"') if found else ""
    if status := _STATUS.match(line):
        return status[1], ""
    field = _FIELD.match(line)
    return (field[1], field[2]) if field else (line.strip(), "")


def explained(name: str, value: str = "", *, now: datetime | None = None) -> str:
    """All that there is to say of a name, in lines."""
    return "\n".join(_lines(name, value, now or datetime.now(UTC))).strip("\n")


def _lines(name: str, value: str, now: datetime) -> Iterator[str]:
    if name.isdecimal() and len(name) == 3:
        yield from _status(int(name))
        return
    found = terms(name)
    if reading := _reading(name, value, now):
        yield f"{reading}\n"
    for term in found:
        yield f"{term.where[:1].upper()}{term.where[1:]}"
        yield f"  {term.text}"
        yield f"  {'; '.join(filter(None, (term.need, term.standard)))}\n"
    if not found:
        yield f"{visible(name, limit=80)} is in no standard that authwalk knows."
        if close := near(name):
            yield f"Did you mean {', '.join(close)}?"
    codes = terms(value) if name in ("error", "error_code") else ()
    for term in codes:
        yield f"{value}\n  {term.text}\n  {term.standard}"


def _status(code: int) -> Iterator[str]:
    try:
        known = HTTPStatus(code)
    except ValueError:
        yield f"{code} is no status that authwalk knows."
        return
    yield f"{known.value} {known.phrase}"
    if known.description:
        yield f"  {known.description}."
    yield "  RFC 9110 §15"


def _reading(name: str, value: str, now: datetime) -> str:
    """What a number means: a time, or so many seconds."""
    try:
        number = float(value)
        if name == "expires_in":
            return f"{value} is {duration(number)}."
        if name in _TIMES or name.endswith("_at"):
            at = datetime.fromtimestamp(number, UTC).astimezone()
            gone = (now - at).total_seconds()
            when = f"{duration(abs(gone))} {'ago' if gone > 0 else 'from now'}"
            return f"{value} is {at:%Y-%m-%d %H:%M:%S %Z}, {when}."
    except (ValueError, OverflowError, OSError):
        pass
    return ""
