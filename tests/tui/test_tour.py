"""The first minute: somebody who has never seen it comes to a finished walk on the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.wire import WireOptions
from tests.tui.walking import LOW, Walking, screen_lines, words
from tui import config
from tui.app import AuthwalkApp
from tui.config import load_settings
from tui.screens.walk import WalkScreen
from tui.widgets.tool_form import ToolForm


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "folder", lambda: tmp_path)
    return tmp_path


def told(app: AuthwalkApp) -> str:
    """The line of the tour, or "" where there is none."""
    line = screen_lines(app)[-3].strip()
    return line if "/11 " in line[:6] else ""


async def test_the_keys_that_the_tour_names_lead_through_the_walk(own: Path) -> None:
    app = AuthwalkApp(WireOptions())
    async with app.run_test(size=LOW) as pilot:
        app.animation_level = "none"
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "ctrl+d walks practice servers" in words(app) or "ago" in words(app)
        await pilot.press("ctrl+d")
        await app.workers.wait_for_complete()
        walking = Walking(app, pilot, [])
        await walking.until(lambda: app.screen.query(ToolForm))
        await walking.settle()
        numbers = []
        for key, line in (
            ("enter", "Not sent yet"),
            ("enter", "401"),
            ("enter", "who issues its tokens"),
            ("enter", "Its endpoints"),
            ("enter", "keys to check tokens"),
            ("enter", "a client now"),
            ("a", "its hash goes out"),
            ("A", "Here a person logs in"),
            ("enter", "works once"),
            ("a", "taken apart"),
        ):
            assert line in told(app) and told(app).endswith("f3 hides tips")
            numbers.append(int(told(app).partition("/")[0]))
            while line in told(app):  # the first enter may only go to the step
                await walking.press(key)
        assert "Break it" in told(app) and numbers == [*range(1, 11)]
        await walking.until(lambda: not load_settings(own / "settings.toml")[0].tour)


async def test_it_ends_by_a_key_and_is_shown_on_demand(own: Path) -> None:
    app = AuthwalkApp(WireOptions(), demo_faults=(), demo_tour=True)
    async with app.run_test(size=LOW) as pilot:
        app.animation_level = "none"
        await pilot.pause()
        await app.workers.wait_for_complete()
        walking = Walking(app, pilot, [])
        await walking.until(lambda: app.screen.query(ToolForm))
        assert told(app)
        await walking.press("f3")
        assert not told(app) and isinstance(app.screen, WalkScreen)
        assert not app.screen.check_action("end_tour", ())
