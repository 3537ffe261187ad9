"""A tool's inputSchema as the fields of a form (MCP Tools; JSON Schema 2020-12).

A schema comes from a stranger. Depth and number of fields are bounded, and whatever cannot be
understood is asked for as JSON, so every tool can be called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard, get_args

from flows.documents import json_type
from flows.mcp.form import FieldSpec, Option, Primitive, json_text, typed_for
from flows.mcp.skeleton import Skeletons
from flows.mcp.validation import Path

MAX_DEPTH = 4
"""Objects inside each other that become groups; deeper ones are asked for as JSON."""
MAX_FIELDS = 100
MAX_OPTIONS = 500
MOST_LISTED = 12
_MAX_HOPS = 20
_PRIMITIVES: tuple[Primitive, ...] = get_args(Primitive)
_FORMATS = {
    "date": "a date, as 2026-11-23",
    "time": "a time, as 08:15:00Z",
    "date-time": "date and time, as 2026-11-23T08:15:00Z",
    "duration": "a duration, as P3DT4H",
    "email": "an email address",
    "uri": "an absolute URI",
    "uuid": "a UUID",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
}

Schema = Mapping[str, Any]


def fields(schema: object) -> tuple[FieldSpec, ...]:
    """The fields of an inputSchema, groups before their members; () when it names none."""
    if not isinstance(schema, dict):
        hint = f"the inputSchema is a JSON {json_type(schema)}, not an object"
        return (FieldSpec((), "json", hint=hint),)
    reader = _Reader(schema)
    root, _ = reader.resolved(schema, ())
    if root is None or root.get("type", "object") != "object":
        return (FieldSpec((), "json", hint="the inputSchema describes no object"),)
    properties = root.get("properties")
    if not isinstance(properties, dict) or not properties:
        open_ended = ("anyOf", "oneOf", "allOf", "if", "patternProperties", "propertyNames")
        if _is_schema(root.get("additionalProperties")) or any(name in root for name in open_ended):
            begin = reader.skeletons.starts(root, ())
            return (FieldSpec((), "json", hint="a JSON object", starts=begin),)
        if not _names(root.get("required")):
            return ()
    specs = reader.members(root, (), ())
    if len(specs) > MAX_FIELDS:
        hint = f"a JSON object; it can have more than {MAX_FIELDS} members"
        return (FieldSpec((), "json", hint=hint),)
    return specs


class _Reader:
    """Reads the parts of one schema. `refs` are the references on the way to a part: one that
    comes up again would never end, and is asked for as JSON."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.count = 0
        self.skeletons = Skeletons(self.resolved)

    def members(self, schema: Schema, path: Path, refs: tuple[str, ...]) -> tuple[FieldSpec, ...]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = _names(schema.get("required"))
        found: list[FieldSpec] = []
        for name, part in properties.items():
            if self.count > MAX_FIELDS:
                break
            found += self.field(part, (*path, name), name in required, refs)
        self.count += len(required) - len(properties.keys() & set(required))
        found += [
            FieldSpec((*path, name), "json", required=True, hint="required but not described")
            for name in required
            if name not in properties
        ]
        return tuple(found)

    def field(
        self, part: object, path: Path, required: bool, refs: tuple[str, ...]
    ) -> tuple[FieldSpec, ...]:
        self.count += 1
        schema, refs = self.resolved(part, refs)
        if schema is None:
            return (FieldSpec(path, "json", required=required, hint="JSON"),)
        spec = FieldSpec(
            path, "json", _text(schema, "title"), _text(schema, "description"), required
        )
        if options := _options(schema):
            spec = replace(spec, kind="choice", options=options)
        elif _is_primitive(kind := schema.get("type")):
            spec = replace(spec, kind=kind)
        elif kind == "array":
            spec = self.list_field(spec, schema, refs)
        elif (kind == "object" or kind is None) and isinstance(schema.get("properties"), dict):
            if schema["properties"] and len(path) <= MAX_DEPTH:
                return (replace(spec, kind="group"), *self.members(schema, path, refs))
        hint = _hint(schema, spec)
        spec = replace(spec, hint=", ".join(words for words in (hint, spec.hint) if words))
        if spec.kind == "json":
            spec = replace(spec, starts=self.skeletons.starts(schema, refs))
        if "default" in schema:
            spec = replace(spec, default=typed_for(spec, schema["default"]) or "")
        elif required and len(spec.options) == 1:
            spec = replace(spec, default=spec.options[0].json)
        return (spec,)

    def list_field(self, spec: FieldSpec, schema: Schema, refs: tuple[str, ...]) -> FieldSpec:
        items, _ = self.resolved(schema.get("items"), refs)
        if items is None or "prefixItems" in schema:
            return spec
        if options := _options(items):
            if all(option.json.startswith('"') for option in options):
                return replace(spec, kind="list", hint=f"each one of {_listed(options)}")
        elif _is_primitive(kind := items.get("type")):
            each = "true or false" if kind == "boolean" else _hint(items, replace(spec, kind=kind))
            return replace(spec, kind="list", items=kind, hint=f"each {each}" if each else "")
        elif isinstance(names := items.get("properties"), dict) and names:
            required = _names(items.get("required"))
            members = [name if name in required else f"{name}?" for name in names]
            return replace(spec, hint=f"objects of {', '.join(members[:MOST_LISTED])}")
        return spec

    def resolved(
        self, part: object, refs: tuple[str, ...]
    ) -> tuple[Schema | None, tuple[str, ...]]:
        """A schema with its references followed and its wrappings of one (`allOf` of one,
        `anyOf` of something or null) opened; None when it is none that a field can show."""
        for _ in range(_MAX_HOPS):
            if not isinstance(part, dict):
                return None, refs
            if "$ref" in part:
                ref = part["$ref"]
                if not isinstance(ref, str) or ref in refs:
                    return None, refs
                refs = (*refs, ref)
                inner: object = self.look_up(ref)
                outer = "$ref"
            elif (found := _only_one(part)) is not None:
                outer, inner = found
            else:
                return _without_null(part), refs
            if not isinstance(inner, dict):
                return None, refs
            part = {**inner, **{name: value for name, value in part.items() if name != outer}}
        return None, refs

    def look_up(self, ref: str) -> object:
        """The part of this schema that a JSON Pointer (RFC 6901) in a fragment names."""
        if not ref.startswith("#") or len(ref) > 1000:
            return None
        part: object = self.root
        for token in ref[1:].split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            part = part.get(name) if isinstance(part, dict) else None
        return part


