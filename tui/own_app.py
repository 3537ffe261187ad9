"""The app with a person's own settings and keys."""

from __future__ import annotations

from dataclasses import replace

from textual import work

from tui import config
from tui.config import Settings
from tui.voice import SpeakingApp


class OwnApp(SpeakingApp):
    """`settings` are those of the file, or of the person since; keys are taken once painted."""

    settings: Settings

    def search_themes(self) -> None:
        """Let a person choose a theme in the palette; it is kept as in the settings."""
        from textual.command import CommandPalette

        from tui.palette import KeptThemes

        themes = CommandPalette([KeptThemes], placeholder="Search for themes…")
        self.push_screen(themes)

    def choose_theme(self, name: str) -> None:
        self.theme = name
        self.keep(theme=name)

    def take_keys(self) -> None:
        """Put the person's own keys in place. Runs in a thread: to know every id takes every
        screen."""
        path = config.folder() / "keys.toml"
        if not path.is_file():
            return
        from tui.all_keys import panes

        keymap, problems = config.load_keys(path, panes())
        self.call_from_thread(self.set_keymap, keymap)
        for words in problems:
            self.call_from_thread(self.say_problem, words)

    def say_problem(self, words: str) -> None:
        self.notify(words, title="Not used", severity="warning", timeout=10)

    def action_settings(self) -> None:
        from tui.screens.settings import SettingsDialog

        self.push_screen(SettingsDialog(self.settings))

    def keep(self, **changed: object) -> None:
        """Change settings, for the next start too; a file that cannot be written is told."""
        self.settings = replace(self.settings, **changed)  # type: ignore[arg-type]
        self._save_settings()

    @work(thread=True, exit_on_error=False)
    def _save_settings(self) -> None:
        path = config.folder() / "settings.toml"
        try:
            config.save_settings(path, self.settings)
        except OSError as error:
            words = f"{path}: {error.strerror or error}"
            self.call_from_thread(self.notify, words, severity="error")
