"""Whether what is written can be read, in every theme."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.filter import Monochrome, NoColor
from textual.theme import BUILTIN_THEMES, Theme

from flows.wire import WireOptions
from tests.flows.world import World
from tests.tui.painted import leaves
from tests.tui.walking import WIDE
from tui.app import AuthwalkApp
from tui.config import Settings
from tui.themes import ANSI_DARK, ANSI_LIGHT, CONTRAST, HUES, contrast, fitting, grounds, least
from tui.themes import legible as made_legible
from tui.widgets.tool_form import ToolForm

MIXED = [CONTRAST, *(theme for theme in BUILTIN_THEMES.values() if not theme.ansi)]
BOXES = "│╭╮╰╯─▌▎▁▂▃▄▅▆▇█▔▐▕▏━╸╺ "


def variables_of(theme: Theme) -> dict[str, str]:
    return made_legible({**theme.to_color_system().generate(), **theme.variables}, least(theme))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(Color.parse("white"), Color.parse("black")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", MIXED, ids=lambda theme: theme.name)
def test_every_colour_of_text_is_read_on_all_it_stands_on(theme: Theme) -> None:
    made = variables_of(theme)
    words = ("foreground", "text-muted", "text-disabled", *(f"text-{hue}" for hue in HUES))
    found = {
        name: min(contrast(Color.parse(made[name]), back) for back in grounds(made))
        for name in words
    }
    cursor = (Color.parse(made[f"block-cursor-{part}"]) for part in ("foreground", "background"))
    found["cursor"] = contrast(*cursor)
    assert {name: ratio for name, ratio in found.items() if ratio < least(theme)} == {}


def test_the_colours_of_a_theme_stay_apart() -> None:
    made = variables_of(BUILTIN_THEMES["textual-light"])
    assert len({made[f"text-{hue}"] for hue in ("error", "warning", "success", "primary")}) == 4


def painted_below(app: AuthwalkApp, ratio: float) -> set[str]:
    """The pieces of text on the screen with less contrast than that."""
    found = set()
    lines = (w.render_line(y) for w in leaves(app.screen) for y in range(w.size.height))
    for strip in lines:
        for text, style, _ in strip:
            if not text.strip(BOXES) or not style or not style.color or not style.bgcolor:
                continue
            front, back = map(Color.from_rich_color, (style.color, style.bgcolor))
            if contrast(front, back) < ratio:
                found.add(f"{text.strip()}: {front.hex} on {back.hex}")
    return found


async def test_a_walk_is_painted_so_in_dark_light_and_high_contrast() -> None:
    world = World()
    world.walk(until="connect")
    app = AuthwalkApp(WireOptions(), session=world.session)
    async with app.run_test(size=WIDE) as pilot:
        while not app.screen.query(ToolForm):
            await pilot.pause(0.01)
        app.animation_level = "none"
        for theme in ("textual-dark", "textual-light", CONTRAST.name):
            app.theme = theme
            await pilot.pause()
            assert painted_below(app, least(app.current_theme)) == set(), theme


# The sixteen colours of the terminal


def test_a_terminal_of_sixteen_colours_has_them_as_they_are() -> None:
    assert fitting("standard") == ANSI_DARK.name
    assert fitting("256") == fitting("truecolor") == fitting(None) == ""


@pytest.mark.parametrize("theme", [ANSI_DARK.name, ANSI_LIGHT.name])
async def test_no_color_with_the_terminals_own_colours(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = AuthwalkApp(WireOptions(), settings=Settings(theme=theme))
    async with app.run_test() as pilot:
        await pilot.pause()
        kinds = [type(one) for one in app.get_line_filters()]
        assert NoColor in kinds and Monochrome not in kinds
        app.theme = "textual-dark"
        await pilot.pause()
        assert Monochrome in [type(one) for one in app.get_line_filters()]
