"""`authwalk logs FILE...`: did the token requests arrive? From an access log."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flows.logs import (
    ROLES,
    Attribution,
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
from tui.commands import SOUND, unreadable
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
"""Token requests that are printed one by one, the last ones."""
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
    return SOUND


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
    yield f"{summary.lines:,} lines{unread}{span}"
    yield ""
    for role in ROLES:
        if number := summary.count(role):
            statuses = sorted(summary.statuses[role].items())
            words = ", ".join(f"{status} ×{times:,}" for status, times in statuses)
            yield f"  {TITLES[role]:<14} {number:>7,}   {words}"
        else:
            yield console.paint("dim", f"  {TITLES[role]:<14} {0:>7}")
    posts = [entry for entry in summary.found.get("token", ()) if entry.method == "POST"]
    if posts:
        yield ""
        yield console.paint("bold", "Token requests")
        for entry in posts[-SHOWN:]:
            who = f"{_safe(entry.client, 40)}  {_safe(entry.agent, 80)}"
            yield f"  {_when(entry.at)}  {entry.status}  {who}"
    yield ""
    mark = "error" if found.party else "info"
    yield f"{console.mark(mark)} {found.says}"
    if found.party:
        yield f"  {console.paint('dim', 'party')}  {PARTIES[found.party]}"
    yield from console.wrapped(found.next, first=f"  {console.paint('dim', 'next')}   ", rest=9)


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
        "requests": {
            role: {
                "count": summary.count(role),
                "statuses": {str(k): v for k, v in sorted(summary.statuses.get(role, {}).items())},
                "entries": [_entry(entry) for entry in summary.found.get(role, ())],
            }
            for role in ROLES
        },
        "verdict": {"party": found.party, "says": found.says, "next": found.next},
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
