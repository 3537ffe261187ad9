"""The keys that work here, in one line drawn as one widget.

Textual's Footer is a widget a key, made anew whenever the focus moves: more work than all the
rest of a cursor key in the step list.
"""

from __future__ import annotations

from textual.app import RenderResult
from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Click, Mount, Resize
from textual.screen import Screen
from textual.widget import Widget


class KeyBar(Widget):
    """Shows the bindings whose `show` is true: as many as fit, and before all others the last two,
    which tell where to find the rest. A click runs one."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        background: $footer-background;
        color: $footer-foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[str, str, ActiveBinding], ...] = ()

    def on_mount(self, event: Mount) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def on_resize(self, event: Resize) -> None:
        self.refresh()

    def _changed(self, screen: Screen[object]) -> None:
        if screen is not self.app.screen:
            return
        seen: dict[str, tuple[str, str, ActiveBinding]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in seen:
                key = self.app.get_key_display(binding)
                seen[binding.action] = (key, binding.description, active)
        shown = tuple(seen.values())
        if [entry[:2] for entry in shown] != [entry[:2] for entry in self._shown]:
            self.refresh()
        self._shown = shown

    @property
    def _fitting(self) -> tuple[tuple[str, str, ActiveBinding], ...]:
        """The keys there is room for."""
        shown = list(self._shown)
        while len(shown) > 1 and sum(map(_width, shown)) > self.size.width:
            del shown[max(0, len(shown) - 3)]
        return tuple(shown)

    def render(self) -> RenderResult:
        parts: list[tuple[str, str] | str] = []
        for key, words, _ in self._fitting:
            parts += [(f" {key}", "bold $footer-key-foreground"), f" {words} "]
        return Content.assemble(*parts)

    def on_click(self, event: Click) -> None:
        at = 0
        for entry in self._fitting:
            width, active = _width(entry), entry[2]
            if at <= event.x < at + width:
                self.run_worker(self.app.run_action(active.binding.action, active.node))
            at += width


def _width(entry: tuple[str, str, ActiveBinding]) -> int:
    key, words, _ = entry
    return Content(f" {key} {words} ").cell_length
