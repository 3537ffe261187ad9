"""The commands, one module each, imported only when their command is given.

    main(args: argparse.Namespace) -> int    the exit code; raises Failure

Exit codes are stable: scripts rest on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SOUND: Final = 0
STOPPED: Final = 1  # the walk stopped at a step; a token is not sound
USAGE: Final = 2
PERSON: Final = 3  # a person is needed and none is there
UNREACHABLE: Final = 4
ACT_FAILED: Final = 5  # connected, but listing or calling tools failed
UNREADABLE: Final = 6  # a file cannot be read, or not be written
INTERNAL: Final = 70  # a fault of authwalk itself
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141  # who read our output went away


class Failure(Exception):
    """Ends a command that cannot do its work. `code` is for scripts, the text for a person and
    fit to be shown; `status` is the exit code."""

    def __init__(self, code: str, text: str, status: int) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


class Crash(Exception):
    """A fault of authwalk, its traceback as a text that is fit to be shown."""

    def __init__(self, error: BaseException, shown: Callable[[str], str]) -> None:
        import traceback

        super().__init__(f"{type(error).__name__}: {shown(str(error))}")
        self.trace = shown("".join(traceback.format_exception(error)))


def usage(text: str) -> Failure:
    return Failure("usage", text, USAGE)


def unreadable(text: str) -> Failure:
    return Failure("file", text, UNREADABLE)
