"""The table of hosts, as lines and as JSON: who would get through, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flows.preflight import COLUMNS, Row, State
from flows.text import visible
from tui.console import Console
from tui.hosts_text import HEADS, LEGEND, TITLES

_NAME = 24
_KINDS: dict[State, str] = {"ok": "ok", "no": "error", "unknown": "unknown"}
_Causes = dict[tuple[str, str], dict[tuple[str, str], list[str]]]


def hosts_table(rows: Sequence[Row], console: Console) -> Iterator[str]:
    """The table of hosts: a mark a cell, what the marks mean, then why not and what is not known,
    each cause told once and below it what each host does with it."""
    yield from _marks(rows, console)
    told = "   ".join(f"{console.mark(_KINDS[state])} {words}" for state, words in LEGEND.items())
    yield from console.wrapped(told, first="  ", rest=2)
    for state in ("no", "unknown"):
        for (column, found), does in _causes(rows, state).items():
            plain = [name for (words, _), names in does.items() if not words for name in names]
            who = f" ({_names(plain, len(rows))})" if plain else ""
            first = f"  {console.mark(_KINDS[state])} {TITLES[column]}: "
            yield from console.wrapped(f"{visible(found, limit=400)}{who}", first=first, rest=4)
            for (words, source), names in does.items():
                if words:
                    text = visible(_sentence(names, words), limit=400)
                    yield from console.wrapped(text, first=" " * 4, rest=4)
                if source:
                    text = visible(source, limit=300)
                    yield from console.wrapped(text, first=" " * 4, rest=4, style="dim")


def _marks(rows: Sequence[Row], console: Console) -> Iterator[str]:
    """The table itself; in a narrow terminal the marks stand below the name."""
    heads = " ".join(HEADS[column] for column in COLUMNS)
    wide = console.width >= _NAME + 2 + len(heads)
    title = console.paint("bold", f"{'Hosts':<{_NAME + 2}}" if wide else "Hosts")
    if not wide:
        yield title
        title = "  "
    yield f"{title}{console.paint('dim', heads)}"
    for row in rows:
        cells = "".join(
            console.mark(_KINDS[row.cells[column].state]) + " " * len(HEADS[column])
            for column in COLUMNS
        )
        name = f"  {visible(row.host.title, limit=_NAME):<{_NAME}}"
        if not wide:
            yield name.rstrip()
            name = "  "
        yield f"{name}{cells}".rstrip()


def _sentence(names: Sequence[str], does: str) -> str:
    if len(names) == 1:
        return f"{names[0]} {does}"
    verb, _, rest = does.partition(" ")
    plural = {"is": "are", "was": "were"}.get(verb, verb)
    return f"{', '.join(names[:-1])} and {names[-1]} {plural} {rest}"


def hosts_verdict(rows: Sequence[Row]) -> str:
    """Who would refuse, in words; "" where nobody is known to."""
    names = [visible(row.host.title, limit=_NAME) for row in rows if row.refusal]
    if len(names) == len(rows) > 1:
        return f"all {len(rows)} hosts would refuse"
    return f"{len(names)} of {len(rows)} hosts would refuse: {', '.join(names)}" if names else ""


def _names(names: Sequence[str], all_of: int) -> str:
    return f"all {all_of}" if len(names) == all_of > 1 else ", ".join(names)


def _causes(rows: Sequence[Row], state: State) -> _Causes:
    """By column and cause what hosts do with it and whence that is known, and who does so."""
    found: _Causes = {}
    for row in rows:
        for column in COLUMNS:
            if (cell := row.cells[column]).state == state:
                # A judgement names the host between what there is and what the host does with it.
                cause, _, does = cell.says.partition(f" {row.host.title} ")
                name = visible(row.host.title, limit=_NAME)
                causes = found.setdefault((column, cause), {})
                causes.setdefault((does, cell.source), []).append(name)
    return found


def row_document(row: Row) -> dict[str, Any]:
    """{host, title, refuses, COLUMN {state, says, source}, …}."""
    cells = {
        name: {"state": cell.state, "says": cell.says or None, "source": cell.source or None}
        for name, cell in row.cells.items()
    }
    refuses = row.refusal is not None
    return {"host": row.host.name, "title": row.host.title, "refuses": refuses, **cells}
