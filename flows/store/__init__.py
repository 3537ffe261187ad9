"""Session files: TOML that a person can read and diff, without secrets unless asked for.

encode, decode     session <-> text
save, load         session <-> file
redact_session     session  -> session without secrets
recent             the files of a folder, for the start screen
delete, rename     a file with what belongs to it
"""

from __future__ import annotations

from flows.store.errors import SecretLeak, SessionFileError
from flows.store.files import (
    Recent,
    default_folder,
    delete,
    load,
    recent,
    rename,
    save,
    suggest_name,
    write_private,
)
from flows.store.redaction import redact_session, redactor_of
from flows.store.toml import decode, encode

__all__ = [
    "Recent",
    "SecretLeak",
    "SessionFileError",
    "decode",
    "default_folder",
    "delete",
    "encode",
    "load",
    "recent",
    "redact_session",
    "redactor_of",
    "rename",
    "save",
    "suggest_name",
    "write_private",
]
