"""Hosts: what real MCP clients send and demand, as data with its evidence, one file a host.

    hosts()        every host that is known: those shipped, and a person's own
    find(name)     one of them, or None
    host_of(target), versions_of(target)

A person's own files stand in the configuration folder, in the same format (see
`flows.hosts.reading`). One with the name of a shipped file takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from flows.hosts.model import RULES, Demand, Evidence, Host, Known, Rule, Texts
from flows.hosts.reading import HostFileError, read_host
from flows.session import Target

__all__ = [
    "RULES",
    "Demand",
    "Evidence",
    "Host",
    "HostFileError",
    "Known",
    "Rule",
    "Texts",
    "find",
    "host_names",
    "host_of",
    "hosts",
    "own_folder",
    "versions_of",
]

SHIPPED = Path(__file__).parent
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def own_folder() -> Path:
    """Where a person's own host files are. It need not exist."""
    from platformdirs import user_config_path

    return user_config_path("authwalk", appauthor=False) / "hosts"


def host_names() -> tuple[str, ...]:
    """The names of all hosts that there is a file of, in order."""
    folders = SHIPPED, own_folder()
    return tuple(sorted({path.stem for folder in folders for path in folder.glob("*.toml")}))


def hosts() -> Mapping[str, Host]:
    """Every host by its name, in the order of the names. Raises HostFileError."""
    return {name: host for name in host_names() if (host := find(name))}


@cache
def find(name: str) -> Host | None:
    """The host of this name; None where there is none. Raises HostFileError."""
    if not re.fullmatch(_NAME, name):  # a session may name anything: no way out of the folders
        return None
    for folder in (own_folder(), SHIPPED):
        path = folder / f"{name}.toml"
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise HostFileError(f"{path.name}: cannot be read: {error}") from None
        return read_host(text, name, own=folder != SHIPPED)
    return None


def host_of(target: Target) -> Host | None:
    """The host that a target is walked as. One whose file is not here, or is broken, is none: a
    session may come from another machine."""
    try:
        return find(target.host) if target.host else None
    except HostFileError:
        return None


def versions_of(target: Target) -> Texts:
    """The protocol versions that the walk may speak, the first one first; empty for all."""
    if target.protocol != "auto":
        return (target.protocol,)
    host = host_of(target)
    return host.protocol_versions.value if host and host.protocol_versions else ()
