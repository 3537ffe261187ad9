"""What is said of a tool, a resource or a prompt: in a row, above its form, and in full. All of it
is the server's."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from flows.catalogue import Json
from flows.documents import text_list, text_member
from flows.mcp.offer import Offer
from flows.text import size, visible
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


def haystack(offer: Offer) -> str:
    """What a search looks in."""
    return " ".join((offer.key, offer.title, offer.description))[:4000].lower()


def row(at: int, offer: Offer) -> Row:
    words = f"  {offer.title}" if offer.title else ""
    word: Cell = ("", "")
    hints = _annotations(offer)
    if offer.kind in ("resource", "template"):
        word = (text_member(offer.entry, "mimeType") or "", "muted")
    elif hints.get("readOnlyHint") is True:
        word = ("reads", "muted")
    elif hints.get("destructiveHint") is True:
        word = ("may destroy", "warn")
    return Row(str(at), ((offer.key, ""), (words, "muted")), word)


def head(offer: Offer) -> Content:
    """What it is called and the first line of its description."""
    description = offer.description.strip().partition("\n")[0]
    return Content.assemble(
        (visible(offer.key, limit=130), "bold"),
        (f"  {visible(description, limit=200)}", "$text 60%"),
    )


def about(offer: Offer) -> Content:
    """Its title, description and annotations: hints that nobody has checked (MCP Tools)."""
    parts: list[tuple[str, str] | str] = [
        (visible(offer.key, limit=200), "bold"),
        f"  {visible(offer.title, limit=200)}\n",
        visible(offer.description.strip() or "no description", lines=True, limit=4000),
    ]
    if words := ", ".join(_says(offer)):
        parts.append((f"\nsays of itself: {visible(words, limit=400)}", "$text 60%"))
    return Content.assemble(*parts)


def _says(offer: Offer) -> Iterator[str]:
    """Annotations in words (MCP Tools, ToolAnnotations; Resources, Annotations)."""
    hints, entry = _annotations(offer), offer.entry
    if offer.kind == "tool":
        yield from (said for (hint, value), said in HINTS.items() if hints.get(hint) is value)
        return
    if media_type := text_member(entry, "mimeType"):
        yield media_type
    if isinstance(number := entry.get("size"), int) and number >= 0:
        yield size(number)
    if audience := text_list(hints, "audience"):
        yield f"for {' and '.join(audience)}"
    if isinstance(priority := hints.get("priority"), int | float):
        yield f"priority {priority:g} of 1"
    if modified := text_member(hints, "lastModified"):
        yield f"modified {modified}"


def _annotations(offer: Offer) -> Json:
    annotations = offer.entry.get("annotations")
    return annotations if isinstance(annotations, dict) else {}
