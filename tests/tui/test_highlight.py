"""What a highlighter tells apart in a line."""

from __future__ import annotations

import pytest

from flows.bodies import render, render_text
from flows.text import visible
from tests.hostile import HOSTILE
from tui.widgets.highlight import LOOKS, RowHighlighter, highlight


def told(line: str, language: str) -> list[tuple[str, str]]:
    return [(line[start:end], look) for start, end, look in highlight(line, language)]


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [
        ("json", '  "a\\"b": "c",', [('"a\\"b"', "name"), (":", "mark"), ('"c"', "string")]),
        ("json", "-1.5e3, true", [("-1.5e3", "number"), (",", "mark"), ("true", "constant")]),
        ("json", '"open', [('"open', "string")]),
        ("form", "code = a = b", [("code", "name"), ("=", "mark"), ("a = b", "string")]),
        ("sse", "message  id 1", [("message", "head"), ("  id 1", "mark")]),
        ("sse", "  null", [("null", "constant")]),
        ("hex", "0000001f  22", [("0000001f", "mark")]),
        ("html", "<p>", [("<", "mark"), ("p", "name"), (">", "mark")]),
        ("bash", "curl 'a'", [("'a'", "string")]),
        ("", '"a"', []),
    ],
)
def test_what_is_told_apart(language: str, line: str, expected: list[tuple[str, str]]) -> None:
    assert [part for part in told(line, language) if part[0] in dict(expected)] == expected


@pytest.mark.parametrize("language", ["json", "form", "sse", "hex", "html", "bash", "klingon"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_spans_stay_inside_the_line(language: str, hostile: str) -> None:
    line = visible(hostile)
    for start, end, look in highlight(line, language):
        assert 0 <= start < end <= len(line)
        assert look in LOOKS


def test_a_folded_line_is_told_apart_as_a_whole() -> None:
    rendered = render(b'{"token":"abc 123 true"}', "application/json")
    rendered.rows.fold(12)
    rendered.finish()
    highlighter = RowHighlighter(rendered.rows, rendered.language)
    assert rendered.rows.text(2) == '"abc 123 ' and rendered.rows.text(3) == 'true"'
    assert highlighter.spans(3) == [(0, 5, "string")]


def test_far_into_a_line_nothing_is_guessed() -> None:
    rendered = render_text('"' + "1 " * 5_000, "json")
    rendered.rows.fold(10)
    rendered.finish()
    highlighter = RowHighlighter(rendered.rows, "json")
    assert highlighter.spans(63) == [(0, 10, "string")]
    assert highlighter.spans(900) == []


@pytest.mark.parametrize("language", ["", "json", "bash"])
def test_what_can_be_followed_stands_out_over_the_fold(language: str) -> None:
    token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0."
    rendered = render_text(f'"see https://a.example/b, or {token}"', language)
    rendered.rows.fold(16)
    rendered.finish()
    highlighter = RowHighlighter(rendered.rows, language)
    opens = "".join(
        rendered.rows.text(row)[start:end]
        for row in range(len(rendered.rows))
        for start, end, look in highlighter.spans(row)
        if look == "opens"
    )
    assert opens == "https://a.example/beyJhbGciOiJub25lIn0"
