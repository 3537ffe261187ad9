"""A one-line editor that gives back exactly the text it was given, whatever is in it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.reactive import reactive
from textual.widgets import Input
from textual.widgets.input import Selection

from tui.escapes import escape, needs_escapes, unescape


class ValueInput(Input):
    """An Input for any text. Line breaks, control and invisible characters make it show the text
    with escapes (class `-escaped`), in which `\\n` is a line feed and `\\\\` a backslash.

    `text` is the text itself, `problem` says why what was typed is none.
    """

    DEFAULT_CSS = """
    ValueInput.-textual-compact {
        background: $boost;
        padding: 0 1;
        &:focus { background: $primary-muted; background-tint: transparent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "shift+enter,alt+enter,ctrl+j",
            "line_break",
            "Line break",
            show=False,
            id="value.line-break",
            tooltip="Put a line break into the value",
        ),
    ]

    escaped = reactive(False, toggle_class="-escaped")

    def __init__(
        self,
        text: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        id: str | None = None,
        classes: str | None = None,
        tooltip: str | None = None,
    ) -> None:
        escaped = needs_escapes(text)
        super().__init__(
            escape(text) if escaped else text,
            placeholder=placeholder,
            password=password,
            compact=True,
            id=id,
            classes=classes,
            tooltip=tooltip,
        )
        self.set_reactive(ValueInput.escaped, escaped)
        self.set_class(escaped, "-escaped")
        self.styles.scrollbar_size_horizontal = 0  # it would cover the only line

    @property
    def text(self) -> str:
        """The text that is meant; what is typed when that is no escaped text."""
        if not self.escaped:
            return self.value
        try:
            return unescape(self.value)
        except ValueError:
            return self.value

    @text.setter
    def text(self, text: str) -> None:
        self.escaped = needs_escapes(text)
        self.value = escape(text) if self.escaped else text

    @property
    def problem(self) -> str:
        if self.escaped:
            try:
                unescape(self.value)
            except ValueError as error:
                return str(error)
        return ""

    def insert_text(self, text: str) -> None:
        """Put `text` where the cursor is, or in place of what is selected, with nothing lost."""
        if not self.escaped and needs_escapes(text):
            start, end = sorted(self.selection)
            before, after = escape(self.value[:start]), escape(self.value[end:])
            self.escaped = True
            self.value = before + escape(text) + after
            self.selection = Selection.cursor(len(before) + len(escape(text)))
        else:
            self.replace(escape(text) if self.escaped else text, *self.selection)

    def on_paste(self, event: Paste) -> None:
        event.prevent_default()  # Input would keep the first line alone
        event.stop()
        # Terminals send a line break of the clipboard as a carriage return.
        self.insert_text(event.text.replace("\r\n", "\n").replace("\r", "\n"))

    def action_line_break(self) -> None:
        self.insert_text("\n")
