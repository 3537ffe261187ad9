from __future__ import annotations

import pytest

from flows.catalogue import CacheHint
from flows.mcp.caching import hints_in_words, wrong_hints

FRESH = CacheHint(300_000, "public")


def test_the_shortest_time_of_all_pages_counts() -> None:
    assert hints_in_words([FRESH, FRESH]) == "fresh for 5 min 00 s, may be kept by anyone (public)"
    assert hints_in_words([FRESH, CacheHint(0, "public")]).startswith("stale at once")


@pytest.mark.parametrize(
    ("hints", "wrong"),
    [
        ([FRESH], ()),
        ([CacheHint()], ("the result has no ttlMs and no cacheScope",)),
        ([CacheHint(1)], ("the result has no cacheScope",)),
        ([CacheHint(-1, "private")], ("ttlMs is negative",)),
        ([FRESH, CacheHint(1, "private")], ("the pages differ in cacheScope",)),
    ],
)
def test_every_break_of_a_rule_is_named(hints: list[CacheHint], wrong: tuple[str, ...]) -> None:
    assert wrong_hints(hints) == wrong
