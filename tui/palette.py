"""The palette: every action of the current screen, found by the words a person would type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.actions import parse
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.theme import ThemeProvider
from textual.types import IgnoreReturnCallbackType

from flows.frozen import frozen
from tui.screens.help import key_words

if TYPE_CHECKING:
    from tui.own_app import OwnApp

_ALSO = {
    "app.quit": "exit leave close end",
    "app.help": "keyboard shortcuts bindings manual",
    "app.start": "open another server home",
    "app.settings": "preferences options configure dark light",
    "walk.edit": "change modify request parameters headers",
    "walk.rerun": "again retry repeat restart",
    "walk.run": "continue all automatically",
    "walk.back": "undo previous",
    "walk.paste": "callback redirect code answer",
    "walk.approve": "consent login allow",
    "walk.open": "login web consent",
    "walk.token": "jwt decode verify findings verdict",
    "walk.token-large": "jwt claims decode verify",
    "walk.copy": "export har script mermaid powershell httpie clipboard",
    "walk.report": "markdown share hand on ticket issue",
    "walk.save": "write keep",
    "walk.note": "comment remember annotate",
    "walk.compare": "diff difference",
    "walk.difference": "diff compare changed",
    "walk.hosts": "chatgpt claude cursor vscode client profile preflight",
    "walk.probe": "scan check test",
    "walk.faults": "break practise lab",
    "walk.maximise": "zoom whole full screen",
    "walk.sequence": "arrows lanes parties",
    "body.view": "hex bytes raw pretty",
    "body.search": "find grep",
    "body.explain": "meaning what standard section define",
    "body.collapse": "fold hide",
    "body.expand": "unfold show",
}
"""Other words by which people look for an action, by the id of its binding."""


@frozen
class Action:
    title: str
    words: str
    run: IgnoreReturnCallbackType
    also: str = ""

    def entry(self, title: Content) -> Content:
        """Not the hit's own `help`: that is read as markup, where a key such as `[` counts. The
        words take the colour of their row, for in the one under the cursor no other is read."""
        return Content.assemble(title, "\n", (self.words, "not bold"))


class ActionProvider(Provider):
    """Actions come from the bindings that have an id, and from the app's system commands."""

    async def discover(self) -> Hits:
        for action in self._actions():
            shown = action.entry(Content(action.title))
            yield DiscoveryHit(shown, action.run, text=action.title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        wanted = query.casefold().split()
        for action in self._actions():
            by_title = matcher.match(action.title)
            said = f"{action.title} {action.words} {action.also}".casefold()
            by_words = 0.5 if all(word in said for word in wanted) else 0.0
            if score := max(by_title, by_words):
                title = matcher.highlight(action.title) if by_title else Content(action.title)
                yield Hit(score, action.entry(title), action.run, text=action.title)

    def _actions(self) -> Iterator[Action]:
        seen = {"command_palette"}
        for node, binding in self._bindings():
            if binding.action not in seen:
                seen.add(binding.action)
                run = partial(self.app.run_action, binding.action, node)
                tooltip = binding.tooltip or binding.description
                words = f"{tooltip}  ({key_words(binding.key)})"
                also = _ALSO.get(binding.id or "", "")
                yield Action(binding.description or tooltip, words, run, also)
        for command in self.app.get_system_commands(self.screen):
            yield Action(command.title, command.help, command.callback)

    def _bindings(self) -> Iterator[tuple[DOMNode, Binding]]:
        """Those of ours that can be run now: first those whose key works here, then those whose
        key the focused pane has taken for something else."""
        active = self.screen.active_bindings.values()
        yield from (
            (node, binding) for node, binding, enabled, _ in active if binding.id and enabled
        )
        focused = self.screen.focused or self.screen
        for node in focused.ancestors_with_self:
            for kind in type(node).__mro__:
                for binding in kind.__dict__.get("BINDINGS", ()):
                    if isinstance(binding, Binding) and binding.id and _can(node, binding):
                        yield node, binding


class KeptThemes(ThemeProvider):
    """Textual's list of themes; the one chosen is put on by the app, which keeps it."""

    @property
    def commands(self) -> list[tuple[str, Callable[[], None]]]:
        app = cast("OwnApp", self.app)
        return [(name, partial(app.choose_theme, name)) for name in sorted(app.available_themes)]


def _can(node: DOMNode, binding: Binding) -> bool:
    """Whether an action of a node can be run now."""
    namespace, name, parameters = parse(binding.action)
    return not namespace and bool(node.check_action(name, parameters))
