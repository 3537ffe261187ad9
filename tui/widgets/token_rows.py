"""What the token pane says, as plain data: rows, the line on the signature, differences.

Every text here is safe to show, except `TokenRow.value`, which is there to be copied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from flows.claims import AudienceMatch, ClaimRow, Expected
from flows.facts import Facts, Tokens
from flows.frozen import frozen
from flows.json_text import Mark, Problem
from flows.steps.inspection import Inspection, expected_of
from flows.text import ago, countdown, visible

Shown = Literal["access", "refresh", "id", "pasted"]
Section = Literal["Claims", "Token response", "Form", "Header"]

MAX_ROWS = 300
"""Rows of a kind; who wants the rest reads the JSON."""
WORDS_LIMIT = 400
NOTE_LIMIT = 600

_TIMES = ("exp", "nbf", "iat", "auth_time", "updated_at")
_TOKEN_RESPONSE = "RFC 6749 §5.1"


@frozen
class TokenRow:
    """One row. `key` stays the same while the token's text changes; `words` is one line.

    `value` is the whole value as received, "" for a claim that is missing. `compared` holds what
    the audience should have been, where it is not, and `several` says that the token has more
    than one. `seconds_left` is there while the row counts down.
    """

    section: Section
    key: str
    name: str
    words: str
    mark: Mark = ""
    note: str = ""
    meaning: str = ""
    standard: str = ""
    value: str = ""
    seconds_left: float | None = None
    compared: tuple[AudienceMatch, ...] = ()
    several: bool = False


def held(facts: Facts) -> dict[Shown, str]:
    """The tokens that the walk holds now, by use."""
    tokens = facts.current_tokens
    if tokens is None:
        return {}
    found: dict[Shown, str | None] = {
        "access": tokens.access_token,
        "refresh": tokens.refresh_token,
        "id": tokens.id_token,
    }
    return {use: text for use, text in found.items() if text}


def expected_for(facts: Facts, use: Shown) -> Expected:
    """What a token should agree with. A pasted one is held against what this walk expects of its
    access token, but nothing is required of it: it may be any token."""
    if use == "pasted":
        return replace(expected_of(facts, "access"), access_token_profile=False)
    return expected_of(facts, use)


def token_rows(
    inspection: Inspection, expected: Expected, tokens: Tokens | None, now: datetime
) -> tuple[TokenRow, ...]:
    """Claims, what the token response said, what is wrong with the form, header parameters.

    `tokens` is the response that brought the token, where it is an access token of the walk.
    """
    token = inspection.token
    rows = [_claim_row("Claims", row, inspection.audience) for row in inspection.claims[:MAX_ROWS]]
    if len(inspection.claims) > MAX_ROWS:
        more = f"{len(inspection.claims) - MAX_ROWS:,} claims more: read the JSON"
        rows.append(TokenRow("Claims", "more", "…", more))
    if tokens:
        rows += _response_rows(tokens, expected, now, token.claims)
    notes = inspection.verification.notes if inspection.verification else ()
    problems = [problem for problem in (*token.problems, *notes) if problem.text != token.looks]
    rows += [_problem_row(number, problem) for number, problem in enumerate(problems[:MAX_ROWS])]
    rows += [_claim_row("Header", row, ()) for row in inspection.header[:MAX_ROWS]]
    return tuple(rows)


def _claim_row(section: Section, row: ClaimRow, audience: tuple[AudienceMatch, ...]) -> TokenRow:
    note = visible(row.note, limit=NOTE_LIMIT)
    words = visible(row.value, limit=WORDS_LIMIT) or '""'
    if row.name in _TIMES and note:
        words = note
    differing: tuple[AudienceMatch, ...] = ()
    if (section, row.name, row.mark) == ("Claims", "aud", "error"):
        differing = tuple(match for match in audience if not match.equal)
    return TokenRow(
        section,
        f"{section}:{row.name}",
        visible(row.name, limit=60) or '""',
        words,
        row.mark,
        note,
        row.meaning,
        row.standard,
        row.value if row.present else "",
        row.seconds_left,
        differing,
        row.value.startswith("["),
    )


def _problem_row(number: int, problem: Problem) -> TokenRow:
    text = visible(problem.text, limit=WORDS_LIMIT)
    name = problem.text.partition(":")[0]
    if name not in ("header", "payload", "signature"):
        name = "token"
    words = text.removeprefix(f"{name}: ")
    return TokenRow(
        "Form",
        f"Form:{number}:{problem.code}",
        name,
        words,
        problem.mark,
        words,
        "",
        problem.standard,
        problem.text,
    )


def _response_rows(
    tokens: Tokens, expected: Expected, now: datetime, claims: Collection[str] | None
) -> Iterator[TokenRow]:
    """What the token does not say itself: its scope, and how long an opaque one lasts."""
    known = tokens.scope is not None or expected.scopes_requested is not None
    if known and not {"scope", "scp"} & set(claims or ()):
        yield _granted(tokens.scope, expected.scopes_requested)
    if tokens.expires_in is not None and claims is None:
        left = tokens.expires_in - (now - tokens.at).total_seconds()
        words = f"in {countdown(left)}" if left > 0 else f"expired {ago(-left)}"
        mark: Mark = "ok" if left > 60 else "warn" if left > 0 else "error"
        meaning = "How long the token lasts, in seconds, said the token response."
        raw = f"{tokens.expires_in:.15g}"
        yield TokenRow(
            "Token response",
            "response:expires_in",
            "expires",
            words,
            mark,
            words,
            meaning,
            _TOKEN_RESPONSE,
            raw,
            left,
        )


def _granted(scope: str | None, requested: tuple[str, ...] | None) -> TokenRow:
    """The scope of the token response beside the one asked for."""
    meaning = "The scope of the token response, against what was asked for."
    given = tuple(scope.split()) if scope is not None else requested or ()
    words = visible(" ".join(given), limit=WORDS_LIMIT) or "none"
    lacking = [name for name in requested or () if name not in given]
    more = [name for name in given if requested is not None and name not in requested]
    says = []
    if scope is None:
        says.append("not told, so as asked for")
    elif requested is None:
        says.append("no scope was asked for")
    elif not lacking and not more:
        says.append("as asked for")
    if lacking:
        says.append(f"not granted: {visible(' '.join(lacking), limit=WORDS_LIMIT)}")
    if more:
        says.append(f"more than was asked for: {visible(' '.join(more), limit=WORDS_LIMIT)}")
    mark: Mark = "ok" if not (lacking or more) and requested is not None else "info"
    note = "; ".join(says)
    raw = scope or " ".join(given)
    key, standard = "response:scope", _TOKEN_RESPONSE
    return TokenRow("Token response", key, "scope", words, mark, note, meaning, standard, raw)


class Signature(NamedTuple):
    """`head` names algorithm and key; `sign` and `verdict` say what came of it, `reason` why."""

    head: str
    sign: str
    verdict: str
    mark: Mark = ""
    reason: str = ""


def signature_of(inspection: Inspection, *, keys: bool, verifying: bool) -> Signature | None:
    """What is to be said of the signature; None where there is none to speak of.

    `keys`: the walk has fetched the issuer's. `verifying`: a verdict is on its way.
    """
    token = inspection.token
    if token.kind != "jwt" or not token.header:
        return None
    told = {name: token.header[name] for name in ("alg", "kid") if name in token.header}
    # A kid is often a hash of 43 characters: its row has all of them, the verdict needs the line.
    words = {name: cut(visible(str(text), limit=48), 11) for name, text in told.items()}
    head = "  ".join(f"{name} {text}" for name, text in words.items())
    head = head or "no alg"
    verification = inspection.verification
    if len(token.segments) < 3:
        return Signature(head, "–", "no signature yet")
    if verifying:
        return Signature(head, "…", "verifying")
    if verification is None:
        return Signature(head, "–", "not verified", reason="" if keys else "no keys yet")
    reason = visible(verification.reason, limit=NOTE_LIMIT)
    match verification.result:
        case "verified":
            return Signature(head, "✓", "verified", "ok")
        case "failed":
            return Signature(head, "✗", "not valid", "error", reason)
        case "cannot":
            return Signature(head, "–", "cannot verify", "", reason)


def most_telling(rows: tuple[TokenRow, ...]) -> TokenRow:
    """The row to begin with: a wrong audience, else the first error, the first warning, the
    first. There is at least one."""
    order = ("error", "warn")
    return min(
        rows,
        key=lambda row: (
            not (row.mark == "error" and row.name == "aud"),
            order.index(row.mark) if row.mark in order else len(order),
        ),
    )


def counts_down(rows: tuple[TokenRow, ...]) -> float | None:
    """Seconds until the words of a row that counts down change; None when none does."""
    waits = [_next_change(row.seconds_left) for row in rows if row.seconds_left is not None]
    return min(waits, default=None)


def _next_change(left: float) -> float:
    # Within the hour a countdown shows seconds, for a minute after it "12 s ago"; else minutes.
    return 1.0 if -60 < left < 3660 else 60.0


_AFTER = 8
"""Cells kept for the deciding character and what follows it."""


class Difference(NamedTuple):
    """Two texts, each in one line, windowed around the first character in which they differ.

    `before` is common to both; then come the deciding character, " " for a text that ended
    there, and what follows it. `found` is None when there was nothing to compare with. `what`
    says what was wanted and how it differs.
    """

    what: str
    before: str
    found: tuple[str, str] | None
    wanted: tuple[str, str]


def difference(compared: tuple[AudienceMatch, ...], width: int) -> Difference:
    """The value found beside the wanted one that is closest to it, in lines of `width` cells."""
    width = max(width, 2 * _AFTER)
    closest = max(compared, key=lambda match: match.differs_at or 0)
    what = f"the {closest.label}"
    if closest.differs_at is None:
        return Difference(what, "", None, ("", cut(visible(closest.wanted), width)))
    at = closest.differs_at
    found, wanted = (
        (visible(text[at : at + 1]) or " ", visible(text[at + 1 : at + 1 + width]))
        for text in (closest.found, closest.wanted)
    )
    after = max(cell_len(found[0] + found[1]), cell_len(wanted[0] + wanted[1]))
    before = _last(closest.found[:at], width - min(after, _AFTER))
    room = width - cell_len(before)
    hint = cut(visible(closest.hint, limit=200), 2 * width - cell_len(what))
    return Difference(
        f"{what}: {hint}",
        before,
        (found[0], cut(found[1], room - cell_len(found[0]))),
        (wanted[0], cut(wanted[1], room - cell_len(wanted[0]))),
    )


def _last(text: str, width: int) -> str:
    """The end of a text in at most so many cells, after an ellipsis when it is longer."""
    end = visible(text[-width:])
    if cell_len(end) <= width and len(text) <= width:
        return end
    while cell_len(end) >= width and end:
        end = end[1:]
    return f"…{end}"


def cut(text: str, width: int) -> str:
    """`text` in at most so many cells, ending in an ellipsis when it was longer."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)) + "…" * (width > 0)
