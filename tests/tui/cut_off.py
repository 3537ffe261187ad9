"""Programs that are killed, and what their journals hold then."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flows.session import Session
from flows.store.journal import left_behind, take_up

ROOT = Path(__file__).parents[2]


def run_command(url: str, state: Path, trace: Path) -> list[str]:
    """A whole walk that keeps a journal, and tells each exchange once it is in there."""
    options = ("--approve", "--list", "--call", 'add={"a": 1, "b": 2}')
    told = ("--state-dir", str(state), "--trace", str(trace))
    return [sys.executable, "-m", "tui", "run", url, *options, *told]


def finished(trace: Path) -> list[str]:
    """The ids of the exchanges in a trace, whose last line may be cut."""
    if not trace.exists():
        return []
    whole = [line for line in trace.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]
    return [json.loads(line)["id"] for line in whole]


def recovered(state: Path) -> Session | None:
    """The walk in the only journal there, which is removed; None where there is none."""
    found = left_behind(state / "journal")
    if not found:
        return None
    (left,) = found
    session, journal = take_up(left.path)
    journal.drop()
    return session
