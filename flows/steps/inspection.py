"""A token against everything the walk knows: what the token pane, the claims step and
`authwalk token` show alike."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flows.claims import (
    AudienceMatch,
    ClaimRow,
    Expected,
    compare_audience,
    describe,
    describe_header,
)
from flows.documents import text_member
from flows.facts import Facts, Json
from flows.frozen import frozen
from flows.jwk import Verification, verify
from flows.jwt import Token, read_token
from flows.steps.resource_metadata import resource_metadata
from flows.steps.scope import requested
from flows.steps.server_metadata import issuer

Use = Literal["access", "refresh", "id", "any"]


@frozen
class Inspection:
    """`verification` is None when there were no keys to verify with, or nothing to verify."""

    token: Token
    header: tuple[ClaimRow, ...]
    claims: tuple[ClaimRow, ...]
    audience: tuple[AudienceMatch, ...]
    verification: Verification | None


def inspect(text: str, expected: Expected, jwks: Json | None, now: datetime) -> Inspection:
    """Take a token apart, judge its claims, verify its signature. Never raises."""
    token = read_token(text)
    audience: tuple[AudienceMatch, ...] = ()
    if token.claims is not None:
        audience = compare_audience(token.claims.get("aud"), expected.audiences)
    return Inspection(
        token,
        describe_header(token, expected=expected),
        describe(token, now=now, expected=expected),
        audience,
        verify(token, jwks) if token.kind == "jwt" and jwks is not None else None,
    )


def expected_of(facts: Facts, use: Use = "access") -> Expected:
    """What a token of this walk should agree with."""
    if use in ("refresh", "any"):
        return Expected()
    asked = requested(facts)
    tokens = facts.current_tokens
    scope = asked.get("scope")
    mcp = facts.target.kind == "mcp"
    return Expected(
        issuer=issuer(facts),
        resource_sent=asked.get("resource"),
        resource_metadata=text_member(resource_metadata(facts) or {}, "resource"),
        server_url=facts.target.url if mcp else None,
        client_id=facts.client.client_id if facts.client else None,
        scopes_requested=tuple(scope.split()) if scope else None,
        scopes_granted=tuple(tokens.scope.split()) if tokens and tokens.scope else None,
        # An ID token of a refresh need not repeat it (OIDC Core section 12.2).
        nonce=facts.pkce.nonce if facts.pkce and tokens is facts.tokens else None,
        access_token_profile=use == "access" and mcp,
        id_token=use == "id",
        access_token=tokens.access_token if tokens else None,
    )


def inspect_of(facts: Facts, use: Use, now: datetime) -> Inspection | None:
    """The inspection of a token the walk holds; None when it holds none of that use."""
    tokens = facts.current_tokens
    held = {
        "access": tokens and tokens.access_token,
        "refresh": tokens and tokens.refresh_token,
        "id": tokens and tokens.id_token,
    }
    text = held.get(use)
    return inspect(text, expected_of(facts, use), facts.jwks, now) if text else None
