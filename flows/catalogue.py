"""What an MCP server offers: its lists, page by page, and completions of arguments.

tools/list                tools               MCP Tools
resources/list            resources           MCP Resources
resources/templates/list  resourceTemplates
prompts/list              prompts             MCP Prompts
completion/complete       values              MCP Completion
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from flows.frozen import frozen

MAX_PAGES = 100

Json = Mapping[str, Any]


@frozen
class Kind:
    """One list: the member of the result that holds it, what names an entry, the capability that
    a server with such a list declares, and what an entry is called."""

    member: str
    key: str
    capability: str
    noun: str


KINDS: Mapping[str, Kind] = {
    "tools/list": Kind("tools", "name", "tools", "tool"),
    "resources/list": Kind("resources", "uri", "resources", "resource"),
    "resources/templates/list": Kind(
        "resourceTemplates", "uriTemplate", "resources", "resource template"
    ),
    "prompts/list": Kind("prompts", "name", "prompts", "prompt"),
}
OPTIONAL = tuple(method for method in KINDS if method != "tools/list")
"""The lists that are asked for only when somebody wants them."""


@frozen
class CacheHint:
    """How long a result may be kept, in milliseconds, and by whom (MCP 2026-07-28, Caching), as
    the server said it; None where it said nothing that can be read."""

    ttl: float | None = None
    scope: str | None = None


@frozen
class Listing:
    """Pages of a list so far: the entries that have a name, and how many have none. `cursor`
    names the page still to fetch, `hints` has one for each page, `problem` says why there is no
    list."""

    items: tuple[Json, ...] = ()
    nameless: int = 0
    cursor: str | None = None
    cursors: tuple[str, ...] = ()
    hints: tuple[CacheHint, ...] = ()
    complete: bool = False
    problem: str = ""


@frozen
class ToolList(Listing):
    """Pages of tools/list. `dropped` are tools that must not be used, each with the reason."""

    dropped: tuple[tuple[str, str], ...] = ()

    @property
    def tools(self) -> tuple[Json, ...]:
        return self.items


@frozen
class Completion:
    """The answer to a completion/complete: values for one argument, the likeliest first, and how
    many there are if that was said. `problem` says why there are none."""

    params: Json
    values: tuple[str, ...] = ()
    total: int | None = None
    has_more: bool = False
    problem: str = ""


Pages = TypeVar("Pages", bound=Listing)


def add_page(method: str, result: Json, pages: Pages) -> Pages | str:
    """The pages with one more, or why the list cannot be had. A cursor is opaque, and "" is one
    like any other (MCP Pagination, Implementation Guidelines)."""
    kind = KINDS[method]
    listed, cursor = result.get(kind.member), result.get("nextCursor")
    if not isinstance(listed, list):
        return f"the result holds no array `{kind.member}`"
    cursor = cursor if isinstance(cursor, str) else None
    if cursor is not None and (cursor in pages.cursors or len(pages.cursors) >= MAX_PAGES):
        return "the pages never end: a cursor came back"
    named = tuple(entry for entry in listed if _names(entry, kind.key))
    return replace(
        pages,
        items=pages.items + named,
        nameless=pages.nameless + len(listed) - len(named),
        cursor=cursor,
        cursors=pages.cursors if cursor is None else (*pages.cursors, cursor),
        hints=(*pages.hints, cache_hint(result)),
        complete=cursor is None,
    )


def _names(entry: object, key: str) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get(key), str) and bool(entry[key])


def cache_hint(result: Json) -> CacheHint:
    ttl, scope = result.get("ttlMs"), result.get("cacheScope")
    number = isinstance(ttl, int | float) and not isinstance(ttl, bool)
    return CacheHint(ttl if number else None, scope if scope in ("public", "private") else None)


def read_completion(params: Json, result: Json) -> Completion:
    """The values of a CompleteResult; what is no text is left out."""
    found = result.get("completion")
    if not isinstance(found, dict) or not isinstance(values := found.get("values"), list):
        return Completion(params, problem="the result holds no array `completion.values`")
    total = found.get("total")
    return Completion(
        params,
        tuple(value for value in values if isinstance(value, str)),
        total if isinstance(total, int) and not isinstance(total, bool) else None,
        found.get("hasMore") is True,
    )


def reference(text: str) -> Json:
    """How completion/complete refers to a URI template, or to a prompt where the text is no URI
    (MCP Completion, Reference Types)."""
    resource = "://" in text or "{" in text
    return (
        {"type": "ref/resource", "uri": text} if resource else {"type": "ref/prompt", "name": text}
    )


def completion_params(ref: Json, arguments: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that ask how the last of these arguments may go on; the ones before it are
    what was decided already."""
    *decided, (name, value) = arguments.items()
    params: dict[str, Any] = {"ref": ref, "argument": {"name": name, "value": value}}
    return {**params, "context": {"arguments": dict(decided)}} if decided else params


def about(method: str, params: Json) -> str:
    """What a request is about, in a word: "" where the method says it all."""
    ref, argument = params.get("ref"), params.get("argument")
    if method == "completion/complete" and isinstance(ref, dict) and isinstance(argument, dict):
        return f"{ref.get('name') or ref.get('uri')} {argument.get('name')}"
    name = params.get("name") or params.get("uri")
    return name if isinstance(name, str) else ""
