"""`authwalk [URL | SESSION.toml]`: the app."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from platformdirs import user_state_path

from flows.session import CAPABILITIES, Target
from flows.text import visible
from flows.wellknown import is_web_url
from flows.wire import WireOptions
from tui.arguments import COMMANDS
from tui.commands import unreadable, usage
from tui.commands.options import target_of, web_url, wire_options


def main(args: argparse.Namespace) -> int:
    options = wire_options(args)
    if args.target is None:
        return open_on(wire_options=options, journals=journals_of(args))
    if is_web_url(args.target):
        target = target_of(args, args.target)
        declare = CAPABILITIES if args.declare is None else args.declare
        target = replace(target, declare=declare)
        return open_on(target=target, wire_options=options, journals=journals_of(args))
    path = _session_file(args.target)
    return open_on(session_path=path, wire_options=options, journals=journals_of(args))


def journals_of(args: argparse.Namespace) -> Path | None:
    """The folder where walks are kept as they go; None where none is wanted."""
    if args.no_journal:
        return None
    state = Path(args.state_dir) if args.state_dir else user_state_path("authwalk", False)
    return state / "journal"


def open_on(
    *,
    target: Target | None = None,
    session_path: Path | None = None,
    wire_options: WireOptions,
    demo_faults: tuple[str, ...] | None = None,
    demo_host: str | None = None,
    journals: Path | None = None,
) -> int:
    """Open the app, which needs a terminal. Raises Failure without one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise usage("the app needs a terminal; authwalk run URL walks without one")
    from tui.app import open_app

    return open_app(
        target=target,
        session_path=session_path,
        wire_options=wire_options,
        demo_faults=demo_faults,
        demo_host=demo_host,
        journals=journals,
    )


def _session_file(text: str) -> Path:
    """What is no URL is a session file, or a mistake. Raises Failure."""
    path, shown = Path(text), visible(text, limit=200)
    if path.is_file():
        return path
    if path.suffix == ".toml":
        raise unreadable(f"{shown} cannot be read: there is no such file")
    if close := get_close_matches(text, COMMANDS, 1):
        raise usage(f"{shown} is no command: did you mean {close[0]}")
    if "." in text.partition("/")[0] and is_web_url(f"https://{text}"):
        raise usage(f"{shown} has no scheme: did you mean https://{shown}")
    if text.lower().startswith(("http://", "https://")):
        web_url(text)
    raise usage(f"{shown} is no command, no http or https URL and no session file")
