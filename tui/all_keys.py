"""Every key of the app, read from the bindings of its screens and panes."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from textual.binding import Binding
from textual.dom import DOMNode

import tui.screens
import tui.widgets
from flows.frozen import frozen
from tui.app import AuthwalkApp
from tui.screens.help import key_words

_FIRST = ("Everywhere", "Start", "Walk")


@frozen
class KeyEntry:
    """One action. `pane` is the screen or pane where its keys work, by the title of its keys."""

    pane: str
    id: str
    keys: tuple[str, ...]
    title: str
    tooltip: str


def all_keys() -> tuple[KeyEntry, ...]:
    """Every action that has an id, by pane; the whole app first."""
    for package in (tui.screens, tui.widgets):
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    found = {entry.id: entry for kind in _kinds(DOMNode) for entry in _entries(kind)}
    return tuple(sorted(found.values(), key=_order))


def named_key(key: str) -> str:
    """A key by the name that keys.toml takes; signs as themselves."""
    key = key.strip()
    return key if key.replace("+", "").isalnum() else key_words(key)


def panes() -> dict[str, str]:
    """The pane of each id."""
    return {entry.id: entry.pane for entry in all_keys()}


def _kinds(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("tui."):
            yield one
        yield from _kinds(one)


def _entries(kind: type[DOMNode]) -> Iterator[KeyEntry]:
    pane = "Everywhere" if kind is AuthwalkApp else kind.BINDING_GROUP_TITLE or kind.__name__
    for binding in kind.__dict__.get("BINDINGS", ()):
        if isinstance(binding, Binding) and binding.id:
            keys = tuple(map(named_key, binding.key.split(",")))
            title = binding.description or binding.tooltip
            yield KeyEntry(pane, binding.id, keys, title, binding.tooltip)


def _order(entry: KeyEntry) -> tuple[int, str]:
    first = _FIRST.index(entry.pane) if entry.pane in _FIRST else len(_FIRST)
    return first, entry.pane
