"""Themes beside Textual's own."""

from __future__ import annotations

from textual.theme import Theme

CONTRAST = Theme(
    name="authwalk-contrast",
    primary="#5fd7ff",
    secondary="#ffd75f",
    accent="#ff87ff",
    warning="#ffd700",
    error="#ff8787",
    success="#87ff87",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#262626",
    text_alpha=1.0,
    variables={
        "border": "#5fd7ff",
        "border-blurred": "#9e9e9e",
        "text-muted": "#d0d0d0",
        "text-disabled": "#bcbcbc",
        "footer-background": "#262626",
        "footer-description-foreground": "#ffffff",
    },
)
