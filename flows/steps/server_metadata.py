"""Authorization server metadata (RFC 8414 section 3, OpenID Connect Discovery section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from flows.audience import difference
from flows.documents import flaw, text_list, text_member, value_member
from flows.facts import Facts, Json, Tried
from flows.hosts import host_of
from flows.moves import Blocked, Done, Move, Skipped
from flows.session import Event, Exchanged, Party
from flows.steps.applies import for_machines, no_authorization
from flows.steps.discovery import (
    fetch,
    first_usable,
    next_candidate,
    read_candidate,
    unreachable,
    why_none,
)
from flows.steps.resource_metadata import resource_metadata
from flows.wellknown import OAUTH, inserted, is_web_url, origin, server_candidates, url_problem

STEP: Final = "server-metadata"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint")


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    issuer = expected_issuer(facts)
    if problem := url_problem(issuer):
        return Blocked(
            STEP,
            f"The issuer {issuer} is no usable URL: {problem}.",
            "client" if _chosen(facts) else "resource-server",
            "no URL",
            standard="RFC 8414 §2",
            check="PRM-07" if resource_metadata(facts) else "",
        )
    if usable := _accepted(facts):
        return Done(STEP, str(usable.status))
    if candidate := next_candidate(candidates(facts), _tried(facts)):
        return fetch(STEP, candidate)
    return _nothing(facts, issuer)


def _tried(facts: Facts) -> tuple[Tried, ...]:
    """What was tried for the issuer that is expected, redirects included."""
    urls = {url for url, _ in candidates(facts)}
    for at, entry in enumerate(facts.server_tried):
        if entry.url in urls:
            return facts.server_tried[at:]
    return ()


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    judge = partial(_judge, facts=facts)
    tried = read_candidate(event.exchange, event.label, judge, unreadable="ASM-02")
    return replace(facts, server_tried=(*facts.server_tried, tried))


def by_origin(facts: Facts) -> bool:
    """Whether the MCP server's origin stands in for the issuer, as revision 2025-03-26 has it:
    no resource metadata named one."""
    return (
        facts.target.kind == "mcp"
        and facts.target.authorization_server is None
        and resource_metadata(facts) is None
    )


def expected_issuer(facts: Facts) -> str:
    """The issuer identifier that discovery starts from: the first that is named, or what the host
    that is walked as would go on to."""
    if chosen := _chosen(facts):
        return chosen
    servers = text_list(resource_metadata(facts) or {}, "authorization_servers")
    if not servers:
        return origin(facts.target.url)
    return _in_turn(facts, servers) if goes_on(facts) else servers[0]


def goes_on(facts: Facts) -> bool:
    """Whether the host that is walked as goes on to the next authorization server where one has no
    metadata."""
    host = host_of(facts.target)
    known = host.next_authorization_server if host else None
    return known is not None and known.value


def _in_turn(facts: Facts, servers: Sequence[str]) -> str:
    """The first of the servers that is not known to have no metadata; else the last."""
    for server in servers[:-1]:
        if not has_none(facts, server):
            return server
    return servers[-1]


def has_none(facts: Facts, issuer: str) -> bool:
    """Whether every candidate URL of this issuer was tried, and none had a document."""
    wanted = {url for url, _ in server_candidates(issuer)}
    tried = [entry for entry in facts.server_tried if entry.url in wanted]
    return {entry.url for entry in tried} == wanted and not any(
        entry.document is not None or entry.location for entry in tried
    )


def _chosen(facts: Facts) -> str | None:
    """The issuer that the person named."""
    named = facts.target.url if facts.target.kind == "authorization-server" else None
    return facts.target.authorization_server or named


def candidates(facts: Facts) -> tuple[tuple[str, str], ...]:
    """`(URL, rule)` in the order of the revision walked."""
    issuer = expected_issuer(facts)
    if by_origin(facts):
        return ((inserted(issuer, OAUTH), "RFC 8414 at the MCP server's origin"),)
    return server_candidates(issuer)


def server_metadata(facts: Facts) -> Json | None:
    """The document in use. For a server of 2025-03-26 without one, its default endpoints."""
    if tried := _accepted(facts):
        return tried.document
    if defaults_apply(facts):
        base = origin(facts.target.url)
        names = zip(ENDPOINTS, ("/authorize", "/token", "/register"), strict=True)
        return {name: base + path for name, path in names}
    return None


def endpoint(facts: Facts, name: str) -> str | None:
    """An endpoint of the authorization server, when it is a usable URL."""
    url = text_member(server_metadata(facts) or {}, name)
    return url if url and is_web_url(url) else None


def endpoint_problem(facts: Facts, name: str) -> str:
    """Why nothing can be sent to an endpoint that the metadata names; "" when it names none, or
    a usable one."""
    document = server_metadata(facts) or {}
    problem = _unusable(document, name) if document.get(name) is not None else ""
    return f"{name} of the server metadata {problem}" if problem else ""


def _unusable(document: Json, name: str) -> str:
    """What is wrong with a URL in the metadata, as the rest of a sentence; "" when nothing is."""
    url = text_member(document, name)
    if url is None:
        return f"is {flaw(document, name)}"
    problem = url_problem(url)
    return f"is {url}: {problem}" if problem else ""


def issuer(facts: Facts) -> str | None:
    """The issuer as the validated metadata has it, to be recorded before the redirect (MCP
    Authorization Response Validation)."""
    return value_member(server_metadata(facts) or {}, "issuer")


def _accepted(facts: Facts) -> Tried | None:
    return first_usable(facts.server_tried, STEP in facts.overridden)


def defaults_apply(facts: Facts) -> bool:
    """Whether the endpoints are those of 2025-03-26 for a server without metadata."""
    return (
        by_origin(facts)
        and bool(facts.server_tried)
        and all(tried.status is not None and tried.document is None for tried in facts.server_tried)
    )


def _judge(document: Json, facts: Facts) -> tuple[str, str, str]:
    if problem := issuer_problem(document, facts):
        named = text_member(document, "issuer")
        return problem, "mismatch" if named else "no issuer", "ASM-03"
    if missing := missing_endpoint(document, facts):
        return f"{missing} {_unusable(document, missing)} (RFC 8414 §2)", "incomplete", "ASM-05"
    return "", "ok", ""


def issuer_problem(document: Json, facts: Facts) -> str:
    """Why the document is not that of the issuer asked for; "" when it is."""
    named, wanted = value_member(document, "issuer"), expected_issuer(facts)
    if named is None:
        return f"issuer is {flaw(document, 'issuer')} (RFC 8414 §2)"
    if named == wanted or by_origin(facts):
        return ""
    return f"issuer is {named}, asked for {wanted}: {difference(named, wanted)}"


def misnamed(document: Json, url: str, facts: Facts) -> tuple[Party, str, str] | None:
    """`(who, what mends it, the standard)` where an authorization server was named by another
    identifier than its own, down to a slash: its metadata stands at the well-known URL of the
    issuer in it, so it is right by itself (RFC 8414 section 3)."""
    named = value_member(document, "issuer")
    if named is None or url_problem(named) or not issuer_problem(document, facts):
        return None
    if url not in {candidate for candidate, _ in server_candidates(named)}:
        return None
    if _chosen(facts):
        fix = f"Ask for {named}, as the authorization server names itself."
        return "person", fix, "RFC 8414 §3.3"
    fix = (
        f"Name {named} in authorization_servers of the resource metadata, as the authorization "
        f"server names itself; or have that publish {expected_issuer(facts)} as its issuer."
    )
    return "resource-server", fix, "RFC 9728 §2; RFC 8414 §3.3"


def missing_endpoint(document: Json, facts: Facts) -> str:
    """The endpoint that the walk needs and the document does not give; "" when none is."""
    browser: tuple[str, ...] = () if for_machines(facts) else ("authorization_endpoint",)
    for name in (*browser, "token_endpoint"):
        url = text_member(document, name)
        if url is None or not is_web_url(url):
            return name
    return ""


def _nothing(facts: Facts, issuer: str) -> Move:
    named = facts.target.authorization_server is None and resource_metadata(facts) is not None
    source = facts.target.url if named else None
    if failed := unreachable(STEP, facts.server_tried, source, "PRM-07"):
        return failed
    if defaults_apply(facts):
        return Done(STEP, "defaults")
    reason, decisive = why_none(_tried(facts))
    word = "none"
    if decisive.objection:
        word = decisive.verdict if decisive.document is not None else str(decisive.status)
    else:
        reason = f"No well-known URL of {issuer} has it. {reason}"
    check = decisive.check if decisive.objection else "ASM-01"
    party: Party = "network" if check.startswith("NET-") else "authorization-server"
    fix = "Publish metadata whose issuer is exactly the identifier the MCP server names."
    standard = "RFC 8414 §3.3; MCP Authorization Server Metadata Discovery"
    if other := misnamed(decisive.document or {}, decisive.url, facts):
        party, fix, standard = other
    return Blocked(
        STEP,
        reason,
        party,
        word,
        fix=fix,
        standard=standard,
        can_override=any(tried.document is not None for tried in facts.server_tried),
        check=check,
    )
