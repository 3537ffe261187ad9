from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from flows.mcp.content import base64_size, broken, words

DATA = b64encode(bytes(1500)).decode()
IMAGE = {"type": "image", "data": DATA, "mimeType": "image/png"}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b\nc"}]},
            "a\nb\nc",
        ),
        ({"content": [IMAGE]}, "[image  image/png  1.5 kB]"),
        ({"content": [{**IMAGE, "type": "audio"}]}, "[audio  image/png  1.5 kB]"),
        ({"content": [{"type": "image", "data": "§"}]}, "[image  no media type  not Base64]"),
        (
            {"content": [{"type": "resource_link", "uri": "a:b", "mimeType": "t/x", "size": 9}]},
            "[resource link  a:b  t/x  9 B]",
        ),
        (
            {"content": [{"type": "resource", "resource": {"uri": "a:b", "text": "é"}}]},
            "[resource  a:b  no media type  2 B]\né",
        ),
        (
            {"contents": [{"uri": "a:b", "mimeType": "image/png", "blob": DATA}]},
            "[resource  a:b  image/png  1.5 kB]",
        ),
        ({"contents": [{"uri": "a:b"}]}, "[resource  a:b  no media type  neither text nor blob]"),
        (
            {"messages": [{"role": "user", "content": IMAGE}, {"content": [{"text": "x"}]}]},
            "[image  image/png  1.5 kB]\nx",
        ),
        ({"structuredContent": {"a": 1}, "content": []}, '{"a": 1}'),
        ({"structuredContent": 0}, "0"),
        ({"content": [{"type": "new"}]}, '[{"type": "new"}]'),
        ({"completion": {"values": ["a", "b"]}}, "a\nb"),
        ({"completion": {"values": []}}, "no values"),
        ({"content": "text"}, '"text"'),
        ({}, "{}"),
    ],
)
def test_what_a_result_holds(result: dict[str, Any], said: str) -> None:
    assert words(result) == said


def test_base64_in_a_result_never_reaches_its_words() -> None:
    blob = {"type": "resource", "resource": {"uri": "a:b", "blob": DATA}}
    assert DATA not in words({"content": [IMAGE, blob]})


@pytest.mark.parametrize("data", ["a", "ab=c", "a b=", "====", "é", 7, None])
def test_what_is_no_base64(data: object) -> None:
    assert base64_size(data) is None
    block = {"type": "image", "data": data}
    assert broken({"content": [block, IMAGE]}) == ("image",)
    assert broken({"contents": [{"uri": "a:b", "blob": data}]}) == ("blob",)


@pytest.mark.parametrize("junk", [None, 7, "x", {}, [[]], [None, 7], [{"content": [7, None]}]])
def test_any_shape_has_words(junk: Any) -> None:
    for name in ("content", "contents", "messages", "completion"):
        assert words({name: junk})
        assert broken({name: junk}) == ()
