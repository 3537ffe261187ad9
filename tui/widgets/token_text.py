"""How the token pane words its rows, the line on the signature and the detail of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from flows.json_text import Mark
from flows.jwt import Token
from flows.text import visible
from tui.widgets.list_view import Cell, Look, Row
from tui.widgets.token_rows import Difference, Signature, TokenRow, cut, difference

MARKS: Mapping[Mark, str] = {"ok": "✓", "warn": "!", "error": "✗", "info": "·", "": ""}
LOOKS: Mapping[Mark, Look] = {
    "ok": "ok",
    "warn": "warn",
    "error": "error",
    "info": "muted",
    "": "",
}
STYLES: Mapping[Mark, str] = {
    "ok": "$text-success",
    "warn": "$text-warning",
    "error": "$text-error",
    "info": "$text-muted",
    "": "$text-muted",
}
WIDE = 70
"""Cells from which a row also says what its verdict or its claim means."""
VALUE_LIMIT = 2_000
_LABEL = 7


def list_rows(rows: Sequence[TokenRow], width: int) -> Iterable[Row]:
    """Rows for a list `width` cells wide: name, value, mark; in a wide one also the verdict, or
    what the claim means."""
    wide = width >= WIDE
    longest = max((cell_len(row.name) for row in rows), default=0)
    names = max(6, min(longest, 20 if wide else 9))
    values = min(60, (width - names - 8) // 2)
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            yield Row(f"section:{section}", ((section, ""),), kind="header")
        cells: list[Cell] = [(f"{fit(row.name, names)}  ", "muted" if not row.mark else "")]
        if wide and row.note != row.words:
            cells.append((f"{fit(row.words, values)}  ", _look(row)))
            cells.append((_short_note(row, width) or row.meaning, _note_look(row)))
        else:
            words = row.words
            if words == row.note and cell_len(words) > width - names - 8:
                # "in 54:12, 2026-11-23 09:09:12 UTC": what comes first decides
                words = words.partition(", ")[0]
            cells.append((words, _look(row)))
        yield Row(row.key, tuple(cells), (MARKS[row.mark], LOOKS[row.mark]))


def _look(row: TokenRow) -> Look:
    return "" if row.value else LOOKS[row.mark]


def _note_look(row: TokenRow) -> Look:
    return LOOKS[row.mark] if row.note else "muted"


def _short_note(row: TokenRow, width: int) -> str:
    """The verdict; where it is on two URLs, without them."""
    if not (row.compared and row.value):
        return row.note
    return f"not {difference(row.compared, width).what}"


def fit(text: str, width: int) -> str:
    """`text` in exactly so many cells, cut with an ellipsis."""
    return set_cell_size(cut(text, width), width)


def kind_line(token: Token) -> Content:
    """What the token is."""
    looks = visible(token.looks, limit=200)
    if token.kind == "garbage":
        return Content.styled(f"✗ garbage: {looks}", STYLES["error"])
    if token.kind != "jwt":
        return Content(looks)
    return Content.assemble(f"{looks} ", (f"· {len(token.text):,} characters", STYLES[""]))


def signature_line(signature: Signature | None) -> Content:
    if signature is None:
        return Content("")
    style = STYLES[signature.mark]
    reason = f": {signature.reason}" if signature.reason else ""
    verdict = (f"{signature.sign} {signature.verdict}", f"bold {style}")
    return Content.assemble(signature.head, "  ", verdict, (reason, style))


def detail(row: TokenRow | None, width: int) -> Content:
    """All there is to say of one row: its meaning, the verdict, the standard, the whole value."""
    if row is None:
        return Content("")
    verdict = []
    if row.compared:
        differs = difference(row.compared, width - _LABEL)
        says = f"not {differs.what}" if differs.found else row.note
        verdict = [_verdict(row.mark, says), *_compared(differs)]
    elif row.note:
        verdict = [_verdict(row.mark, row.note)]
    parts = [Content(row.meaning)]
    # What is wrong stands above what is right to know.
    parts = [*verdict, *parts] if row.mark in ("error", "warn") else [*parts, *verdict]
    first, *parts = [part for part in parts if part] or [Content("")]
    parts.insert(0, Content.assemble((row.name, "bold"), "  ", first))
    if row.standard:
        parts.append(Content.styled(row.standard, f"{STYLES['']} italic"))
    if row.value and row.value != row.note and not (row.compared and not row.several):
        parts.append(Content(visible(row.value, limit=VALUE_LIMIT)))
    return Content("\n").join(parts)


def _verdict(mark: Mark, words: str) -> Content:
    return Content.styled(f"{MARKS[mark]} {words}".strip(), STYLES[mark])


def _compared(differs: Difference) -> Iterable[Content]:
    """What was found above what was wanted, the deciding characters and a caret below them."""
    for label, rest in (("found", differs.found), ("wanted", differs.wanted)):
        if rest:
            decisive, after = rest
            yield Content.assemble(
                (label.ljust(_LABEL), STYLES[""]),
                differs.before,
                (decisive, f"bold reverse {STYLES['error']}"),
                after,
            )
    if differs.found:
        blank = " " * (_LABEL + cell_len(differs.before))
        yield Content.assemble(blank, ("^", STYLES["error"]))
