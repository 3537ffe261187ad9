"""What the lists of sessions say: the files of before, and the walks that were cut off."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows.session import PARTIES
from flows.text import ago
from tui.widgets.list_view import Cell, Row

if TYPE_CHECKING:
    from flows.store.toml import Summary

_SUGGESTED = re.compile(r"-\d{4}-\d\d-\d\d-\d{6}$")  # how flows.store ends a name of its own


def recent_rows(folder: Path | None, now: datetime) -> tuple[Row, ...]:
    """The sessions of `folder`, the last one first: when, its name if a person gave it one, the
    server, and where the walk stands."""
    from flows.store import default_folder, recent

    rows = []
    for found in recent(folder or default_folder()):
        when = ago((now - found.modified).total_seconds())
        named = not _SUGGESTED.search(found.path.stem)
        name: Cell = (f"{found.path.stem}  " if named else "", "strong")
        word = _verdict(found.summary)
        if found.summary.secrets:
            word = (f"{word[0]}, with secrets", "warn")
        cells: tuple[Cell, ...] = ((when.ljust(12), "muted"), name, (found.url, ""))
        rows.append(Row(str(found.path), cells, word))
    return tuple(rows)


def cut_off_rows(journals: Path, now: datetime) -> tuple[Row, ...]:
    """The walks whose process went away, the last one first."""
    from flows.steps import STEP
    from flows.store.journal import left_behind

    rows = []
    for left in left_behind(journals):
        when = ago((now - left.at).total_seconds())
        name = left.file.stem if left.file and not _SUGGESTED.search(left.file.stem) else ""
        cells: tuple[Cell, ...] = (
            (when.ljust(12), "muted"),
            ("cut off  ", "warn"),
            (f"{name}  " if name else "", "strong"),
            (left.url, ""),
        )
        where = STEP[left.reached].title if left.reached else "not begun"
        rows.append(Row(str(left.path), cells, (where, "muted")))
    return tuple(rows)


def is_journal(path: Path) -> bool:
    return path.suffix == ".journal"


def name_objection(path: Path, name: str) -> str:
    """Why a session file cannot be called `name`, or ""."""
    name = name.strip()
    if not name or name.startswith("."):
        return "The session needs a name, and not one that begins with a dot."
    if re.search(r'[/\\:*?"<>|]', name):
        return 'A name has none of / \\ : * ? " < > | in it.'
    if name != path.stem and path.with_name(f"{name}.toml").exists():
        return "There is a session of this name."
    return ""


def _verdict(summary: Summary) -> Cell:
    """What a walk came to: its verdict, or where it stands."""
    from flows.steps import STEP

    if summary.verdict_step:
        who = f", {PARTIES[summary.verdict_party]}" if summary.verdict_party else ""
        words = f"{STEP[summary.verdict_step].title}{who}"
        return (f"! {words}", "warn") if summary.verdict == "warn" else (f"✗ {words}", "error")
    where = STEP[summary.reached].title if summary.reached else "not begun"
    return (f"✓ {where}", "ok") if summary.verdict and summary.reached else (where, "muted")
