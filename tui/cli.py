"""The command `authwalk`: hands its arguments to the command they name, and ends with its exit
code.

Imports next to nothing, so that --version and --help answer at once: the module of a command
is imported when the command is given.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from flows import __version__
from tui.commands import INTERNAL, INTERRUPTED, PIPE_CLOSED, SOUND, UNREADABLE, Crash, Failure

_OUTPUT_ENDS = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to stdout fails with. Whatever opens a file of its own sees to its own errors."""

MADE = 250_000
"""Objects that are made before garbage is looked for. A short command makes fewer and leaves next
to none, so that looking at them, as Python would every 700, is a twentieth of its work."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a stream of a test may not know it
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except OSError as error:
        _drop_output()
        _say(f"the output cannot be written: {error.strerror or error}")
        return UNREADABLE


def _open_closed() -> None:
    """A stream that the shell closed (`>&-`) is None: nothing comes from it, all goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))


def _drop_output() -> None:
    """Forget what is not written yet, else the interpreter complains when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    with suppress(OSError):  # a full disk may be that of stderr
        print(f"authwalk: {text}", file=sys.stderr)


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:  # the parser alone would take longer than all the rest
        print(f"authwalk {__version__}")
        return SOUND
    gc.set_threshold(MADE)
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
    except Crash as crash:
        return _crashed(crash, arguments)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUTPUT_ENDS:
            raise
        return _crashed(Crash(error, str), arguments)


def _failed(failure: Failure, arguments: list[str]) -> int:
    _say(str(failure))
    if "--json" in arguments:
        from tui.report import failed, print_document

        print_document(failed(failure.code, str(failure), walk=arguments[0] in ("run", "show")))
    return failure.status


def _crashed(crash: Crash, arguments: list[str]) -> int:
    from flows.text import visible

    with suppress(OSError):
        print(visible(crash.trace, lines=True), file=sys.stderr)
    text = f"a fault of authwalk, please report it: {visible(str(crash))}"
    return _failed(Failure("internal", text, INTERNAL), arguments)
