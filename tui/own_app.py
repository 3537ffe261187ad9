"""The app with a person's own settings and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import work
from textual.filter import LineFilter, Monochrome, NoColor
from textual.reactive import reactive

from tui import config
from tui.config import Settings
from tui.hint_keys import HintKeys, hint_keys
from tui.key_order import OrderedKeys
from tui.themes import OWN, fitting, least, legible
from tui.voice import SpeakingApp


class OwnApp(OrderedKeys, SpeakingApp):
    """`settings` are those of the file, or of the person since; keys are taken once painted."""

    settings: Settings
    hint_keys = reactive(HintKeys())

    def take_theme(self) -> None:
        """Put on the theme of the settings, or what fits the terminal."""
        for theme in OWN:
            self.register_theme(theme)
        # Without a terminal there is none to fit: pictures and tests are of one theme everywhere.
        fits = "" if self.is_headless else fitting(self.console.color_system)
        if (chosen := self.settings.theme or fits) in self.available_themes:
            self.theme = chosen

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        if not self.current_theme.ansi:
            variables = legible(variables, least(self.current_theme))
            self.theme_variables = variables
        return variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual picks the filter of NO_COLOR once, by the theme that it starts with; shades of
        grey made of the terminal's own colours would be black on black."""
        filters = super().get_line_filters()
        if not self.native_ansi_color:
            return filters
        return [NoColor() if isinstance(one, Monochrome) else one for one in filters]

    def action_command_palette(self) -> None:
        """Textual opens a second one above a screen that covers the first, and breaks."""
        from textual.command import CommandPalette

        if not any(isinstance(screen, CommandPalette) for screen in self.screen_stack):
            super().action_command_palette()

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
        self.call_from_thread(setattr, self, "hint_keys", hint_keys(keymap))
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
