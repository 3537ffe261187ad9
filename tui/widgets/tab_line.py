"""Tabs in one line, drawn as one widget: five `Tab`s of Textual's cost a tenth of a second."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget


class TabLine(Widget):
    """Names beside each other, the active one marked. A click posts `Chosen`. Where there is no
    room for all, the first ones go, so that the active one shows, and › stands for those behind."""

    DEFAULT_CSS = """
    TabLine { height: 1; width: 1fr; }
    """

    @dataclass
    class Chosen(Message):
        line: TabLine
        name: str

        @property
        def control(self) -> TabLine:
            return self.line

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.names: tuple[str, ...] = ()
        self.active = ""

    def show(self, names: tuple[str, ...], active: str) -> None:
        if (names, active) != (self.names, self.active):
            self.names, self.active = names, active
            self.refresh()

    @property
    def shown(self) -> tuple[str, ...]:
        """The names there is room for, with the active one among them."""
        until = self.names.index(self.active) + 1 if self.active in self.names else 0
        first, last = 0, len(self.names)
        while first < until - 1 and not self._fits(first, until):
            first += 1
        while last > max(until, first + 1) and not self._fits(first, last):
            last -= 1
        return self.names[first:last]

    def _fits(self, first: int, last: int) -> bool:
        more = 2 if last < len(self.names) else 0
        return not self.size.width or _width(self.names[first:last]) + more <= self.size.width

    def render(self) -> Content:
        styles, shown = ("$text-muted", "bold reverse"), self.shown
        tabs = [Content.styled(f" {name} ", styles[name == self.active]) for name in shown]
        if shown and shown[-1] != self.names[-1]:
            tabs.append(Content.styled("›", "$text-muted"))
        return Content(" ").join(tabs)

    def on_click(self, event: Click) -> None:
        at = 0
        for name in self.shown:
            if at <= event.x < at + len(name) + 2:
                self.post_message(self.Chosen(self, name))
            at += len(name) + 3


def _width(names: tuple[str, ...]) -> int:
    return sum(len(name) + 3 for name in names) - 1
