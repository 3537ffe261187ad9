"""The app around its screens: floor, help, palette, toasts, clipboard, dialogs, the lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from flows.lab.faults import FAULTS
from flows.session import CAPABILITIES, Target
from flows.store import save
from flows.text import visible
from flows.walk import new_session
from flows.wire import WireOptions
from tests.flows.test_har import story
from tests.hostile import HOSTILE
from tests.tui.walking import LOW, on_lab
from tui.app import AuthwalkApp
from tui.commands import Failure
from tui.commands import app as command
from tui.commands.app import open_on, refusal
from tui.palette import ActionProvider
from tui.screens.dialogs import Confirm, Dialog, PromptDialog, SaveChoice, SaveDialog, TextDialog
from tui.screens.faults import FaultPicker
from tui.screens.help import HelpScreen, key_groups
from tui.screens.start import StartScreen
from tui.screens.too_small import TooSmall
from tui.screens.walk import WalkScreen
from tui.themes import CONTRAST
from tui.widgets.choice import Choice
from tui.widgets.list_view import LineList

SIZES = [(140, 44), (100, 30), (80, 24)]
TARGET = Target("http://127.0.0.1:9/mcp", declare=CAPABILITIES)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def on_top(app: AuthwalkApp) -> Screen[Any]:
    """The screen that is shown now; a call, so that a type checker does not remember the last."""
    return app.screen


def an_app(**options: Any) -> AuthwalkApp:
    return AuthwalkApp(WireOptions(), **options)


# Screens


async def test_the_first_screen_is_start() -> None:
    async with (app := an_app()).run_test():
        assert isinstance(on_top(app), StartScreen) and len(app.screen_stack) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_with_a_session_the_first_screen_is_its_walk(size: tuple[int, int]) -> None:
    session = new_session(TARGET)
    async with (app := an_app(session=session)).run_test(size=size):
        screen = on_top(app)
        assert isinstance(screen, WalkScreen) and len(app.screen_stack) == 1
        assert screen.walk.session is session


async def test_to_a_walk_and_back_to_the_start() -> None:
    async with (app := an_app()).run_test() as pilot:
        await pilot.press(*"127.0.0.1:9/mcp", "enter")
        await pilot.pause()
        screen = on_top(app)
        assert isinstance(screen, WalkScreen) and screen.walk.session.target == TARGET
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen) and len(app.screen_stack) == 1


async def test_a_saved_session_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "kept.toml"
    save(path, new_session(TARGET))
    async with (app := an_app()).run_test() as pilot:
        app.open_file(path)
        await app.workers.wait_for_complete()
        await pilot.pause()
        screen = on_top(app)
        assert isinstance(screen, WalkScreen) and screen.path == path


async def test_a_broken_session_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "[b] broken.toml"
    path.write_text("version = 1\n[[[")
    async with (app := an_app()).run_test() as pilot:
        app.open_file(path)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "broken.toml" in str(app.screen.query_one("#words", Label).content)


async def test_a_browsers_record_is_opened_as_a_walk_that_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "chatgpt.com.har"
    path.write_bytes(story())
    async with (app := an_app()).run_test() as pilot:
        app.open_file(path)
        await app.workers.wait_for_complete()
        await pilot.pause()
        screen = on_top(app)
        assert isinstance(screen, WalkScreen) and screen.path is None
        assert screen.walk.session.imported


@pytest.mark.parametrize("content", [b"{}", b"not JSON", b""])
async def test_a_record_that_is_none_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "[b] broken.har"
    path.write_bytes(content)
    async with (app := an_app()).run_test() as pilot:
        app.open_file(path)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "broken.har" in str(app.screen.query_one("#words", Label).content)


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (10, 3)])
async def test_below_the_floor_there_is_a_message(size: tuple[int, int]) -> None:
    async with (app := an_app()).run_test(size=size) as pilot:
        await pilot.pause()
        assert isinstance(on_top(app), TooSmall)
        assert f"{size[0]} x {size[1]}" in str(app.screen.query_one(Static).content)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert isinstance(on_top(app), TooSmall)
        await pilot.press("ctrl+q")
    assert not app.is_running


async def test_what_lies_above_the_message_does_not_keep_it_from_leaving() -> None:
    async with (app := an_app()).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(50, 10)
        await pilot.press("ctrl+p")
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen) and len(app.screen_stack) == 1


async def test_one_palette_at_a_time() -> None:
    async with (app := an_app()).run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.resize_terminal(50, 10)
        await pilot.press("ctrl+p")
        await pilot.pause()
        palettes = [screen for screen in app.screen_stack if isinstance(screen, CommandPalette)]
        assert len(palettes) == 1


# Leaving


async def test_ctrl_q_quits() -> None:
    async with (app := an_app()).run_test() as pilot:
        await pilot.press("ctrl+q")
    assert app.return_code == 0


@pytest.mark.parametrize(("keys", "left"), [("n", False), ("y", True), ("ctrl+q", True)])
async def test_an_unsaved_walk_is_asked_about(keys: str, left: bool) -> None:
    async with (app := an_app(session=new_session(TARGET))).run_test() as pilot:
        screen = on_top(app)
        assert isinstance(screen, WalkScreen)
        screen.walk.answer("client", client_id="x")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert isinstance(on_top(app), Confirm)
        await pilot.press(keys)
        await pilot.pause()
        assert (app.return_code == 0) is left


# Help and palette


async def test_help_lists_the_bindings_of_pane_screen_and_app() -> None:
    async with (app := an_app()).run_test() as pilot:
        await pilot.press("f1")
        await pilot.pause()
        screen = on_top(app)
        assert isinstance(screen, HelpScreen)
        titles = [group.title for group in screen.groups]
        assert titles[:3] == ["URL", "Start", "Everywhere"]
        rows = {row.id: row for group in screen.groups for row in group.rows if row.id}
        assert rows["start.demo"].keys == ("ctrl+d",)
        assert rows["app.help"].tooltip == "List the keys that work here"
        shown = str(app.screen.query_one("#keys", Static).content)
        assert all(row.title in shown for row in rows.values())
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen)


async def test_every_key_of_ours_has_an_id_and_a_tooltip() -> None:
    screens: list[Screen[Any]] = [
        Confirm("?"),
        PromptDialog("a", "b"),
        SaveDialog(Path("x")),
        TextDialog("a", "b"),
        FaultPicker(),
    ]
    async with (app := an_app()).run_test() as pilot:
        for screen in (None, *screens):
            if screen:
                app.push_screen(screen)
                await pilot.pause()
            for node, binding, _, _ in app.screen.active_bindings.values():
                if type(node).__module__.startswith("tui.") and binding.id is None:
                    inherited = {b for base in type(node).__mro__ for b in _textuals(base)}
                    assert (binding.action in inherited) or binding.system, binding
                elif binding.id:
                    assert binding.tooltip, binding
            if screen:
                app.pop_screen()
                await pilot.pause()


def _textuals(base: type) -> set[str]:
    """The actions that a class of Textual's binds."""
    if not base.__module__.startswith("textual."):
        return set()
    return {getattr(binding, "action", "") for binding in base.__dict__.get("BINDINGS", ())}


