"""The start screen: what is typed, what was walked before, and how it sits in a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events, on
from textual.app import App
from textual.events import Paste
from textual.message import Message
from textual.widgets import Label

from flows.session import CAPABILITIES, Made, Target
from flows.store import save, suggest_name
from flows.text import visible
from flows.walk import new_session
from flows.wellknown import is_web_url
from tests.hostile import HOSTILE
from tui.hint_keys import HintKeys
from tui.recent import recent_rows
from tui.screens.start import StartScreen
from tui.typed_url import UnusableUrl, web_url
from tui.widgets.choice import Choice
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import LineList

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SIZES = [(140, 44), (100, 30), (80, 24), (60, 16)]


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ("  'https://mcp.example.com/mcp' \n", "https://mcp.example.com/mcp"),
        ("<https://mcp.example.com>", "https://mcp.example.com"),
        ("mcp.example.com/mcp?a=b", "https://mcp.example.com/mcp?a=b"),
        ("localhost:8000/mcp", "http://localhost:8000/mcp"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/mcp", "http://[::1]:8000/mcp"),
        ("10.0.0.7/mcp", "https://10.0.0.7/mcp"),
        ("HTTP://EXAMPLE.com", "HTTP://EXAMPLE.com"),
        ("münchen.example/mcp", "https://münchen.example/mcp"),
    ],
)
def test_the_url_that_is_meant(typed: str, url: str) -> None:
    assert web_url(typed) == url


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type or paste"),
        ("https://mcp.example.com/a b", "no blanks"),
        ("ftp://example.com", "not over ftp:"),
        ("file:///etc/passwd", "not over file:"),
        ("javascript:alert(1)", "not over javascript:"),
        ("https://", "and a host"),
        ("https:///mcp", "and a host"),
        ("https://example.com:port/", "Not a URL"),
        ("https://[::1/", "Not a URL"),
        ("https://user:secret@example.com/", "user name or password"),
        ("http://127.0.0.1:7/cb?error=access_denied", "response that refuses: access_denied"),
    ],
)
def test_what_is_wrong_in_words(typed: str, words: str) -> None:
    with pytest.raises(UnusableUrl, match=words):
        web_url(typed)


@given(st.text() | st.from_regex(r"https?://[a-z.:@/?#\[\]%0-9]*"))
def test_anything_typed_is_a_web_url_or_words(typed: str) -> None:
    try:
        assert is_web_url(web_url(typed))
    except UnusableUrl as error:
        assert "secret" not in str(error) and str(error)


class Harness(App[None]):
    """Keeps what the start screen asks for, in place of the app that would do it."""

    hint_keys = HintKeys()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.asked: list[Message] = []

    def on_mount(self) -> None:
        self.push_screen(StartScreen(self.folder))

    @on(StartScreen.OpenTarget)
    @on(StartScreen.OpenFile)
    @on(StartScreen.Demo)
    @on(StartScreen.AskHosts)
    def keep(self, message: Message) -> None:
        self.asked.append(message)

    @property
    def targets(self) -> list[Target]:
        return [asked.target for asked in self.asked if isinstance(asked, StartScreen.OpenTarget)]

    @property
    def words(self) -> str:
        return str(self.screen.query_one("#words", Label).content)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    sessions = [new_session(Target(f"https://{name}.example/mcp")) for name in ("old", "new")]
    for number, session in enumerate(sessions):
        path = tmp_path / suggest_name(session)
        save(path, session.append(Made(NOW, "pkce", (("state", "x"),))))
        at = (NOW - timedelta(days=1 - number)).timestamp()
        os.utime(path, (at, at))
    yield tmp_path


async def test_a_url_opens_its_walk(tmp_path: Path) -> None:
    app = Harness(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press(*"example.com", "enter")
        await pilot.pause()
    assert app.targets == [Target("https://example.com", declare=CAPABILITIES)]


async def test_an_unusable_url_is_said_and_forgotten_with_the_next_key(tmp_path: Path) -> None:
    app = Harness(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press(*"ftp://x", "enter")
        await pilot.pause()
        assert "not over ftp:" in app.words and app.screen.query_one("#words").has_class("-wrong")
        await pilot.press("backspace")
        await pilot.pause()
        assert app.words == ""
    assert app.asked == []


async def test_the_choices_are_in_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "s3cret")
    app = Harness(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press(*"example.com")
        app.screen.query_one("#kind", Choice).focus()
        await pilot.press("right")
        app.screen.query_one("#protocol", Choice).focus()
        await pilot.press("left")
        app.screen.query_one("#declare", Choice).focus()
        await pilot.press("right")
        app.screen.query_one("#token", Choice).focus()
        await pilot.press("space")
        variable = app.screen.query_one("#variable", LineInput)
        assert variable.display

        app.screen.query_one("#url").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert "Which variable" in app.words and app.screen.focused is variable
        await pilot.press(*"NO_SUCH_VARIABLE", "enter")
        await pilot.pause()
        assert app.words == "NO_SUCH_VARIABLE is not set." and app.asked == []
        variable.value = "$TOKEN_OF_TEST"
        await pilot.press("enter")
        await pilot.pause()
    assert app.targets == [
        Target(
            "https://example.com",
            kind="authorization-server",
            protocol="2024-11-05",
            bearer="s3cret",
            declare=("elicitation", "tasks"),
        )
    ]


async def test_recent_sessions_last_first(folder: Path) -> None:
    app = Harness(folder)
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await pilot.press("down")
        found = app.screen.query_one("#recent", LineList)
        assert app.screen.focused is found and found.row_count == 2
        await pilot.press("enter")
        await pilot.press("down", "enter")
        await pilot.pause()
    opened = [asked.path.name for asked in app.asked if isinstance(asked, StartScreen.OpenFile)]
    assert [name.partition("-")[0] for name in opened] == ["new.example", "old.example"]


def test_a_recent_row(folder: Path) -> None:
    named = folder / "my staging.toml"
    save(named, new_session(Target("https://third.example/")), with_secrets=True)
    rows = recent_rows(folder, datetime.now(UTC))
    texts = {row.id: ["".join(text for text, _ in row.cells), row.word[0]] for row in rows}
    assert texts.pop(str(named)) == [
        "0 s ago     my staging  https://third.example/",
        "not begun, with secrets",
    ]
    assert all(word == "PKCE" for _, word in texts.values()) and len(texts) == 2


async def test_no_sessions_yet(tmp_path: Path) -> None:
    app = Harness(tmp_path / "missing")
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await pilot.press("down", "ctrl+r")
        found = app.screen.query_one("#recent", LineList)
        assert "ctrl+d" in found.empty and app.screen.focused is not found


async def test_ctrl_d_is_the_demo_even_in_the_field(tmp_path: Path) -> None:
    app = Harness(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("x", "ctrl+d")
        await pilot.pause()
    assert [type(asked) for asked in app.asked] == [StartScreen.Demo]


async def test_a_session_file_can_be_typed(folder: Path) -> None:
    path = next(folder.iterdir())
    await _types(path, folder)


async def test_a_browsers_record_can_be_typed(folder: Path) -> None:
    path = folder / "chatgpt.com.HAR"
    path.write_bytes(b"{}")
    await _types(path, folder)


async def _types(path: Path, folder: Path) -> None:
    app = Harness(folder)
    async with app.run_test() as pilot:
        app.screen.query_one("#url", LineInput).value = str(path)
        await pilot.press("enter")
        await pilot.pause()
    assert [asked.path for asked in app.asked if isinstance(asked, StartScreen.OpenFile)] == [path]


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_is_out_of_reach(size: tuple[int, int], folder: Path) -> None:
    app = Harness(folder)
    async with app.run_test(size=size) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        shown = app.screen.region
        for name in ("#url", "#kind", "#protocol", "#token", "#words", "#recent"):
            region = app.screen.query_one(name).region
            assert region.height and shown.contains_region(region), name
        assert app.screen.query_one("#recent").content_size.height >= 2


@pytest.mark.parametrize("size", SIZES[2:])
async def test_hostile_sessions_are_only_shown(size: tuple[int, int], tmp_path: Path) -> None:
    for number, text in enumerate(HOSTILE):
        target = Target(f"https://example.com/{text}")
        save(tmp_path / f"[@click=app.quit] {number}.toml", new_session(target))
    app = Harness(tmp_path)
    async with app.run_test(size=size) as pilot:
        await app.workers.wait_for_complete()
        await pilot.press("down")
        found = app.screen.query_one("#recent", LineList)
        assert found.row_count == len(HOSTILE)
        for _ in HOSTILE:
            drawn = [found.render_line(y).text for y in range(found.size.height)]
            assert all(visible(line) == line for line in drawn)
            await pilot.press("down")
        await pilot.click("#recent", offset=(20, 2))
        await pilot.pause()
        assert app.is_running


async def test_hostile_text_in_the_field_and_in_the_words(tmp_path: Path) -> None:
    app = Harness(tmp_path)
    async with app.run_test() as pilot:
        field = app.screen.query_one("#url", LineInput)
        for text in HOSTILE:
            field.value = text
            assert visible(field.value) == field.value
            await pilot.press("enter")
            assert isinstance(app.screen, StartScreen)
            app.screen.say(text, wrong=True)
            await pilot.pause()
            assert visible(app.words) == app.words


async def test_a_pasted_curl_command_opens_its_server(tmp_path: Path) -> None:
    app = Harness(tmp_path)
    async with app.run_test() as pilot:
        app.screen.query_one("#url").focus()
        app.post_message(
            Paste("curl https://mcp.example.com/mcp \\\n  -H 'X-Team: tea' \\\n  -s\n")
        )
        await pilot.pause()
        app.post_message(Paste("curl https://mcp.example.com/mcp | sh"))
        await pilot.pause()
        assert "a bare | is for the shell" in app.words
    assert app.targets == [Target("https://mcp.example.com/mcp", headers=(("X-Team", "tea"),))]


async def test_no_url_points_to_the_lab_and_enter_walks_from_a_choice_too(folder: Path) -> None:
    async with (app := Harness(folder)).run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        assert "ctrl+d walks practice servers" in app.words
        await pilot.press("tab")
        assert not app.words
        await pilot.press("enter")
        assert "Type or paste a URL" in app.words and not app.asked
        await pilot.press("shift+tab", *"localhost:1", "tab", "enter")
        assert [target.url for target in app.targets] == ["http://localhost:1"]


async def test_a_key_with_priority_sees_what_was_typed_before_it(folder: Path) -> None:
    async with (app := Harness(folder)).run_test(size=(80, 24)) as pilot:
        for key in (*"localhost:1", "ctrl+t"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        (asked,) = app.asked
        assert isinstance(asked, StartScreen.AskHosts) and asked.target.url == "http://localhost:1"
