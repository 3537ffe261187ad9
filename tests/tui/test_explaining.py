"""What a line means, one key away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps import STEPS
from tests.hostile import HOSTILE
from tests.tui.walking import LOW, on_lab, words
from tui.cli import main
from tui.explaining import explained, named
from tui.looking import LOOK
from tui.screens.dialogs import TextDialog
from tui.screens.edit import DraftEditor

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "path", "name", "value"),
    [
        ('  "issuer": "https://a.example",', "/issuer", "issuer", "https://a.example"),
        (
            '    "S256"',
            "/code_challenge_methods_supported/0",
            "code_challenge_methods_supported",
            "S256",
        ),
        ("WWW-Authenticate: Bearer", "", "WWW-Authenticate", "Bearer"),
        ("HTTP/1.1 401 Unauthorized", "", "401", ""),
        ("grant_type    = refresh_token", "", "grant_type", "refresh_token"),
        ("code_challenge_method  S256", "", "code_challenge_method", "S256"),
        ("", "", "", ""),
    ],
)
def test_the_name_of_a_line(line: str, path: str, name: str, value: str) -> None:
    assert named(line, path) == (name, value)


def test_what_is_said_of_a_name_and_its_value() -> None:
    assert "RFC 8707 §2" in explained("resource")
    assert explained("expires_in", "3600").startswith("3600 is 1 h 00 min.")
    assert "10 min 00 s from now" in explained("exp", str(NOW.timestamp() + 600), now=NOW)
    assert "2 min 00 s ago" in explained("iat", str(NOW.timestamp() - 120), now=NOW)
    assert "code verifier does not fit" in explained("error", "invalid_grant")
    assert explained("401").startswith("401 Unauthorized")
    assert explained("799") == "799 is no status that authwalk knows."
    assert "in no standard that authwalk knows" in explained("x" * 500)


@given(st.text() | st.sampled_from(HOSTILE), st.text() | st.floats().map(str))
def test_any_line_can_be_asked_about(line: str, value: str) -> None:
    name, _ = named(line)
    assert "\x1b" not in explained(name, value)
    explained("exp", value)


async def test_one_key_explains_a_member_a_header_and_a_finding() -> None:
    async with on_lab("missing-aud", size=LOW) as w:
        await w.to("connect")
        w.screen.point_at("server-metadata")
        await w.press("m", "down", "i")
        assert isinstance(w.app.screen, TextDialog)
        assert "the very one that the metadata was looked for by" in words(w.app)
        await w.press("escape", "t", "escape")
        findings = w.screen.query_one("#findings")
        findings.focus()
        await w.press("i")
        assert isinstance(w.app.screen, TextDialog) and "The rule:" in w.app.screen.text


def test_every_step_has_something_to_look_at() -> None:
    assert list(LOOK) == [step.id for step in STEPS]


async def test_a_step_says_what_it_is_for_and_what_to_look_at() -> None:
    async with on_lab(size=LOW) as w:
        await w.press("i")
        told = words(w.app)
        assert "Ask the MCP server for something without a token." in told
        assert "What to look at: the status: 200 means that the server asks for no token" in told
        assert "RFC 9728 §5.1" in told


async def test_the_editor_says_what_a_field_is_and_whence_it_comes() -> None:
    async with on_lab(size=LOW) as w:
        await w.to("token")
        await w.press("e", "down", "down")
        assert isinstance(w.app.screen, DraftEditor)
        told = words(w.app)
        assert "code ← from the authorization response, at step Response" in told
        assert "used up by this request" in told and "Required; RFC 6749 §4.1.3" in told
        await w.press("x")
        assert "code ← you typed it" in words(w.app)


def test_the_command_guesses_at_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "resouce"]) == 2
    assert "did you mean resource" in capsys.readouterr().err
    assert main(["explain", "resource", "--json"]) == 0
    assert "RFC 8707" in capsys.readouterr().out


def test_a_check_is_explained_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "te-01"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("TE-01, Exchange code: ") and "RFC 6749 §5.2" in told
    assert "At fault where it does not hold: the authorization server." in told
    assert main(["explain", "TE-01", "--json"]) == 0
    assert '"party": "authorization-server"' in capsys.readouterr().out
