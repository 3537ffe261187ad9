"""Boxes that cost little: one that fits what is in it, and one whose border says what that is."""

from __future__ import annotations

from functools import lru_cache
from typing import Self

from rich.color import Color
from rich.style import Style
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.renderables.blank import Blank
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import ContentSwitcher


class Unscrolled(Widget):
    """A box that has no scroll bars. Textual lays out the screen a second time wherever the first
    changed what there is to scroll."""

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        return super()._size_updated(size, virtual_size, container_size, layout=False)


class Box(Unscrolled):
    """A box without border, padding and words of its own, which is drawn as one line for them all:
    Textual draws all of it behind what is in it, line by line."""

    def render_lines(self, crop: Region) -> list[Strip]:
        ground = self.background_colors[1]
        line = _blank(crop.width, ground.rich_color)
        for line_filter in self.get_line_filters():
            line = line.apply_filter(line_filter, ground)
        return [line] * crop.height


@lru_cache(64)
def _blank(width: int, ground: Color) -> Strip:
    return Strip.blank(width, Style(bgcolor=ground))


class Columns(Horizontal, Box):
    """Widgets beside each other."""


class Rows(Vertical, Box):
    """Widgets below each other."""


class Switcher(Box, ContentSwitcher):
    """One of several widgets, each as large as the box."""


class Frame(Unscrolled, Vertical):
    """A box with a border and no words of its own. Textual draws it line by line, and all of it
    when a title changes; here one line stands for all between the borders, and new titles have the
    border alone drawn."""

    _titling = False

    def render(self) -> Blank:
        return Blank(self.background_colors[1])  # Textual has an empty box say its own name

    def render_lines(self, crop: Region) -> list[Strip]:
        draw, between = super().render_lines, range(1, self.outer_size.height - 1)
        rows = [between.start if y in between else y for y in crop.line_range]
        lines = {y: draw(Region(crop.x, y, crop.width, 1))[0] for y in set(rows)}
        return [lines[y] for y in rows]

    def set_titles(self, title: Content, subtitle: Content) -> None:
        """Say what the pane shows, on its upper and its lower border."""
        self._titling = True
        if title.markup != self.border_title:
            self.border_title = title
        if subtitle.markup != (self.border_subtitle or ""):
            self.border_subtitle = subtitle
        self._titling = False

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        if self._titling:
            width, height = self.outer_size
            regions = Region(-1, -1, width, 1), Region(-1, height - 2, width, 1)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
