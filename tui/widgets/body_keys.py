"""The keys of a body. Help and palette read them from here."""

from __future__ import annotations

from textual.binding import Binding, BindingType

KEYS: list[BindingType] = [
    Binding("slash", "search", "Search", id="body.search", tooltip="Search the whole body"),
    Binding("n", "match(1)", "Next match", show=False, id="body.next", tooltip="The next match"),
    Binding(
        "N,shift+n",
        "match(-1)",
        "Previous match",
        show=False,
        id="body.previous",
        tooltip="The match before",
    ),
    Binding(
        "v",
        "cycle",
        "View",
        id="body.view",
        tooltip="Laid out, as it was sent, or byte by byte",
    ),
    Binding("y", "copy", "Copy", id="body.copy", tooltip="Copy the value under the cursor"),
    Binding(
        "Y,shift+y",
        "copy_path",
        "Copy path",
        show=False,
        id="body.copy-path",
        tooltip="Copy where the value stands: a JSON Pointer (RFC 6901)",
    ),
    Binding(
        "minus",
        "collapse",
        "Collapse",
        show=False,
        id="body.collapse",
        tooltip="Hide the members of this array or object, or of the one around it",
    ),
    Binding(
        "plus,equals_sign",
        "expand",
        "Expand",
        show=False,
        id="body.expand",
        tooltip="Show the members again",
    ),
    Binding(
        "underscore",
        "collapse_members",
        "Collapse all",
        show=False,
        id="body.collapse-all",
        tooltip="Hide all but the outermost members",
    ),
    Binding(
        "asterisk",
        "expand_all",
        "Expand all",
        show=False,
        id="body.expand-all",
        tooltip="Show all that is hidden",
    ),
    Binding(
        "escape,ctrl+g",
        "clear_search",
        "Clear search",
        show=False,
        id="body.clear-search",
        tooltip="Forget the search",
    ),
]
