"""Session files on disk: private, whole or not at all, and refused when they are anything else."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from errno import EEXIST, EINVAL
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flows.frozen import frozen
from flows.session import Session
from flows.store.bodies import MissingBody, checked, folder_of, is_body
from flows.store.errors import SessionFileError
from flows.store.toml import Summary, decode, encode, read_head
from flows.text import size

if TYPE_CHECKING:
    from flows.diagnosis import Diagnosis

MAX_SIZE = 256 * 1024 * 1024
_HEAD = 64 * 1024
_FIRST_EVENT = "\n[[events]]\n"
_BINARY: int = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)  # opening a FIFO would wait for a writer


@frozen
class Recent:
    """A session file as a list shows it."""

    path: Path
    url: str
    created: datetime
    modified: datetime
    summary: Summary


def default_folder() -> Path:
    """Where sessions are kept when nobody says otherwise. It need not exist yet."""
    from platformdirs import user_data_path

    return user_data_path("authwalk", appauthor=False) / "sessions"


def suggest_name(session: Session) -> str:
    """Host and second of creation, such as `mcp.example.com-2026-11-23-081500.toml`."""
    try:
        parts = urlsplit(session.target.url)
        place = f"{parts.hostname or ''}-{parts.port or ''}"
    except ValueError:
        place = ""
    place = re.sub(r"[^a-z0-9.-]+", "-", place.lower()).strip(".-")[:100] or "session"
    return f"{place}-{session.created.astimezone(UTC):%Y-%m-%d-%H%M%S}.toml"


def save(
    path: Path,
    session: Session,
    *,
    with_secrets: bool = False,
    diagnosis: Diagnosis | None = None,
) -> None:
    """Write the session as `write_private` does, large bodies beside it. `diagnosis` is what lists
    tell as the verdict. Raises OSError, and SecretLeak as `encode` does."""
    aside: dict[str, bytes] = {}
    text = encode(session, with_secrets=with_secrets, diagnosis=diagnosis, aside=aside)
    _nameable(path)
    bodies = folder_of(path)
    for digest, body in aside.items():
        write_private(bodies / digest, body)
    write_private(path, text.encode())
    _sweep(bodies, aside.keys())


def _sweep(bodies: Path, wanted: Collection[str]) -> None:
    """Remove the bodies that no session needs any more, and nothing else."""
    with suppress(OSError):
        for name in os.listdir(bodies):
            if is_body(name) and name not in wanted:
                (bodies / name).unlink()
        if not wanted:
            bodies.rmdir()


def delete(path: Path) -> None:
    """Remove a session file with its large bodies. Raises OSError."""
    path.unlink()
    _sweep(folder_of(path), ())


def rename(path: Path, name: str) -> Path:
    """Give a session file another name in its folder; its path then. Raises OSError, also when
    the name is taken."""
    target = path.with_name(name)
    if target.exists() or folder_of(target).exists():
        raise FileExistsError(EEXIST, "there is a file of this name")
    bodies = folder_of(path)
    if bodies.is_dir():
        bodies.rename(folder_of(target))
    try:
        return path.rename(target)
    except OSError:
        if folder_of(target).is_dir():
            folder_of(target).rename(bodies)
        raise


def write_private(path: Path, data: bytes) -> None:
    """Write a file; one that is there is replaced in one go, or stays as it was.

    The file is the owner's alone, and so are folders made on the way. A symbolic link at `path`
    is replaced, never followed. Raises OSError.
    """
    _nameable(path)
    make_private(path.parent)
    unfinished = path.with_name(f".{path.name[:100]}.{token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _nameable(path: Path) -> None:
    if not path.name or "\0" in str(path):
        raise OSError(EINVAL, "this is no name for a file")


def make_private(folder: Path) -> None:
    missing = [folder, *folder.parents]
    for one in reversed([one for one in missing if not one.exists()]):
        one.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name last: on POSIX it is the folder that holds it. The file is complete
    already, so a file system that cannot do it is no failure."""
    if os.name == "posix":
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def load(path: Path, missing: Callable[[str], None] = lambda words: None) -> Session:
    """The session in a file. `missing` is told of each large body that cannot be had. Raises
    SessionFileError, also when the file cannot be opened."""
    bodies = folder_of(path)

    @cache
    def body(digest: str) -> bytes:
        try:
            return checked(digest, _read(bodies / digest, MAX_SIZE + 1))
        except (SessionFileError, MissingBody) as error:
            words = error.text if isinstance(error, SessionFileError) else str(error)
            missing(f"{bodies.name}/{digest[:8]}…: {words}")
            raise MissingBody(words) from None

    return decode(_text(_read(path, MAX_SIZE + 1), path), path, body)


def recent(folder: Path, most: int = 50) -> tuple[Recent, ...]:
    """The sessions in a folder, the last written first. Files that are none are passed over."""
    dated: list[tuple[float, Path]] = []
    for path in folder.glob("*.toml"):
        try:
            dated.append((path.stat().st_mtime, path))
        except OSError:
            continue
    found: list[Recent] = []
    for modified, path in sorted(dated, reverse=True):
        if len(found) == most:
            break
        try:
            found.append(_recent(path, modified))
        except SessionFileError:
            continue
    return tuple(found)


def _recent(path: Path, modified: float) -> Recent:
    start = _read(path, _HEAD)
    # The cut may go through a character, so it is looked for in bytes. A file without the line
    # in its first part is short, or has an odd target: then all of it is read.
    head, first_event, _ = start.partition(_FIRST_EVENT.encode())
    whole = head if first_event or len(start) < _HEAD else _read(path, MAX_SIZE + 1)
    session, summary = read_head(_text(whole, path))
    return Recent(
        path,
        session.target.url,
        session.created,
        datetime.fromtimestamp(modified, UTC),
        summary,
    )


def _read(path: Path, most: int) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise SessionFileError(path, None, "not a regular file")
            data = file.read(most)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SessionFileError(path, None, words) from None
    if len(data) > MAX_SIZE:
        says = f"larger than {size(MAX_SIZE)}, which is more than any session"
        raise SessionFileError(path, None, says)
    return data


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SessionFileError(path, line, f"not UTF-8: byte {error.start + 1}") from None
