"""A field that takes a pasted token whole."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.message import Message

from tui.widgets.line_input import LineInput, printable

FIELD_LIMIT = 20_000
"""Characters of a paste that the field shows; a longer one is read all the same."""


class PasteField(LineInput):
    """Takes a paste whole, line breaks and all: `text` is what was pasted or typed, as it came.

    A paste takes the place of what was there.
    """

    BINDING_GROUP_TITLE = "Paste field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,ctrl+g",
            "leave",
            "Back",
            id="token.clear",
            tooltip="Forget what was pasted and return to the walk's token",
        ),
        Binding("down,up", "submit", "Claims", id="token.to-claims", tooltip="To the claims"),
    ]
    PLACEHOLDER = "paste or type any token"

    class Pasted(Message):
        """A paste arrived, which may leave the value of the field as it was."""

    class Left(Message):
        """The person is done with the field, which is empty now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, placeholder=self.PLACEHOLDER)
        self._pasted, self._drawn = "", ""

    @property
    def text(self) -> str:
        return self._pasted if self._pasted and self.value == self._drawn else self.value

    def paste(self, text: str) -> None:
        fits = len(text) <= FIELD_LIMIT
        self._pasted = text
        self._drawn = printable(" ".join(text.split())) if fits else ""
        self.placeholder = self.PLACEHOLDER if fits else f"{len(text):,} characters pasted"
        self.value = self._drawn
        self.cursor_position = len(self.value)
        self.post_message(self.Pasted())

    def on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        self.paste(event.text)

    def action_leave(self) -> None:
        self._pasted, self._drawn, self.placeholder = "", "", self.PLACEHOLDER
        self.clear()
        self.post_message(self.Left())
