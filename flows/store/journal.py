"""The journal of a walk: every event is written before the next move, so that a walk whose
process was killed comes back.

    FOLDER/TIME-TOKEN.journal    one file a walk, locked as long as its process has it
      {"version": 2, "file": …, "created": …, "seed": …, "target": …}
      {"kind": "exchanged", "at": …, "step": …, …}      one line an event

The lines are the tables of `flows.store.tables` as JSON. They hold every secret of the walk, as
nothing else could go on from where it stood: the file is the owner's alone, and it goes when the
walk was saved, discarded or left. What was written survives the death of the process at any
moment, with a last line that may be cut.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from flows.frozen import frozen
from flows.session import STEP_IDS, Session, StepId
from flows.store.errors import SessionFileError
from flows.store.files import make_private
from flows.store.migrations import VERSION, migrated
from flows.store.tables import BASE64, Table, to_table
from flows.store.toml import read_session
from flows.text import size

SUFFIX = ".journal"
MAX_SIZE = 1024 * 1024 * 1024
_DATETIME = "datetime"
"""The key of the one-entry table that stands for a date and time, which JSON does not have."""
_LOCK_AT = 1 << 40  # Windows keeps others from reading what is locked: a place behind the end
_FLAGS: int = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@frozen
class Left:
    """A walk whose process went away. `file` is the session file it had been saved to or opened
    from; `reached` is the step of the last event, which happened at `at`."""

    path: Path
    url: str
    file: Path | None
    at: datetime
    exchanges: int
    reached: StepId | None


class Journal:
    """The journal of one walk. There is a file once something is kept."""

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        """`file` is the session file that the walk came from."""
        self._folder = folder
        self.file = file
        self._path: Path | None = None
        self._handle = -1
        self._size = 0
        self._written = 0
        self._said = False

    def keep(self, session: Session) -> str:
        """Write the events that are not written yet. Why that cannot be, the first time; else "".

        What could not be written is tried again with the next event.
        """
        try:
            if self._path is None:
                self._begin(session)
            for event in session.events[self._written :]:
                self._append(_line(to_table(event)))
                self._written += 1
        except OSError as error:
            said, self._said = self._said, True
            return "" if said else error.strerror or str(error)
        return ""

    def drop(self) -> None:
        """Remove the file: the walk was saved, discarded or left. What happens next is kept in a
        new one, together with all that happened before."""
        path = self._path
        self.close()  # first: Windows removes nothing that is open
        if path:
            with suppress(OSError):
                path.unlink()

    def close(self) -> None:
        """Let go of the file, which stays."""
        if self._path:
            os.close(self._handle)
        self._path, self._handle, self._size, self._written = None, -1, 0, 0

    def _begin(self, session: Session) -> None:
        """Make the file, which nobody sees under its name before it is locked and has a head."""
        make_private(self._folder)
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(4)}{SUFFIX}"
        hidden = self._folder / f".{name}"
        self._handle = os.open(hidden, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _lock(self._handle)
            self._append(_line(_head(session, self.file)))
            os.rename(hidden, self._folder / name)
        except BaseException:
            os.close(self._handle)
            hidden.unlink(missing_ok=True)
            self._handle, self._size = -1, 0
            raise
        self._path = self._folder / name

    def _append(self, line: bytes) -> None:
        """Write a line, or nothing of it."""
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, self._size)
                os.lseek(self._handle, self._size, os.SEEK_SET)
            raise
        self._size += len(line)


def left_behind(folder: Path) -> tuple[Left, ...]:
    """The walks whose processes went away, the last one first. What is no journal is passed
    over."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError, SessionFileError), _Held(path) as handle:
            found.append(_left(path, handle))
    return tuple(sorted(found, key=lambda left: left.at, reverse=True))


def take_up(path: Path) -> tuple[Session, Journal]:
    """The walk of a journal that nobody has, with a journal of its own to go on in; the old one
    is gone. Raises SessionFileError."""
    try:
        with _Held(path) as handle:
            session, file = _read(path, handle)
            journal = Journal(path.parent, file)
            kept = not journal.keep(session)
        if kept:
            path.unlink()
    except BlockingIOError:
        raise SessionFileError(path, None, "another authwalk has this walk open") from None
    except OSError as error:
        raise SessionFileError(path, None, error.strerror or str(error)) from None
    return session, journal


def discard(path: Path) -> None:
    """Remove a journal that nobody has. Raises OSError."""
    with _Held(path):
        pass
    path.unlink()


