"""Older versions of the session file, brought up to the present one step at a time.

A change of the format adds one to `VERSION`, one function to `MIGRATIONS` and one golden file to
the tests. The files of all versions stay readable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flows.store.errors import SessionFileError
from flows.store.tables import Table

VERSION = 2


def _second(table: Table) -> Table:
    """Version 2 has notes, the verdict in the summary, and large bodies beside the file: a file of
    version 1 holds none of them and is the same."""
    return table


MIGRATIONS: Mapping[int, Callable[[Table], Table]] = {1: _second}
"""By the version they start from; each returns the table as the next version has it."""


def migrated(
    table: Table,
    *,
    to: int = VERSION,
    migrations: Mapping[int, Callable[[Table], Table]] = MIGRATIONS,
) -> Table:
    """The table as version `to` has it, without its `version`. Raises SessionFileError."""
    version = table.get("version")
    if version is None:
        raise SessionFileError(None, None, "no session of authwalk: version is missing")
    if type(version) is not int or not 0 < version < 2**31:
        raise SessionFileError(None, None, "version must be a small whole number from 1 on")
    if version > to:
        says = f"written by a newer authwalk (version {version}); this one reads up to {to}"
        raise SessionFileError(None, None, says)
    for step in range(version, to):
        if step not in migrations:
            raise SessionFileError(None, None, f"version {version} was never written")
        table = migrations[step](table)
    return {key: value for key, value in table.items() if key != "version"}
