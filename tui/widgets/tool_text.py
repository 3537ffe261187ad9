"""What is said of a tool: in a row, above its form, and in full. All of it is the server's."""

from __future__ import annotations

from textual.content import Content

from flows.documents import text_member
from flows.facts import Json
from flows.text import visible
from tui.widgets.list_view import Cell, Row

HINTS = {
    ("readOnlyHint", True): "only reads",
    ("readOnlyHint", False): "may change things",
    ("destructiveHint", True): "may destroy what it changes",
    ("destructiveHint", False): "only adds to what is there",
    ("idempotentHint", True): "does no more when called twice",
    ("openWorldHint", True): "reaches out to other systems",
    ("openWorldHint", False): "stays within its own system",
}


def name(tool: Json) -> str:
    return text_member(tool, "name") or ""


def title(tool: Json) -> str:
    inner = text_member(_annotations(tool), "title")
    return text_member(tool, "title") or inner or ""


def haystack(tool: Json) -> str:
    """What a search looks in."""
    parts = (name(tool), title(tool), text_member(tool, "description") or "")
    return " ".join(parts)[:4000].lower()


def row(at: int, tool: Json) -> Row:
    words = f"  {title(tool)}" if title(tool) else ""
    hints = _annotations(tool)
    word: Cell = ("", "")
    if hints.get("readOnlyHint") is True:
        word = ("reads", "muted")
    elif hints.get("destructiveHint") is True:
        word = ("may destroy", "warn")
    return Row(str(at), ((name(tool), ""), (words, "muted")), word)


def head(tool: Json) -> Content:
    """Its name and the first line of its description."""
    description = (text_member(tool, "description") or "").strip().partition("\n")[0]
    return Content.assemble(
        (visible(name(tool), limit=130), "bold"),
        (f"  {visible(description, limit=200)}", "$text 60%"),
    )


def about(tool: Json) -> Content:
    """Its title, description and annotations: hints that nobody has checked (MCP Tools)."""
    described = text_member(tool, "description") or "no description"
    parts: list[tuple[str, str] | str] = [
        (visible(name(tool), limit=200), "bold"),
        f"  {visible(title(tool), limit=200)}\n",
        visible(described.strip(), lines=True, limit=4000),
    ]
    hints = _annotations(tool)
    words = [said for (hint, value), said in HINTS.items() if hints.get(hint) is value]
    if words:
        parts.append((f"\nsays of itself: {', '.join(words)}", "$text 60%"))
    return Content.assemble(*parts)


def _annotations(tool: Json) -> Json:
    annotations = tool.get("annotations")
    return annotations if isinstance(annotations, dict) else {}
