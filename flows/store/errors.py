"""What can go wrong with a session file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flows.text import visible


class SessionFileError(Exception):
    """A file that cannot be read as a session. `line` counts from 1."""

    def __init__(self, path: Path | None, line: int | None, text: str) -> None:
        self.path = path
        self.line = line
        self.text = visible(text)
        place = visible(str(path)) if path else "session"
        super().__init__(f"{place}{f':{line}' if line else ''}: {self.text}")


class SecretLeak(Exception):
    """A known secret stands in a file that was to be without; the file was not written.

    `marks` name the secrets without giving them away.
    """

    def __init__(self, marks: Iterable[str]) -> None:
        self.marks = tuple(marks)
        super().__init__(f"secrets are left in the redacted session: {', '.join(self.marks)}")
