"""The MCP servers in the configuration of a client, each as a target.

    {"mcpServers": {NAME: {"url": …, "headers": {…}}}}    Claude, Cursor, MCP Inspector and others
    {"servers": {NAME: {"type": "http", "url": …}}}       VS Code; comments and trailing commas too

One entry alone will do. What a client would put in for `${…}`, only that client knows: such a
header is left out and told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.exchange import Headers
from flows.frozen import frozen
from flows.outgoing import is_field_name, is_field_value
from flows.session import Target
from flows.text import visible
from flows.wellknown import is_web_url, url_problem

_URLS = ("url", "serverUrl", "httpUrl")
_TYPES = ("type", "transport")
_UNDERSTOOD = frozenset((*_URLS, *_TYPES, "headers", "command", "args"))
_HARMLESS = frozenset(("name", "description", "disabled", "timeout", "note", "gallery", "version"))
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_FILLED_IN = re.compile(r"\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]+")
_BRIDGE = re.compile(r"mcp-remote(@[\w.^~-]+)?")


class ConfigError(ValueError):
    """The text is no configuration of MCP servers; the words say why, fit to be shown."""


@frozen
class Server:
    """An entry. `target` is None where `problem` says why nothing can be walked."""

    name: str
    target: Target | None
    problem: str = ""
    remarks: tuple[str, ...] = ()


def read_config(text: str) -> tuple[Server, ...]:
    """The servers of a configuration in their order. Raises ConfigError."""
    try:
        bare = _LAST_COMMA.sub(lambda m: m[1] or "", _COMMENT.sub(lambda m: m[1] or " ", text))
        document = json.loads(bare)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not JSON: {visible(str(error), limit=200)}") from None
    entries = _entries(document)
    if not entries:
        raise ConfigError("it names no MCP servers: there is no `mcpServers` and no `servers`")
    return tuple(_server(name, entry) for name, entry in entries.items())


def _entries(document: object) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(document, dict):
        return {}
    for name in ("mcpServers", "servers"):
        if isinstance(found := document.get(name), dict):
            return _tables(found)
    if isinstance(settings := document.get("mcp"), dict):  # the settings of VS Code
        return _entries(settings)
    if _is_entry(document):
        return {"": document}
    return {name: entry for name, entry in _tables(document).items() if _is_entry(entry)}


def _tables(found: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {name: entry for name, entry in found.items() if isinstance(entry, dict)}


def _is_entry(entry: Mapping[str, Any]) -> bool:
    return any(isinstance(entry.get(name), str) for name in (*_URLS, "command"))


def _server(name: str, entry: Mapping[str, Any]) -> Server:
    url = next((entry[key] for key in _URLS if isinstance(entry.get(key), str)), None)
    fields = list(_fields(entry.get("headers")))
    if url is None:
        url, more = _bridged(entry.get("args"))
        fields += more
    if url is None:
        return Server(name, None, "it is a program on this machine (stdio), not a server of HTTP")
    if _FILLED_IN.search(url):
        return Server(name, None, f"its URL has {_names(url)} in it: write the value there")
    if not is_web_url(url):
        problem = f"its URL {visible(url, limit=200)} is not usable: {url_problem(url)}"
        return Server(name, None, problem)
    headers, remarks = _usable(fields)
    bearer, headers = _without_bearer(headers)
    kind = next((str(entry[key]).lower() for key in _TYPES if key in entry), "")
    remarks += tuple(
        f"{visible(key, limit=60)} is left out: it is not understood here"
        for key in entry
        if key not in _UNDERSTOOD | _HARMLESS
    )
    target = Target(
        url.partition("#")[0],
        protocol="2024-11-05" if kind == "sse" else "auto",
        headers=headers,
        bearer=bearer,
    )
    return Server(name, target, "", remarks)


def _bridged(args: object) -> tuple[str | None, list[tuple[str, str]]]:
    """The URL and the headers that are given to the bridge `mcp-remote`."""
    words = [word for word in args if isinstance(word, str)] if isinstance(args, list) else []
    at = next((n for n, word in enumerate(words) if _BRIDGE.fullmatch(word)), None)
    if at is None:
        return None, []
    after = words[at + 1 :]
    url = next((word for word in after if word.startswith(("http://", "https://"))), None)
    given = [after[n + 1] for n, word in enumerate(after[:-1]) if word == "--header"]
    return url, list(_fields(given))


def _fields(headers: object) -> Iterator[tuple[str, str]]:
    if isinstance(headers, dict):
        yield from ((name, text) for name, text in headers.items() if isinstance(text, str))
    elif isinstance(headers, list):
        for line in headers:
            name, colon, text = line.partition(":") if isinstance(line, str) else ("", "", "")
            if colon:
                yield name.strip(), text.strip()


def _usable(fields: list[tuple[str, str]]) -> tuple[Headers, tuple[str, ...]]:
    headers: list[tuple[str, str]] = []
    remarks: list[str] = []
    for name, text in fields:
        shown = visible(name, limit=60)
        if _FILLED_IN.search(text):
            how = "--bearer-env" if name.lower() == "authorization" else "--header"
            remarks.append(f"{shown} is left out: it needs {_names(text)}; {how} gives it")
        elif not is_field_name(name) or not is_field_value(text):
            remarks.append(f"{shown} is left out: no request can hold it")
        else:
            headers.append((name, text))
    return tuple(headers), tuple(remarks)


def _names(text: str) -> str:
    return visible(" and ".join(dict.fromkeys(_FILLED_IN.findall(text))), limit=200)


def _without_bearer(headers: Headers) -> tuple[str | None, Headers]:
    """A bearer token is a token, and is judged as one."""
    for pair in headers:
        scheme, _, token = pair[1].partition(" ")
        if pair[0].lower() == "authorization" and scheme.lower() == "bearer" and token.strip():
            return token.strip(), tuple(other for other in headers if other is not pair)
    return None, headers