@pytest.mark.parametrize(
    ("query", "title"),
    [("demo", "Demo"), ("practice servers", "Demo"), ("keys list", "Help"), ("colours", "Theme")],
)
async def test_the_palette_finds_actions_by_their_words(query: str, title: str) -> None:
    async with (app := an_app()).run_test():
        provider = ActionProvider(app.screen)
        hits = [hit async for hit in provider.search(query)]
        assert max(hits, key=lambda hit: hit.score).text == title
        assert [hit async for hit in provider.search("no such action")] == []


async def test_the_palette_runs_what_is_chosen() -> None:
    async with (app := an_app()).run_test() as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(on_top(app), CommandPalette)
        await pilot.press(*"keys that work")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(on_top(app), HelpScreen)


# Toasts and clipboard


async def test_hostile_toasts_are_only_shown() -> None:
    async with (app := an_app()).run_test(size=(80, 24), notifications=True) as pilot:
        for text in HOSTILE:
            app.notify(text, title=text, markup=True)
            await pilot.pause()
            toast = app.screen.query("Toast").last()
            drawn = "".join(str(toast.render()).splitlines())
            assert visible(drawn) == drawn
            if "@click" in text:
                await pilot.click(toast)
            app.clear_notifications()
        assert app.is_running and isinstance(on_top(app), StartScreen)


