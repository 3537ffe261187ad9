"""What a server asks: its words, its form, the answer made of it."""

from __future__ import annotations

from typing import Any

import pytest

from flows.mcp.asked import (
    accepted,
    around_host,
    concerns,
    host_of,
    kind_of,
    request_of,
    schema_of,
    start_of,
    words_of,
)
from flows.mcp.form import build, fill
from flows.mcp.schema import fields

ELICIT, SAMPLE, ROOTS = "elicitation/create", "sampling/createMessage", "roots/list"


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        (ELICIT, {}, "form"),
        (ELICIT, {"mode": "form"}, "form"),
        (ELICIT, {"mode": "url"}, "url"),
        (ELICIT, {"mode": ["url"]}, "unknown"),
        (SAMPLE, {}, "sampling"),
        (ROOTS, {}, "roots"),
        ("tools/list", {}, "unknown"),
    ],
)
def test_the_kinds_of_requests(method: str, params: dict[str, Any], kind: str) -> None:
    assert kind_of(method, params) == kind
    assert words_of(method, params), "there is always something to say"


@pytest.mark.parametrize("entry", [None, [], {}, {"method": 1, "params": []}])
def test_an_entry_that_is_no_request(entry: object) -> None:
    assert request_of(entry) == ("", {})


def test_a_form_is_that_of_the_server_and_its_answer_the_content() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "default": "Ann"}}}
    params = {"message": "Who?", "requestedSchema": schema}
    assert schema_of(ELICIT, params) == schema
    assert start_of(ELICIT, params) is None
    assert accepted(ELICIT, params, {"name": "Bo"}) == {
        "action": "accept",
        "content": {"name": "Bo"},
    }
    assert accepted(ELICIT, {"mode": "url"}, {"name": "Bo"}) == {"action": "accept"}


def test_a_reply_of_a_model_is_a_form_of_its_result() -> None:
    specs, start = fields(schema_of(SAMPLE, {})), start_of(SAMPLE, {})
    typed = fill(specs, start)
    assert typed is not None, "the form can show what it starts with"
    typed["content", "text"] = "Paris"
    result, problems = build(specs, typed)
    assert problems == ()
    assert accepted(SAMPLE, {}, result) == {
        "role": "assistant",
        "content": {"type": "text", "text": "Paris"},
        "model": "a person at authwalk",
        "stopReason": "endTurn",
    }


def test_roots_start_with_those_of_before() -> None:
    roots = [{"uri": "file:///a", "name": "A"}]
    start = start_of(ROOTS, {}, roots)
    assert start == {"roots": roots}
    specs = fields(schema_of(ROOTS, {}))
    typed = fill(specs, start)
    assert typed is not None and build(specs, typed)[0] == start


def test_a_conversation_is_told_with_its_images_by_type_and_size() -> None:
    params = {
        "systemPrompt": "Be brief.",
        "messages": [
            {"role": "user", "content": {"type": "text", "text": "What is this?"}},
            {
                "role": "user",
                "content": [
                    {"type": "image", "mimeType": "image/png", "data": "A" * 4000},
                    {"type": "tool_use", "name": "look", "input": {}},
                    7,
                ],
            },
            "junk",
        ],
        "maxTokens": 50,
        "modelPreferences": {"hints": [{"name": "sonnet"}, {}, 3]},
        "tools": [{"name": "look"}, 1],
    }
    assert words_of(SAMPLE, params).splitlines() == [
        "system: Be brief.",
        "user: What is this?",
        "user: [image image/png, 3.0 kB] [tool_use look] (no content)",
        "(at most 50 tokens; a model like sonnet; tools the model may use: look)",
    ]


@pytest.mark.parametrize("params", [{}, {"messages": 3, "modelPreferences": [], "tools": {}}])
def test_a_conversation_without_a_word(params: dict[str, Any]) -> None:
    assert isinstance(words_of(SAMPLE, params), str)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example/x?y#z", ("https://", "a.example", "/x?y#z")),
        ("https://a.example", ("https://", "a.example", "")),
        (
            "https://bank.example@evil.example:8443/bank.example",
            ("https://bank.example@", "evil.example:8443", "/bank.example"),
        ),
        ("https://A.example\\@b.example/", ("https://", "A.example", "\\@b.example/")),
        ("mailto:someone", ("mailto:someone", "", "")),
        ("", ("", "", "")),
        ("http://[", ("http://[", "", "")),
    ],
)
def test_where_the_host_stands_in_a_url(url: str, parts: tuple[str, str, str]) -> None:
    assert around_host(url) == parts
    assert "".join(parts) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://mcp.example.com/set?x=1", []),
        ("http://localhost:3000/x", []),
        ("http://127.0.0.1/x", []),
        ("http://[::1]/x", []),
        ("http://mcp.example.com/", ["no https"]),
        ("https://bank.example@evil.example/", ["the host is evil.example"]),
        ("https://xn--e1afmkfd.example/", ["may look like others"]),
        ("https://exаmple.com/", ["may look like others"]),  # noqa: RUF001
        ("https://a.example\\b", ["backslash"]),
        ("javascript:alert(1)", ["no browser"]),
        ("file:///etc/passwd", ["no browser"]),
        ("", ["no browser"]),
    ],
)
def test_what_to_know_before_a_url_is_opened(url: str, said: list[str]) -> None:
    found = concerns(url)
    assert len(found) >= len(said) and bool(found) == bool(said)
    for words in said:
        assert any(words in concern for concern in found)


def test_a_host_that_cannot_be_read_is_none() -> None:
    assert host_of("http://[") == host_of("x") == ""
