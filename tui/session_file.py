"""What a person opens by its path: a session file, or a browser's record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flows.session import Session


def is_record(path: Path) -> bool:
    """Whether a file is named as a browser's record: a HAR."""
    return path.suffix.lower() == ".har"


def open_session(
    path: Path, missing: Callable[[str], None] = lambda words: None
) -> tuple[Session, Path | None]:
    """The session, and the file that it is saved to, which a browser's record has not yet.
    `missing` is told of every body that is not there. Raises SessionFileError."""
    from flows.store import SessionFileError, load

    if not is_record(path):
        return load(path, missing), path
    from flows.har import HarError, read_file
    from flows.recorded import session_of

    try:
        return session_of(read_file(path)), None
    except HarError as error:
        raise SessionFileError(path, None, str(error)) from error
    except OSError as error:
        raise SessionFileError(path, None, error.strerror or str(error)) from error
