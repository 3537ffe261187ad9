"""Themes beside Textual's own, and Textual's own made legible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

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
        "input-selection-background": "#00406a",
    },
)

# The sixteen colours are the terminal's own. Blue on black and green, cyan or yellow on white are
# read in hardly any of its palettes; what is well then stands in the plain colour of the text.
ANSI_DARK = replace(
    BUILTIN_THEMES["ansi-dark"],
    primary="ansi_cyan",
    secondary="ansi_bright_cyan",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    success="ansi_bright_green",
    accent="ansi_bright_magenta",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        "border": "ansi_bright_magenta",
        "footer-key-foreground": "ansi_bright_magenta",
        "input-selection-background": "ansi_cyan",
    },
)
ANSI_LIGHT = replace(
    BUILTIN_THEMES["ansi-light"],
    secondary="ansi_blue",
    warning="ansi_magenta",
    success="ansi_default",
    variables={
        **BUILTIN_THEMES["ansi-light"].variables,
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
    },
)
OWN = (CONTRAST, ANSI_DARK, ANSI_LIGHT)

HUES = ("primary", "secondary", "warning", "error", "success", "accent")
LEAST, LEAST_HIGH = 4.5, 7.0
"""The contrast of text that WCAG asks for, AA and AAA."""
_MUTED = {"text-muted": 0.65, "text-disabled": 0.5}
_BLURRED = 0.2  # of the primary colour, behind a row under a cursor without the focus


def fitting(color_system: str | None) -> str:
    """The theme for a terminal whose person chose none; "" for the default. Mixed colours that
    are rounded to sixteen are not told apart."""
    return ANSI_DARK.name if color_system == "standard" else ""


def least(theme: Theme) -> float:
    return LEAST_HIGH if theme.name == CONTRAST.name else LEAST


def legible(variables: Mapping[str, str], at_least: float) -> dict[str, str]:
    """The variables of a theme of mixed colours, with every colour of text moved away from
    what it may stand on until it is read. Muted colours, in Textual a share of whatever is
    behind, become colours like all others."""
    made = dict(variables)
    for hue in HUES:  # a button, and the cursor
        made[hue] = _under_text(Color.parse(made[hue]), at_least).hex
    made["button-color-foreground"] = "auto"
    cursor = _under_text(Color.parse(made["block-cursor-background"]), at_least)
    made["block-cursor-background"] = cursor.hex
    made["block-cursor-foreground"] = cursor.get_contrast_text(1.0).hex
    made["block-cursor-blurred-background"] = Color.parse(made["primary"]).with_alpha(_BLURRED).hex
    backs = grounds(made)
    for name in ("foreground", *(f"text-{hue}" for hue in HUES)):
        made[name] = _read_on(Color.parse(made[name]), backs, at_least).hex
    made["block-cursor-blurred-foreground"] = made["foreground"]
    page, ink = Color.parse(made["background"]), Color.parse(made["foreground"])
    for name, share in _MUTED.items():
        own = page.blend(ink, share) if made[name].startswith("auto") else Color.parse(made[name])
        made[name] = _read_on(own, backs, at_least).hex
    footer = page + Color.parse(made["footer-background"])
    for name in ("footer-foreground", "footer-key-foreground", "footer-description-foreground"):
        made[name] = _read_on(Color.parse(made[name]), (footer,), at_least).hex
    return made


def grounds(variables: Mapping[str, str]) -> tuple[Color, ...]:
    """All that text of any colour stands on."""
    page, surface = (Color.parse(variables[name]) for name in ("background", "surface"))
    panel = page + Color.parse(variables["panel"])
    boost, cursor = (
        Color.parse(variables[name]) for name in ("boost", "block-cursor-blurred-background")
    )
    return (
        page,
        surface,
        panel,
        *(back + over for back in (page, surface) for over in (boost, cursor)),
    )


def _read_on(text: Color, backs: tuple[Color, ...], at_least: float) -> Color:
    return _moved(text, backs[0].get_contrast_text(1.0), backs, at_least)


def _under_text(back: Color, at_least: float) -> Color:
    text = back.get_contrast_text(1.0)
    return _moved(back, text.inverse, (text,), at_least)


def _moved(color: Color, towards: Color, others: tuple[Color, ...], at_least: float) -> Color:
    """The colour, or the first one on the way that stands out from all the others."""
    steps = (color.blend(towards, step / 40, alpha=1.0) for step in range(41))
    enough = (one for one in steps if min(contrast(one, other) for other in others) >= at_least)
    return next(enough, towards)


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
