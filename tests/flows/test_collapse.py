"""Collapsing parts of laid-out JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flows.bodies import render
from flows.collapse import CollapsibleRows

DOCUMENT = {
    "issuer": "https://a.example",
    "keys": [{"kid": "a", "use": "sig"}, {}],
    "n": {"m": [1]},
}


def rows_of(value: Any, width: int | None = None) -> CollapsibleRows:
    rows = render(json.dumps(value).encode(), "application/json").finish().rows
    assert isinstance(rows, CollapsibleRows)
    rows.fold(width)
    while rows.step():
        pass
    return rows


def texts(rows: CollapsibleRows) -> list[str]:
    return [rows.text(row) for row in range(len(rows))]


def test_an_opening_row_hides_what_it_opens() -> None:
    rows = rows_of(DOCUMENT)
    before = texts(rows)
    at = before.index('  "keys": [')
    assert rows.collapse(at) == rows.start(at)
    assert texts(rows)[at : at + 2] == ['  "keys": [ … 2 items ],', '  "n": {']
    assert rows.is_collapsed(at) and not rows.is_collapsed(at + 1)
    assert rows.expand(at) and texts(rows) == before
    assert not rows.expand(at)


def test_a_row_inside_hides_what_it_stands_in() -> None:
    rows = rows_of(DOCUMENT)
    inside = texts(rows).index('      "use": "sig"')
    opens = rows.collapse(inside)
    assert opens is not None
    assert rows.text(rows.row_at(opens)) == "    { … 2 members },"
    closing = texts(rows).index("  ],")
    assert rows.collapse(closing) is not None
    assert '  "keys": [ … 2 items ],' in texts(rows)
    outer = rows.collapse(texts(rows).index('  "keys": [ … 2 items ],'))
    assert outer == 0 and texts(rows) == ["{ … 3 members }"]
    assert rows.collapse(0) is None


def test_members_are_collapsed_together_and_shown_together() -> None:
    rows = rows_of(DOCUMENT)
    before = texts(rows)
    assert rows.collapse_members() == 2
    assert texts(rows) == [
        "{",
        '  "issuer": "https://a.example",',
        '  "keys": [ … 2 items ],',
        '  "n": { … 1 member }',
        "}",
    ]
    rows.expand_all()
    assert texts(rows) == before


def test_what_is_looked_for_is_shown() -> None:
    rows = rows_of(DOCUMENT)
    rows.collapse(texts(rows).index("    {"))
    rows.collapse(texts(rows).index('  "keys": ['))
    offset = rows.data.index(b'"kid"')
    assert rows.text(rows.row_at(offset)) == '  "keys": [ … 2 items ],'
    assert rows.reveal(offset) and not rows.reveal(offset)
    assert rows.text(rows.row_at(offset)) == '      "kid": "a",'


def test_a_scalar_and_an_end_that_has_not_come_cannot_be_collapsed() -> None:
    assert rows_of("text").collapse(0) is None
    rows = render(b'{"a": [1, 2', "application/json").finish().rows
    assert isinstance(rows, CollapsibleRows)
    assert rows.collapse(1) is None and rows.collapsed == 0


def test_events_of_a_stream_are_collapsed_one_by_one() -> None:
    body = b'event: message\ndata: {"a": {"b": 1}}\n\ndata: [1, 2]\n\n'
    rows = render(body, "text/event-stream").finish().rows
    assert isinstance(rows, CollapsibleRows)
    assert rows.collapse(3) is not None
    assert rows.collapse(texts(rows).index("  [")) is not None
    assert texts(rows) == [
        "message",
        "  {",
        '    "a": { … 1 member }',
        "  }",
        "",
        "message",
        "  [ … 2 items ]",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(json_values, st.lists(st.integers(0, 200), max_size=8), st.integers(8, 60))
def test_rows_and_offsets_agree_whatever_is_hidden(
    value: Any, choices: list[int], width: int
) -> None:
    rows = rows_of(value, width)
    whole = texts(rows)
    for choice in choices:
        row = choice % len(rows)
        if rows.is_collapsed(row) and choice % 2:
            rows.expand(row)
        else:
            rows.collapse(row)
        starts = [rows.start(row) for row in range(len(rows))]
        assert starts == sorted(set(starts))
        assert [rows.row_at(start) for start in starts] == list(range(len(rows)))
        for row in range(len(rows)):
            if rows.is_collapsed(row):
                end = rows.start(row + 1) if row + 1 < len(rows) else len(rows.data)
                assert rows.row_at(end - 1) == row
    shown = texts(rows)
    rows.fold(width + 1)
    while rows.step():
        pass
    rows.fold(width)
    while rows.step():
        pass
    assert texts(rows) == shown
    rows.expand_all()
    assert texts(rows) == whole
