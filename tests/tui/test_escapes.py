from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.text import visible
from tests.hostile import HOSTILE
from tui.escapes import escape, needs_escapes, unescape


@given(st.text(st.characters(codec=None)), st.booleans())
def test_escaping_shows_everything_and_loses_nothing(text: str, lines: bool) -> None:
    escaped = escape(text, lines=lines)
    assert not needs_escapes(escaped, lines=lines)
    assert unescape(escaped) == text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_hostile_text_comes_back_exactly(text: str) -> None:
    assert visible(escape(text)) == escape(text)
    assert unescape(escape(text)) == text


def test_lines_and_tabs_need_no_escapes_in_an_editor_of_lines() -> None:
    assert needs_escapes("a\nb")
    assert not needs_escapes("a\n\tb", lines=True)
    assert needs_escapes("a\r\nb", lines=True)
    assert escape("a\n\tb\r", lines=True) == "a\n\tb\\r"


@pytest.mark.parametrize("text", ["\\", "\\q", "\\x1", "\\u12", "\\U00110000", "a\\"])
def test_what_is_no_escape_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is no escape"):
        unescape(text)
