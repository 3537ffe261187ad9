"""What a person has set for good: settings and keys, two TOML files in the configuration folder.

settings.toml   theme = "nord", as = "chatgpt", ...         Settings
keys.toml       "walk.next" = "enter,n"                     keys by the id of a binding

A file that cannot be used, or a part of one, changes nothing and is told in words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from flows.frozen import frozen
from flows.text import visible
from tui.spelling import hint

Problems = tuple[str, ...]

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_FUNCTION = r"f([1-9]|1[0-9]|2[0-4])"
_NAMED = frozenset(
    "enter tab space escape backspace delete insert up down left right home end pageup "
    "pagedown".split()
)


@frozen
class Settings:
    """`theme` is one of Textual's, "" for the default; `host` is whom the start screen walks as,
    `protocol` what it speaks; without `journal` no walk is kept as it goes; without `mouse` the
    terminal keeps the mouse for itself; `tour` says that the first walk is still to be shown."""

    theme: str = ""
    host: str = ""
    protocol: str = "auto"
    journal: bool = True
    mouse: bool = True
    tour: bool = True


def folder() -> Path:
    """Where the files are. It need not exist."""
    from flows.hosts import own_folder

    return own_folder().parent


def load_settings(path: Path) -> tuple[Settings, Problems]:
    """The settings in a file; the defaults for what it has not, or has wrong."""
    document, problems = _read(path)
    settings, known = Settings(), {field.name: field for field in fields(Settings)}
    for name, value in document.items():
        if name not in known:
            problems.append(f"{path.name}: {_unknown(name, known)}")
        elif type(value) is not type(getattr(settings, name)):
            kind = "true or false" if isinstance(getattr(settings, name), bool) else "a text"
            problems.append(f"{path.name}: {name} is {kind}")
        else:
            settings = replace(settings, **{name: value})
    return settings, tuple(problems)


def save_settings(path: Path, settings: Settings) -> None:
    """Write what differs from the defaults. Raises OSError."""
    import tomli_w

    from flows.store.files import write_private

    default = asdict(Settings())
    changed = {name: value for name, value in asdict(settings).items() if value != default[name]}
    write_private(path, tomli_w.dumps(changed).encode())


def load_keys(path: Path, known: Mapping[str, str]) -> tuple[dict[str, str], Problems]:
    """The keys in a file by the id of their binding. `known` are the ids that there are, each
    with the pane that it belongs to: in one pane a key can do one thing."""
    document, problems = _read(path)
    document = dict(_dotted(document))
    keymap: dict[str, str] = {}
    taken: dict[tuple[str, str], str] = {}
    for name, value in document.items():
        if name not in known:
            problems.append(f"{path.name}: {_unknown(name, known)}")
            continue
        keys = [key.strip() for key in value.split(",")] if isinstance(value, str) else []
        if not keys or not all(map(_is_key, keys)):
            problems.append(f'{path.name}: {name} wants keys such as "n" or "ctrl+n,f2"')
            continue
        if clash := next(
            (taken[pane] for key in keys if (pane := (known[name], key)) in taken), ""
        ):
            problems.append(f"{path.name}: {name} and {clash} want the same key")
            continue
        taken |= {(known[name], key): name for key in keys}
        keymap[name] = ",".join(keys)
    return keymap, tuple(problems)


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{path.name} cannot be read: {visible(str(error), limit=200)}"]
    import tomllib

    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        return {}, [f"{path.name} is no TOML: {visible(str(error), limit=200)}"]


def _dotted(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """`walk.next = "n"` without quotes is a table in TOML, and means the same."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _unknown(name: str, known: Mapping[str, object]) -> str:
    meant = hint(name, known)
    return f"there is no {visible(name, limit=60)}{meant and f': {meant}'}"


def _is_key(key: str) -> bool:
    """Whether Textual knows a key of this name."""
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    if not _MODIFIERS.issuperset(modifiers):
        return False
    if (len(last) == 1 and last.isprintable()) or last in _NAMED or re.fullmatch(_FUNCTION, last):
        return True
    try:
        unicodedata.lookup(last.replace("_", " ").upper())
    except KeyError:
        return False
    return True
