from __future__ import annotations

from flows.catalogue import CacheHint
from flows.mcp.caching import cache_remarks

FRESH = CacheHint(300_000, "public")


def test_the_like_is_said_once() -> None:
    (remark,) = cache_remarks({"tools/list": [FRESH, FRESH], "prompts/list": [FRESH], "none": []})
    assert remark.level == "info" and remark.party is None
    assert remark.text == (
        "tools/list, prompts/list: fresh for 5 min 00 s, may be kept by anyone (public)."
    )


def test_the_shortest_time_of_all_pages_counts() -> None:
    (remark,) = cache_remarks({"m": [FRESH, CacheHint(0, "public")]})
    assert "stale at once" in remark.text


def test_nothing_to_keep_is_nothing_to_tell() -> None:
    (remark,) = cache_remarks({"m": [CacheHint(0, "private")]})
    assert (remark.level, remark.party) == ("ok", None)
    (remark,) = cache_remarks({"m": [CacheHint(0, "public")]})
    assert remark.level == "info"


def test_every_break_of_a_rule_is_named() -> None:
    found = cache_remarks(
        {
            "bare": [CacheHint()],
            "half": [CacheHint(1)],
            "past": [CacheHint(-1, "private")],
            "torn": [FRESH, CacheHint(1, "private")],
        }
    )
    assert {remark.level for remark in found} == {"warn"}
    assert {remark.party for remark in found} == {"resource-server"}
    assert [remark.text for remark in found] == [
        "bare: the result has no ttlMs and no cacheScope.",
        "half: the result has no cacheScope.",
        "past: ttlMs is negative.",
        "torn: the pages differ in cacheScope.",
    ]
