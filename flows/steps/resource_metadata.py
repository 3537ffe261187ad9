"""Protected resource metadata (RFC 9728 section 3, MCP Authorization Server Discovery)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.audience import difference
from flows.documents import flaw, json_type, text_list, text_member, value_member
from flows.facts import Facts, Json, Tried
from flows.moves import Blocked, Done, Move, Remark, Skipped
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
PREDATES = ("2025-03-26", "2024-11-05")


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if facts.target.protocol in PREDATES:
        return Skipped(STEP, f"not part of revision {facts.target.protocol}")
    if usable := _accepted(facts):
        return Done(STEP, str(usable.status), _remarks(facts, usable))
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
        )
    if candidate := next_candidate(candidates(facts), facts.resource_tried):
        return fetch(STEP, candidate)
    return _nothing(facts)


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
    tried = read_candidate(event.exchange, event.label, lambda doc: _judge(doc, facts))
    return replace(facts, resource_tried=(*facts.resource_tried, tried))


def resource_metadata(facts: Facts) -> Json | None:
    """The document in use, or None when the server has none."""
    tried = _accepted(facts)
    return tried.document if tried else None


def _accepted(facts: Facts) -> Tried | None:
    return first_usable(facts.resource_tried, STEP in facts.overridden)


def _judge(document: Json, facts: Facts) -> tuple[str, str]:
    """`(objection, verdict)`: an objection forbids the document's use."""
    servers = document.get("authorization_servers")
    if not isinstance(servers, list) or not text_list(document, "authorization_servers"):
        kind = "missing" if servers is None else f"a JSON {json_type(servers)}"
        if isinstance(servers, list):
            kind = "empty"
        return f"authorization_servers is {kind}: it must name at least one issuer", "unusable"
    resource = value_member(document, "resource")
    if resource is None:
        return f"resource is {flaw(document, 'resource')} (RFC 9728 §2)", "unusable"
    if resource != facts.target.url and not covers(resource, facts.target.url):
        apart = difference(resource, facts.target.url)
        return f"resource is {resource}, not {facts.target.url}: {apart}", "another resource"
    return "", "ok"


def covers(resource: str, url: str) -> bool:
    """Whether official SDKs take `resource` for a server at `url`: same origin, and a prefix of
    its path by segments. RFC 9728 section 3.3 asks for identity; a remark says so."""
    if not is_web_url(resource) or not same_origin(resource, url):
        return False
    prefix = resource.partition("?")[0].rstrip("/")
    path = url.partition("?")[0].rstrip("/")
    start = prefix.partition("://")[2].partition("/")[2]
    own = path.partition("://")[2].partition("/")[2]
    return not start or own == start or own.startswith(f"{start}/")


def _remarks(facts: Facts, tried: Tried) -> tuple[Remark, ...]:
    document = tried.document or {}
    remarks: list[Remark] = []
    if tried.objection:
        remarks.append(Remark("error", f"{tried.objection}. Used all the same.", "resource-server"))
    resource = text_member(document, "resource") or ""
    at_root = tried.rule == "well-known, at the root" and same_origin(resource, facts.target.url)
    if not tried.objection and resource != facts.target.url and not at_root:
        remarks.append(
            Remark(
                "warn",
                f"resource is {resource}, the URL dialled {facts.target.url}: "
                f"{difference(resource, facts.target.url)}. The standard demands identity; the "
                "official SDKs accept a prefix.",
                "resource-server",
                "RFC 9728 §3.3",
            )
        )
    servers = text_list(document, "authorization_servers") or ()
    if len(servers) > 1:
        remarks.append(Remark("info", f"{len(servers)} authorization servers; using {servers[0]}."))
    return tuple(remarks)


def _nothing(facts: Facts) -> Move:
    if failed := unreachable(STEP, facts.resource_tried):
        return failed
    absent = all(tried.status in (404, 405, 410) for tried in facts.resource_tried)
    if absent and not _named(facts):
        # Revision 2025-03-26 had no resource metadata: the server's own origin was its issuer.
        return Done(
            STEP,
            "none",
            (
                Remark(
                    "error",
                    "No resource metadata anywhere. Falling back to the rule of 2025-03-26: the "
                    "MCP server's origin is the authorization server.",
                    "resource-server",
                    "MCP Authorization Server Discovery; RFC 9728 §3",
                ),
            ),
        )
    reason, decisive = why_none(facts.resource_tried)
    return Blocked(
        STEP,
        reason,
        "resource-server",
        str(decisive.status or "failed"),
        fix="Serve the RFC 9728 document as application/json, with the exact `resource`.",
        standard="RFC 9728 §3.2, §3.3",
        can_override=STEP not in facts.overridden,
    )
