"""Which token is on show, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from tui.widgets.token_rows import Shown


class TokenTabs(Widget):
    """The tokens there are, `access  refresh  id  pasted`, and which of them is on show."""

    @dataclass
    class Chosen(Message):
        use: Shown

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._uses: tuple[Shown, ...] = ()
        self._active: Shown = "access"

    def show(self, uses: tuple[Shown, ...], active: Shown) -> None:
        if (uses, active) != (self._uses, self._active):
            self._uses, self._active = uses, active
            self.refresh()

    def render(self) -> Content:
        styles = ("$foreground 60%", "bold reverse")
        return Content(" ").join(
            Content.styled(f" {use} ", styles[use == self._active]) for use in self._uses
        )

    def on_click(self, event: Click) -> None:
        at = 0
        for use in self._uses:
            if at <= event.x < at + len(use) + 2:
                self.post_message(self.Chosen(use))
            at += len(use) + 3
