"""Hosts in words: what is known of one, and how a walk as it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from flows.hosts import Evidence, Host, HostFileError, Known, find, host_names
from flows.session import PARTIES
from flows.steps import STEP, STEP_ORDER
from flows.text import visible
from tui.ending import Ending


def readable_hosts() -> tuple[tuple[Host, ...], tuple[str, ...]]:
    """Every host whose file can be used, and in words why others cannot."""
    found, broken = [], []
    for name in host_names():
        try:
            host = find(name)
        except HostFileError as error:
            broken.append(visible(str(error), limit=300))
        else:
            found += [host] if host else []
    return tuple(found), tuple(broken)


def came_to(host: Host, ending: Ending) -> str:
    """How a walk as a host ended, in a sentence."""
    verdict = ending.verdict
    if ending.outcome == "needs-person":
        return "comes to the login"
    if verdict.step is None:
        return f"comes through: {verdict.cause}" if not ending.code else verdict.cause
    title = f"{STEP_ORDER[verdict.step] + 1} {STEP[verdict.step].title}"
    head = "is stopped at" if ending.outcome != "completed" else "comes through, but at"
    who = f", at fault {PARTIES[verdict.party]}" if verdict.party else ""
    return f"{head} {title}{who}: {verdict.cause}"


def fact_lines(host: Host) -> Iterator[str]:
    """What is known of a host, each value with its evidence."""
    yield visible(host.title)
    for name, known in values(host):
        yield from _entry(name, known.value, known.evidence)
    if host.demands:
        yield "\nDemands"
    for demand in host.demands:
        yield from _entry(demand.rule, demand.value, demand.evidence)


def values(host: Host) -> Iterator[tuple[str, Known[Any]]]:
    for field in fields(host):
        value = getattr(host, field.name)
        if isinstance(value, Known):
            yield field.name, value


def _entry(name: str, value: object, evidence: Evidence) -> Iterator[str]:
    listed = value if isinstance(value, tuple) else () if value is None else (value,)
    first, *more = [_text(one) for one in listed] or [""]
    yield f"  {name:<28}{first}".rstrip()
    for one in more:
        yield " " * 30 + one
    yield " " * 30 + visible(evidence.words)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(f"{value:g}" if isinstance(value, float | int) else str(value))
