"""PKCE and the values that bind the response to the request (RFC 7636 section 4, RFC 6749
section 10.12)."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Final

from flows.documents import text_list
from flows.entropy import base64url, derived
from flows.facts import Facts, Pkce
from flows.moves import Blocked, Done, Make, Move, Skipped
from flows.session import Event, Made, value
from flows.steps.applies import no_browser
from flows.steps.scope import selected_scope
from flows.steps.server_metadata import by_origin, server_metadata

STEP: Final = "pkce"


def next(facts: Facts) -> Move:
    if reason := no_browser(facts):
        return Skipped(STEP, reason)
    if facts.pkce:
        return Done(STEP, facts.pkce.code_challenge_method)
    if _must_refuse(facts) and STEP not in facts.overridden:
        return Blocked(
            STEP,
            "The authorization server does not advertise S256: an MCP client must not go on.",
            "authorization-server",
            "no S256",
            fix='Add "code_challenge_methods_supported": ["S256"] to the metadata.',
            standard="MCP Authorization Code Protection; RFC 8414 §2",
            can_override=True,
            check="ASM-07",
        )
    verifier = derived(facts.seed, "code_verifier")
    values = [
        ("code_verifier", verifier),
        ("code_challenge", s256(verifier)),
        ("code_challenge_method", "S256"),
        ("state", derived(facts.seed, "state")),
    ]
    if "openid" in (selected_scope(facts) or "").split():
        values.append(("nonce", derived(facts.seed, "nonce")))
    return Make(STEP, tuple(values), "code verifier, challenge and state")


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Made):
        return facts
    values = event.values
    return replace(
        facts,
        pkce=Pkce(
            value(values, "code_verifier") or "",
            value(values, "code_challenge") or "",
            value(values, "code_challenge_method") or "",
            value(values, "state") or "",
            value(values, "nonce"),
        ),
    )


def s256(code_verifier: str) -> str:
    """code_challenge = BASE64URL-ENCODE(SHA256(ASCII(code_verifier))), RFC 7636 section 4.2."""
    return base64url(sha256(code_verifier.encode()).digest())


def _must_refuse(facts: Facts) -> bool:
    if facts.target.kind != "mcp" or by_origin(facts):
        return False
    methods = text_list(server_metadata(facts) or {}, "code_challenge_methods_supported")
    return "S256" not in (methods or ())
