"""JSON from a stranger: read as far as it goes, and judged by the letter of RFC 8259."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Literal

from flows.documents import json_type
from flows.frozen import frozen

MAX_DEPTH = 50
"""Levels of arrays and objects inside a member; deeper members are left out and named."""

Mark = Literal["ok", "warn", "error", "info", ""]


@frozen
class Problem:
    """One thing wrong, or to know. `code` is stable; `standard` is the section that says so."""

    code: str
    mark: Mark
    text: str
    standard: str = ""


def pretty(value: object) -> str:
    """JSON for reading and copying: indented, letters of all scripts as themselves."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def salvage_object(text: str) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """The JSON object in `text`, of a broken one the members that are whole, and what is wrong.

    Never raises. None when there is no object at all. Of members named twice the last counts, as
    RFC 7519 section 4 allows; the problem names them.

    Codes: json, not-object, duplicate, constant (NaN, Infinity), number (too many digits), nested.
    """
    found: list[Problem] = []
    twice: set[str] = set()

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            times = Counter(name for name, _ in pairs)
            twice.update(name for name in members if times[name] > 1)
        return members

    def constant(name: str) -> float:
        says = f"has {name}, which is not JSON"
        found.append(Problem("constant", "error", says, "RFC 8259 §6"))
        return float(name)

    decoder = json.JSONDecoder(object_pairs_hook=unique, parse_constant=constant)
    value: object
    try:
        value = decoder.decode(text)
    except (ValueError, RecursionError) as error:
        found.append(_broken(error, text))
        value = _whole_members(text, decoder)
        if value is None:
            return None, tuple(found)
    if not isinstance(value, dict):
        says = f"is a JSON {json_type(value)}, not an object"
        found.append(Problem("not-object", "error", says, "RFC 7519 §7.2"))
        return None, tuple(found)
    if twice:
        says = f"names a member twice: {', '.join(sorted(twice))}; readers differ on which counts"
        found.append(Problem("duplicate", "error", says, "RFC 8259 §4, RFC 7519 §4"))
    deep = sorted(name for name, member in value.items() if _deeper(member, MAX_DEPTH))
    if deep:
        says = f"left out, as nested more than {MAX_DEPTH} levels: {', '.join(deep)}"
        found.append(Problem("nested", "error", says, "RFC 8259 §9"))
    # Reading twice, whole and then by members, meets a constant twice.
    problems = tuple(dict.fromkeys(found))
    return {name: member for name, member in value.items() if name not in deep}, problems


def _broken(error: Exception, text: str) -> Problem:
    if isinstance(error, RecursionError):
        return Problem("nested", "error", "is nested too deeply to be read", "RFC 8259 §9")
    if isinstance(error, json.JSONDecodeError):
        whole = text.rstrip().endswith("}")
        what = "is not valid JSON" if whole else "breaks off or is not JSON"
        says = f"{what}: {error.msg[:1].lower()}{error.msg[1:]}, character {error.pos + 1}"
        return Problem("json", "error", says, "RFC 8259 §2")
    return Problem("number", "error", "has a number of too many digits to read", "RFC 8259 §9")


_SPACE = re.compile(r"[ \t\r\n]*")


def _whole_members(text: str, decoder: json.JSONDecoder) -> dict[str, Any] | None:
    """The members of an object up to where it breaks off; None when not even one is whole."""

    def skip(at: int) -> int:
        space = _SPACE.match(text, at)
        return space.end() if space else at

    members: dict[str, Any] = {}
    at = skip(0)
    before = "{"
    while text[at : at + 1] == before:
        try:
            name, at = decoder.raw_decode(text, skip(at + 1))
            at = skip(at)
            if not isinstance(name, str) or text[at : at + 1] != ":":
                break
            value, at = decoder.raw_decode(text, skip(at + 1))
        except (ValueError, RecursionError):
            break
        at = skip(at)
        if text[at : at + 1] not in (",", "}"):  # a number may go on
            break
        members[name] = value
        before = ","
    return members or None


def _deeper(value: object, levels: int) -> bool:
    layer = [value]
    for _ in range(levels + 1):
        below: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return False
        layer = below
    return True
