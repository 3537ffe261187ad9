"""Against WHATWG HTML section 9.2.5 and 9.2.6."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from flows.sse import Parser, parse
from flows.sse import ServerSentEvent as Sse

fragments = st.lists(
    st.sampled_from(
        [
            *(b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"\r", b"\n", b"\r\n"),
            *(b"\n\n", b"\xef\xbb\xbf", "é€𝄞".encode(), b"\xff", b"\0", b"12", b"x", b"data: a\n"),
        ]
    ),
    max_size=60,
).map(b"".join)


@given(fragments, st.data())
def test_any_chunking_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    parser = Parser()
    events: list[Sse] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        events += parser.feed(stream[start:end])

    assert tuple(events) == parse(stream)


@given(fragments)
def test_byte_by_byte_gives_the_same_events(stream: bytes) -> None:
    parser = Parser()
    events = [event for byte in stream for event in parser.feed(bytes([byte]))]
    assert tuple(events) == parse(stream)


text = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))


@given(
    st.lists(
        st.tuples(text, st.lists(text, min_size=1), text.filter(bool), st.integers(0, 10**6)),
        min_size=1,
    )
)
def test_agrees_with_httpx_sse_on_complete_events(
    blocks: list[tuple[str, list[str], str, int]],
) -> None:
    lines: list[str] = []
    for event, data, id, retry in blocks:
        lines += [f"event: {event}", *(f"data: {line}" for line in data)]
        lines += [f"id: {id}", f"retry: {retry}", ""]
    stream = "\n".join([*lines, ""]).encode()
    head = {"Content-Type": "text/event-stream"}
    expected = EventSource(httpx.Response(200, headers=head, content=stream)).iter_sse()

    assert [(e.event, e.data, e.id, e.retry) for e in parse(stream)] == [
        (e.event, e.data, e.id, e.retry) for e in expected
    ]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [Sse(data="a")]),
        (b"data:a\r\rdata: b\r\n\r\n", [Sse(data="a"), Sse(data="b")]),
        (b"data:  two spaces\n\n", [Sse(data=" two spaces")]),
        (b"data\n\ndata\ndata\n\ndata:", [Sse(), Sse(data="\n")]),
        (b"data: +2\ndata: 10\n\n", [Sse(data="+2\n10")]),
        (b": comment\n\nevent: lost\n\ndata: a\n\n", [Sse(data="a")]),
        (b"event: ping\ndata: a\n\n", [Sse("ping", "a")]),
        (b"id: 7\ndata:\n\ndata: b\n\n", [Sse(id="7"), Sse(data="b", id="7")]),
        (b"id: 7\n\n\n\n", []),
        (b"id: 7\ndata: a\n\nid\ndata: b\n\n", [Sse(data="a", id="7"), Sse(data="b")]),
        (b"id: 1\0\ndata: a\n\n", [Sse(data="a")]),
        (b"retry: 10\ndata: a\n\n", [Sse(data="a", retry=10)]),
        (b"retry: +5\nretry: 1_0\nretry: 1.5\ndata: a\n\n", [Sse(data="a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Sse(data="a")]),
        (b"Data: a\nunknown: b\n\n", []),
        (b"data: \xff\n\n", [Sse(data="�")]),
        ("data: a\u2028b\x0bc\n\n".encode(), [Sse(data="a\u2028b\x0bc")]),
        (b"data: cut off\n", []),
    ],
)
def test_interpretation(stream: bytes, expected: list[Sse]) -> None:
    assert parse(stream) == tuple(expected)


def test_an_event_comes_out_at_its_first_blank_line_end() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r\r") == [Sse(data="a")]
    assert parser.feed(b"\ndata: b\n\n") == [Sse(data="b")]


def test_reconnection_state_outlives_blocks_without_data() -> None:
    parser = Parser()
    assert parser.feed(b"id: 9\nretry: 2500\n\nid: 10\n") == []
    assert (parser.last_event_id, parser.retry) == ("9", 2500)


def test_importing_loads_no_http() -> None:
    code = (
        "import flows.sse, sys; print(sorted({'httpx', 'httpx_sse', 'asyncio'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
