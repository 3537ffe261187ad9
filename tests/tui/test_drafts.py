from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.documents import FORM, form, read_form
from flows.exchange import Request
from flows.outgoing import Unsendable
from tui.drafts import (
    MOST_PAIRS,
    MOST_TEXT,
    Draft,
    Edit,
    edits_to,
    pairs_of,
    put_together,
    read_pairs,
    resumed,
    take_apart,
    unchanged,
    write_pairs,
)

URL = "https://as.example.com/token?b=%20&a=1+2&flag&b=%zz#top"
POST = Request("POST", URL, (("Content-Type", FORM), ("X", "1")), b"x=a+b&y=%41&x=")


def together(request: Request, **edited: Any) -> Request:
    """`request` with some of its parts edited, the others as they were."""
    parts = take_apart(request)
    given: dict[str, Any] = {
        "method": request.method,
        "base": parts.base,
        "query": unchanged(parts.query),
        "headers": unchanged(request.headers),
        "body": unchanged(parts.form) if parts.body_kind == "form" else None,
    }
    return put_together(request, Draft(**(given | edited)))


@pytest.mark.parametrize(
    "request_",
    [
        POST,
        Request("GET", "https://h.example"),
        Request("GET", "https://h.example/?"),
        Request("GET", "https://h.example/?&&=&"),
        Request("GET", "https://h.example/#a?b"),
        Request("POST", "https://h.example/", (("Content-Type", FORM),), b""),
        Request("POST", "https://h.example/", (("Content-Type", FORM),), b"\xff=1"),
        Request("POST", "https://h.example/", (), b'{"a": 1}'),
        Request("GET", "https://h.example/?" + "a=1&" * (MOST_PAIRS + 1)),
    ],
)
def test_what_nobody_touched_is_the_same_object(request_: Request) -> None:
    assert together(request_) is request_


def test_only_the_edited_pair_is_spelled_anew() -> None:
    edits = list(unchanged(take_apart(POST).query))
    assert edits[0] == Edit("b", " ", "same", 0)
    edits[1] = Edit("a", "ü &", "changed", 1)
    edited = together(POST, query=edits)
    assert edited.url == "https://as.example.com/token?b=%20&a=%C3%BC%20%26&flag&b=%zz#top"
    assert edited.body is POST.body


def test_pairs_can_be_added_and_removed_and_keep_their_order() -> None:
    x, y, z = unchanged(take_apart(POST).form)
    body = [replace(y, change="removed"), z, Edit("new", "a b", "added"), x]
    assert together(POST, body=body).body == b"x=&new=a+b&x=a+b"


def test_removing_every_parameter_takes_the_question_mark_away() -> None:
    gone = [replace(edit, change="removed") for edit in unchanged(take_apart(POST).query)]
    assert together(POST, query=gone).url == "https://as.example.com/token#top"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://h.example/x", "https://h.example/x?a=1"),
        ("https://h.example/x?", "https://h.example/x?a=1"),
        ("https://h.example/x?b=2", "https://h.example/x?b=2&a=1"),
        ("https://h.example/x#f", "https://h.example/x?a=1#f"),
    ],
)
def test_the_query_goes_behind_whatever_the_url_has(base: str, url: str) -> None:
    assert together(Request("GET", "https://h.example/?a=1"), base=base).url == url


def test_a_query_with_too_many_pairs_is_edited_in_the_url() -> None:
    url = "https://h.example/?" + "&".join(f"a={n}" for n in range(MOST_PAIRS + 1))
    parts = take_apart(Request("GET", url))
    assert (parts.base, parts.query) == (url, ())
    assert "101 query parameters" in parts.note
    assert together(Request("GET", url), base=url + "&b=1").url == url + "&b=1"


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        (FORM, b"a=1", "form"),
        (f"{FORM}; charset=utf-8", b"a=1", "form"),
        (FORM, b"", "form"),
        (FORM, b"a=1&" * 200, "text"),
        (FORM, b"\xff\xfe", "none"),
        ("application/json", b"{", "text"),
        ("application/json", b" " * (MOST_TEXT + 1), "none"),
        ("image/png", b"\x89PNG\xff", "none"),
    ],
)
def test_how_a_body_is_edited(content_type: str, body: bytes, kind: str) -> None:
    request = Request("POST", "https://h.example/", (("Content-Type", content_type),), body)
    parts = take_apart(request)
    assert parts.body_kind == kind
    assert bool(parts.note) == (kind == "none")


