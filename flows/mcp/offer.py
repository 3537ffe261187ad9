"""What a person can choose to do on a connection: call a tool, read a resource or one that a
template names, get a prompt, or send any method.

Whatever it is, its arguments are a JSON object that a JSON Schema describes, so one form, one
editor and one check serve all of them; `values` says what the call step records for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from flows.catalogue import KINDS, Json
from flows.documents import text_member
from flows.frozen import frozen
from flows.mcp.uri_template import InvalidTemplate, expand, variables

OfferKind = Literal["tool", "resource", "template", "prompt", "method"]
LISTED_BY: Mapping[OfferKind, str] = {
    "tool": "tools/list",
    "resource": "resources/list",
    "template": "resources/templates/list",
    "prompt": "prompts/list",
}

METHODS: tuple[Json, ...] = (
    {"name": "any method", "description": "A method and its parameters, whatever they are."},
    {"name": "server/discover", "description": "What the server is and can do, since 2026-07-28."},
    {"name": "ping", "description": "Whether the server is there, before 2026-07-28."},
    {
        "name": "completion/complete",
        "description": "How the argument of a prompt or of a resource template may go on.",
        "params": {
            "ref": {"type": "ref/prompt", "name": ""},
            "argument": {"name": "", "value": ""},
        },
    },
    {
        "name": "logging/setLevel",
        "description": "How much the server logs on this session, before 2026-07-28.",
        "params": {"level": "debug"},
    },
    {
        "name": "resources/subscribe",
        "description": "Be told of changes of a resource, before 2026-07-28.",
        "params": {"uri": ""},
    },
)
"""Methods with parameters to start from. The first is whatever the person makes of it."""


class Unsayable(ValueError):
    """Why arguments cannot be sent at all."""


@frozen
class Offer:
    """One of them. `entry` is as the server listed it; of a method it is one of METHODS."""

    kind: OfferKind
    entry: Json = field(hash=False)

    @property
    def key(self) -> str:
        """What it is called by: a name, a URI, a URI template."""
        member = KINDS[LISTED_BY[self.kind]].key if self.kind in LISTED_BY else "name"
        return text_member(self.entry, member) or ""

    @property
    def title(self) -> str:
        own = text_member(self.entry, "title")
        if self.kind == "tool":
            annotations = self.entry.get("annotations")
            inner = text_member(annotations, "title") if isinstance(annotations, dict) else None
            return own or inner or ""
        name = text_member(self.entry, "name") or ""
        return own or (name if name != self.key else "")

    @property
    def description(self) -> str:
        return text_member(self.entry, "description") or ""

    @property
    def schema(self) -> Any:
        """The JSON Schema of its arguments; that of a tool is the server's own."""
        match self.kind:
            case "tool":
                return self.entry.get("inputSchema")
            case "resource":
                uri = {"type": "string", "minLength": 1, "default": self.key}
                return _object({"uri": uri}, "uri")
            case "template":
                return self._of_variables()
            case "prompt":
                return self._of_prompt()
            case "method":
                name = {} if self.entry is METHODS[0] else {"default": self.key}
                params = self.entry.get("params")
                return _object(
                    {
                        "method": {"type": "string", "minLength": 1, **name},
                        "params": {"type": "object", **({"default": params} if params else {})},
                    },
                    "method",
                )

    def _of_variables(self) -> Json:
        try:
            found = variables(self.key)
        except InvalidTemplate:
            found = ()
        text: Json = {"type": "string"}
        several: Json = {"type": "array", "items": text}
        return _object({one.name: several if one.explode else text for one in found})

    def _of_prompt(self) -> Json:
        listed = self.entry.get("arguments")
        listed = listed if isinstance(listed, list) else []
        parts = [part for part in listed if isinstance(part, dict)]
        named = {name: part for part in parts if (name := text_member(part, "name"))}
        return _object(
            {
                name: {
                    "type": "string",
                    **{key: part[key] for key in ("title", "description") if key in part},
                }
                for name, part in named.items()
            },
            *(name for name, part in named.items() if part.get("required") is True),
        )

    @property
    def ref(self) -> Json | None:
        """How completion/complete refers to it (MCP Completion, Reference Types); None where it
        has nothing to complete."""
        if self.kind == "prompt":
            return {"type": "ref/prompt", "name": self.key}
        return {"type": "ref/resource", "uri": self.key} if self.kind == "template" else None

    def uri(self, arguments: Json) -> str:
        """The URI that a template makes of these, as far as they go. Raises Unsayable."""
        try:
            return expand(self.key, arguments)
        except InvalidTemplate as error:
            raise Unsayable(f"This is no URI template: {error}.") from None

    def values(self, arguments: Json) -> dict[str, str]:
        """What the call step records when it is done with these. Raises Unsayable."""
        match self.kind:
            case "tool":
                return {"name": self.key, "arguments": json.dumps(arguments)}
            case "prompt":
                said = json.dumps(arguments)
                return {"method": "prompts/get", "name": self.key, "arguments": said}
            case "resource" | "template":
                uri = self.uri(arguments) if self.kind == "template" else arguments.get("uri")
                if not isinstance(uri, str) or not uri:
                    raise Unsayable("A resource is read by a URI, which is a text.")
                return {"method": "resources/read", "uri": uri}
            case "method":
                method, params = arguments.get("method"), arguments.get("params", {})
                if not isinstance(method, str) or not method:
                    raise Unsayable("A method is a text.")
                if not isinstance(params, dict):
                    raise Unsayable("Parameters are a JSON object.")
                return {"method": method, "arguments": json.dumps(params)}


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required)}
