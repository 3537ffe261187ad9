"""What is handed to a browser, and what never is."""

from __future__ import annotations

import stat
import sys
import webbrowser
from pathlib import Path

import pytest

from tests.hostile import HOSTILE
from tui.browser import open_in_browser

URL = "https://auth.example.com/authorize?response_type=code&scope=a%20b;$(id)`id`&state='x'"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser of our own, which writes its arguments down: the real opening, seen from behind."""
    seen = tmp_path / "arguments"
    program = tmp_path / "browser"
    program.write_text(
        f"#!{sys.executable} -S\nimport sys\nopen({str(seen)!r}, 'a').write(repr(sys.argv[1:]))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for name in ("SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(webbrowser, "_tryorder", ["ours"])
    monkeypatch.setattr(
        webbrowser, "_browsers", {"ours": [None, webbrowser.GenericBrowser(str(program))]}
    )
    return seen


def test_a_url_goes_as_one_argument_and_through_no_shell(browser: Path) -> None:
    assert open_in_browser(URL) == ""
    assert browser.read_text() == repr([URL])


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ftp://a.example/",
        "vbscript:x",
        "-remote",
        "--help",
        "https://a.example/\x1b[31m",
        "https://a.example/\u202egnp",
        "https://a.example/\nhttps://b.example/",
        " https://a.example/",
        "https://",
        "http:/a.example",
        *HOSTILE,
    ],
)
def test_anything_else_is_not_opened(browser: Path, url: str) -> None:
    assert open_in_browser(url)
    assert not browser.exists()


def test_there_is_no_url_yet(browser: Path) -> None:
    assert open_in_browser(None) == open_in_browser("") == "There is no authorization URL yet."
    assert not browser.exists()


def test_the_other_side_of_ssh_has_no_browser(
    browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    assert "SSH" in open_in_browser(URL) and not browser.exists()
    monkeypatch.setenv("DISPLAY", ":10")
    assert open_in_browser(URL) == "" and browser.exists()


def test_without_a_browser_there_are_other_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    monkeypatch.setattr(webbrowser, "_browsers", {})
    assert "copy the URL with u" in open_in_browser(URL)
