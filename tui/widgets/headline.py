"""What is on show, in one line drawn as one widget: a Static a word lays out the whole screen."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from tui.record import State
from tui.widgets.lines import cut

LOOKS: dict[State | None, str] = {
    "ok": "$text-success",
    "warn": "$text-warning",
    "error": "$text-error",
}


class Headline(Widget):
    """A line on the left, without its middle where there is no room, and words on the right."""

    DEFAULT_CSS = """
    Headline { height: 1; width: 1fr; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._said: tuple[str, str, State | None] = ("", "", None)

    def show(self, left: str, right: str, state: State | None = None) -> None:
        """Both are safe to show. `state` is what the right says of its exchange."""
        if (left, right, state) != self._said:
            self._said = (left, right, state)
            self.refresh()

    def render(self) -> Content:
        left, right, state = self._said
        width = self.content_size.width
        left = _shorten(left, width - cell_len(right) - 2)
        space = " " * (width - cell_len(left) - cell_len(right))
        return Content.assemble((left, "bold"), space, (right, LOOKS.get(state, "$text-muted")))


def _shorten(line: str, room: int) -> str:
    """The ends of a URL tell the most."""
    if cell_len(line) <= room:
        return line
    tail = room * 3 // 5
    return cut(line, room - tail) + cut(line, tail, from_end=True)[1:]
