"""`authwalk logs FILE...`: did the token requests arrive? From an access log."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flows.logs import (
    ASKED,
    KEPT,
    ROLES,
    Attribution,
    Caller,
    Entry,
    Role,
    Summary,
    attribution,
    lines_of,
    opened,
    summarize,
)
from flows.session import PARTIES
from flows.text import visible
from tui.commands import SOUND, UNREADABLE, unreadable
from tui.commands.options import reason
from tui.console import Console
from tui.report import print_document

TITLES: dict[Role, str] = {
    "metadata": "metadata",
    "keys": "signing keys",
    "register": "registration",
    "authorize": "authorization",
    "token": "token",
    "mcp": "MCP",
}
SHOWN = 10
"""Callers of the token endpoint that are told, beside all those that failed: the last ones."""
_SECRET = ("code", "code_verifier", "client_secret", "state", "token", "access_token")


def main(args: argparse.Namespace) -> int:
    summary = summarize(
        _lines(args.files),
        around=args.around,
        within=timedelta(minutes=args.minutes),
        token_path=args.token_path,
        mcp_path=args.mcp_path,
    )
    found = attribution(summary)
    if args.json:
        print_document(_document(summary, found))
    else:
        Console(sys.stdout).tell(*_told(summary, found, Console(sys.stdout)))
    return UNREADABLE if summary.unreadable else SOUND


def _lines(files: list[str]) -> Iterator[str]:
    for name in files:
        try:
            if name == "-":
                yield from lines_of(opened(sys.stdin.buffer))
            else:
                with open(name, "rb") as raw:
                    yield from lines_of(opened(raw))
        except (OSError, EOFError) as error:
            words = reason(error) if isinstance(error, OSError) else "the gzip data ends too early"
            raise unreadable(f"{visible(name)} cannot be read: {words}") from error


def _told(summary: Summary, found: Attribution, console: Console) -> Iterator[str]:
    span = ""
    if summary.first and summary.last:
        span = f", from {_when(summary.first)} to {_when(summary.last)} UTC"
    unread = f", {summary.unread:,} of them not understood" if summary.unread else ""
    yield f"{summary.lines:,} {'line' if summary.lines == 1 else 'lines'}{unread}{span}"
    if summary.around:
        minutes = f"{summary.within.total_seconds() / 60:g}"
        yield f"{summary.inside:,} of them within {minutes} min of {_when(summary.around)} UTC"
    yield ""
    for role in ROLES:
        if number := summary.count(role):
            yield f"  {TITLES[role]:<14} {number:>7,}   {_counted(summary.statuses[role])}"
        else:
            yield console.paint("dim", f"  {TITLES[role]:<14} {0:>7}")
    for role in ASKED:
        yield from _callers(role, summary, console)
    yield ""
    mark = console.mark("error" if found.party else "info")
    yield from console.wrapped(found.says, first=f"{mark} ", rest=2)
    if found.party:
        yield f"  {console.paint('dim', 'party')}  {PARTIES[found.party]}"
    yield from console.wrapped(found.next, first=f"  {console.paint('dim', 'next')}   ", rest=9)


def _callers(role: Role, summary: Summary, console: Console) -> Iterator[str]:
    """Whoever failed at any time, and the last of those who were given a token."""
    callers = [one for one in summary.callers.values() if one.role == role]
    failing = [one for one in callers if max(one.statuses) >= 400]
    well = [one for one in callers if one not in failing and one.last.method == "POST"]
    shown = [one for one in callers if one in failing or one in well[-SHOWN:]]
    if not shown:
        return
    yield ""
    yield console.paint("bold", f"{TITLES[role][:1].upper()}{TITLES[role][1:]} requests")
    for one in shown:
        mark = console.mark("error" if one.failed else "ok")
        client = _safe(one.last.client, 40)
        who = f"{client}  {_safe(one.last.agent, 80)}".rstrip()
        request = f"{one.last.method} {_safe(one.last.path, 80)}"
        yield f"  {mark} {_when(one.last.at)}  {_counted(one.statuses)}  {request}  {who}"
    if len(well) > SHOWN:
        yield console.paint("dim", f"    and {len(well) - SHOWN} more before, answered")
    if len(summary.callers) == KEPT:
        yield console.paint("dim", f"    only {KEPT} clients are told apart: narrow it by --around")


def _counted(statuses: Counter[int]) -> str:
    return ", ".join(f"{status} ×{times:,}" for status, times in sorted(statuses.items()))


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "no time known      "


def _safe(text: str, limit: int) -> str:
    return visible(text, limit=limit)


def _document(summary: Summary, found: Attribution) -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "unread": summary.unread,
        "first": summary.first and summary.first.isoformat(),
        "last": summary.last and summary.last.isoformat(),
        "window": summary.around
        and {
            "around": summary.around.isoformat(),
            "minutes": summary.within.total_seconds() / 60,
            "lines": summary.inside,
        },
        "requests": {
            role: {
                "count": summary.count(role),
                "statuses": {str(k): v for k, v in sorted(summary.statuses.get(role, {}).items())},
                "entries": [_entry(entry) for entry in summary.found.get(role, ())],
                "callers": [_caller(one) for one in summary.callers.values() if one.role == role],
            }
            for role in ROLES
        },
        "verdict": {"party": found.party, "says": found.says, "next": found.next},
    }


def _caller(caller: Caller) -> dict[str, Any]:
    return {
        "statuses": {str(k): v for k, v in sorted(caller.statuses.items())},
        "last": _entry(caller.last),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    """A query may hold codes and tokens: of those only the names are told."""
    return {
        "at": entry.at and entry.at.isoformat(),
        "method": entry.method,
        "path": entry.path,
        "parameters": [
            [name, "…" if name in _SECRET else value] for name, value in entry.parameters
        ],
        "status": entry.status,
        "client": entry.client,
        "user_agent": entry.agent,
    }
