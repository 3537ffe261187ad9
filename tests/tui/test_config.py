"""Settings and keys of a person: files that are wrong change nothing and are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.wire import WireOptions
from tests.tui.walking import LOW, on_lab, words
from tui import config
from tui.all_keys import all_keys, panes
from tui.app import AuthwalkApp
from tui.config import Settings, load_keys, load_settings, save_settings
from tui.screens.settings import SettingsDialog
from tui.screens.walk import WalkScreen
from tui.widgets.choice import Choice
from tui.widgets.start_fields import HostChoice

KNOWN = {"walk.next": "Walk", "walk.edit": "Walk", "start.demo": "Start"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "folder", lambda: tmp_path)
    return tmp_path


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    chosen = Settings(theme="nord", host="chatgpt", journal=False)
    save_settings(path, chosen)
    assert load_settings(path) == (chosen, ())
    assert path.read_text() == 'theme = "nord"\nhost = "chatgpt"\njournal = false\n'
    assert load_settings(tmp_path / "none.toml") == (Settings(), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("theme = 3", "theme is a text"),
        ('mouse = "no"', "mouse is true or false"),
        ('teme = "nord"', "there is no teme: did you mean theme"),
        ("theme = ", "is no TOML"),
    ],
)
def test_a_setting_that_is_wrong_is_told_and_the_rest_holds(
    text: str, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'host = "claude"\n{text}\n')
    settings, problems = load_settings(path)
    assert problem in problems[0] and len(problems) == 1
    assert settings == (Settings(host="claude") if "TOML" not in problem else Settings())


@pytest.mark.parametrize(
    ("text", "keymap", "problem"),
    [
        ('"walk.next" = "n, ctrl+n"', {"walk.next": "n,ctrl+n"}, ""),
        ('walk.next = "f5"', {"walk.next": "f5"}, ""),
        ('"walk.nxt" = "n"', {}, "there is no walk.nxt: did you mean walk.next"),
        ('"walk.next" = "enterr"', {}, "walk.next wants keys"),
        ('"walk.next" = "strg+n"', {}, "walk.next wants keys"),
        ('"walk.next" = ""', {}, "walk.next wants keys"),
        ('"walk.next" = 3', {}, "walk.next wants keys"),
        (
            '"walk.next" = "n"\n"walk.edit" = "n"',
            {"walk.next": "n"},
            "walk.edit and walk.next want the same key",
        ),
        (
            '"walk.next" = "n"\n"start.demo" = "n"',
            {"walk.next": "n", "start.demo": "n"},
            "",
        ),
        ('"walk.next" = "question_mark,+"', {"walk.next": "question_mark,+"}, ""),
    ],
)
def test_keys_are_taken_by_the_id_of_what_they_do(
    text: str, keymap: dict[str, str], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    found, problems = load_keys(path, KNOWN)
    assert found == keymap
    assert [problem in one for one in problems] == ([True] if problem else [])


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_file_is_read_or_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.toml"
    path.write_text(text, "utf-8", errors="replace")
    load_settings(path)
    load_keys(path, KNOWN)


def test_every_action_of_the_app_has_an_id_and_words() -> None:
    entries = all_keys()
    assert {"app.quit", "walk.next", "start.demo", "body.collapse", "hosts.walk"} <= set(panes())
    assert [entry.id for entry in entries if not (entry.tooltip and entry.keys)] == []
    assert entries[0].pane == "Everywhere"


async def test_a_key_of_ones_own_does_what_it_says(own: Path) -> None:
    (own / "keys.toml").write_text('"walk.next" = "j"\n"walk.token" = "k"\n"walk.nothing" = "x"\n')
    async with on_lab(size=LOW) as w:
        await w.until(lambda: "there is no walk.nothing" in words(w.app))
        assert " j Next" in w.keys
        side = w.screen.query_one("#token-pane")
        assert str(side.border_subtitle) == "paste any: k k · larger: T"
        w.screen.query_one("#middle").focus()
        await w.press("f6")
        assert not w.events
        w.screen.action_middle()
        await w.press("j")
        assert isinstance(w.app.screen, WalkScreen)


async def test_settings_are_chosen_seen_and_kept(own: Path) -> None:
    app = AuthwalkApp(WireOptions())
    async with app.run_test(size=LOW) as pilot:
        await pilot.press("f10")
        await pilot.pause()
        assert isinstance(app.screen, SettingsDialog)
        theme = app.theme
        app.screen.query_one("#theme", Choice).choose("nord")
        await pilot.pause()
        assert app.theme == "nord"
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == theme and not (own / "settings.toml").exists()
        await pilot.press("f10")
        await pilot.pause()
        app.screen.query_one("#host", Choice).choose("cursor")
        app.screen.query_one("#accept").focus()
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
    assert load_settings(own / "settings.toml")[0].host == "cursor"


async def test_the_start_screen_begins_with_what_was_set() -> None:
    settings = Settings(theme="nord", host="vscode", protocol="2025-06-18")
    app = AuthwalkApp(WireOptions(), settings=settings, problems=["settings.toml: no"])
    async with app.run_test(size=LOW, notifications=True) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.theme == "nord"
        assert app.screen.query_one(HostChoice).value == "vscode"
        assert app.screen.query_one("#protocol", Choice).value == "2025-06-18"
        assert "settings.toml: no" in words(app)


async def test_a_theme_chosen_in_the_palette_is_kept(own: Path) -> None:
    app = AuthwalkApp(WireOptions())
    async with app.run_test(size=LOW) as pilot:
        app.action_change_theme()
        await pilot.press(*"nord")
        await pilot.pause(0.2)
        await pilot.press("enter")
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert app.theme == app.settings.theme == "nord"
        assert (own / "settings.toml").read_text() == 'theme = "nord"\n'