class _Held:
    """A journal, locked. Raises BlockingIOError when another process has it, and OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> int:
        self._handle = os.open(self._path, _FLAGS | getattr(os, "O_NONBLOCK", 0))
        try:
            _lock(self._handle)
            status = os.fstat(self._handle)
            # Who had it may have removed it meanwhile.
            if not stat.S_ISREG(status.st_mode) or not os.path.samestat(
                status, os.stat(self._path, follow_symlinks=False)
            ):
                raise FileNotFoundError(2, "no journal any more")
        except BaseException:
            os.close(self._handle)
            raise
        return self._handle

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _lock(handle: int) -> None:
    """Lock a file for as long as it is open. Raises BlockingIOError when another process has it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, _LOCK_AT, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError(11, "in use") from None
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _line(table: Table) -> bytes:
    try:
        return json.dumps(table, default=_odd, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(_whole(table), default=_odd, ensure_ascii=False).encode() + b"\n"


def _whole(entry: Any) -> Any:
    """The entry with each text that UTF-8 cannot hold as bytes, as `flows.store.layout` has it."""
    match entry:
        case str():
            data = entry.encode("utf-8", "surrogatepass")
            whole = data.decode("utf-8", "replace") == entry
            return entry if whole else {BASE64: b64encode(data).decode()}
        case dict():
            return {key: _whole(value) for key, value in entry.items()}
        case tuple():
            return tuple(map(_whole, entry))
        case _:
            return entry


def _odd(value: object) -> Any:
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {BASE64: b64encode(value).decode()}
        case datetime():
            return {_DATETIME: value.isoformat()}
        case _:
            raise TypeError(f"{type(value).__name__} in a journal")


def _table(line: bytes) -> Table:
    """Raises ValueError, RecursionError among what JSON is refused with."""
    table = json.loads(line, object_hook=_even)
    if not isinstance(table, dict):
        raise ValueError("no table")
    return table


def _even(table: Table) -> Any:
    return datetime.fromisoformat(table[_DATETIME]) if table.keys() == {_DATETIME} else table


def _head(session: Session, file: Path | None) -> Table:
    table = to_table(session)
    table.pop("events", None)
    return {"version": VERSION, **({"file": str(file)} if file else {}), **table}


def _read(path: Path, handle: int) -> tuple[Session, Path | None]:
    """All of a journal but a last line that is cut. Raises SessionFileError, and OSError."""
    if os.fstat(handle).st_size > MAX_SIZE:
        raise SessionFileError(path, None, f"larger than {size(MAX_SIZE)}")
    tables = list(_tables(path, handle))
    if not tables:
        raise SessionFileError(path, None, "no journal: it has no first line")
    head = tables[0]
    file = head.pop("file", None)
    try:
        session = read_session(migrated({**head, "events": tables[1:]}))
    except SessionFileError as error:
        raise SessionFileError(path, error.line, error.text) from None
    return session, Path(file) if isinstance(file, str) else None


def _tables(path: Path, handle: int) -> Iterator[Table]:
    for number, line in enumerate(_lines(handle), 1):
        try:
            yield _table(line)
        except (ValueError, TypeError, RecursionError):
            raise SessionFileError(path, number, "no line of a journal") from None


def _lines(handle: int) -> Iterator[bytes]:
    """The whole lines. The last may be cut, by the death of the process or a full disk."""
    with os.fdopen(os.dup(handle), "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _left(path: Path, handle: int) -> Left:
    """What a list shows, from the first line and the last, the others only counted."""
    lines = _lines(handle)
    head = _first(path, lines)
    last, exchanges = b"{}", 0
    for last in lines:
        exchanges += last.startswith(b'{"kind": "exchanged"')
    try:
        step = _table(last).get("step")
        url, file = head["target"]["url"], head.get("file")
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SessionFileError(path, None, "no journal") from None
    return Left(
        path,
        url if isinstance(url, str) else "",
        Path(file) if isinstance(file, str) else None,
        datetime.fromtimestamp(os.fstat(handle).st_mtime, UTC),
        exchanges,
        next((id for id in STEP_IDS if id == step), None),
    )


def _first(path: Path, lines: Iterator[bytes]) -> Table:
    try:
        return _table(next(lines, b""))
    except (ValueError, TypeError, RecursionError):
        raise SessionFileError(path, 1, "no line of a journal") from None
