"""Large bodies, which stand beside a session file so that it stays fit to be read and compared.

    walk.toml              body = { sha256 = "…", size = 70000 }
    walk.toml.bodies/…     one file a body, named by its hash; mode 0600, equal bodies once

A body that is missing or another leaves words in its place, and the rest of the session as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from flows.text import size

LARGE = 64 * 1024
"""Bytes of a body from which on it is set aside."""
_KEYS = {"sha256", "size"}
_HASH = re.compile(r"[0-9a-f]{64}")


class MissingBody(Exception):
    """A body that cannot be had; the text says why."""


def folder_of(path: Path) -> Path:
    """Where the large bodies of the session at `path` are."""
    return path.with_name(f"{path.name}.bodies")


def set_aside(entry: Any, aside: dict[str, bytes]) -> Any:
    """The table with each large body as its hash; the bodies are put into `aside`."""
    match entry:
        case bytes() if len(entry) > LARGE:
            digest = sha256(entry).hexdigest()
            aside[digest] = entry
            return {"sha256": digest, "size": len(entry)}
        case dict():
            return {key: set_aside(value, aside) for key, value in entry.items()}
        case tuple():
            return tuple(set_aside(value, aside) for value in entry)
        case _:
            return entry


def inline(entry: Any, body: Callable[[str], bytes] | None) -> Any:
    """The table with the bodies where their hashes stood. Raises RecursionError."""
    match entry:
        case {"sha256": str(digest), "size": int(length)} if (
            entry.keys() == _KEYS and 0 <= length < 2**63
        ):
            return _body(digest, length, body)
        case dict():
            return {key: inline(value, body) for key, value in entry.items()}
        case list():
            return [inline(value, body) for value in entry]
        case _:
            return entry


def _body(digest: str, length: int, body: Callable[[str], bytes] | None) -> bytes:
    try:
        if body is None or not _HASH.fullmatch(digest):
            raise MissingBody("it is not beside the file")
        return body(digest)
    except MissingBody as error:
        return f"[a body of {size(length)} is missing: {error}; sha256 {digest:.64}]".encode()


def checked(digest: str, data: bytes) -> bytes:
    """`data` when that is its hash. Raises MissingBody."""
    if sha256(data).hexdigest() != digest:
        raise MissingBody("what stands there has another hash")
    return data


def is_body(name: str) -> bool:
    return bool(_HASH.fullmatch(name))
