from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from flows.claims import Expected, compare_audience
from flows.json_text import Mark
from flows.steps.inspection import inspect
from flows.text import visible
from tests.flows import tokens
from tui.widgets.token_rows import MAX_ROWS, TokenRow, counts_down, difference, token_rows
from tui.widgets.token_text import detail, list_rows

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
URL = "https://mcp.example.com/mcp"


@given(st.text(min_size=1), st.text(), st.integers(16, 100))
def test_a_difference_fits_its_width_and_shows_what_decides(
    wanted: str, found: str, width: int
) -> None:
    compared = tuple(match for match in compare_audience(found, {"it": wanted}) if not match.equal)
    if not compared:
        return
    differs = difference(compared, width)
    assert differs.found is not None
    at = compared[0].differs_at
    assert at is not None
    for text, (decisive, after) in ((found, differs.found), (wanted, differs.wanted)):
        assert decisive == (visible(text[at : at + 1]) or " ")
        assert cell_len(differs.before + decisive + after) <= max(width, cell_len(decisive) + 8)
    assert visible(found[:at]).endswith(differs.before.removeprefix("…"))


def test_a_difference_far_to_the_right_keeps_what_stands_before_it() -> None:
    compared = compare_audience(f"{URL}/", {"server URL": URL})
    differs = difference(compared, 20)
    assert differs.what == "the server URL: trailing slash"
    assert differs.before == "…mcp.example.com/mcp"[:1] + f"{URL}"[-18:]
    assert (differs.found, differs.wanted) == (("/", ""), (" ", ""))


def test_without_an_audience_there_is_only_what_is_wanted() -> None:
    differs = difference(compare_audience(None, {"server URL": URL}), 40)
    assert differs.found is None
    assert differs.wanted == ("", URL)


def test_no_more_rows_than_anybody_reads() -> None:
    claims = {f"c{number}": number for number in range(1_000)}
    token = tokens.sign("HS256", b"x" * 32, claims)
    inspection = inspect(token, Expected(), None, NOW)
    rows = token_rows(inspection, Expected(), None, NOW)
    assert [row.words for row in rows if row.key == "more"] == ["700 claims more: read the JSON"]
    assert sum(row.section == "Claims" for row in rows) == MAX_ROWS + 1
    assert all(detail(row, 30).plain.startswith(row.name) for row in rows)


def test_problems_of_form_name_their_part() -> None:
    header, payload, signature = tokens.sign("HS256", b"x" * 32).split(".")
    inspection = inspect(f"{header}=.{payload}.{signature}", Expected(), None, NOW)
    form = [row for row in token_rows(inspection, Expected(), None, NOW) if row.section == "Form"]
    assert [(row.name, row.mark, row.standard) for row in form] == [
        ("header", "error", "RFC 7515 §2")
    ]
    assert form[0].words.startswith("padded with '='")
    assert detail(form[0], 30).plain.splitlines()[:2] == [
        f"header  ✗ {form[0].words}",
        "RFC 7515 §2",
    ]


def _row(left: float | None) -> TokenRow:
    return TokenRow("Claims", "Claims:exp", "exp", "in", seconds_left=left)


def test_the_next_look_is_when_the_words_change() -> None:
    assert counts_down(()) is None
    assert counts_down((_row(None),)) is None
    assert counts_down((_row(30.0),)) == 1
    assert counts_down((_row(-30.0),)) == 1
    assert counts_down((_row(90_000.0),)) == 60
    assert counts_down((_row(90_000.0), _row(5.0))) == 1


def test_marks_are_shapes_beside_their_colours() -> None:
    marks: tuple[Mark, ...] = ("ok", "warn", "error", "info", "")
    rows = [TokenRow("Claims", mark, mark, "x", mark) for mark in marks]
    drawn = [row for row in list_rows(rows, 40) if row.kind == "item"]
    assert [row.word[0] for row in drawn] == ["✓", "!", "✗", "·", ""]


@given(st.integers(20, 140))
def test_sections_are_headed_and_rows_keep_their_keys(width: int) -> None:
    token = tokens.sign("HS256", b"x" * 32, {"iss": "a", "exp": 1})
    rows = token_rows(inspect(token, Expected(), None, NOW), Expected(), None, NOW)
    drawn = list(list_rows(rows, width))
    assert [row.cells[0][0] for row in drawn if row.kind == "header"] == ["Claims", "Header"]
    assert [row.id for row in drawn if row.kind == "item"] == [row.key for row in rows]
