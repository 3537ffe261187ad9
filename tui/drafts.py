"""A request taken apart for editing, and put together again: byte for byte what it was, but for
what was changed.

A pair that nobody touched keeps its raw spelling. One that was edited is spelled as the steps
spell theirs: `quote` in a query, `quote_plus` in a form (RFC 6749 appendix B).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Literal
from urllib.parse import quote, quote_plus, unquote_plus

from flows.documents import FORM
from flows.exchange import Request, media_type
from flows.frozen import frozen
from flows.outgoing import Unsendable, sent, target
from flows.session import Pairs

MOST_PAIRS = 100
"""Pairs of a query or form that become rows; more are edited as one text."""
MOST_TEXT = 64 * 1024

Change = Literal["same", "changed", "added", "removed"]
BodyKind = Literal["form", "text", "none"]


@frozen
class Edit:
    """A pair after editing. `source` is its place among the original pairs, None for a new one."""

    name: str
    value: str
    change: Change = "same"
    source: int | None = None


def unchanged(pairs: Pairs) -> tuple[Edit, ...]:
    return tuple(Edit(name, value, "same", at) for at, (name, value) in enumerate(pairs))


def pairs_of(edits: Sequence[Edit], original: Pairs) -> Pairs:
    """The pairs that are left; `original` itself when nothing was changed."""
    if all(edit.change == "same" for edit in edits):
        return original
    return tuple((edit.name, edit.value) for edit in edits if edit.change != "removed")


def edits_to(edited: Pairs, original: Pairs) -> tuple[Edit, ...]:
    """The edits that make `edited` of `original`, names telling which pair is which."""
    edits: list[Edit] = []
    before, after = ([name for name, _ in pairs] for pairs in (original, edited))
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        paired = b - a if kind == "equal" or b - a == d - c else 0
        for at in range(paired):
            change: Change = "same" if original[a + at] == edited[c + at] else "changed"
            edits.append(Edit(*edited[c + at], change, a + at))
        edits += (Edit(*original[at], "removed", at) for at in range(a + paired, b))
        edits += (Edit(*edited[at], "added") for at in range(c + paired, d))
    return tuple(edits)


def read_pairs(raw: str) -> Pairs:
    """The pairs of a query or form, one for each piece between "&"s. Bytes that are no UTF-8 are
    kept as lone surrogates."""
    if not raw:
        return ()
    pieces = (piece.partition("=") for piece in raw.split("&"))
    return tuple((_decoded(name), _decoded(value)) for name, _, value in pieces)


def write_pairs(raw: str, edits: Sequence[Edit], spell: Callable[..., str]) -> str:
    """`raw` with `edits` made to it. Raises Unsendable where a value has no UTF-8."""
    pieces = raw.split("&")
    written = []
    for edit in edits:
        if edit.change == "same" and edit.source is not None:
            written.append(pieces[edit.source])
        elif edit.change != "removed":
            try:
                name = spell(edit.name, safe="", errors="surrogateescape")
                value = spell(edit.value, safe="", errors="surrogateescape")
            except UnicodeEncodeError:
                raise Unsendable("a value holds half of a surrogate pair") from None
            written.append(f"{name}={value}")
    return "&".join(written)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")


@frozen
class Parts:
    """A request in the pieces in which it is edited. `base` is the URL without its query, or all
    of it when that has more than MOST_PAIRS pairs."""

    base: str
    query: Pairs
    body_kind: BodyKind
    form: Pairs = ()
    text: str = ""
    note: str = ""


@frozen
class Draft:
    """What a request is edited to. `body` is the pairs of a form, a text, or None to keep it."""

    method: str
    base: str
    query: Sequence[Edit]
    headers: Sequence[Edit]
    body: Sequence[Edit] | str | None = None


def take_apart(request: Request) -> Parts:
    before, raw, fragment = _split(request.url)
    query, base, notes = read_pairs(raw), before + fragment, []
    if len(query) > MOST_PAIRS:
        notes.append(f"{len(query):,} query parameters: they are edited in the URL")
        query, base = (), request.url
    form: Pairs = ()
    text = ""
    kind: BodyKind = "none"
    if request.body:
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            notes.append(f"{len(request.body):,} bytes of body, not UTF-8: sent as they are")
        else:
            kind = "text"
            if media_type(request.headers) == FORM and text.count("&") < MOST_PAIRS:
                kind, form, text = "form", read_pairs(text), ""
            elif len(text) > MOST_TEXT:
                kind = "none"
                notes.append(f"{len(request.body):,} bytes of body: too large to edit here")
    elif media_type(request.headers) == FORM:
        kind = "form"
    return Parts(base, query, kind, form, text, "; ".join(notes))


def put_together(request: Request, draft: Draft) -> Request:
    """`request` as edited, the same object when nothing was. Raises Unsendable, in the wire's own
    words, for what HTTP cannot carry."""
    base, query, body = draft.base, draft.query, draft.body
    before, raw, fragment = _split(request.url)
    url = request.url
    if any(edit.change != "same" for edit in query) or base not in (before + fragment, url):
        bare, hash_mark, rest = base.partition("#")
        written = write_pairs(raw, query, quote)
        glue = "" if not written or bare.endswith(("?", "&")) else "&" if "?" in bare else "?"
        url = bare + glue + written + hash_mark + rest
    if body is None:
        data = request.body
    elif isinstance(body, str):
        try:
            data = body.encode()
        except UnicodeEncodeError:
            raise Unsendable("the body holds half of a surrogate pair") from None
    elif all(edit.change == "same" for edit in body):
        data = request.body
    else:
        data = write_pairs(request.body.decode(), body, quote_plus).encode("ascii")
    result = Request(draft.method, url, pairs_of(draft.headers, request.headers), data)
    if result == request:
        return request
    target(result.url)
    sent(result, "", "")
    return result


def resumed(own: Request, edited: Request) -> Draft | None:
    """`edited` as edits of `own`; None where it is no such thing, as after a paste."""
    parts, now = take_apart(own), take_apart(edited)
    if parts.body_kind != now.body_kind:
        return None
    body: Sequence[Edit] | str | None = None
    if parts.body_kind == "form":
        body = edits_to(now.form, parts.form)
    elif parts.text != now.text:
        body = now.text
    query, headers = edits_to(now.query, parts.query), edits_to(edited.headers, own.headers)
    draft = Draft(edited.method, now.base, query, headers, body)
    try:
        return draft if put_together(own, draft) == edited else None
    except Unsendable:
        return None


def _split(url: str) -> tuple[str, str, str]:
    """`(before the query, the query, "#" and the fragment)`."""
    bare, hash_mark, fragment = url.partition("#")
    before, _, query = bare.partition("?")
    return before, query, hash_mark + fragment
