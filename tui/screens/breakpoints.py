"""The classes of a screen's width and height, known before its first layout."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def breakpoint_classes(screen: Screen[Any]) -> list[str]:
    """Those that Textual would find at the size of the app: of each direction the last that the
    screen is large enough for."""
    sizes = zip(
        screen.app.size, (screen.HORIZONTAL_BREAKPOINTS, screen.VERTICAL_BREAKPOINTS), strict=True
    )
    return [
        [name for at, name in breakpoints if size >= at][-1]
        for size, breakpoints in sizes
        if breakpoints
    ]
