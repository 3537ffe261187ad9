"""Whether access tokens are asked for bound to a key (RFC 9449 sections 5.1 and 7.1, RFC 9728
section 2)."""

from __future__ import annotations

from flows.facts import Facts
from flows.steps.challenge import schemes_of
from flows.steps.resource_metadata import resource_metadata
from flows.steps.server_metadata import server_metadata

LISTED = "dpop_signing_alg_values_supported"


def demanded(facts: Facts) -> str:
    """Why an unbound token is of no use; "" where it is."""
    if facts.target.dpop:
        return "DPoP was asked for"
    if (resource_metadata(facts) or {}).get("dpop_bound_access_tokens_required") is True:
        return "the resource metadata demands DPoP"
    if schemes_of(facts) == {"dpop"}:
        return "the MCP server's challenge knows no other scheme than DPoP"
    return ""


def uses_dpop(facts: Facts) -> bool:
    """Where DPoP is offered beside Bearer, the authorization server decides by its metadata."""
    if demanded(facts):
        return True
    return "dpop" in schemes_of(facts) and LISTED in (server_metadata(facts) or {})
