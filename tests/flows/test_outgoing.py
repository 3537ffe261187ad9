from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.exchange import Request
from flows.outgoing import Unsendable, sent, target

AGENT = ("User-Agent", "authwalk")
CODING = ("Accept-Encoding", "gzip, deflate")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", b"/"),
        ("HTTPS://h?q=1", b"/?q=1"),
        ("http://h/a/../b/./c//d?x=%7e#fragment", b"/a/../b/./c//d?x=%7e"),
        ("http://h/?y=[|]^\"'<>\\{}#fragment", b"/?y=[|]^\"'<>\\{}"),
        ("http://h/%zz%", b"/%zz%"),
        ("http://h/é?ü=☃", b"/%C3%A9?%C3%BC=%E2%98%83"),
        ("http://h/?", b"/?"),
    ],
)
def test_target_is_what_was_written(url: str, expected: bytes) -> None:
    assert target(url) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "needs http"),
        ("ftp://h/", "needs http"),
        ("//h/", "needs http"),
        ("http:///path", "a host"),
        ("http://user:secret@h/", "Authorization header"),
        ("http://h/a b", r"space or control character \(U\+0020\)"),
        ("http://h/\r\nX: y", r"U\+000D"),
        ("http://h/\x9b", r"U\+009B"),
        ("http://h/\ud800", "surrogate"),
    ],
)
def test_urls_that_cannot_be_sent(url: str, words: str) -> None:
    with pytest.raises(Unsendable, match=words):
        target(url)


@given(st.text())
def test_target_is_always_visible_ascii(rest: str) -> None:
    try:
        assert re.fullmatch(rb"/[!-~]*", target(f"http://h/{rest}"))
    except Unsendable:
        assert re.search("[\0-\x20\x7f-\x9f\ud800-\udfff]", rest)


def test_added_fields_come_after_the_written_ones_and_host_first() -> None:
    request = Request("POST", "http://h/", (("x-B", "1"), ("X-a", "2"), ("x-b", "3")), b"abc")
    assert sent(request, "h", "authwalk").headers == (
        ("Host", "h"),
        *request.headers,
        AGENT,
        CODING,
        ("Content-Length", "3"),
    )


def test_written_fields_are_not_added_again() -> None:
    written = (
        ("USER-AGENT", ""),
        ("accept-encoding", "identity"),
        ("host", "other"),
        ("content-length", "1"),
    )
    request = sent(Request("PUT", "http://h/", written, b"x"), "h", "authwalk")
    assert request.headers == (written[2], written[0], written[1], written[3])


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", b"", None), ("GET", b"x", "1"), ("POST", b"", "0"), ("DELETE", b"", None)],
)
def test_content_length(method: str, body: bytes, length: str | None) -> None:
    request = sent(Request(method, "http://h/", (), body), "h", "")
    assert dict(request.headers).get("Content-Length") == length


def test_chunked_needs_no_length() -> None:
    request = sent(Request("POST", "http://h/", (("Transfer-Encoding", "chunked"),), b"x"), "h", "")
    assert "Content-Length" not in dict(request.headers)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ((("X", "a\r\nInjected: b"),), "line break"),
        ((("X", "a\nb"),), "line break"),
        ((("X", "a\0b"),), "control"),
        ((("X", "snow ☃"),), "8859-1"),
        ((("X", " a"),), "white space"),
        ((("X", "a "),), "white space"),
        ((("X: y\r\nZ", "a"),), "field name"),
        ((("", "a"),), "field name"),
        ((("Näme", "a"),), "field name"),
        ((("Content-Length", "5"),), "says 5, the body has 0 bytes"),
        ((("Content-Length", "0"), ("Content-Length", "0")), "says 0, 0"),
        ((("Content-Length", "0"), ("Transfer-Encoding", "chunked")), "exclude"),
        ((("Transfer-Encoding", "gzip"),), "chunked"),
        ((("Host", "a"), ("Host", "b")), "only once"),
    ],
)
def test_headers_that_cannot_be_sent(headers: tuple[tuple[str, str], ...], words: str) -> None:
    with pytest.raises(Unsendable, match=words):
        sent(Request("GET", "http://h/", headers), "h", "")


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "GÉT"])
def test_methods_that_cannot_be_sent(method: str) -> None:
    with pytest.raises(Unsendable, match="method"):
        sent(Request(method, "http://h/"), "h", "")


@given(st.text(), st.text())
def test_no_header_ever_holds_a_line_break(name: str, value: str) -> None:
    try:
        request = sent(Request("GET", "http://h/", ((name, value),)), "h", "")
    except Unsendable:
        return
    head = "".join(f"{k}: {v}\r\n" for k, v in request.headers)
    assert len(head.splitlines()) >= 2
    assert len(re.split("[\r\n\0]+", head)) == len(request.headers) + 1
