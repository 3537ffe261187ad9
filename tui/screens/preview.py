"""What would be copied or saved, whole, before it is."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from flows.text import visible
from tui.widgets.body_view import BodyView
from tui.widgets.key_bar import KeyBar

Wish = Literal["copy", "save"]


class PreviewScreen(Screen["Wish | None"]):
    """Dismissed with what to do with the text, or None."""

    DEFAULT_CSS = """
    PreviewScreen {
        & > #title { height: 1; padding: 0 1; background: $panel; }
        & > BodyView { height: 1fr; }
    }
    """
    BINDING_GROUP_TITLE = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "wish('copy')", "Copy all", id="preview.copy", tooltip="Copy the whole of it"),
        Binding("s", "wish('save')", "Save", id="preview.save", tooltip="Save it to a file"),
        Binding("escape,q,ctrl+g", "close", "Back", id="preview.leave", tooltip="Back"),
    ]

    def __init__(self, title: str, text: str, language: str, *, secrets: bool) -> None:
        super().__init__()
        self._words, self._text, self._language = title, text, language
        self._secrets = secrets

    def compose(self) -> ComposeResult:
        holds = "with secrets" if self._secrets else "without secrets"
        words = (visible(self._words, limit=80), "bold"), (f"   {holds}", "$text-muted")
        yield Static(Content.assemble(*words), id="title", markup=False)
        yield BodyView(id="preview")
        yield KeyBar()

    def on_mount(self) -> None:
        body = self.query_one(BodyView)
        body.show_text(visible(self._text, lines=True), self._language)
        body.focus()

    def on_body_view_copy(self, event: BodyView.Copy) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.text)

    def action_wish(self, wish: Wish) -> None:
        self.dismiss(wish)

    def action_close(self) -> None:
        self.dismiss(None)