def _only_one(schema: Schema) -> tuple[str, object] | None:
    """`(keyword, schema)` where a combinator leaves a single choice beside null."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts = schema.get(keyword)
        if isinstance(parts, list) and 0 < len(parts) <= MAX_OPTIONS:
            rest = [part for part in parts if keyword == "allOf" or not _is_null(part)]
            if len(rest) == 1:
                return keyword, rest[0]
    return None


def _listed(options: Sequence[Option]) -> str:
    words = [option.label for option in options[:MOST_LISTED]]
    return ", ".join([*words, f"and {len(options) - len(words)} more"][: len(options)])


def _is_null(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "null"


def _without_null(schema: Schema) -> Schema:
    kinds = schema.get("type")
    if isinstance(kinds, list):
        rest = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else None}
    return schema


def _options(schema: Schema) -> tuple[Option, ...]:
    """The values of `enum` or `const`, or of alternatives that are one titled `const` each."""
    if "const" in schema:
        return _as_options([(schema["const"], "")])
    values = schema.get("enum")
    if isinstance(values, list):
        return _as_options([(value, "") for value in values])
    for keyword in ("oneOf", "anyOf"):
        parts = schema.get(keyword)
        if isinstance(parts, list) and all(isinstance(p, dict) and "const" in p for p in parts):
            return _as_options([(part["const"], _text(part, "title")) for part in parts])
    return ()


def _as_options(values: Sequence[tuple[Any, str]]) -> tuple[Option, ...]:
    if len(values) > MAX_OPTIONS:
        return ()
    found: dict[str, Option] = {}
    for value, title in values:
        text = json_text(value)
        if text is None:
            return ()
        word = value if isinstance(value, str) and value.strip() else text
        found.setdefault(text, Option(text, f"{word} ({title})" if title else word))
    return tuple(found.values())


def _hint(schema: Schema, spec: FieldSpec) -> str:
    """What a value must look like, in words."""
    words: list[str] = []
    match spec.kind:
        case "list":
            words.append("one a line")
        case "json":
            kind = schema.get("type")
            words.append(f"a JSON {kind}" if isinstance(kind, str) else "JSON, texts in quotes")
        case "integer":
            words.append("a whole number")
        case "number":
            words.append("a number")
    low, high = _count(schema, "minimum"), _count(schema, "maximum")
    above, below = _count(schema, "exclusiveMinimum"), _count(schema, "exclusiveMaximum")
    words.append(_range(low, high, "{0} to {1}", "at least {0}", "at most {0}"))
    words.append(_range(above, below, "over {0}, under {1}", "over {0}", "under {0}"))
    if (step := _count(schema, "multipleOf")) is not None:
        words.append(f"a multiple of {step}")
    low, high = _count(schema, "minLength"), _count(schema, "maxLength")
    if low is not None and high is None:
        words.append("not empty" if low == 1 else f"at least {low} characters" if low else "")
    else:
        words.append(_range(low, high, "{0} to {1} characters", "", "up to {0} characters"))
    low, high = _count(schema, "minItems"), _count(schema, "maxItems")
    words.append(
        _range(low, high, "{0} to {1} entries", "{0} entries or more", "up to {0} entries")
    )
    if name := _text(schema, "format"):
        words.append(_FORMATS.get(name, name))
    if pattern := _text(schema, "pattern"):
        words.append(f"matches {pattern}")
    examples = schema.get("examples")
    if isinstance(examples, list) and examples and (example := json_text(examples[0])):
        words.append(f"such as {example}")
    if schema.get("deprecated") is True:
        words.append("deprecated")
    return ", ".join(word for word in words if word)


def _range(low: Any, high: Any, both: str, only_low: str, only_high: str) -> str:
    if low is not None and high is not None:
        return both.format(low, high)
    if low is not None:
        return only_low.format(low)
    return only_high.format(high) if high is not None else ""


def _text(schema: Schema, name: str) -> str:
    value = schema.get(name)
    return value if isinstance(value, str) else ""


def _count(schema: Schema, name: str) -> int | float | None:
    value = schema.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < 1e300 else None


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(name for name in value if isinstance(name, str)))


def _is_schema(value: object) -> bool:
    return value is True or (isinstance(value, dict) and bool(value))


def _is_primitive(kind: object) -> TypeGuard[Primitive]:
    return kind in _PRIMITIVES if isinstance(kind, str) else False
