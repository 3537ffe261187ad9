"""JSON to start from where a schema cannot be one field: an alternative, an entry, an object.

A skeleton has what the schema demands and a value for each part: its default or first example
where it has one, else the emptiest of its type. It need not be valid: it is there to be edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flows.documents import json_type
from flows.mcp.form import Option, json_text

Refs = tuple[str, ...]
Resolve = Callable[[object, Refs], tuple[Mapping[str, Any] | None, Refs]]
"""A schema with its references followed, and which they were; None where that never ends."""

MOST_ALTERNATIVES = 20
MOST_PARTS = 2000
MOST_OF_ONE = 200
MAX_DEPTH = 8
MOST_NAMES = 4
_EMPTY: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


class Skeletons:
    """Those of one schema. Together they are bounded, as a stranger can make them many."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._parts = 0
        self._most = 0

    def starts(self, schema: Mapping[str, Any], refs: Refs) -> tuple[Option, ...]:
        """What to start from, with a label each; () where there is nothing to be said."""
        if self._parts > MOST_PARTS:
            return ()
        for keyword in ("oneOf", "anyOf"):
            parts = schema.get(keyword)
            if isinstance(parts, list) and 1 < len(parts) <= MOST_ALTERNATIVES:
                rest = {name: value for name, value in schema.items() if name != keyword}
                merged = [self._merged(rest, part, refs) for part in parts]
                return tuple(self._option(part, refs) for part in merged if part is not None)
        if schema.get("type") == "array":
            items, refs = self._resolve(schema.get("items"), refs)
            if items is not None and _is_object(items):
                return (Option(json_text([self._new(items, refs)], indent=2) or "[]", "one entry"),)
            return ()
        return (self._option(schema, refs),) if _is_object(schema) else ()

    def _merged(
        self, outer: Mapping[str, Any], part: object, refs: Refs
    ) -> Mapping[str, Any] | None:
        """An alternative together with what stands beside all of them."""
        inner, _ = self._resolve(part, refs)
        if inner is None:
            return None
        found, both = {**outer, **inner}, (outer, inner)
        properties = [s["properties"] for s in both if isinstance(s.get("properties"), dict)]
        if properties:
            found["properties"] = {name: part for one in properties for name, part in one.items()}
        required = [s["required"] for s in both if isinstance(s.get("required"), list)]
        if required:
            found["required"] = [name for names in required for name in names]
        return found

    def _option(self, schema: Mapping[str, Any], refs: Refs) -> Option:
        value = self._new(schema, refs)
        return Option(json_text(value, indent=2) or "null", _label(schema, value))

    def _new(self, schema: Mapping[str, Any], refs: Refs) -> Any:
        self._most = min(MOST_PARTS, self._parts + MOST_OF_ONE)
        return self._value(schema, refs)

    def _value(self, part: object, refs: Refs, depth: int = 0) -> Any:
        self._parts += 1
        schema, refs = self._resolve(part, refs)
        if schema is None or depth > MAX_DEPTH or self._parts > self._most:
            return None
        if "const" in schema:
            return schema["const"]
        if "default" in schema:
            return schema["default"]
        for name in ("enum", "examples"):
            values = schema.get(name)
            if isinstance(values, list) and values:
                return values[0]
        for name in ("oneOf", "anyOf"):
            values = schema.get(name)
            if isinstance(values, list) and values and "properties" not in schema:
                return self._value(values[0], refs, depth + 1)
        kind = schema.get("type")
        if _is_object(schema):
            return self._object(schema, refs, depth)
        if kind == "array":
            least = schema.get("minItems")
            demands = isinstance(least, int) and least > 0
            return [self._value(schema.get("items"), refs, depth + 1)] if demands else []
        least = schema.get("minimum")
        if kind in ("integer", "number") and isinstance(least, int | float):
            return least
        return {} if kind == "object" else _EMPTY.get(kind) if isinstance(kind, str) else None

    def _object(self, schema: Mapping[str, Any], refs: Refs, depth: int) -> dict[str, Any]:
        """The required members; all of them where none is."""
        properties, required = schema["properties"], schema.get("required")
        wanted = required if isinstance(required, list) else []
        names = [name for name in wanted if isinstance(name, str) and name in properties]
        return {
            name: self._value(properties[name], refs, depth + 1)
            for name in names or properties
            if self._parts <= self._most
        }


def _label(schema: Mapping[str, Any], value: Any) -> str:
    title, words = schema.get("title"), f"a JSON {json_type(value)}"
    if isinstance(value, dict) and value:
        names = [*value]
        words = f"{', '.join(names[:MOST_NAMES])}{', …' if len(names) > MOST_NAMES else ''}"
    return f"{title} ({words})" if isinstance(title, str) and title else words


def _is_object(schema: Mapping[str, Any]) -> bool:
    return isinstance(schema.get("properties"), dict) and bool(schema["properties"])
