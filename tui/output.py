"""Where a command writes: its lines, and the files that options name. A file named "-" is standard
output, and then nothing else goes there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.commands import INTERNAL, Failure, unreadable, usage

if TYPE_CHECKING:
    from flows.diagnosis import Diagnosis
    from flows.walk import Walk
    from tui.console import Console

STDOUT = "-"
_FILES = ("save", "trace", "junit")
"""The options that name a file to write."""


def check_output(args: argparse.Namespace) -> None:
    """Standard output is for one thing. Raises Failure."""
    if len(claims := _claims(args)) > 1:
        raise usage(f"{' and '.join(claims)} would both write to standard output")


def _claims(args: argparse.Namespace) -> list[str]:
    """The options that want standard output for themselves."""
    found = ["--json"] if getattr(args, "json", False) else []
    if getattr(args, "annotations", "text") != "text":
        found.append(f"--format {args.annotations}")
    return found + [f"--{name} -" for name in _FILES if getattr(args, name, None) == STDOUT]


def console_of(args: argparse.Namespace) -> Console:
    """The lines of a command go to stderr where something else has standard output."""
    from tui.console import Console

    return Console(sys.stderr if _claims(args) else sys.stdout, quiet=args.quiet)


def write(name: str, text: str) -> None:
    """Write a file, in UTF-8. Raises Failure."""
    if name == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return
    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        raise unwritable(name, error) from error


def write_walk(
    name: str, walk: Walk, *, with_secrets: bool, diagnosis: Diagnosis | None = None
) -> None:
    """Write a session, whose large bodies stand beside a file and within standard output. Raises
    Failure."""
    from flows.store import SecretLeak, encode, save

    try:
        if name == STDOUT:
            write(name, encode(walk.session, with_secrets=with_secrets, diagnosis=diagnosis))
        else:
            save(Path(name), walk.session, with_secrets=with_secrets, diagnosis=diagnosis)
    except SecretLeak as error:
        raise Failure("secret-leak", f"not saved: {error}", INTERNAL) from error
    except OSError as error:
        if name == STDOUT:
            raise
        raise unwritable(name, error) from error


def unwritable(name: str, error: OSError | ValueError) -> Failure:
    from flows.text import visible

    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return unreadable(f"{visible(name)} cannot be written: {visible(words, limit=300)}")
