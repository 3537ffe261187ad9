"""The journal of the walk on show: there with the first event, gone once it is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.session import Session

if TYPE_CHECKING:
    from flows.store.journal import Journal


class Keeping:
    """Keeps a walk in `folder`, or nowhere. `file` is the session file it came from, `journal` the
    one it was taken up from."""

    def __init__(
        self, folder: Path | None, file: Path | None = None, journal: Journal | None = None
    ) -> None:
        self._folder, self._file, self._journal = folder, file, journal

    def keep(self, session: Session) -> str:
        """Write what is new. Why that cannot be, said once; else ""."""
        if self._folder is None:
            return ""
        if self._journal is None:
            from flows.store.journal import Journal  # the first frame does without

            self._journal = Journal(self._folder, self._file)
        why = self._journal.keep(session)
        return why and f"{self._folder}: {why}. The walk goes on, and would not survive a crash."

    def saved(self, file: Path) -> None:
        """The walk is in a file of its own now."""
        self._file = file
        if self._journal:
            self._journal.file = file
            self._journal.drop()

    def leave(self) -> None:
        """The person left the walk, and wants nothing of it back, nor of what its end brings."""
        self._folder = None
        if self._journal:
            self._journal.drop()

    def close(self) -> None:
        """The walk is over without a word of the person: what is kept stays."""
        if self._journal:
            self._journal.close()