async def test_copying_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")
    async with (app := an_app()).run_test(notifications=True) as pilot:
        app.copy_to_clipboard("x" * 311 + "\ud800")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert str(app.screen.query("Toast").last().render()) == "copied 317 B by OSC 52"
        assert app.clipboard == "x" * 311 + "\\ud800"


# Dialogs


async def _answer(dialog: Dialog[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> Any:
    app, answers = an_app(), list[Any]()
    async with app.run_test(size=size) as pilot:
        app.push_screen(dialog, answers.append)
        await pilot.pause()
        assert app.screen.region.contains_region(app.screen.query_one(".dialog").region)
        await pilot.press(*keys)
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen), "the dialog is still there"
    return answers[0]


@pytest.mark.parametrize(
    ("keys", "danger", "answer"),
    [
        (["enter"], False, True),
        (["enter"], True, False),
        (["right", "enter"], True, True),
        (["y"], True, True),
        (["n"], False, False),
        (["escape"], False, False),
        (["ctrl+g"], False, False),
    ],
)
async def test_confirm(keys: list[str], danger: bool, answer: bool) -> None:
    assert await _answer(Confirm("Send it?", danger=danger), *keys) is answer


async def test_prompt() -> None:
    def objection(value: str) -> str:
        return "" if value else "A client has an identifier."

    assert await _answer(PromptDialog("Client", "Identifier"), *"abc", "enter") == "abc"
    assert await _answer(PromptDialog("Client", "Identifier", value="x"), "ctrl+g") is None
    dialog = PromptDialog("Client", "Identifier", objection=objection)
    assert await _answer(dialog, "enter", "a", "enter") == "a"


async def test_prompt_for_a_secret_does_not_show_it() -> None:
    async with (app := an_app()).run_test() as pilot:
        app.push_screen(PromptDialog("Client", "Secret", secret=True))
        await pilot.pause()
        await pilot.press(*"hunter2")
        field = app.screen.query_one(Input)
        assert field.value == "hunter2" and "hunter2" not in field.render_line(0).text


async def test_save_leaves_secrets_out_by_default(tmp_path: Path) -> None:
    path = tmp_path / "walk.toml"
    assert await _answer(SaveDialog(path), "enter") == SaveChoice(path, with_secrets=False)
    assert await _answer(SaveDialog(path), "tab", "space", "shift+tab", "enter") == SaveChoice(
        path, with_secrets=True
    )
    assert await _answer(SaveDialog(path, secrets=False), "enter") == SaveChoice(path)


async def test_the_name_of_the_file_can_be_seen_where_the_path_is_long() -> None:
    path = Path("/a") / ("folder" * 20) / "mcp.example.com-2026-11-23.toml"
    for size in ((80, 24), (140, 44)):
        async with (app := an_app()).run_test(size=size) as pilot:
            app.push_screen(SaveDialog(path))
            await pilot.pause()
            await pilot.pause()
            assert path.name in app.export_screenshot()


async def test_save_warns_and_objects(tmp_path: Path) -> None:
    there = tmp_path / "there.toml"
    there.touch()
    async with (app := an_app()).run_test() as pilot:
        app.push_screen(SaveDialog(there))
        await pilot.pause()
        words = app.screen.query_one("#objection", Label)
        assert "replaced" in str(words.content)
        app.screen.query_one("#secrets", Choice).focus()
        await pilot.press("space")
        await pilot.pause()
        assert "act as you" in str(app.screen.query_one("#warning", Label).content)
        field = app.screen.query_one("#path", Input)
        for wrong, word in [
            ("", "needs a name"),
            (str(tmp_path), "needs a name"),
            (str(there / "below"), "not a folder"),
            ("x" * 5000, "too long"),
        ]:
            field.value = wrong
            field.focus()
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(on_top(app), SaveDialog) and word in str(words.content), wrong
        field.value = str(tmp_path / "new" / "walk.toml")
        await pilot.pause()
        assert "will be made" in str(words.content)


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
async def test_a_problem_becomes_a_text_to_copy(size: tuple[int, int]) -> None:
    async with (app := an_app()).run_test(size=size) as pilot:
        try:
            raise ValueError("\x1b[31m[/x] odd")
        except ValueError as error:
            app.report_problem(error, "sending the token request")
        await pilot.pause()
        dialog = app.screen
        assert isinstance(dialog, TextDialog)
        assert "while sending the token request" in dialog.text
        assert "ValueError: \\x1b[31m[/x] odd" in dialog.text
        assert dialog.region.contains_region(dialog.query_one(".dialog").region)
        await pilot.press("c")
        assert app.clipboard == dialog.text
        await pilot.press("ctrl+g")
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen)


