"""What the caching hints of a result say, and whether they are as they must be (MCP 2026-07-28,
Caching). authwalk keeps no results: it asks whenever a person does."""

from __future__ import annotations

from collections.abc import Sequence

from flows.catalogue import CacheHint
from flows.text import countdown, duration

_WHO = {"public": "by anyone", "private": "for this authorization alone"}


def wrong_hints(hints: Sequence[CacheHint]) -> tuple[str, ...]:
    """What is wrong with the hints of the pages of one answer."""
    named = (
        ("ttlMs", [hint.ttl for hint in hints]),
        ("cacheScope", [hint.scope for hint in hints]),
    )
    missing = [name for name, values in named if None in values]
    found = [f"the result has no {' and no '.join(missing)}"] if missing else []
    if any(hint.ttl is not None and hint.ttl < 0 for hint in hints):
        found.append("ttlMs is negative")
    if len({hint.scope for hint in hints}) > 1:
        found.append("the pages differ in cacheScope")
    return tuple(found)


def hints_in_words(hints: Sequence[CacheHint]) -> str:
    """How long a result is fresh, and for whom."""
    ttl = min(hint.ttl or 0 for hint in hints) / 1000
    scope = hints[0].scope or "private"
    fresh = "stale at once"
    if ttl > 0:
        fresh = f"fresh for {duration(ttl) if ttl < 86_400 else countdown(ttl)}"
    return f"{fresh}, may be kept {_WHO[scope]} ({scope})"
