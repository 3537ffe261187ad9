"""What a probe is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from flows.entropy import derived
from flows.exchange import Headers, Request
from flows.facts import Facts
from flows.frozen import frozen
from flows.session import StepId

Kind = Literal["passive", "safe", "mutating"]
"""passive: a GET of public documents. safe: creates nothing and needs no person. mutating: creates
or deletes something, and is sent only to who asked for it."""

Variant = tuple[str, Request]
"""What is varied, such as a User-Agent, and the request that goes out for it."""

Requests = Callable[[Facts], Iterator[Variant]]

ORIGIN = "http://localhost:6274"
"""The Origin of MCP Inspector's own page: what a browser-based client says."""


@frozen
class Probe:
    """`asks` is the question that it answers, for a person who is about to send it."""

    name: str
    step: StepId
    kind: Kind
    asks: str
    requests: Requests


def made_up(facts: Facts, name: str) -> str:
    """A value that no server can know, the same each time the session is looked at."""
    return f"authwalk-{derived(facts.session_seed, f'probe {name}')}"


def get(url: str, *headers: tuple[str, str]) -> Request:
    fields: Headers = (("Accept", "application/json"), *headers)
    return Request("GET", url, fields)


def preflight(url: str, *names: str, method: str = "POST") -> Request:
    """What a browser asks before a page may send `method` with these header fields (Fetch,
    CORS-preflight fetch)."""
    return Request(
        "OPTIONS",
        url,
        (
            ("Origin", ORIGIN),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", ", ".join(sorted(names))),
        ),
    )
