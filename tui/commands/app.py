"""`authwalk [URL | SESSION.toml]`: the app."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from platformdirs import user_state_path

from flows.session import CAPABILITIES, Target
from flows.text import visible
from flows.wellknown import is_web_url
from flows.wire import WireOptions
from tui.commands import unreadable, usage
from tui.commands.options import target_of, web_url, wire_options
from tui.config import folder, load_settings


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
    demo_tour: bool = False,
    journals: Path | None = None,
) -> int:
    """Run the app: on the walk of `target`, on a saved session, on the walk of the lab, or on the
    start screen. 0 when the person left it, 1 after a fault in authwalk. Raises Failure where no
    app can be drawn and when the file cannot be read."""
    terminal = sys.stdin.isatty() and sys.stderr.isatty()  # Textual draws on stderr
    if words := refusal(os.environ, terminal=terminal):
        raise usage(words)
    from tui.app import AuthwalkApp

    settings, problems = load_settings(folder() / "settings.toml")
    gc.disable()  # what the first frame makes stays; looking for garbage would cost a tenth of it
    session, missing = None, list[str]()
    if session_path:
        from flows.store import SessionFileError
        from tui.session_file import open_session

        try:
            session, session_path = open_session(session_path, missing.append)
        except SessionFileError as error:
            raise unreadable(str(error)) from error
    elif target:
        from flows.walk import new_session

        session = new_session(target)
    app = AuthwalkApp(
        wire_options,
        session=session,
        path=session_path,
        demo_faults=demo_faults,
        demo_host=demo_host,
        demo_tour=demo_tour,
        journals=journals if settings.journal else None,
        missing=missing,
        settings=settings,
        problems=problems,
    )
    app.run(mouse=settings.mouse)
    return app.return_code or 0


def refusal(environ: Mapping[str, str], *, terminal: bool) -> str:
    """Why the app cannot run here, or ""."""
    if "TEXTUAL_DRIVER" in environ:  # textual-serve: the terminal is a browser's
        return ""
    if not terminal:
        return "the app needs a terminal; `authwalk run URL` works without one"
    if environ.get("TERM") in ("dumb", "unknown"):
        name = environ["TERM"]
        return f"TERM={name} cannot draw the app; `authwalk run URL` works in any terminal"
    return ""


def _session_file(text: str) -> Path:
    """What is no URL is a session file, or a mistake. Raises Failure."""
    path, shown = Path(text), visible(text, limit=200)
    if path.is_file():
        return path
    if path.suffix in (".toml", ".har"):
        raise unreadable(f"{shown} cannot be read: there is no such file")
    if "." in text.partition("/")[0] and is_web_url(f"https://{text}"):
        raise usage(f"{shown} has no scheme: did you mean https://{shown}")
    if text.lower().startswith(("http://", "https://")):
        web_url(text)
    raise usage(f"{shown} is no command, no http or https URL and no session file")
