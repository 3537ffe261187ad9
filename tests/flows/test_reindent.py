"""JSON laid out in slices says what json says, and keeps every token as it was sent."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.reindent import GROWTH, MOST_LEVELS, Break, reindent

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def laid_out(source: bytes) -> tuple[bytes, Break | None]:
    pieces = reindent(source)
    out = []
    while True:
        try:
            out.append(next(pieces))
        except StopIteration as end:
            return b"".join(out), end.value


@given(VALUES, st.sampled_from([None, 1, "\t", "\r\n "]), st.booleans())
def test_like_json_dumps(value: object, indent: int | str | None, ascii_only: bool) -> None:
    source = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    expected = json.dumps(value, indent=2, ensure_ascii=ascii_only)
    assert laid_out(source.encode()) == (expected.encode(), None)


def test_tokens_stay_as_they_were_sent() -> None:
    source = rb'{"a":1.0,"a":1e400,"\u0061":-0.0E+07,"u":"\ud800\/","b":[ ],"c":{ }}'
    out, broken = laid_out(source)
    assert broken is None
    assert out == (
        b'{\n  "a": 1.0,\n  "a": 1e400,\n  "\\u0061": -0.0E+07,\n  "u": "\\ud800\\/",\n'
        b'  "b": [],\n  "c": {}\n}'
    )


@pytest.mark.parametrize(
    ("source", "out", "line", "column", "reason"),
    [
        (b"", b"", 1, 1, "it ends early"),
        (b"\n <", b"<", 2, 2, "value expected"),
        (b'{"a":1,}', b'{\n  "a": 1,\n}', 1, 8, "member name expected"),
        (b'{"a" 1}', b'{\n"a" 1}', 1, 6, '":" expected'),
        (b'{"a":NaN, "b":1}', b'{\n"a":NaN, "b":1}', 1, 6, "value expected"),
        (b'["\xc3\xa9\xc3\xa9\\q"]', b'[\n"\xc3\xa9\xc3\xa9\\q"]', 1, 5, "an escape JSON does not"),
        (b'["a\tb"]', b'[\n"a\tb"]', 1, 4, "a control character in a string"),
        (b"[1 2]", b"[\n  1\n2]", 1, 4, '"," or "]" expected'),
        (b"[01]", b"[\n  0\n1]", 1, 3, '"," or "]" expected'),
        (b'[{"a":1]', b'[\n  {\n    "a": 1\n]', 1, 8, '"," or "}" expected'),
        (b'[\n"a', b'[\n"a', 2, 3, "it ends early"),
        (b"[1,", b"[\n  1,", 1, 4, "it ends early"),
        (b"{}\n{}", b"{}\n{}", 2, 1, "more text after the JSON value"),
        (b"1,2", b"1\n,2", 1, 2, "more text after the JSON value"),
    ],
)
def test_says_where_it_breaks(
    source: bytes, out: bytes, line: int, column: int, reason: str
) -> None:
    got, broken = laid_out(source)
    assert got == out
    assert broken
    assert (broken.line, broken.column) == (line, column)
    assert broken.reason.startswith(reason)
    assert not broken.is_json


@given(st.text(alphabet='{}[]",:\\ \n\t01eE+-.truefalsnu', max_size=40))
def test_breaks_exactly_where_json_is_refused(text: str) -> None:
    out, broken = laid_out(text.encode())
    try:
        json.loads(text, parse_constant=int)
    except ValueError:
        assert broken
    else:
        assert broken is None
    # Nothing but white space comes or goes.
    assert re.sub(rb"\s", b"", out) == re.sub(rb"\s", b"", text.encode())


def test_depth_is_limited() -> None:
    out, broken = laid_out(b"[" * 5_000_000)
    assert broken
    assert broken.is_json
    assert broken.column == MOST_LEVELS + 2
    assert len(out) < 5_100_000


def test_growth_is_limited() -> None:
    source = b"[" * 60 + b"1," * 1_000_000
    out, broken = laid_out(source)
    assert broken
    assert "memory" in broken.reason
    assert len(out) < GROWTH * len(source) + 1_000_000


def test_comes_in_small_pieces() -> None:
    source = json.dumps([{"id": n} for n in range(20_000)]).encode()
    assert max(map(len, reindent(source))) < 100_000
