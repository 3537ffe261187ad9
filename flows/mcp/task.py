"""A task: what a tools/call becomes when its result is fetched later.

2025-11-25   asked for by a `task` parameter, its result fetched with tasks/result (MCP Tasks)
2026-07-28   made by the server alone, its result told by tasks/get (extension
             io.modelcontextprotocol/tasks, SEP-2663)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from flows.frozen import frozen

EXTENSION = "io.modelcontextprotocol/tasks"
RELATED = "io.modelcontextprotocol/related-task"
STATUSES = ("working", "input_required", "completed", "failed", "cancelled")

POLL = 1.0
"""Seconds between polls when the server names no interval."""
LEAST_POLL = 0.05

Json = Mapping[str, Any]


@frozen
class Task:
    """A task as the server last told it. `interval` and `ttl` are seconds; a `ttl` of None keeps
    it for ever.

    `answered` are the keys of `inputRequests` that were answered, `responses` those answers that
    tasks/update still has to bring. `cancel` says how far the person's wish to end it has come.
    """

    id: str
    status: str
    message: str = ""
    interval: float = POLL
    ttl: float | None = None
    answered: frozenset[str] = frozenset()
    responses: Json | None = None
    cancel: Literal["", "wanted", "sent"] = ""

    @property
    def words(self) -> str:
        """Its status, and what the server says of it."""
        return f"{self.status}: {self.message}" if self.message else self.status


def task_of(document: object, before: Task | None = None) -> Task | str:
    """The task that a Task object tells of, or what is wrong with it. What is known of it from
    `before` and not the server's to say stays."""
    if not isinstance(document, Mapping):
        return "no task object in the result"
    name, status = document.get("taskId"), document.get("status")
    if not isinstance(name, str) or not name:
        return "a task without a `taskId`"
    if before and name != before.id:
        return f"tells of the task {name!r}, not of {before.id!r}"
    if status not in STATUSES:
        return f"the task has the unknown status {status!r}"
    message = document.get("statusMessage")
    interval = _seconds(document, "pollInterval")
    ttl = _seconds(document, "ttl")
    return replace(
        before or Task(name, status),
        status=status,
        message=message if isinstance(message, str) else "",
        interval=max(LEAST_POLL, interval) if interval is not None else POLL,
        ttl=ttl,
    )


def _seconds(document: Json, name: str) -> float | None:
    """A time that the revisions give in milliseconds, with and without `Ms` to its name."""
    value = document.get(f"{name}Ms", document.get(name))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value / 1000 if 0 <= value < 1e12 and math.isfinite(value) else None


def related(params: Json, result: Json) -> Json:
    """The answer to a request of the server, marked as part of the task that the request belongs
    to (2025-11-25 Tasks, Related Task Metadata)."""
    meta = params.get("_meta")
    if not isinstance(meta, Mapping) or RELATED not in meta:
        return result
    own = result.get("_meta")
    return {
        **result,
        "_meta": {**(own if isinstance(own, Mapping) else {}), RELATED: meta[RELATED]},
    }
