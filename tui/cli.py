"""The command `authwalk`: hands its arguments to the command they name, and ends with its exit
code.

Imports next to nothing, so that --version and --help answer at once: the module of a command
is imported when the command is given.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from flows import __version__
from tui.commands import INTERNAL, INTERRUPTED, PIPE_CLOSED, SOUND, Failure

YOUNG = 50_000
"""Objects that are made before garbage is looked for. Imports make many and leave none, so that
Python's own 700 have each look at all of them again, a twentieth of a short command's work."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a stream of a test may not know it
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # else the interpreter complains when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:  # the parser alone would take longer than all the rest
        print(f"authwalk {__version__}")
        return SOUND
    gc.set_threshold(YOUNG)
    try:
        from tui.arguments import parse

        args = parse(arguments)
        return int(import_module(f"tui.commands.{args.module}").main(args))
    except SystemExit as end:  # --help and --version
        return int(end.code or 0)
    except Failure as failure:
        return _failed(failure, arguments)
    except KeyboardInterrupt:
        return _failed(Failure("interrupted", "Interrupted.", INTERRUPTED), arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _crashed(error, arguments)


def _failed(failure: Failure, arguments: list[str]) -> int:
    print(f"authwalk: {failure}", file=sys.stderr)
    if "--json" in arguments:
        from tui.report import failed, print_document

        print_document(failed(failure.code, str(failure), walk=arguments[0] in ("run", "show")))
    return failure.status


def _crashed(error: Exception, arguments: list[str]) -> int:
    import traceback

    from flows.text import visible

    trace = "".join(traceback.format_exception(error))
    print(visible(trace, lines=True), file=sys.stderr)
    text = f"a fault of authwalk, please report it: {type(error).__name__}: {visible(str(error))}"
    return _failed(Failure("internal", text, INTERNAL), arguments)
