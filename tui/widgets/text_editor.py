"""A multi-line editor that gives back exactly the text it was given, whatever is in it."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import TextArea

from tui.escapes import escape, needs_escapes, unescape


class TextEditor(TextArea):
    """A TextArea for any text. Other characters than lines of readable text make it show the text
    with escapes, as ValueInput does; line feeds and tabs stay what they are."""

    DEFAULT_CSS = """
    TextEditor.-textual-compact {
        background: $boost;
        padding: 0 1;
        height: auto;
        min-height: 1;
        &:focus { background-tint: $primary 12%; }
        & .text-area--cursor-line { background: transparent; }
    }
    """

    def __init__(
        self,
        text: str = "",
        *,
        id: str | None = None,
        classes: str | None = None,
        placeholder: str = "",
    ) -> None:
        self.escaped = needs_escapes(text, lines=True)
        super().__init__(
            escape(text, lines=True) if self.escaped else text,
            soft_wrap=True,
            compact=True,
            highlight_cursor_line=False,
            placeholder=placeholder,
            id=id,
            classes=classes,
        )

    @property
    def content_text(self) -> str:
        """The text that is meant; what is typed when that is no escaped text."""
        try:
            return unescape(self.text) if self.escaped else self.text
        except ValueError:
            return self.text

    @content_text.setter
    def content_text(self, text: str) -> None:
        self.escaped = needs_escapes(text, lines=True)
        self.text = escape(text, lines=True) if self.escaped else text

    @property
    def problem(self) -> str:
        try:
            unescape(self.text) if self.escaped else None
        except ValueError as error:
            return str(error)
        return ""

    def on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        if self.read_only:
            return
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if not self.escaped and needs_escapes(text, lines=True):
            start, end = sorted(self.selection)
            before = self.get_text_range((0, 0), start)
            after = self.get_text_range(end, self.document.end)
            self.escaped = True
            self.text = escape(before + text + after, lines=True)
            self.move_cursor(self.document.end)
        else:
            text = escape(text, lines=True) if self.escaped else text
            self.move_cursor(self.replace(text, *self.selection).end_location)
