"""A scroll bar that is drawn with the lines it stands beside: as a widget of its own it would cost
as much as the lines, and a layout of the screen whenever it came or went."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple, Self

from rich.segment import Segment
from rich.style import Style
from textual.events import Leave, MouseDown, MouseEvent, MouseMove, MouseUp
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

BAR = 1
"""Columns of the bar, at the right edge; they are kept free where there is nothing to scroll."""


class Painted(NamedTuple):
    """What all lines of one painting share: the columns of text, and the lines of the thumb."""

    width: int
    thumb: range


class Barred(ScrollView):
    """Lines to scroll, and a bar beside them that tells where one is. It can be dragged; above and
    below its thumb a press turns a page."""

    DEFAULT_CSS = """
    Barred {
        overflow-x: hidden;
        overflow-y: hidden;  /* no bar of Textual's */
        scrollbar-size-horizontal: 1;
    }
    """

    _over = False
    """Whether the mouse is on the bar."""
    _grabbed: int | None = None
    """The line of the thumb that is held."""
    _bar: tuple[Segment, Segment] | None = None
    """A line of the thumb, and one beside which there is none."""
    _painted: Painted | None = None
    _lines_at: tuple[Size, Offset] | None = None

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        self._lines: dict[int, Strip] = {}
        """The lines of the screen that need not be drawn again."""
        super().__init__(id=id, classes=classes)

    @property
    def allow_vertical_scroll(self) -> bool:
        # Before it is laid out it has one line, and what is above it would be out of sight.
        return bool(self.size) and not self.is_disabled

    @property
    def allow_select(self) -> bool:
        return super().allow_select and not self._over

    @property
    def text_size(self) -> Size:
        """The room for lines."""
        return self.scrollable_size - Size(BAR, 0)

    @property
    def thumb(self) -> range:
        """The lines of the bar that stand for what is on screen; none where all of it is."""
        height, rows = self.scrollable_size.height, self.virtual_size.height
        if not 0 < height < rows:
            return range(0)
        size = max(1, height * height // rows)
        start = round(self.scroll_offset.y * (height - size) / (rows - height))
        return range(start, start + size)

    def fit(self, extent: Size) -> None:
        """Say how far there is to scroll. Textual would lay out the whole screen each time; that
        is needed only where the height follows the rows, or the lower scroll bar comes or goes."""
        wide = extent.width > self.scrollable_size.width
        if self.styles.auto_dimensions or wide != self.show_horizontal_scrollbar:
            self.virtual_size = extent
        elif extent != self.virtual_size:
            self.set_reactive(Barred.virtual_size, extent)
            if wide:
                self.horizontal_scrollbar.window_virtual_size = extent.width
            self.scroll_to(self.scroll_x, self.scroll_y, animate=False)  # no further than it goes
            self._redraw_bar()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they were drawn. Textual takes each apart to put it in a border, and loses
        what it keeps of it: how it is cut by other widgets, and its escape codes."""
        self._painted = None
        if (now := (self.size, self.scroll_offset)) != self._lines_at:
            self._lines_at = now
            self._lines.clear()
        if self.styles.gutter or self.opacity < 1 or crop.column_span != (0, self.region.width):
            return super().render_lines(crop)
        for y in crop.line_range:
            if y not in self._lines:
                self._lines[y] = self.render_line(y)
        lines, ground = [self._lines[y] for y in crop.line_range], self.background_colors[1]
        for line_filter in self.get_line_filters():
            lines = [line.apply_filter(line_filter, ground) for line in lines]
        return lines

    @property
    def painted(self) -> Painted:
        """Made once for all lines of a painting."""
        if self._painted is None:
            self._painted = Painted(self.text_size.width, self.thumb)
        return self._painted

    def edge(self, y: int) -> Segment:
        """What the bar has on a line of the screen."""
        if self._bar is None:
            styles, ground = self.styles, self.background_colors[1]
            held = self._grabbed is not None
            over = styles.scrollbar_color_hover if self._over else styles.scrollbar_color
            color = ground + (styles.scrollbar_color_active if held else over)
            look = Style.from_color(color.rich_color, ground.rich_color)
            thumb = Segment(" ", look + Style(reverse=True))  # seen without colour, too
            self._bar = thumb, Segment(" ", look)
        return self._bar[y not in self.painted.thumb]

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        for y in chain.from_iterable(region.line_range for region in regions):
            self._lines.pop(y, None)
        if not regions:
            self._lines.clear()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._lines.clear()
        self._bar = None

    def _redraw_bar(self) -> None:
        self._bar = None
        width, height = self.scrollable_size
        self.refresh(Region(width - BAR, 0, BAR, height))

    def line_under(self, event: MouseEvent) -> int | None:
        """The line of the screen that the mouse is on; None on the bar, or outside."""
        at = event.get_content_offset(self)
        return None if at is None or at.x >= self.text_size.width else at.y

    def on_mouse_move(self, event: MouseMove) -> None:
        at = event.get_content_offset_capture(self)
        if self._grabbed is not None:
            way = max(1, self.scrollable_size.height - len(self.thumb))
            self.scroll_to(y=(at.y - self._grabbed) * self.max_scroll_y / way, animate=False)
        elif (over := bool(self.thumb) and at.x >= self.text_size.width) != self._over:
            self._over = over
            self._redraw_bar()

    def on_leave(self, event: Leave) -> None:
        if self._over and self._grabbed is None:
            self._over = False
            self._redraw_bar()

    def on_mouse_down(self, event: MouseDown) -> None:
        at, thumb = event.get_content_offset(self), self.thumb
        if at is None or not thumb or at.x < self.text_size.width:
            return
        event.stop()
        if at.y in thumb:
            self._grabbed = at.y - thumb.start
            self.capture_mouse()
            self._redraw_bar()
        elif at.y < thumb.start:
            self.scroll_page_up(animate=False)
        else:
            self.scroll_page_down(animate=False)

    def on_mouse_up(self, event: MouseUp) -> None:
        if self._grabbed is not None:
            event.stop()
            self._grabbed = None
            self.release_mouse()
            self._redraw_bar()
