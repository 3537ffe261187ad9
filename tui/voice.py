"""How the app speaks: toasts, explanations, the one way to the clipboard, and faults of its own."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.events import DeliveryComplete
from textual.notifications import SeverityLevel

from flows.text import visible

if TYPE_CHECKING:
    from tui.widgets.lines import LineView
    from tui.widgets.rows_view import RowsView

TOAST_LIMIT, TITLE_LIMIT = 400, 60
"""Characters of a toast, counted as they are shown."""


class SpeakingApp(App[None]):
    """Whatever it says may come from a server: it is made visible, and never markup."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A toast. Its text may come from anywhere, so it is made visible and never markup."""
        super().notify(
            visible(visible(message, lines=True), lines=True, limit=TOAST_LIMIT),
            title=visible(visible(title), limit=TITLE_LIMIT),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    def on_line_view_explain(self, event: LineView.Explain) -> None:
        from tui.screens.dialogs import TextDialog

        self.push_screen(TextDialog(event.title, event.text))

    def on_rows_view_open_value(self, event: RowsView.OpenValue) -> None:
        from tui.opening import open_value

        self.run_worker(open_value(self, event.text), group="open", exit_on_error=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by every way there is; a toast names those that worked."""
        from tui import clipboard

        text = clipboard.encodable(text)
        if len(text.encode()) <= clipboard.OSC_52_MOST:
            super().copy_to_clipboard(text)
        self.run_worker(partial(self._copy, text), thread=True, group="clipboard")

    def _copy(self, text: str) -> None:
        from tui import clipboard

        self.notify(clipboard.copied(text, clipboard.copy(text)))

    def save_picture(self) -> None:
        """Save the screen as SVG where downloads go, or here: a server has no such folder."""
        from platformdirs import user_downloads_path

        downloads = user_downloads_path()
        self.deliver_screenshot(path=str(downloads if downloads.is_dir() else Path.cwd()))

    def on_delivery_complete(self, event: DeliveryComplete) -> None:
        event.prevent_default()  # Textual's own words are markup
        if event.path:
            with suppress(OSError):
                event.path.chmod(0o600)  # a token may be on it
            self.notify(f"saved to {event.path}")

    def _fatal_error(self) -> None:
        """Leave after a fault of ours. Textual's own words would show every local variable, and
        tokens are among them; it has no public way to others."""
        import traceback

        from rich.text import Text

        self.panic(Text(visible(self._redacted(traceback.format_exc()), lines=True)))

    def _redacted(self, text: str) -> str:
        """`text` without the secrets of the walk on screen."""
        walk = getattr(self.screen_stack[0], "walk", None) if self.screen_stack else None
        if walk is None:
            return text
        from flows.store import redactor_of

        return redactor_of(walk.session).text(text)

    def report_problem(self, error: BaseException, doing: str) -> None:
        """Show an exception nobody expected, with a text to copy. The app goes on."""
        import platform
        import traceback

        from flows import __version__
        from tui.screens.dialogs import TextDialog

        system = f"authwalk {__version__}, Python {platform.python_version()}, {sys.platform}"
        trace = self._redacted("".join(traceback.format_exception(error)))
        self.push_screen(
            TextDialog(
                "A fault in authwalk",
                f"{system}\nwhile {doing}\n\n{trace}",
                lead=f"Something went wrong while {doing}. The walk is kept and can go on.",
                file_name="authwalk-problem.txt",
            )
        )
