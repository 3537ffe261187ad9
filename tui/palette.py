"""The palette: every action of the current screen, found by the words a person would type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType

from tui.screens.help import key_words


@dataclass(frozen=True, slots=True)
class Action:
    title: str
    words: str
    run: IgnoreReturnCallbackType

    def entry(self, title: Content) -> Content:
        """Not the hit's own `help`: that is read as markup, where a key such as `[` counts."""
        return Content.assemble(title, "\n", (self.words, "not bold $foreground 70%"))


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
            said = f"{action.title} {action.words}".casefold()
            by_words = 0.5 if all(word in said for word in wanted) else 0.0
            if score := max(by_title, by_words):
                title = matcher.highlight(action.title) if by_title else Content(action.title)
                yield Hit(score, action.entry(title), action.run, text=action.title)

    def _actions(self) -> Iterator[Action]:
        seen = {"command_palette"}
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.id and enabled and binding.action not in seen:
                seen.add(binding.action)
                run = partial(self.app.run_action, binding.action, node)
                words = f"{tooltip}  ({key_words(binding.key)})"
                yield Action(binding.description or tooltip, words, run)
        for command in self.app.get_system_commands(self.screen):
            yield Action(command.title, command.help, command.callback)
