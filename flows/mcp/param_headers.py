"""Tool parameters that are mirrored into HTTP headers (MCP 2026-07-28, Streamable HTTP, Custom
Headers from Tool Parameters).

A property of an inputSchema with `"x-mcp-header": "Region"` has its value sent once more, as
`Mcp-Param-Region`. A tool whose annotations break the constraints must not be used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.documents import json_type
from flows.exchange import Headers
from flows.frozen import frozen
from flows.mcp.rpc import header_text

ANNOTATION = "x-mcp-header"
PREFIX = "Mcp-Param-"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_TYPES = ("integer", "string", "boolean")
_SAFE = 2**53 - 1

# Where JSON Schema 2020-12 has schemas inside schemas. Elsewhere, as in `default` or `enum`,
# the same words are mere data.
_ONE = (
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_SEVERAL = ("allOf", "anyOf", "items", "oneOf", "prefixItems")
_NAMED = ("$defs", "definitions", "dependentSchemas", "patternProperties")


@frozen
class Annotation:
    """`name` is what follows `Mcp-Param-`; `path` leads through `properties` to the value."""

    path: tuple[str, ...]
    name: str


class Invalid(ValueError):
    """The reason why a tool must be dropped."""


def mirrored(schema: object) -> tuple[Annotation, ...]:
    """The annotations of an inputSchema. Raises Invalid when one breaks a constraint."""
    found: dict[str, Annotation] = {}
    for path, part in _schemas(schema):
        if ANNOTATION not in part:
            continue
        annotation = _annotation(path, part)
        former = found.setdefault(annotation.name.lower(), annotation)
        if former is not annotation:
            raise Invalid(
                f"{_where(former.path)} and {_where(annotation.path)} have the same {ANNOTATION}, "
                f"{annotation.name!r}"
            )
    return tuple(found.values())


def param_headers(schema: object, arguments: Mapping[str, Any]) -> Headers:
    """The Mcp-Param header fields for a call of a tool with these arguments."""
    try:
        wanted = mirrored(schema)
    except Invalid:
        return ()  # the person goes on with a dropped tool: there is nothing right to send
    fields = ((PREFIX + one.name, _text(_value(arguments, one.path))) for one in wanted)
    return tuple((name, header_text(text)) for name, text in fields if text is not None)


def _annotation(path: tuple[str, ...] | None, part: Mapping[str, Any]) -> Annotation:
    name, kind = part[ANNOTATION], part.get("type")
    if not path:
        raise Invalid(f"{ANNOTATION} stands where no chain of `properties` leads")
    if not isinstance(name, str):
        raise Invalid(f"the {ANNOTATION} of {_where(path)} is a JSON {json_type(name)}")
    if not name:
        raise Invalid(f"the {ANNOTATION} of {_where(path)} is empty")
    if not _TOKEN.fullmatch(name):
        raise Invalid(f"the {ANNOTATION} of {_where(path)}, {name!r}, is no header name")
    if kind not in _TYPES:
        shown = repr(kind) if isinstance(kind, str) else "not one type"
        raise Invalid(f"{_where(path)} has {ANNOTATION} and its type is {shown}")
    return Annotation(path, name)


def _schemas(root: object) -> Iterator[tuple[tuple[str, ...] | None, Mapping[str, Any]]]:
    """Every schema inside a schema, itself first, in order, with its path; None for one that
    anything but `properties` leads to. No recursion: a stranger chose the depth."""
    left: list[tuple[tuple[str, ...] | None, object]] = [((), root)]
    while left:
        path, part = left.pop()
        if not isinstance(part, dict):
            continue
        yield path, part
        inner: list[tuple[tuple[str, ...] | None, object]] = []
        properties = part.get("properties")
        if isinstance(properties, dict):
            for name, value in properties.items():
                inner.append((None if path is None else (*path, name), value))
        inner += ((None, part[key]) for key in _ONE if key in part)
        for key in _SEVERAL:
            parts = part.get(key)
            inner += ((None, value) for value in (parts if isinstance(parts, list) else ()))
        for key in _NAMED:
            parts = part.get(key)
            inner += ((None, v) for v in (parts.values() if isinstance(parts, dict) else ()))
        left += reversed(inner)


def _value(arguments: object, path: tuple[str, ...]) -> object:
    for name in path:
        arguments = arguments.get(name) if isinstance(arguments, dict) else None
    return arguments


def _text(value: object) -> str | None:
    """A value as header text; None for null, nothing, and what no header can hold."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if -_SAFE <= value <= _SAFE:
            return str(value)
        case float() if value.is_integer() and -_SAFE <= value <= _SAFE:
            return str(int(value))  # JSON Schema takes 42.0 for an integer
        case str():
            return value
        case _:
            return None


def _where(path: tuple[str, ...]) -> str:
    return ".".join(path)
