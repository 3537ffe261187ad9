"""What is looked for in slices is what is looked for at once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import body_rows, collapse, slices
from flows.bodies import render
from flows.slices import finish
from tests.hostile import HOSTILE

LINES = st.lists(st.sampled_from([b"", b" ", b"  x", b"  ]", b"    {", b"\xff", "全".encode()]))


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """So that every text has many slices."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (slices, collapse, body_rows):
            patch.setattr(module, "WINDOW", 24)
        yield


@given(LINES, st.sampled_from([b"\n", b"\n  ", b"\n  x"]), st.integers(0, 80), st.integers(0, 80))
def test_as_the_methods_of_bytes(lines: list[bytes], sought: bytes, start: int, end: int) -> None:
    data = b"\n".join(lines)
    end = min(end, len(data))
    assert finish(slices.find(data, sought, start)) == data.find(sought, start)
    assert finish(slices.find_last(data, (sought,), end)) == data.rfind(sought, 0, end)
    assert finish(slices.count(data, sought, start, end)) == data.count(sought, start, end)
    whole = data[start:end].decode("utf-8", "backslashreplace")
    assert finish(slices.text(data, start, end)) == whole
    without = data[start:end].replace(b"\n  ", b"\n").decode("utf-8", "backslashreplace")
    assert finish(slices.text(data, start, end, less=b"  ")) == without


def test_a_pause_comes_in_every_search() -> None:
    data = b"x" * 100
    for work in (
        slices.find(data, b"y", 0),
        slices.find_last(data, (b"y",), 100),
        slices.count(data, b"x", 0, 100),
        slices.text(data, 0, 100),
    ):
        assert sum(1 for _ in work) > 3


def test_a_large_value_is_copied_and_found_again() -> None:
    value = {"a": [{"n": number, "text": text} for number, text in enumerate(HOSTILE)]}
    rendered = render(json.dumps(value).encode(), "application/json").finish()
    row = next(row for row in range(len(rendered.rows)) if '"n": 30' in rendered.rows.text(row))
    assert rendered.path_at(row) == "/a/30/n"
    assert json.loads(rendered.value_at(1)) == value["a"]


def test_a_form_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_rows, "_PIECE", 4)
    body = b"a=%e5%85%a8+%2&b&%e5%85%a8=1&%1b=%ff&=%"
    rendered = render(body, "application/x-www-form-urlencoded").finish()
    assert [rendered.rows.text(row) for row in range(len(rendered.rows))] == [
        "a    = 全 %2",
        "b",
        "全    = 1",
        r"\x1b = \xff",
        "     = %",
    ]
    assert [rendered.value_at(row) for row in range(5)] == ["全 %2", "b", "1", "\\xff", "%"]
    assert [rendered.path_at(row) for row in range(5)] == ["a", "b", "全", "\x1b", ""]
