"""Protected resource metadata (RFC 9728 section 3, MCP Authorization Server Discovery)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from flows.audience import difference
from flows.documents import flaw, json_type, text_list, text_member, value_member
from flows.facts import Facts, Json, Tried
from flows.moves import Blocked, Done, Move, Skipped
from flows.session import Event, Exchanged
from flows.steps.applies import no_authorization
from flows.steps.challenge import challenge_of
from flows.steps.discovery import (
    fetch,
    first_usable,
    next_candidate,
    read_candidate,
    unreachable,
    why_none,
)
from flows.wellknown import is_web_url, resource_candidates, same_origin, url_problem

STEP: Final = "resource-metadata"


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if predates(facts):
        return Skipped(STEP, f"not part of revision {facts.target.protocol}")
    if usable := _accepted(facts):
        return Done(STEP, str(usable.status))
    named = _named(facts)
    if named and (problem := url_problem(named)) and STEP not in facts.overridden:
        return Blocked(
            STEP,
            f"resource_metadata of the challenge is {named}: {problem}.",
            "resource-server",
            "no URL",
            fix="Name the absolute URL of the RFC 9728 document in the challenge.",
            standard="RFC 9728 §5.1",
            can_override=True,
            check="CHAL-03",
        )
    if candidate := next_candidate(candidates(facts), facts.resource_tried):
        return fetch(STEP, candidate)
    return _nothing(facts)


def predates(facts: Facts) -> bool:
    """Whether the pinned revision is older than resource metadata. 2024-11-05 has no rules for
    authorization at all, so its servers are taken at their word."""
    pinned = facts.target.protocol
    return pinned == "2025-03-26" or (pinned == "2024-11-05" and not _named(facts))


def candidates(facts: Facts) -> tuple[tuple[str, str], ...]:
    """`(URL, rule)` in order: the challenge's own, and only without one the well-known URLs."""
    named = _named(facts)
    well_known = resource_candidates(facts.target.url)
    if not named:
        return well_known
    ours = ((named, "resource_metadata of the challenge"),) if is_web_url(named) else ()
    return ours + well_known if STEP in facts.overridden else ours


def _named(facts: Facts) -> str | None:
    challenge = challenge_of(facts)
    return challenge.get("resource_metadata") if challenge else None


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    judge = partial(_judge, facts=facts)
    tried = read_candidate(event.exchange, event.label, judge, unreadable="PRM-02")
    return replace(facts, resource_tried=(*facts.resource_tried, tried))


def resource_metadata(facts: Facts) -> Json | None:
    """The document in use, or None when the server has none."""
    tried = _accepted(facts)
    return tried.document if tried else None


def _accepted(facts: Facts) -> Tried | None:
    return first_usable(facts.resource_tried, STEP in facts.overridden)


def _judge(document: Json, facts: Facts) -> tuple[str, str, str]:
    if problem := servers_problem(document):
        return problem, "unusable", "PRM-06"
    if problem := resource_problem(document, facts.target.url):
        known = text_member(document, "resource") is not None
        return problem, "mismatch" if known else "unusable", "PRM-04"
    return "", "ok", ""


def servers_problem(document: Json) -> str:
    """Why a client cannot take an authorization server from the document; "" when it can."""
    servers = document.get("authorization_servers")
    if text_list(document, "authorization_servers"):
        return ""
    kind = "missing" if servers is None else f"a JSON {json_type(servers)}"
    if isinstance(servers, list):
        kind = "an array without a string" if servers else "empty"
    return f"authorization_servers is {kind}: it must name at least one issuer"


def resource_problem(document: Json, url: str) -> str:
    """Why the document is not one for a server at `url`; "" when clients take it for one."""
    resource = value_member(document, "resource")
    if resource is None:
        return f"resource is {flaw(document, 'resource')} (RFC 9728 §2)"
    if resource == url or covers(resource, url):
        return ""
    return f"resource is {resource}, not {url}: {difference(resource, url)}"


def covers(resource: str, url: str) -> bool:
    """Whether official SDKs take `resource` for a server at `url`: same origin, and a prefix of
    its path by segments. RFC 9728 section 3.3 asks for identity; a check says so."""
    if not is_web_url(resource) or not same_origin(resource, url):
        return False
    prefix = resource.partition("?")[0].rstrip("/")
    path = url.partition("?")[0].rstrip("/")
    start = prefix.partition("://")[2].partition("/")[2]
    own = path.partition("://")[2].partition("/")[2]
    return not start or own == start or own.startswith(f"{start}/")


def falls_back(facts: Facts) -> bool:
    """Whether there is no resource metadata at all, so that the rule of 2025-03-26 applies: the
    MCP server's origin is its issuer."""
    tried = facts.resource_tried
    absent = all(entry.status in (404, 405, 410) for entry in tried)
    return bool(tried) and absent and not _named(facts)


def _nothing(facts: Facts) -> Move:
    if failed := unreachable(STEP, facts.resource_tried, facts.target.url, "CHAL-04"):
        return failed
    if falls_back(facts):
        return Done(STEP, "none")
    reason, decisive = why_none(facts.resource_tried)
    return Blocked(
        STEP,
        reason,
        "network" if decisive.check.startswith("NET-") else "resource-server",
        str(decisive.status or "failed"),
        fix="Serve the RFC 9728 document as application/json, with the exact `resource`.",
        standard="RFC 9728 §3.2, §3.3",
        can_override=STEP not in facts.overridden,
        check=decisive.check or "PRM-01",
    )
