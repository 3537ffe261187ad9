"""The keys that work right now, read from the bindings themselves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.events import Resize
from textual.keys import format_key
from textual.screen import Screen
from textual.widgets import Input, Static

from flows.frozen import frozen
from tui.screens.dialogs import Dialog

KEY_WIDTH = 16


@frozen
class KeyRow:
    """One action: its keys in words, what it does, and its id in a keymap ("" for Textual's)."""

    keys: tuple[str, ...]
    title: str
    tooltip: str = ""
    id: str = ""


@frozen
class KeyGroup:
    title: str
    rows: tuple[KeyRow, ...]


def key_words(key: str) -> str:
    """ "ctrl+question_mark" as a person would write it: "ctrl+?"."""
    *modifiers, last = key.split("+")
    return "+".join((*modifiers, format_key(last)))


def key_groups(active: Iterable[ActiveBinding]) -> tuple[KeyGroup, ...]:
    """Active bindings by whom they belong to: the focused pane, what holds it, the screen, the
    app. Those without an id, such as the editing keys of an input, come last."""
    ours: dict[DOMNode, dict[str, list[Binding]]] = {}
    theirs: dict[DOMNode, dict[str, list[Binding]]] = {}
    for node, binding, _, _ in active:
        if binding.system or not (binding.description or binding.tooltip) or _idle(node, binding):
            continue
        owners = ours if binding.id else theirs
        owners.setdefault(node, {}).setdefault(binding.action, []).append(binding)
    groups = [(_owner(node), ours[node]) for node in _inside_out(ours)]
    groups += [(f"{_owner(node)}: standard keys", theirs[node]) for node in _inside_out(theirs)]
    return tuple(
        KeyGroup(title, tuple(_row(same) for same in actions.values())) for title, actions in groups
    )


def _inside_out(nodes: Iterable[DOMNode]) -> list[DOMNode]:
    return sorted(nodes, key=lambda node: len(node.ancestors), reverse=True)


def _idle(node: DOMNode, binding: Binding) -> bool:
    """An Input inherits keys that would scroll it, and passes them on."""
    return isinstance(node, Input) and binding.action.startswith(("scroll_", "page_"))


def _row(same: list[Binding]) -> KeyRow:
    first = same[0]
    keys = tuple(dict.fromkeys(key_words(binding.key) for binding in same))
    return KeyRow(keys, first.description or first.tooltip, first.tooltip, first.id or "")


def _owner(node: DOMNode) -> str:
    if isinstance(node, App):
        return "Everywhere"
    if node.BINDING_GROUP_TITLE:
        return node.BINDING_GROUP_TITLE
    if isinstance(node, Screen):
        return "This screen"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).capitalize()


class HelpScreen(Dialog[None]):
    """Lists the bindings it is given: `HelpScreen(screen.active_bindings.values())`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f1,question_mark,q,enter",
            "cancel",
            "Close",
            show=False,
            id="help.close",
            tooltip="Close the list of keys",
        ),
    ]
    HINT = "up and down scroll · F1, ctrl+g or esc to close"

    def __init__(self, active: Iterable[ActiveBinding]) -> None:
        super().__init__("Keys")
        self.groups = key_groups(active)

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-text"):
            yield Static(id="keys")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if not self.children:
            return  # the person has left already
        keys = self.query_one("#keys", Static)
        keys.update(_page(self.groups, self.query_one(VerticalScroll).content_size.width - 1))


def _page(groups: tuple[KeyGroup, ...], width: int) -> Content:
    """The groups below each other, keys on the left, words wrapped beside them."""
    parts: list[Any] = []
    room = max(20, width - KEY_WIDTH)
    for group in groups:
        parts += ["\n\n" if parts else "", (group.title, "bold $text-primary")]
        for row in group.rows:
            keys = textwrap.wrap(", ".join(row.keys), KEY_WIDTH - 2)
            more = "" if row.tooltip in ("", row.title) else f": {row.tooltip}"
            words = textwrap.wrap(row.title + more, room) or [""]
            rest = len(row.title)
            for number in range(max(len(keys), len(words))):
                key = keys[number] if number < len(keys) else ""
                line = words[number] if number < len(words) else ""
                parts += ["\n", (key.ljust(KEY_WIDTH), "bold"), line[:rest]]
                parts.append((line[rest:], "$text-muted"))
                rest = max(0, rest - len(line) - 1)
    return Content.assemble(*parts)
