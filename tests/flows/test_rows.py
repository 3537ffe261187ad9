"""Rows over bytes: the same lines as splitting gives, folded to a width, searched as data."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rows import LONGEST_ROW, MOST_HITS, SLICE, HexRows, Rows, Search, TextRows
from flows.text import visible
from tests.hostile import HOSTILE

TEXTS = st.text(
    alphabet=st.sampled_from("ab \n\r\t\x1b\u202eé全🏴\u0301\U000e0041") | st.characters()
)


def done(rows: TextRows) -> TextRows:
    while rows.step():
        pass
    return rows


def texts(rows: Rows) -> list[str]:
    return [rows.text(row) for row in range(len(rows))]


def lines(rows: TextRows) -> list[str]:
    """The rows, with those that go on joined to the ones before."""
    joined: list[str] = []
    for row, text in enumerate(texts(rows)):
        if rows.continues(row):
            joined[-1] += text
        else:
            joined.append(text)
    return joined


def test_lines() -> None:
    rows = done(TextRows(b"one\r\n\ntwo\rx\n\tthree\n"))
    assert texts(rows) == ["one", "", "two\\rx", "    three"]
    assert [rows.start(row) for row in range(4)] == [0, 5, 6, 12]
    assert rows.lines == 4
    assert texts(done(TextRows(b""))) == []


@given(TEXTS, st.integers(1, 30))
def test_folding_loses_nothing(text: str, width: int) -> None:
    data = text.encode("utf-8", "surrogatepass")
    rows = TextRows(data)
    rows.fold(width)
    done(rows)
    assert [rows.start(row) for row in range(len(rows))] == sorted(
        {rows.start(row) for row in range(len(rows))}
    )
    if "\t" not in text:  # where a tab stop is depends on the row
        whole = visible(data.decode("utf-8", "backslashreplace"), lines=True)
        assert lines(rows) == whole.removesuffix("\n").split("\n")[: len(lines(rows))]
    for row, shown in enumerate(texts(rows)):
        character = data[rows.start(row) :].decode("utf-8", "replace")[:1]
        assert len(shown) <= max(width, len(visible(character)), 12), shown


@given(TEXTS, st.integers(1, 30), st.integers(1, 9))
def test_growing_gives_the_same_rows(text: str, width: int, size: int) -> None:
    data = text.encode("utf-8", "surrogatepass")
    whole, growing = TextRows(data), TextRows(b"", _pieces(data, size))
    for rows in (whole, growing):
        rows.fold(width)
        done(rows)
    assert texts(growing) == texts(whole)
    assert growing.lines == whole.lines


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("char", ["x", "全", "é", "\x1b", "\u0301"])
def test_a_line_longer_than_a_slice(char: str) -> None:
    data = (char * SLICE * 2 + "\nend").encode()
    rows = done(TextRows(data))
    assert rows.lines == 2
    assert texts(rows)[-1] == "end"
    assert not rows.continues(len(rows) - 1)
    assert all(rows.continues(row) for row in range(1, len(rows) - 1))
    assert max(map(len, texts(rows)[:-1])) <= 4 * LONGEST_ROW
    assert "".join(texts(rows)[:-1]) == visible(char) * SLICE * 2


@pytest.mark.parametrize("mark", ["", "é"])
def test_long_lines_are_folded_between_words_where_there_are_any(mark: str) -> None:
    rows = TextRows(f"{mark or 'e'}lf words go here and averyverylongone goes on".encode())
    rows.fold(12)
    assert texts(done(rows))[1:] == ["go here and ", "averyverylon", "gone goes on"]


def test_cells_are_measured() -> None:
    rows = TextRows("全角文字と한국어".encode(), measure=lambda text: 2 * len(text))
    rows.fold(7)
    assert texts(done(rows)) == ["全角文", "字と한", "국어"]


def test_folding_anew() -> None:
    rows = done(TextRows(b"abcdefgh\nij"))
    rows.fold(3)
    assert not rows.complete
    assert texts(done(rows)) == ["abc", "def", "gh", "ij"]
    assert rows.lines == 2
    assert rows.row_at(4) == 1
    assert rows.line_bounds(2) == (0, 8)
    rows.fold(None)
    assert texts(done(rows)) == ["abcdefgh", "ij"]


def test_spans_are_columns_of_what_is_shown() -> None:
    rows = done(TextRows("\x1b全b\n".encode()))
    assert rows.text(0) == "\\x1b全b"
    assert rows.spans(0, 1, 4) == [(4, 5)]
    assert rows.spans(0, 4, 99) == [(5, 6)]
    assert rows.spans(0, 5, 6) == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_hostile_passes(hostile: str) -> None:
    rows = done(TextRows(hostile.encode("utf-8", "backslashreplace")))
    for text in texts(rows):
        assert visible(text) == text


def test_bytes_that_are_no_utf8_are_shown() -> None:
    assert texts(done(TextRows(b"a\xff\xc3\n\x80"))) == ["a\\xff\\xc3", "\\x80"]


def test_memory_is_that_of_an_index() -> None:
    data = b"x\n" * 1_000_000
    tracemalloc.start()
    try:
        rows = done(TextRows(data))
        assert len(rows) == 1_000_000
        assert tracemalloc.get_traced_memory()[1] < 3 * len(data)
    finally:
        tracemalloc.stop()


def test_hex() -> None:
    rows = HexRows(bytes(range(0x1E, 0x40)))
    assert texts(rows) == [
        "00000000  1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d  ·· !\"#$%&'()*+,-",
        "00000010  2e 2f 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d  ./0123456789:;<=",
        "00000020  3e 3f                                            >?",
    ]
    assert rows.spans(1, 15, 18) == [(10, 15), (59, 61)]
    for start, end in rows.spans(1, 15, 18):
        assert rows.text(1)[start:end] in ("2e 2f", "./")
    rows.fold(50)
    assert rows.text(0) == '00000000  1e 1f 20 21 22 23 24 25  ·· !"#$%'
    rows.fold(20)
    assert len(rows) == 9
    assert rows.row_at(1000) == 8
    assert len(HexRows(b"")) == 0


def found(rows: Rows, needle: str) -> Search:
    search = Search(rows, needle)
    while search.step():
        pass
    return search


@given(TEXTS, TEXTS.filter(bool))
def test_search_finds_what_is_there(text: str, needle: str) -> None:
    data = (text + needle + text).encode("utf-8", "surrogatepass")
    search = found(done(TextRows(data)), needle)
    assert search.complete
    encoded = needle.encode("utf-8", "surrogatepass")
    assert any(data[hit : hit + len(encoded)] == encoded for hit in search.hits)


def test_search_without_regard_to_case() -> None:
    data = "Straße ÉTÉ été".encode()
    assert list(found(done(TextRows(data)), "été").hits) == [8, 14]
    assert len(found(HexRows(data), "STRA").hits) == 1


def test_search_across_slices_and_rows() -> None:
    data = b"." * (8 * SLICE - 2) + b"needle" + b"." * 100
    rows = done(TextRows(data))
    search = found(rows, "needle")
    assert list(search.hits) == [8 * SLICE - 2]
    assert search.within(8 * SLICE, 8 * SLICE + 1) == [(8 * SLICE - 2, 8 * SLICE + 4)]
    assert search.within(0, 8 * SLICE - 2) == []


def test_search_in_what_still_comes() -> None:
    rows = TextRows(b"", iter([b"one nee", b"dle two need", b"le"]))
    search = Search(rows, "needle")
    while rows.step():
        search.step()
        assert not search.complete
    while search.step():
        pass
    assert list(search.hits) == [4, 15]


def test_too_many_matches_are_said_to_be_more() -> None:
    search = found(done(TextRows(b"a" * (MOST_HITS + 1))), "a")
    assert search.more
    assert search.complete
    assert len(search.hits) == MOST_HITS