@pytest.mark.parametrize("kind", ["confirm", "prompt", "text"])
async def test_hostile_dialogs_are_only_shown(kind: str) -> None:
    def dialog(text: str) -> Dialog[Any]:
        match kind:
            case "confirm":
                return Confirm(text, title=text, yes=text, no=text)
            case "prompt":
                return PromptDialog(text, text, value=text, placeholder=text, accept=text)
            case _:
                return TextDialog(text, text, lead=text)

    async with (app := an_app()).run_test(size=(80, 24)) as pilot:
        for text in HOSTILE:
            shown = dialog(text)
            app.push_screen(shown)
            await pilot.pause()
            assert app.screen is shown
            for widget in shown.query("Static, Label, Button, Input"):
                for y in range(widget.size.height):
                    drawn = widget.render_line(y).text
                    assert visible(drawn) == drawn
            if "@click" in text:
                await pilot.click(".dialog", offset=(5, 3))
            if app.screen is shown:
                await app.pop_screen()
        assert app.is_running and isinstance(on_top(app), StartScreen)


# The lab


async def test_faults_are_picked() -> None:
    first, second, *_ = FAULTS
    assert await _answer(FaultPicker(), "space", "down", "space", "enter") == (first, second)
    assert await _answer(FaultPicker([second]), "n", "enter") == ()
    assert await _answer(FaultPicker([second, first]), "enter") == (first, second)
    assert await _answer(FaultPicker([second]), "space", "ctrl+g") is None
    found = await _answer(
        FaultPicker(), "slash", *"audience is the client", "enter", "space", "enter"
    )
    assert found == ("aud-client-id",)


async def test_faults_that_no_word_finds() -> None:
    async with (app := an_app()).run_test() as pilot:
        app.push_screen(FaultPicker())
        await pilot.pause()
        await pilot.press("slash", *"qqq")
        await pilot.pause()
        assert app.screen.query_one("#faults", LineList).row_count == 0
        await pilot.press("enter", "space")
        assert isinstance(on_top(app), FaultPicker)


async def test_a_demo_is_a_walk_of_the_lab_and_ends_with_the_app() -> None:
    app = an_app(demo_faults=("missing-aud",))
    async with app.run_test() as pilot:
        assert isinstance(on_top(app), StartScreen)
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        screen = on_top(app)
        assert isinstance(screen, WalkScreen)
        lab = app.lab
        assert lab and lab.faults == ("missing-aud",)
        assert screen.lab is lab and screen.walk.session.target.url == lab.mcp_url
    assert not lab.running, "it ended with the app"


async def test_a_lab_that_does_not_start_is_said() -> None:
    async with (app := an_app(demo_faults=("no-such-fault",))).run_test() as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(on_top(app), StartScreen)
        assert "no-such-fault" in str(app.screen.query_one("#words", Label).content)


# Themes and terminals


