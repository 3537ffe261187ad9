from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.text import ago, countdown, decode, duration, size, visible
from tests.hostile import HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def dangerous(char: str) -> bool:
    code = ord(char)
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    category = unicodedata.category(char)
    return noncharacter or selector or category in ("Cc", "Cf", "Zl", "Zp", "Cs")


@given(ANY_TEXT)
def test_one_line_holds_nothing_a_terminal_obeys(text: str) -> None:
    assert not any(dangerous(char) for char in visible(text))


@given(ANY_TEXT)
def test_lines_keep_line_feeds_and_no_other_control(text: str) -> None:
    shown = visible(text, lines=True)
    assert not any(dangerous(char) for char in shown if char != "\n")
    assert shown.count("\n") == text.count("\n")


def test_every_dangerous_character_there_is() -> None:
    escaped = {char for char in map(chr, range(0x110000)) if visible(char) != char}
    assert not {char for char in map(chr, range(0x110000)) if dangerous(char)} - escaped
    assert len(escaped) < 6500  # of which surrogates and tags are 6144


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_corpus(text: str) -> None:
    assert not any(dangerous(char) for char in visible(text))
    assert not any(dangerous(char) for char in visible(text, lines=True) if char != "\n")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_is_the_same_object(text: str) -> None:
    assert visible(text) is text
    assert visible(text, lines=True) is text


@pytest.mark.parametrize("text", ["naïve café", "日本語", "עברית", "e\u0301", "😀", "C:\\dir\\x1b"])
def test_ordinary_text_is_untouched(text: str) -> None:
    assert visible(text) is text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines() -> None:
    assert visible("a\r\nb\rc\n\td", lines=True) == "a\nb\\rc\n    d"
    assert visible("ab\tc", lines=True) == "ab  c"


def test_limit_says_what_it_left_out() -> None:
    assert visible("x" * 1244, limit=10) == "x" * 10 + "… +1,234 characters"
    assert visible("abc", limit=2) == "ab… +1 character"
    assert visible("abc", limit=3) == "abc"
    assert visible("\x1b" * 9, limit=1) == "\\x1b… +8 characters"


@pytest.mark.parametrize(
    ("body", "charset", "text", "encoding"),
    [
        (b"abc", None, "abc", "utf-8"),
        ("é".encode(), None, "é", "utf-8"),
        (b"\xef\xbb\xbf{}", None, "{}", "utf-8 with BOM"),
        (b"\xef\xbb\xbf{}", "iso-8859-1", "{}", "utf-8 with BOM"),
        ("é".encode("utf-16"), None, "é", "utf-16-le with BOM"),
        ("é".encode("utf-32"), "utf-8", "é", "utf-32-le with BOM"),
        (b"caf\xe9", "ISO-8859-1", "café", "iso8859-1"),
        (b"caf\xe9", '"latin1"', "café", "iso8859-1"),
        (b"caf\xe9", None, "caf\\xe9", "utf-8, with invalid bytes"),
        (b"caf\xe9", "us-ascii", "caf\\xe9", "ascii, with invalid bytes"),
        (b"abc", "klingon", "abc", "utf-8, unknown charset declared"),
        (b"a\\x41", "unicode_escape", "a\\x41", "utf-8, unknown charset declared"),
        (b"616263", "hex", "616263", "utf-8, unknown charset declared"),
        (b"abc", "\0", "abc", "utf-8, unknown charset declared"),
    ],
)
def test_decode(body: bytes, charset: str | None, text: str, encoding: str) -> None:
    assert decode(body, charset) == (text, encoding)


@given(st.binary(), st.none() | ANY_TEXT | st.sampled_from(["utf-16", "shift_jis", "utf-7"]))
def test_decode_never_fails(body: bytes, charset: str | None) -> None:
    text, encoding = decode(body, charset)
    assert isinstance(text, str)
    assert encoding


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1100, "1.1 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (20_000_000, "20.0 MB"),
        (5_000_000_000, "5.0 GB"),
        (2_000_000_000_000_000, "2,000.0 TB"),
    ],
)
def test_size(n: int, words: str) -> None:
    assert size(n) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0004, "0.4 ms"),
        (0.182, "182 ms"),
        (0.9996, "1.00 s"),
        (1.2, "1.20 s"),
        (59.994, "59.99 s"),
        (59.996, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0:00"),
        (7.9, "0:07"),
        (3254, "54:14"),
        (7380, "2 h 03 min"),
        (86_400, "1 d"),
        (3 * 86_400 + 4 * 3600, "3 d 4 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_countdown(seconds: float, words: str) -> None:
    assert countdown(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12, "12 s ago"), (720, "12 min ago"), (7200, "2 h ago"), (90_000 * 3, "3 d ago")],
)
def test_ago(seconds: float, words: str) -> None:
    assert ago(seconds) == words
