"""Hosts in words: what is known of one, and how a walk as it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from flows.hosts import Evidence, Host, HostFileError, Known, find, host_names
from flows.session import PARTIES
from flows.steps import numbered
from flows.text import visible
from tui.ending import Ending

if TYPE_CHECKING:
    from flows.preflight import State

HEADS: Mapping[str, str] = {
    "registration": "register",
    "redirect": "redirect",
    "authentication": "auth",
    "metadata": "metadata",
    "resource": "resource",
    "token": "token",
}
"""The columns of `flows.preflight`, in words that fit above a mark."""
TITLES: Mapping[str, str] = {
    "registration": "registration",
    "redirect": "redirect URIs",
    "authentication": "client authentication",
    "metadata": "metadata",
    "resource": "resource",
    "token": "token",
}
LEGEND: Mapping[State, str] = {
    "ok": "would pass",
    "no": "would refuse",
    "unknown": "not known yet, or not of this host",
}


_WANTS: Mapping[str, str] = {
    "first-authorization-server": "asks only the first that the resource metadata names",
    "every-authorization-server": "wants each that the resource metadata names to be found",
    "redirect-list": "registers all of its redirect URIs or none",
    "client-secret": "does nothing without a client_secret",
    "refresh-error": "asks the person to connect again only after invalid_grant",
}
"""What demands say that need no value."""


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
    title = numbered(verdict.step)
    head = "is stopped at" if ending.outcome != "completed" else "comes through, but at"
    who = f", at fault {PARTIES[verdict.party]}" if verdict.party else ""
    return f"{head} {title}{who}: {verdict.cause}"


def fact_lines(host: Host) -> Iterator[str]:
    """What is known of a host, each value with its evidence."""
    yield visible(host.title)
    for name, known in values(host):
        value = known.value
        if name == "client_info" and isinstance(value, tuple):
            value = " ".join(map(str, value))  # its name and its version
        yield from _entry(name, value, known.evidence)
    if host.demands:
        yield "\nDemands"
    for demand in host.demands:
        value = _WANTS.get(demand.rule) if demand.value is None else demand.value
        yield from _entry(demand.rule, value, demand.evidence)


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
