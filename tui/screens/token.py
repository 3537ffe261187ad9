"""A token on the whole screen: every claim with its meaning, and the JSON as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import TabbedContent, TabPane

from flows.facts import Facts
from flows.jwt import decode_segment
from flows.steps.inspection import Inspection
from tui.widgets.body_view import BodyView
from tui.widgets.list_view import LineList
from tui.widgets.token_pane import TokenPane, local_now
from tui.widgets.token_rows import Shown

View = Literal["claims", "header", "payload", "text"]


class TokenScreen(ModalScreen[None]):
    """The token pane, large. It opens on the token `use`, or on what was `pasted`."""

    DEFAULT_CSS = """
    TokenScreen {
        background: $background;
        & > #token-large {
            border: round $primary;
            border-title-color: $text;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            & TokenPane, & BodyView { height: 1fr; }
            & TabPane { padding: 0; height: 1fr; }
            & TabbedContent { height: 1fr; }
        }
    }
    """
    BINDING_GROUP_TITLE = "Token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+g,escape,T", "close", "Close", id="token.close", tooltip="Return to the walk"
        ),
        Binding("1", "view('claims')", "Claims", False, id="token.claims", tooltip="Claims"),
        Binding("2", "view('header')", "Header", False, id="token.header", tooltip="Header JSON"),
        Binding(
            "3", "view('payload')", "Payload", False, id="token.payload", tooltip="Claims JSON"
        ),
        Binding("4", "view('text')", "Text", False, id="token.text", tooltip="The token"),
    ]
    AUTO_FOCUS = "#token-rows"

    def __init__(
        self,
        facts: Facts,
        *,
        use: Shown = "access",
        pasted: str = "",
        clock: Callable[[], datetime] = local_now,
    ) -> None:
        super().__init__()
        self._facts, self._use, self._pasted, self._clock = facts, use, pasted, clock

    def compose(self) -> ComposeResult:
        with Vertical(id="token-large") as box:
            box.border_title = Content("Token")
            box.border_subtitle = Content(
                "1-4 views · left right tokens · y copy · t paste · ctrl+g or esc to close"
            )
            with TabbedContent(initial="claims"):
                with TabPane("Claims", id="claims"):
                    yield TokenPane(clock=self._clock)
                for view, title in (
                    ("header", "Header JSON"),
                    ("payload", "Claims JSON"),
                    ("text", "As sent"),
                ):
                    with TabPane(title, id=view):
                        yield BodyView(id=f"{view}-body")

    def on_mount(self) -> None:
        pane = self.query_one(TokenPane)
        pane.show(self._facts, use=self._use)
        if self._pasted:
            pane.paste(self._pasted)

    @on(TokenPane.Changed)
    def _changed(self, event: TokenPane.Changed) -> None:
        header, payload, text = _parts(event.inspection)
        self.query_one("#header-body", BodyView).show(header, "application/json")
        self.query_one("#payload-body", BodyView).show(payload, "application/json")
        self.query_one("#text-body", BodyView).show_text(text)

    @on(TokenPane.Copy)
    @on(BodyView.Copy)
    def _copied(self, event: TokenPane.Copy | BodyView.Copy) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.text)

    def action_view(self, view: View) -> None:
        self.query_one(TabbedContent).active = view
        inside = LineList if view == "claims" else BodyView
        self.query_one(f"#{view}").query_one(inside).focus()

    def action_close(self) -> None:
        self.dismiss()


def _parts(inspection: Inspection | None) -> tuple[bytes, bytes, str]:
    """Header and payload as they were encoded, as far as there are any, and the token."""
    if inspection is None:
        return b"", b"", ""
    token = inspection.token
    header = decode_segment(token.segments[0])[0] if token.header else b""
    payload = decode_segment(token.segments[1])[0] if token.claims is not None else b""
    return header, payload, token.text
