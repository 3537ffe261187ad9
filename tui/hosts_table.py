"""The table of hosts, as lines and as JSON: who would get through, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flows.preflight import COLUMNS, Cell, Row, State
from flows.text import visible
from tui.console import Console

_NAME, _WIDTHS = 24, (14, 10, 16, 10, 8)
_KINDS: dict[State, str] = {"ok": "ok", "no": "error", "unknown": "skipped"}
_FEW = 3


def hosts_table(rows: Sequence[Row], console: Console) -> Iterator[str]:
    """The table of hosts: a mark a cell, then why not, then what is not known, each told once."""
    heads = "".join(f"{name:<{width}}" for name, width in zip(COLUMNS, _WIDTHS, strict=True))
    title = console.paint("bold", f"{'Hosts':<{_NAME + 2}}")
    yield f"{title}{console.paint('dim', heads.rstrip())}"
    for row in rows:
        marks = (console.mark(_KINDS[row.cells[name].state]) for name in COLUMNS)
        cells = "".join(
            mark + " " * (width - 1) for mark, width in zip(marks, _WIDTHS, strict=True)
        )
        yield f"  {visible(row.host.title, limit=_NAME):<{_NAME}}{cells}".rstrip()
    for state in ("no", "unknown"):
        for (name, cell), names in _reasons(rows, state).items():
            first = f"  {console.mark(_KINDS[state])} {name}: "
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            who = f"{', '.join(names[:_FEW])}{more}"
            words = f"{visible(cell.says, limit=300)} ({who})"
            yield from console.wrapped(words, first=first, rest=4)
            if cell.source:
                yield " " * 4 + console.paint("dim", visible(cell.source, limit=300))
    if _open(rows):
        yield "  --register registers as each host, to tell the rest, and cleans up"


def _open(rows: Sequence[Row]) -> bool:
    return any(row.cells["registration"].state == "unknown" for row in rows)


def _reasons(rows: Sequence[Row], state: State) -> dict[tuple[str, Cell], list[str]]:
    found: dict[tuple[str, Cell], list[str]] = {}
    for row in rows:
        for name in COLUMNS:
            if (cell := row.cells[name]).state == state:
                found.setdefault((name, cell), []).append(visible(row.host.title, limit=_NAME))
    return found


def row_document(row: Row) -> dict[str, Any]:
    """{host, title, COLUMN {state, says, source}, …}."""
    cells = {
        name: {"state": cell.state, "says": cell.says or None, "source": cell.source or None}
        for name, cell in row.cells.items()
    }
    return {"host": row.host.name, "title": row.host.title, **cells}
