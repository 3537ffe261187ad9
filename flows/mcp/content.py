"""What a result holds, in words for a person: texts as they are; images, audio and files by media
type and size, never as Base64 (MCP Tools, Tool Result; Prompts, PromptMessage; Resources)."""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from flows.catalogue import Json, read_completion
from flows.text import size


def words(result: Json) -> str:
    """All of a result: its blocks, else its structured content, else itself."""
    if said := "\n".join(_blocks(result)):
        return said
    if "completion" in result:
        return "\n".join(read_completion({}, result).values) or "no values"
    structured, content = result.get("structuredContent"), result.get("content")
    rest = structured if structured is not None else content if content else dict(result)
    return json.dumps(rest, ensure_ascii=False)


def base64_size(data: object) -> int | None:
    """The number of bytes that a Base64 text holds (RFC 4648 section 4); None when it is none."""
    if not isinstance(data, str):
        return None
    try:
        return len(binascii.a2b_base64(data, strict_mode=True))
    except ValueError:
        return None


def broken(result: Json) -> tuple[str, ...]:
    """What should be Base64 in a result and is not, by name."""
    return tuple(
        kind
        for block in _content(result)
        for kind, data in _data(block)
        if base64_size(data) is None
    )


def _content(result: Json) -> Iterator[Mapping[str, Any]]:
    """The blocks of a tool's result, of a prompt's messages, of a resource."""
    for name in ("content", "contents", "messages"):
        found = result.get(name)
        for block in found if isinstance(found, list) else ():
            if not isinstance(block, dict):
                continue
            if name == "messages":
                inner = block.get("content")
                yield from (part for part in _list(inner) if isinstance(part, dict))
            else:
                yield block


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _data(block: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    kind = block.get("type")
    if kind in ("image", "audio"):
        yield str(kind), block.get("data")
    resource = block.get("resource") if kind == "resource" else block
    if isinstance(resource, dict) and "blob" in resource:
        yield "blob", resource["blob"]


def _blocks(result: Json) -> Iterator[str]:
    for block in _content(result):
        kind = block.get("type")
        match kind:
            case "image" | "audio":
                yield f"[{kind}  {_media(block)}  {_size(block.get('data'))}]"
            case "resource_link":
                number = block.get("size")
                known = size(number) if isinstance(number, int) and number >= 0 else ""
                yield _named("resource link", block, known)
            case "resource" if isinstance(resource := block.get("resource"), dict):
                yield from _resource(resource)
            case None if "uri" in block:
                yield from _resource(block)
            case _ if isinstance(text := block.get("text"), str):
                yield text


def _resource(resource: Mapping[str, Any]) -> Iterator[str]:
    text = resource.get("text")
    if "blob" in resource:
        yield _named("resource", resource, _size(resource["blob"]))
    elif isinstance(text, str):
        yield _named("resource", resource, size(len(text.encode("utf-8", "replace"))))
        yield text
    else:
        yield _named("resource", resource, "neither text nor blob")


def _named(kind: str, resource: Mapping[str, Any], end: str) -> str:
    uri = resource.get("uri")
    parts = (kind, uri if isinstance(uri, str) else "no uri", _media(resource), end)
    return f"[{'  '.join(part for part in parts if part)}]"


def _media(block: Mapping[str, Any]) -> str:
    media_type = block.get("mimeType")
    return media_type if isinstance(media_type, str) else "no media type"


def _size(data: object) -> str:
    number = base64_size(data)
    return "not Base64" if number is None else size(number)
