"""A form in an app of its own, and what is on its screen as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.app import App, ComposeResult
from textual.events import Paste
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget


class Host(App[None]):
    """Shows what `make` makes, and keeps what it posts to its app and copies."""

    CSS = "* { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }"

    def __init__(self, make: Callable[[], Widget] | None = None) -> None:
        super().__init__()
        self.make = make
        self.posted: list[Message] = []
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        if self.make:
            yield self.make()

    def on_mount(self) -> None:
        self.animation_level = "none"

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


async def settled(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def paste(pilot: Pilot[None], text: str) -> None:
    """Paste into the widget with the focus."""
    assert pilot.app.focused
    pilot.app.focused.post_message(Paste(text))
    await settled(pilot)


def leaves(screen: Screen[object]) -> Iterator[Widget]:
    for widget in screen.query("*"):
        if not widget.children and widget.is_on_screen:
            yield widget


def painted(app: App[None]) -> str:
    """Every line that can be seen, widget by widget."""
    return "\n".join(
        widget.render_line(y).text.rstrip()
        for widget in leaves(app.screen)
        for y in range(widget.size.height)
    )