@pytest.mark.parametrize("theme", [CONTRAST.name, "ansi-dark", "textual-light"])
async def test_every_screen_takes_every_theme(theme: str) -> None:
    async with (app := an_app()).run_test() as pilot:
        app.theme = theme
        app.push_screen(SaveDialog(Path("x")))
        await pilot.pause()
        assert app.current_theme.name == theme


@pytest.mark.parametrize(
    ("environ", "terminal", "word"),
    [
        ({"TERM": "xterm"}, True, ""),
        ({}, True, ""),
        ({"TERM": "dumb"}, True, "TERM=dumb"),
        ({"TERM": "xterm"}, False, "needs a terminal"),
        ({"TERM": "dumb", "TEXTUAL_DRIVER": "x"}, False, ""),
    ],
)
def test_where_the_app_can_run(environ: dict[str, str], terminal: bool, word: str) -> None:
    words = refusal(environ, terminal=terminal)
    assert word in words and bool(words) is bool(word)


def test_no_terminal_is_refused_kindly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Failure, match="authwalk run") as failed:
        open_on(wire_options=WireOptions())
    assert failed.value.status == 2


def test_a_session_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "refusal", lambda environ, *, terminal: "")
    with pytest.raises(Failure, match=r"none\.toml") as failed:
        open_on(session_path=tmp_path / "none.toml", wire_options=WireOptions())
    assert failed.value.status == 6


def test_keys_of_nobody() -> None:
    assert key_groups([]) == ()


PHRASES = {
    "quit": "Quit",
    "exit leave": "Quit",
    "help": "Help",
    "keys": "Help",
    "theme": "Theme",
    "colours": "Theme",
    "dark": "Settings",
    "mouse": "Settings",
    "new walk": "New walk",
    "another server": "New walk",
    "screenshot": "Screenshot",
    "picture": "Screenshot",
    "curl": "Curl",
    "copy curl": "Curl",
    "secrets real values": "Curl with secrets",
    "copy url": "Copy URL",
    "export": "Copy or save",
    "har script": "Copy or save",
    "report": "Report",
    "hand on": "Report",
    "save": "Save",
    "file": "Save",
    "token": "Token",
    "jwt claims": "Token, large",
    "diagram": "Sequence",
    "sequence": "Sequence",
    "next move": "Next",
    "again": "Rerun",
    "retry": "Rerun",
    "run to": "Run on",
    "back": "Step back",
    "undo": "Step back",
    "note": "Note",
    "comment": "Note",
    "compare": "Compare",
    "saved session": "Compare",
    "chatgpt claude": "Hosts",
    "hosts": "Hosts",
    "probe": "Probe wider",
    "whole screen": "Maximise",
    "zoom": "Maximise",
    "step list": "Steps",
    "explain": "Explain",
    "search": "Search",
    "hex bytes": "View",
}
"""What a person may type, and the action that they mean."""


async def test_the_palette_knows_the_words_of_people() -> None:
    async with on_lab(size=LOW) as w:
        await w.to("connect")
        w.screen.point_at("token")
        await w.press("m")  # whose pane takes y and w for itself
        provider = ActionProvider(w.app.screen)
        missed = []
        for phrase, title in PHRASES.items():
            hits = [hit async for hit in provider.search(phrase)]
            best = sorted(hits, key=lambda hit: -hit.score)[:3]
            if title not in [hit.text for hit in best]:
                missed.append((phrase, title, [hit.text for hit in best]))
        assert not missed


async def test_a_picture_is_saved_where_there_is_no_folder_for_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    app = AuthwalkApp(WireOptions())
    async with app.run_test() as pilot:
        await pilot.pause()
        app.save_picture()
        for _ in range(500):
            await pilot.pause()
            if any(toast.message.startswith("saved to") for toast in app._notifications):
                break
    assert not [toast for toast in app._notifications if "[" in toast.message]
    (picture,) = tmp_path.glob("*.svg")
    assert "<svg" in picture.read_text() and picture.stat().st_mode & 0o777 == 0o600
