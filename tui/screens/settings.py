"""What authwalk starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Static

from flows.session import PROTOCOLS
from flows.text import visible
from tui.config import Settings
from tui.hosts_text import readable_hosts
from tui.screens.dialogs import Dialog, buttons, plain
from tui.widgets.choice import Choice

if TYPE_CHECKING:
    from tui.app import AuthwalkApp


class SettingsDialog(Dialog[None]):
    """Changes the settings of the app. The theme shows at once, and goes back if it is not kept."""

    HINT = "left, right change · tab next · ctrl+g or esc to cancel"
    CSS = """
    SettingsDialog Choice { margin-bottom: 1; }
    """

    app: AuthwalkApp

    def __init__(self, settings: Settings) -> None:
        super().__init__("Settings")
        self._before = settings

    def compose_body(self) -> ComposeResult:
        self._theme = self.app.theme
        themes = tuple((name, name) for name in sorted(self.app.available_themes))
        yield Choice("Colours", themes, id="theme")
        hosts, _ = readable_hosts()
        named = ((host.name, visible(host.title, limit=40)) for host in hosts)
        yield Choice("Walk as", (("", "authwalk itself"), *named), id="host")
        yield Choice("Protocol", tuple((name, name) for name in PROTOCOLS), id="protocol")
        yield Choice(
            "Keep walks as they go, for after a crash",
            ((True, "yes"), (False, "no")),
            id="journal",
        )
        yield Choice("The mouse is", ((True, "ours"), (False, "the terminal's")), id="mouse")
        words = (
            "What is kept holds secrets; the file is yours alone. That and the mouse count from "
            "the next start on. Keys of your own: authwalk help files."
        )
        yield Static(plain(words), id="note")
        yield buttons("Keep")

    def on_mount(self) -> None:
        self.query_one("#theme", Choice).choose(self._theme)
        for name in ("host", "protocol", "journal", "mouse"):
            self.query_one(f"#{name}", Choice).choose(getattr(self._before, name))

    @on(Choice.Changed, "#theme")
    def _recolour(self, event: Choice.Changed) -> None:
        self.app.theme = str(event.choice.value)

    @on(Button.Pressed, "#accept")
    def _keep(self) -> None:
        chosen = {
            name: self.query_one(f"#{name}", Choice).value
            for name in ("theme", "host", "protocol", "journal", "mouse")
        }
        self.app.keep(**chosen)
        self.dismiss(None)

    @on(Button.Pressed, "#decline")
    def action_cancel(self) -> None:
        self.app.theme = self._theme
        self.dismiss(None)
