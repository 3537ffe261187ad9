"""A tool's arguments as a form: its fields, and the way between what was typed and JSON.

build(specs, typed)           what was typed -> arguments, and what is wrong with it
fill(specs, arguments)        arguments -> what to type for them, None if the form cannot say it
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from flows.documents import read_json
from flows.frozen import frozen
from flows.mcp.validation import Path, Problem
from flows.text import visible

Primitive = Literal["string", "integer", "number", "boolean"]
Kind = Literal["string", "integer", "number", "boolean", "choice", "list", "json", "group"]
Typed = Mapping[Path, str]
"""What stands in each field. "" is left out of the arguments."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@frozen
class Option:
    """A value to choose, as JSON text, and the words for it."""

    json: str
    label: str


@frozen
class FieldSpec:
    """One field. Its texts are the server's. `path` () is a field for all the arguments.

    `default` is what is typed at first, `items` the type of a list's members, `starts` are texts
    that a field of JSON can start from.
    """

    path: Path
    kind: Kind
    title: str = ""
    description: str = ""
    required: bool = False
    hint: str = ""
    options: tuple[Option, ...] = ()
    items: Primitive = "string"
    default: str = ""
    starts: tuple[Option, ...] = ()


def build(specs: Iterable[FieldSpec], typed: Typed) -> tuple[Any, tuple[Problem, ...]]:
    """The arguments that `typed` says, and what is wrong with it.

    They are an object, unless the only field is one for all of them. A text that does not fit its
    field stands in the arguments as it was typed, for who wants to see what the server makes of
    it. Never raises.
    """
    specs = tuple(specs)
    problems: list[Problem] = []
    whole = next((spec for spec in specs if not spec.path), None)
    if whole:
        text = typed.get((), "")
        value, words = _read(whole, text) if text.strip() else ({}, "")
        return value, (Problem((), words),) if words else ()
    alive: set[Path] = {()}  # the objects that will be there
    for path, text in typed.items():
        if text:
            alive.update(path[:depth] for depth in range(len(path)))
    arguments: dict[str, Any] = {}
    for spec in specs:
        *above, name = spec.path
        if tuple(above) not in alive:
            continue
        place = arguments
        for step in above:
            place = place.setdefault(step, {})
        text = typed.get(spec.path, "")
        if spec.kind == "group":
            if spec.required or spec.path in alive:
                alive.add(spec.path)
                place[name] = {}
        elif text:
            place[name], words = _read(spec, text)
            if words:
                problems.append(Problem(spec.path, words))
        elif spec.required:
            if spec.kind == "string":
                place[name] = ""
                problems.append(Problem(spec.path, "required; an empty text stands there now"))
            else:
                problems.append(Problem(spec.path, "required"))
    return arguments, tuple(problems)


def fill(specs: Sequence[FieldSpec], arguments: Any) -> dict[Path, str] | None:
    """What to type so that `build` gives exactly `arguments`; None when the form cannot."""
    typed: dict[Path, str] = {}
    for spec in specs:
        if spec.kind == "group":
            continue
        value: Any = arguments
        for name in spec.path:
            if not isinstance(value, dict) or name not in value:
                break
            value = value[name]
        else:
            text = typed_for(spec, value)
            if text is None:
                return None
            typed[spec.path] = text
    again = json_text(build(specs, typed)[0], sort=True)
    return typed if again is not None and again == json_text(arguments, sort=True) else None


def _read(spec: FieldSpec, text: str) -> tuple[Any, str]:
    """The value a text stands for and "", or the text itself and what is wrong."""
    match spec.kind:
        case "json":
            value, problem = read_json(text.encode("utf-8", "surrogatepass"))
            return (text, problem) if problem else (value, "")
        case "choice":
            if any(option.json == text for option in spec.options):
                return json.loads(text), ""
            return text, "none of the values to choose from"
        case "list":
            return _read_list(spec, text)
        case "string" | "integer" | "number" | "boolean":
            return _read_primitive(spec.kind, text)
        case "group":
            return {}, ""


def _read_list(spec: FieldSpec, text: str) -> tuple[Any, str]:
    if text.lstrip().startswith("["):
        value, problem = read_json(text.encode("utf-8", "surrogatepass"))
        if isinstance(value, list):
            return value, ""
        if spec.items != "string":
            return text, problem
    values: list[Any] = []
    lines = text.rstrip("\n").split("\n")
    for number, line in enumerate(lines, 1):
        if spec.items == "string":
            values.append(line)
        elif line.strip():
            value, problem = _read_primitive(spec.items, line)
            if problem:
                return text, f"line {number}: {problem}"
            values.append(value)
    return values, ""


def _read_primitive(kind: Primitive, text: str) -> tuple[Any, str]:
    if kind == "string":
        return text, ""
    bare = text.strip()
    if kind == "boolean":
        if bare in ("true", "false"):
            return bare == "true", ""
        return text, "neither true nor false"
    if not _NUMBER.fullmatch(bare):
        return text, "not a number"
    try:
        value: Any = json.loads(bare)
    except ValueError:
        return text, "too many digits"
    if value in (float("inf"), float("-inf")):
        return text, "too large a number"
    if kind == "integer" and value != int(value):
        return text, "not a whole number"
    return value, ""


def typed_for(spec: FieldSpec, value: Any) -> str | None:
    """What to type in one field for a value; None when it cannot hold it."""
    text = json_text(value)
    if text is None:
        return None
    match spec.kind:
        case "json":
            return json_text(value, indent=2) if isinstance(value, dict | list) else text
        case "choice":
            return text if any(option.json == text for option in spec.options) else None
        case "list":
            if not isinstance(value, list):
                return None
            lines = [item if isinstance(item, str) else json_text(item) or "" for item in value]
            typed = "\n".join(lines)
            same = typed and json_text(_read(spec, typed)[0]) == text
            return typed if same else text
        case "string":
            return value if isinstance(value, str) else None
        case _:
            return text if not isinstance(value, str) and _read(spec, text)[1] == "" else None


def json_text(value: Any, *, sort: bool = False, indent: int | None = None) -> str | None:
    """JSON text of a value, safe to show: in ASCII where it holds what a terminal would obey or
    hide. None when the value is nested too deeply or is no JSON."""

    dumps = partial(json.dumps, value, allow_nan=False, sort_keys=sort, indent=indent)
    try:
        text = dumps(ensure_ascii=False)
        return text if visible(text, lines=True) == text else dumps(ensure_ascii=True)
    except (RecursionError, ValueError, TypeError):
        return None
