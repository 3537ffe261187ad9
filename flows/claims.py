"""What a token says, claim by claim: its meaning, and how it stands to what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from flows.audience import AudienceMatch, audiences, compare_audience
from flows.claim_checks import (
    ID_TOKEN_VALIDATION,
    MCP_TOKEN_HANDLING,
    Expected,
    Seen,
    Verdict,
    half_hash,
    is_access_token_type,
    judge,
    judge_parameter,
)
from flows.claim_names import Meaning, claim_meaning, parameter_meaning
from flows.frozen import frozen
from flows.json_text import Mark
from flows.jwt import Token

__all__ = [
    "AudienceMatch",
    "ClaimRow",
    "Expected",
    "compare_audience",
    "describe",
    "describe_header",
    "half_hash",
]


@frozen
class ClaimRow:
    """One claim or header parameter.

    `value` is the text of a string, else JSON: as received, so it passes `flows.text.visible`
    before it is shown, and `note` too. `seconds_left` is there on a row that counts down.
    """

    name: str
    value: str
    meaning: str
    standard: str
    mark: Mark = ""
    note: str = ""
    seconds_left: float | None = None
    present: bool = True


_FIRST = ("iss", "sub", "aud", "client_id", "azp", "scope", "scp", "exp", "nbf", "iat", "jti")


def describe(
    token: Token, *, now: datetime, expected: Expected | None = None
) -> tuple[ClaimRow, ...]:
    """A row for each claim of a token, and for each that is missing; the deciding ones first.

    `now` is aware; times are told in its zone. No rows when the token has no claims to read.
    """
    if token.claims is None:
        return ()
    seen = Seen(token.claims, token.header or {}, now, expected or Expected())
    missing = {} if _cut_short(token) else _missing(seen)
    order = [name for name in _FIRST if name in seen.claims or name in missing]
    order += [name for name in (*seen.claims, *missing) if name not in _FIRST]
    return tuple(
        _row(name, claim_meaning(name), missing[name], present=False)
        if name in missing
        else _row(name, claim_meaning(name), judge(name, seen), seen.claims[name])
        for name in order
    )


def describe_header(token: Token, *, expected: Expected | None = None) -> tuple[ClaimRow, ...]:
    """A row for each parameter of a token's JOSE header, in its order."""
    header = token.header or {}
    wanted = expected or Expected()
    rows = [
        _row(name, parameter_meaning(name), judge_parameter(name, value, wanted), value)
        for name, value in header.items()
    ]
    if header and wanted.access_token_profile and "typ" not in header:
        missing = Verdict("warn", "missing; at+jwt keeps other JWTs apart", None, "RFC 9068 §2.1")
        rows.append(_row("typ", parameter_meaning("typ"), missing, present=False))
    return tuple(rows)


def _row(
    name: str,
    meaning: Meaning,
    verdict: Verdict,
    value: object = "(missing)",
    present: bool = True,
) -> ClaimRow:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    standard = verdict.standard or meaning.standard
    mark, note, left = verdict.mark, verdict.note, verdict.seconds_left
    return ClaimRow(name, text, meaning.text, standard, mark, note, left, present)


def _cut_short(token: Token) -> bool:
    """While a token is typed, what has not come yet is not missing."""
    return any(
        problem.code in ("json", "nested", "number") and problem.text.startswith("payload")
        for problem in token.problems
    )


def _missing(seen: Seen) -> dict[str, Verdict]:
    return {name: verdict for name, verdict in _required(seen) if name not in seen.claims}


def _required(seen: Seen) -> Iterator[tuple[str, Verdict]]:
    expected = seen.expected
    if expected.id_token:
        for name in ("iss", "sub", "aud", "exp", "iat"):
            yield name, Verdict("error", "an ID token must have it", None, "OIDC Core §2")
        if expected.nonce is not None:
            says = "the request sent one, so the ID token must have it"
            yield "nonce", Verdict("error", says, None, f"{ID_TOKEN_VALIDATION} (11)")
        if len(audiences(seen.claims.get("aud"))) > 1:
            says = "several audiences: azp says which is the client"
            yield "azp", Verdict("warn", says, None, f"{ID_TOKEN_VALIDATION} (4)")
    elif expected.access_token_profile:
        declared = is_access_token_type(seen.header.get("typ"))
        says = "an at+jwt must have it" if declared else "RFC 9068 would have it; typ is not at+jwt"
        mark: Mark = "error" if declared else "warn"
        for name in ("iss", "exp", "sub", "client_id", "iat", "jti"):
            yield name, Verdict(mark, says, None, "RFC 9068 §2.2")
        says = "the MCP server cannot see that the token is meant for it"
        yield "aud", Verdict("error", says, None, MCP_TOKEN_HANDLING)
        if expected.scopes_requested and "scp" not in seen.claims:
            says = "scopes were asked for, so the token should say which it has"
            yield "scope", Verdict("warn", says, None, "RFC 9068 §2.2.3")
