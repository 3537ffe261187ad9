"""Bodies in their views, and what is said where a body is not what it claims to be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.bodies import VIEWS, Rendered, render, render_text, views
from flows.text import visible
from tests.hostile import HOSTILE

FORM = "application/x-www-form-urlencoded"
SSE = "text/event-stream"


def texts(rendered: Rendered) -> list[str]:
    rows = rendered.finish().rows
    return [rows.text(row) for row in range(len(rows))]


@pytest.mark.parametrize(
    ("content_type", "body", "best"),
    [
        ("application/json", b"{}", "json"),
        ("application/problem+json; charset=utf-8", b" 12", "json"),
        ("application/json", b"\xef\xbb\xbf{}", "json"),
        ("application/json", b"<html>", "html"),
        ("application/json", b"upstream error", "text"),
        ("text/html", b'{"error":1}\n', "json"),
        ("", b"[1]", "json"),
        ("", b"[1, ", "text"),
        ("", b"[info] started [x]", "text"),
        ("text/html", b"<p>", "html"),
        ("text/plain", b"<!DOCTYPE html>", "html"),
        ("Application/X-WWW-Form-Urlencoded", b"a=b", "form"),
        (SSE, b"data: {}\n\n", "sse"),
        ("text/plain", b"hello", "text"),
        ("application/jwt", b"eyJ.eyJ.x", "text"),
        ("image/png", b"anything", "hex"),
        ("", b"\x89PNG\r\n\x1a\n\0\0", "hex"),
        ("", bytes(range(128, 256)), "hex"),
        ("", b"", "text"),
        ("", "全角".encode("utf-16"), "text"),
    ],
)
def test_the_view_that_suits_best(content_type: str, body: bytes, best: str) -> None:
    kinds = views(content_type, body)
    assert kinds[0] == best
    assert {"text", "hex"} <= set(kinds)
    assert render(body, content_type).kind == best


@pytest.mark.parametrize(
    ("content_type", "body", "note"),
    [
        ("application/json", b'{"a":1}', ""),
        ("application/json", b'{"a":1,}', "no JSON at line 1, column 8: member name expected"),
        ("application/json", b"\n  <html>", "but is no JSON at line 2, column 3"),
        ("text/html", b"{}", "JSON by its look, sent as text/html"),
        ("", b"{}", "JSON by its look, sent without a media type"),
        ("te\x1bxt/x", b"{}", "sent as te\\x1bxt/x"),
        ("application/json", b"[" * 200, "laid out up to line 1, column 102: more than 100 levels"),
        ("application/json", b"\xef\xbb\xbf{}", "byte order mark"),
        ("text/plain", b"a\xff", "not all UTF-8"),
        ("text/plain; charset=latin-1", b"a\xff", "decoded from iso8859-1"),
        ("text/plain; charset=x\x1b", b"a", "unknown charset x\\x1b"),
        ("text/plain", b"", "no body"),
        (SSE, b"data: x\n\ndata: y", "ends inside an event"),
        (SSE, b": ping\n\n", "there is no event"),
        (SSE, b"data: x\r\n\r\n: ping\r\n", ""),
        ("", b"\0\1\2", "no text by its look"),
    ],
)
def test_what_is_odd_is_said(content_type: str, body: bytes, note: str) -> None:
    got = render(body, content_type).finish().note
    assert note in got if note else got == ""
    assert visible(got) == got


def test_json() -> None:
    body = b'{"a":"x\\ny","b":[1.0,{"c":"\\ud800"}],"d":{}}'
    rendered = render(body, "application/json")
    assert texts(rendered) == [
        "{",
        '  "a": "x\\ny",',
        '  "b": [',
        "    1.0,",
        "    {",
        '      "c": "\\ud800"',
        "    }",
        "  ],",
        '  "d": {}',
        "}",
    ]
    assert rendered.value_at(1) == "x\ny"
    assert rendered.value_at(2) == '[\n  1.0,\n  {\n    "c": "\\ud800"\n  }\n]'
    assert rendered.value_at(3) == "1.0"
    assert rendered.value_at(4) == '{\n  "c": "\\ud800"\n}'
    assert rendered.value_at(5) == '"\\ud800"'  # no clipboard takes half a pair
    assert rendered.value_at(8) == "{}"
    assert json.loads(rendered.value_at(0)) == json.loads(body)


def test_the_value_of_a_folded_row_is_that_of_its_line() -> None:
    rendered = render(b'{"token":"' + b"x" * 100 + b'"}', "application/json")
    rendered.rows.fold(20)
    rendered.finish()
    assert rendered.value_at(1) == rendered.value_at(4) == "x" * 100


def test_form() -> None:
    body = b"code=Sx9%2B+a&redirect_uri=http%3A%2F%2Fa%3Fb%3Dc&e=%0A%1b%ff&flag&=x"
    rendered = render(body, FORM)
    assert texts(rendered) == [
        "code         = Sx9+ a",
        "redirect_uri = http://a?b=c",
        "e            = \\n\\x1b\\xff",
        "flag",
        "             = x",
    ]
    assert [rendered.value_at(row) for row in range(5)] == [
        "Sx9+ a",
        "http://a?b=c",
        "\n\x1b\\xff",
        "flag",
        "x",
    ]
    assert texts(render(body, FORM, "text")) == [body.decode()]


def test_server_sent_events() -> None:
    body = (
        b'id: 1\ndata: {"a":[1]}\n\n: comment\n\nevent: endpoint\ndata: /x\ndata: y\nretry: 30\n\n'
    )
    rendered = render(body, SSE)
    assert texts(rendered) == [
        "message  id 1",
        "  {",
        '    "a": [',
        "      1",
        "    ]",
        "  }",
        "",
        "endpoint  id 1  retry 30 ms",
        "  /x",
        "  y",
    ]
    assert rendered.value_at(2) == "[\n  1\n]"


def test_hex_copies_its_row() -> None:
    rendered = render(b"abc", "", "hex")
    assert texts(rendered) == [f"00000000  {'61 62 63':<47}  abc"]
    assert rendered.value_at(0) == rendered.rows.text(0)


def test_text_of_our_own() -> None:
    rendered = render_text("curl \\\n  -d 'é\ud800'", "bash")
    assert rendered.language == "bash"
    assert texts(rendered) == ["curl \\", "  -d 'é\\ud800'"]
    assert rendered.value_at(1) == "  -d 'é\\ud800'"


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        render(b"", "", "docx")


@pytest.mark.parametrize("kind", VIEWS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_hostile_passes(kind: str, hostile: str) -> None:
    body = hostile.encode("utf-8", "surrogatepass")
    for sent in (body, b"data: " + body + b"\n\n", json.dumps([hostile]).encode(), b"=" + body):
        rendered = render(sent, hostile, kind)
        for text in texts(rendered):
            assert visible(text) == text
        assert visible(rendered.note) == rendered.note


@given(st.binary(), st.sampled_from(["application/json", FORM, SSE, "text/html", ""]))
def test_any_bytes_can_be_shown_and_copied(body: bytes, content_type: str) -> None:
    for kind in views(content_type, body):
        rendered = render(body, content_type, kind).finish()
        for row in range(len(rendered.rows)):
            assert visible(rendered.rows.text(row)) == rendered.rows.text(row)
            rendered.value_at(row).encode()


def followed(value: object, pointer: str) -> object:
    """The value at a JSON Pointer (RFC 6901 section 4)."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value[name]
        else:
            assert isinstance(value, list)
            value = value[int(name)]
    return value


@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, min_size=1)
            | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, min_size=1)
        ),
        max_leaves=20,
    )
)
def test_the_pointer_of_every_row_leads_to_its_value(value: object) -> None:
    rendered = render(json.dumps(value).encode(), "application/json").finish()
    for row in range(len(rendered.rows)):
        if rendered.rows.continues(row) or rendered.rows.text(row).strip() in (
            "]",
            "}",
            "],",
            "},",
        ):
            continue
        found = followed(value, rendered.path_at(row))
        copied = rendered.value_at(row)
        assert copied == found if isinstance(found, str) else json.loads(copied) == found


def test_a_closing_bracket_stands_where_its_opening_one_does() -> None:
    rendered = render(b'{"a": [1, {"b": 2}]}', "application/json").finish()
    paths = [rendered.path_at(row) for row in range(len(rendered.rows))]
    assert paths == ["", "/a", "/a/0", "/a/1", "/a/1/b", "/a/1", "/a", ""]


def test_a_form_stands_by_its_names() -> None:
    rendered = render(b"grant_type=x&code=a%20b", "application/x-www-form-urlencoded").finish()
    assert [rendered.path_at(row) for row in (0, 1)] == ["grant_type", "code"]
