"""Lines for a person: colour and signs follow the stream, and URLs stay whole."""

from __future__ import annotations

import io

import pytest

from tui.console import Console, shortened, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Encoded(io.StringIO):
    """A stream for one encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_colour_is_for_terminals() -> None:
    assert Console(Terminal()).paint("error", "x") == "\x1b[31mx\x1b[0m"
    assert Console(io.StringIO()).paint("error", "x") == "x"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert Console(Terminal()).paint("error", "x") == "x"


@pytest.mark.parametrize("kind", ["ok", "info", "warn", "error", "skipped", "waiting"])
def test_marks_fit_the_encoding(kind: str) -> None:
    assert Console(Encoded("ascii")).mark(kind).isascii()
    assert len(Console(Encoded("utf-8")).mark(kind)) == 1


def test_quiet_drops_what_is_said_and_keeps_what_is_told() -> None:
    stream = io.StringIO()
    console = Console(stream, quiet=True)
    console.say("walk")
    console.tell("verdict")
    assert stream.getvalue() == "verdict\n"


def test_wrapping_breaks_no_url() -> None:
    url = "https://mcp.example.com/" + "a-b/" * 40
    lines = Console(io.StringIO()).wrapped(f"see {url} for it", first="  ! ", rest=4)
    assert lines == ["  ! see", f"    {url}", "    for it"]


@pytest.mark.parametrize("most", [3, 10, 24])
def test_shortening_keeps_both_ends(most: int) -> None:
    short = shortened("https://mcp.example.com/a/long/path", most)
    assert len(short) == most
    assert short[0] == "h"
    assert short[-1] == "h"
    assert "…" in short


def test_shortening_leaves_what_fits() -> None:
    assert shortened("abc", 3) == "abc"


def test_a_table_is_aligned_and_its_names_are_safe() -> None:
    lines = table([("a", "one"), ("long\x1bname", "two"), ("x" * 40, "three")], indent=2, most=12)
    assert lines == [
        f"  {'a':<12}  one",
        "  long\\x1bname  two",
        f"  {'x' * 40}  three",
    ]
