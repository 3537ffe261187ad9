"""What a server asks of the person: the words for it, the form for it, the answer made of it.

A request is `(method, params)`, whether it came on a stream or inside an `input_required` result.
Its form is a JSON Schema, and what the form says a JSON object: the `content` of an elicitation
(MCP Elicitation), the whole result of the others (MCP Sampling, Roots).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from flows.facts import Facts, Json
from flows.network import reach
from flows.text import size
from flows.wellknown import is_web_url

Kind = Literal["form", "url", "sampling", "roots", "unknown"]

MODEL = "a person at authwalk"
"""The `model` of a message that no model wrote."""

SAMPLING_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "content": {
            "type": "object",
            "title": "the reply",
            "properties": {
                "text": {"type": "string", "description": "What the model would say"},
                "type": {"const": "text"},
            },
            "required": ["text", "type"],
        },
        "model": {"type": "string", "description": "The model that is said to have written it"},
        "stopReason": {"enum": ["endTurn", "stopSequence", "maxTokens"]},
        "role": {"const": "assistant"},
    },
    "required": ["role", "content", "model"],
}
ROOTS_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "roots": {
            "type": "array",
            "description": 'Such as [{"uri": "file:///project", "name": "Project"}]',
            "items": {
                "type": "object",
                "properties": {
                    "uri": {"type": "string", "pattern": "^file://"},
                    "name": {"type": "string"},
                },
                "required": ["uri"],
            },
        }
    },
    "required": ["roots"],
}


def kind_of(method: str, params: Json) -> Kind:
    match method:
        case "elicitation/create":
            mode = params.get("mode", "form")
            return mode if mode in ("form", "url") else "unknown"
        case "sampling/createMessage":
            return "sampling"
        case "roots/list":
            return "roots"
        case _:
            return "unknown"


def request_of(entry: object) -> tuple[str, Json]:
    """`(method, params)` of an entry of `inputRequests`; "" where it names no method."""
    if not isinstance(entry, Mapping):
        return "", {}
    method, params = entry.get("method"), entry.get("params")
    return (
        method if isinstance(method, str) else "",
        params if isinstance(params, Mapping) else {},
    )


def undeclared(exchange_id: str, requests: Json, facts: Facts) -> tuple[tuple[str, str], ...]:
    """Requests that a server must not make of this client (MCP Multi Round-Trip Requests, Server
    Requirements): the exchange they came with, and the method of each."""
    methods = [request_of(entry)[0] or None for entry in requests.values()]
    strange = [m for m in methods if str(m).partition("/")[0] not in facts.target.declare]
    return tuple((exchange_id, str(method)) for method in dict.fromkeys(strange))


def schema_of(method: str, params: Json) -> Any:
    """The schema of what the person fills in."""
    match kind_of(method, params):
        case "form":
            return params.get("requestedSchema", {"type": "object"})
        case "sampling":
            return SAMPLING_SCHEMA
        case "roots":
            return ROOTS_SCHEMA
        case _:
            return {"type": "object"}


def start_of(method: str, params: Json, roots: Sequence[Json] = ()) -> Json | None:
    """What the form says at first; None leaves that to the defaults of its schema."""
    match kind_of(method, params):
        case "sampling":
            content = {"type": "text", "text": ""}
            start = {"content": content, "model": MODEL, "stopReason": "endTurn"}
            return {**start, "role": "assistant"}
        case "roots":
            return {"roots": [dict(root) for root in roots]}
        case _:
            return None


def accepted(method: str, params: Json, value: Json) -> Json:
    """The result that gives the server what the form says."""
    match kind_of(method, params):
        case "form":
            return {"action": "accept", "content": value}
        case "url":
            return {"action": "accept"}
        case _:
            return value


def words_of(method: str, params: Json) -> str:
    """What the server asks, in its own words; untrusted, of several lines."""
    message = params.get("message")
    match kind_of(method, params):
        case "form" | "url":
            return message if isinstance(message, str) else "(no message)"
        case "sampling":
            return _conversation(params)
        case "roots":
            return "The folders and files (file:// URIs) that the server may work on."
        case _:
            return f"{method or 'something that names no method'}, which no revision knows."


def _conversation(params: Json) -> str:
    """The messages of a sampling request, and what else a model would be told."""
    lines = []
    if isinstance(system := params.get("systemPrompt"), str):
        lines.append(f"system: {system}")
    messages = params.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            content = message.get("content")
            blocks = content if isinstance(content, list) else [content]
            said = " ".join(_block(block) for block in blocks)
            lines.append(f"{message.get('role', '?')}: {said}")
    about = []
    if (most := params.get("maxTokens")) is not None:
        about.append(f"at most {most} tokens")
    preferences = params.get("modelPreferences")
    hints = preferences.get("hints") if isinstance(preferences, dict) else None
    names = [
        str(hint["name"])
        for hint in (hints if isinstance(hints, list) else ())
        if isinstance(hint, dict) and "name" in hint
    ]
    if names:
        about.append(f"a model like {', '.join(names)}")
    tools = params.get("tools")
    if isinstance(tools, list) and tools:
        named = [str(tool.get("name")) for tool in tools if isinstance(tool, dict)]
        about.append(f"tools the model may use: {', '.join(named)}")
    if about:
        lines.append(f"({'; '.join(about)})")
    return "\n".join(lines) or "(no messages)"


def _block(block: object) -> str:
    """A content block in a line: its text, or its type and size."""
    if not isinstance(block, dict):
        return "(no content)"
    if isinstance(text := block.get("text"), str):
        return text
    data = block.get("data")
    amount = f", {size(len(data) * 3 // 4)}" if isinstance(data, str) else ""
    named = f" {block['name']}" if isinstance(block.get("name"), str) else ""
    return f"[{block.get('type', '?')}{named} {block.get('mimeType', '')}".rstrip() + f"{amount}]"


def url_of(params: Json) -> str:
    url = params.get("url")
    return url if isinstance(url, str) else ""


def host_of(url: str) -> str:
    """The host that a browser would go to; "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def around_host(url: str) -> tuple[str, str, str]:
    """A URL in three: what stands before its host, host and port, and what follows."""
    scheme, slashes, rest = url.partition("//")
    if not slashes or not host_of(url):
        return url, "", ""
    end = min((at for mark in "/?#\\" if (at := rest.find(mark)) >= 0), default=len(rest))
    user, sign, host = rest[:end].rpartition("@")
    return f"{scheme}//{user}{sign}", host, rest[end:]


def concerns(url: str) -> tuple[str, ...]:
    """What a person should know before they open a URL (MCP Elicitation, Safe URL Handling)."""
    host = host_of(url)
    if host and "@" in urlsplit(url).netloc:
        return (f"what stands before the @ is a name, the host is {host}; no browser is given it",)
    if not is_web_url(url):
        return ("this is no http or https URL, and no browser is given it",)
    found = []
    if urlsplit(url).scheme != "https" and reach(host) != "loopback":
        found.append("it is not encrypted: no https")
    if not host.isascii() or any(label.startswith("xn--") for label in host.split(".")):
        found.append("the host is written in letters that may look like others")
    if "\\" in url:
        found.append("it holds a backslash, which some programs take for a slash")
    return tuple(found)
