"""`authwalk import`: what a browser saw, a curl command or a client's configuration."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from flows.curl_command import MOST, CurlError, is_curl, read_curl, target_of
from flows.frozen import frozen
from flows.mcp_config import ConfigError, Server, read_config
from flows.session import Session, Target
from flows.store import redact_session
from flows.store.tables import to_table
from flows.text import visible
from flows.walk import Walk, new_session
from flows.wire import Wire
from tui.commands import SOUND, har, unreadable, usage
from tui.commands.options import reason
from tui.lines import Lines
from tui.output import console_of, write_walk
from tui.redaction import Redaction
from tui.report import print_document


@frozen
class Imported:
    """What a walk starts from, and what was left out of it."""

    target: Target
    remarks: tuple[str, ...] = ()


def main(args: argparse.Namespace) -> int:
    imported = _imported(args)
    return har.main(args) if imported is None else _tell(imported, args)


def _imported(args: argparse.Namespace) -> Imported | None:
    """None for a HAR, whose path is in `args.file` then. Raises Failure."""
    if args.source[0] == "curl" and len(args.source) == 2:
        given = args.source[1]
        if is_curl(given):
            return _of_curl(given, "the command")
        return _of_curl(_text(given), visible(given, limit=200))
    if len(args.source) > 1:
        raise usage("import takes one FILE, or curl and a command in quotes")
    args.file = args.source[0]
    text = _text(args.file, least=True)
    shown = visible(args.file, limit=200)
    if is_curl(text):
        return _of_curl(text, shown)
    if args.server is None and '"log"' in text[:4096]:
        return None
    try:
        servers = read_config(text)
    except ConfigError as error:
        if args.server is None:
            return None  # and as a HAR it is told what it lacks
        raise unreadable(f"{shown}: {error}") from error
    return _of_config(servers, args.server, shown)


def _text(name: str, *, least: bool = False) -> str:
    """What is in a file, or comes on stdin for "-". With `least` only so much as no HAR needs.
    Raises Failure."""
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST + 1)
    except (OSError, ValueError) as error:
        raise unreadable(f"{visible(name, limit=200)} cannot be read: {reason(error)}") from error
    if len(data) > MOST and not least:
        raise unreadable(f"{visible(name, limit=200)} is too long for a command")
    return data.decode("utf-8-sig", "replace" if least else "surrogateescape")


def _of_curl(text: str, where: str) -> Imported:
    try:
        command = read_curl(text)
        return Imported(target_of(command.request), command.remarks)
    except CurlError as error:
        raise unreadable(f"{where}: {error}") from error


def _of_config(servers: tuple[Server, ...], name: str | None, where: str) -> Imported:
    names = ", ".join(visible(server.name, limit=60) for server in servers)
    if name is None and len(servers) > 1:
        walkable = [server for server in servers if server.target]
        if len(walkable) != 1:
            raise usage(f"{where} has several servers: --server NAME says which of {names}")
        server = walkable[0]
    else:
        found = [server for server in servers if name in (None, server.name)]
        if not found:
            raise usage(f"{where} has no server {visible(name or '', limit=60)}, but {names}")
        server = found[0]
    if server.target is None:
        raise unreadable(f"{where}: {visible(server.name, limit=60)}: {server.problem}".strip())
    return Imported(server.target, server.remarks)


def _tell(imported: Imported, args: argparse.Namespace) -> int:
    session = new_session(imported.target)
    redaction = Redaction(session, keep=args.with_secrets)
    console = console_of(args)
    if args.save:
        walk = Walk(session, Wire())
        write_walk(args.save, walk, with_secrets=args.with_secrets, diagnosis=walk.diagnosis)
    if args.json:
        print_document(_document(session, imported, args.with_secrets))
        return SOUND
    console.say(*Lines(console, redaction).head(imported.target))
    for name, text in imported.target.headers:
        shown = text if args.with_secrets else "…"
        console.say(f"  {visible(name)}: {visible(shown, limit=200)}")
    if imported.target.bearer:
        console.say("  with a bearer token")
    for remark in imported.remarks:
        console.tell(f"  ! {remark}")
    secrets = imported.target.bearer or imported.target.headers
    if not args.save:
        console.say("", "  --save FILE keeps it; authwalk FILE then walks it.")
    if secrets and not args.with_secrets:
        console.say("  Values of headers and tokens are kept only --with-secrets.")
    return SOUND


def _document(session: Session, imported: Imported, with_secrets: bool) -> dict[str, Any]:
    """{target, left_out}."""
    shown = session if with_secrets else redact_session(session)
    return {"target": to_table(shown.target), "left_out": list(imported.remarks)}
