"""Which scope and which resource to ask for (MCP Scope Selection Strategy, Resource Parameter)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from flows.documents import is_whole, text_list, value_member
from flows.facts import Facts
from flows.hosts import host_of
from flows.steps.applies import for_machines
from flows.steps.challenge import challenge_of
from flows.steps.imitation import resource
from flows.steps.resource_metadata import predates, resource_metadata
from flows.steps.server_metadata import server_metadata


def requested(facts: Facts) -> Mapping[str, str]:
    """The `scope` and `resource` of the last request for authorization, as they were sent."""
    query = (facts.authorization_url or "").partition("#")[0].partition("?")[2]
    return dict(facts.requested or parse_qsl(query))


def selected_scope(facts: Facts) -> str | None:
    """The scope to request: that of a step-up, the person's, the challenge's, the resource
    metadata's; else what the host asks for without one, or None.

    `offline_access` joins when the authorization server lists it, as MCP Refresh Tokens allows;
    machines hold what they need for another token and want no refresh token.
    """
    if facts.scope_asked:
        return facts.scope_asked
    if facts.target.scope is not None:
        return facts.target.scope or None
    challenge = challenge_of(facts)
    scope = challenge.get("scope") if challenge else None
    if not scope:
        listed = text_list(resource_metadata(facts) or {}, "scopes_supported") or ()
        scope = " ".join(filter(is_whole, listed))
    if not scope:
        host = host_of(facts.target)
        if host is None or host.default_scope is None:
            return None
        listed = text_list(server_metadata(facts) or {}, "scopes_supported") or ()
        return " ".join(filter(is_whole, listed)) or host.default_scope.value
    if for_machines(facts):
        return scope
    listed = text_list(server_metadata(facts) or {}, "scopes_supported") or ()
    if "offline_access" in listed and "offline_access" not in scope.split():
        scope = f"{scope} offline_access"
    return scope


def selected_resource(facts: Facts) -> str | None:
    """The resource indicator for both legs (RFC 8707): as the host has it, else the metadata's
    `resource` when it is accepted, else the server's canonical URI. Revisions before 2025-06-18
    send none."""
    if facts.target.resource is not None:
        return facts.target.resource or None
    if facts.target.kind == "authorization-server" or predates(facts):
        return None
    return resource(facts, value_member(resource_metadata(facts) or {}, "resource"))
