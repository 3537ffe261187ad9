"""What the caching hints of a result say, and whether they are as they must be (MCP 2026-07-28,
Caching). authwalk keeps no results: it asks whenever a person does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flows.catalogue import CacheHint
from flows.moves import Level, Remark
from flows.text import countdown, duration

_STANDARD = "MCP Caching"
_WHO = {"public": "by anyone", "private": "for this authorization alone"}


def cache_remarks(answers: Mapping[str, Sequence[CacheHint]]) -> tuple[Remark, ...]:
    """Remarks on the hints of answers, by method, one for each page; the like said once."""
    found: dict[tuple[Level, str], list[str]] = {}
    for method, hints in answers.items():
        wrong = list(_wrong(hints))
        for level, words in wrong or ([_says(hints)] if hints else []):
            found.setdefault((level, words), []).append(method)
    return tuple(
        Remark(
            level,
            f"{', '.join(methods)}: {words}.",
            "resource-server" if level == "warn" else None,
            _STANDARD,
        )
        for (level, words), methods in found.items()
    )


def _wrong(hints: Sequence[CacheHint]) -> Iterator[tuple[Level, str]]:
    missing = [
        name
        for name, values in (
            ("ttlMs", [hint.ttl for hint in hints]),
            ("cacheScope", [hint.scope for hint in hints]),
        )
        if None in values
    ]
    if missing:
        yield "warn", f"the result has no {' and no '.join(missing)}"
    if any(hint.ttl is not None and hint.ttl < 0 for hint in hints):
        yield "warn", "ttlMs is negative"
    if len({hint.scope for hint in hints}) > 1:
        yield "warn", "the pages differ in cacheScope"


def _says(hints: Sequence[CacheHint]) -> tuple[Level, str]:
    """The hints in words; where nothing may be kept, nobody has to be told."""
    ttl = min(hint.ttl or 0 for hint in hints) / 1000
    scope = hints[0].scope or "private"
    fresh = "stale at once"
    if ttl > 0:
        fresh = f"fresh for {duration(ttl) if ttl < 86_400 else countdown(ttl)}"
    level: Level = "ok" if ttl <= 0 and scope == "private" else "info"
    return level, f"{fresh}, may be kept {_WHO[scope]} ({scope})"