def test_a_text_body_is_replaced_as_it_stands() -> None:
    request = Request("POST", "https://h.example/", (), b"{}")
    assert together(request, body="{ü\n").body == "{ü\n".encode()


@pytest.mark.parametrize(
    ("edited", "words"),
    [
        ({"method": "GE T"}, "no HTTP method"),
        ({"base": "https://h.example/a b"}, "space or control character"),
        ({"base": "ftp://h.example/"}, "http:// or https://"),
        ({"headers": [Edit("X", "a\r\nY: b", "added")]}, "line break"),
        ({"headers": [Edit("a b", "", "added")]}, "no header field name"),
        ({"headers": [Edit("Content-Length", "7", "added")]}, "Content-Length says 7"),
        ({"query": [Edit("a", "\ud800", "added")]}, "surrogate"),
        ({"body": [Edit("a", "\ud800", "added")]}, "surrogate"),
        ({"body": "\ud800"}, "surrogate"),
    ],
)
def test_what_http_cannot_carry_is_refused_in_words(edited: Any, words: str) -> None:
    with pytest.raises(Unsendable, match=words):
        together(POST, **edited)


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=6)


@given(PAIRS)
def test_added_form_fields_are_encoded_as_the_steps_encode_theirs(
    pairs: list[tuple[str, str]],
) -> None:
    added = [Edit(name, value, "added") for name, value in pairs]
    written = write_pairs("", added, quote_plus).encode()
    assert written == form(pairs)
    if all(name or value for name, value in pairs):
        assert read_form(written) == tuple(pairs)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40))
def test_any_raw_query_survives_being_taken_apart(raw: str) -> None:
    pairs = read_pairs(raw)
    assert write_pairs(raw, unchanged(pairs), quote) == raw


@given(st.binary(max_size=12))
def test_bytes_that_are_no_utf8_survive_an_edit_of_their_name(value: bytes) -> None:
    raw = f"a={quote_plus(value)}"
    ((_, text),) = read_pairs(raw)
    assert write_pairs(raw, [Edit("b", text, "changed", 0)], quote_plus) == f"b={quote_plus(value)}"


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=6)


@given(PAIRS, PAIRS)
def test_edits_lead_from_any_pairs_to_any_others(original: Any, edited: Any) -> None:
    original, edited = tuple(original), tuple(edited)
    edits = edits_to(edited, original)
    assert pairs_of(edits, original) == edited
    sources = [edit.source for edit in edits if edit.source is not None]
    assert sources == list(range(len(original)))
    assert all(edit.change == "same" for edit in edits_to(original, original))


KEPT = Edit(*POST.headers[0], "same", 0)


def test_an_edit_of_the_editor_is_resumed() -> None:
    edited = together(POST, method="PUT", headers=[KEPT, Edit("X", "2", "changed", 1)])
    draft = resumed(POST, edited)
    assert draft and draft.method == "PUT"
    assert [edit.change for edit in draft.headers] == ["same", "changed"]
    assert {edit.change for edit in (*draft.query, *(draft.body or ()))} == {"same"}


def test_what_is_spelled_otherwise_is_not_resumed() -> None:
    assert resumed(POST, replace(POST, url=POST.url.replace("%20", "+"))) is None
    assert resumed(POST, replace(POST, body=POST.body.replace(b"+", b"%20"))) is None
