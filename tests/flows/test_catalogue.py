from __future__ import annotations

from typing import Any

import pytest

from flows.catalogue import (
    MAX_PAGES,
    CacheHint,
    Completion,
    Listing,
    about,
    add_page,
    cache_hint,
    completion_params,
    read_completion,
    reference,
)


def pages(*results: dict[str, Any], method: str = "prompts/list") -> Listing | str:
    found: Listing | str = Listing()
    for result in results:
        assert isinstance(found, Listing)
        found = add_page(method, result, found)
    return found


def test_an_empty_cursor_is_a_cursor_and_null_is_none() -> None:
    first = pages({"prompts": [{"name": "a"}], "nextCursor": ""})
    assert isinstance(first, Listing) and first.cursor == "" and not first.complete
    last = pages({"prompts": [{"name": "a"}], "nextCursor": None})
    assert isinstance(last, Listing) and last.complete


def test_a_cursor_that_comes_back_ends_the_list() -> None:
    assert "never end" in str(
        pages({"prompts": [], "nextCursor": "x"}, {"prompts": [], "nextCursor": "x"})
    )
    endless = [{"prompts": [], "nextCursor": str(n)} for n in range(MAX_PAGES + 1)]
    assert "never end" in str(pages(*endless))


@pytest.mark.parametrize(
    ("method", "member", "key"),
    [
        ("tools/list", "tools", "name"),
        ("resources/list", "resources", "uri"),
        ("resources/templates/list", "resourceTemplates", "uriTemplate"),
        ("prompts/list", "prompts", "name"),
    ],
)
def test_entries_without_what_names_them_are_counted(method: str, member: str, key: str) -> None:
    entries = [{key: "a"}, {key: ""}, {key: 7}, {}, "junk", None]
    found = pages({member: entries}, method=method)
    assert isinstance(found, Listing)
    assert (found.items, found.nameless) == (({key: "a"},), 5)
    assert pages({"other": []}, method=method) == f"the result holds no array `{member}`"


@pytest.mark.parametrize(
    ("result", "hint"),
    [
        ({"ttlMs": 5, "cacheScope": "public"}, CacheHint(5, "public")),
        ({"ttlMs": True, "cacheScope": "everyone"}, CacheHint()),
        ({"ttlMs": "5"}, CacheHint()),
        ({}, CacheHint()),
    ],
)
def test_cache_hints(result: dict[str, Any], hint: CacheHint) -> None:
    assert cache_hint(result) == hint


@pytest.mark.parametrize(
    ("result", "completion"),
    [
        (
            {"completion": {"values": ["a", 7, "b"], "total": 9, "hasMore": True}},
            Completion({}, ("a", "b"), 9, True),
        ),
        ({"completion": {"values": [], "total": True}}, Completion({})),
    ],
)
def test_completions(result: dict[str, Any], completion: Completion) -> None:
    assert read_completion({}, result) == completion


@pytest.mark.parametrize("result", [{}, {"completion": []}, {"completion": {"values": "a"}}])
def test_what_is_no_completion_says_so(result: dict[str, Any]) -> None:
    assert "no array" in read_completion({}, result).problem


def test_the_last_argument_is_completed_and_the_others_are_its_context() -> None:
    ref = reference("code_review")
    assert completion_params(ref, {"language": "python", "framework": "fla"}) == {
        "ref": {"type": "ref/prompt", "name": "code_review"},
        "argument": {"name": "framework", "value": "fla"},
        "context": {"arguments": {"language": "python"}},
    }
    assert completion_params(reference("file:///{path}"), {"path": ""}) == {
        "ref": {"type": "ref/resource", "uri": "file:///{path}"},
        "argument": {"name": "path", "value": ""},
    }


def test_what_a_request_is_about() -> None:
    params = completion_params(reference("greet"), {"who": "a"})
    assert about("completion/complete", params) == "greet who"
    assert about("resources/subscribe", {"uri": "a:b"}) == "a:b"
    assert about("ping", {}) == about("x", {"name": 7}) == ""
