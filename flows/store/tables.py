"""Frozen records as tables and back, led by their type hints.

    record                     table entry
    dataclass                  table; a member of a union names its class in `kind`
    tuple[X, ...]              array
    None, and "", b"", () where that is the default    absent

Reading is strict: every type must fit, and no key may be left over.
"""

from __future__ import annotations

import math
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from flows.session import Event
from flows.store.errors import SessionFileError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = dict[str, Any]
T = TypeVar("T", bound="DataclassInstance")

BASE64 = "base64"
"""The key of the one-entry table that stands for bytes, or text, which TOML cannot hold."""

_EVENTS: dict[str, type] = {member.__name__.lower(): member for member in get_args(Event)}
_KINDS = {member: kind for kind, member in _EVENTS.items()}


def to_table(record: Any) -> Table:
    """The table of a dataclass. Leaves are str, bytes, int, float, bool and datetime."""
    table: Table = {"kind": _KINDS[type(record)]} if type(record) in _KINDS else {}
    for field in fields(record):
        value = getattr(record, field.name)
        if value is None or (value == field.default and value in ("", b"", ())):
            continue
        table[field.name] = _to_entry(value)
    return table


def _to_entry(value: Any) -> Any:
    if is_dataclass(value):
        return to_table(value)
    if isinstance(value, tuple):
        return tuple(map(_to_entry, value))
    return value


def from_table(record: type[T], table: object, where: str = "") -> T:
    """A dataclass from its table. Raises SessionFileError, which names the entry by `where`."""
    try:
        return _reader(record)(table)  # type: ignore[no-any-return]
    except _Wrong as wrong:
        place = f"{where}{''.join(reversed(wrong.path))}"
        raise SessionFileError(
            None, None, f"{place.removeprefix('.') or 'the file'} {wrong}"
        ) from None


class _Wrong(Exception):
    """What is wrong with an entry; each level that it passes on its way out adds to `path`."""

    def __init__(self, says: str, key: str = "") -> None:
        super().__init__(says)
        self.path = [f".{key}"] if key else []


Reader = Callable[[Any], Any]


@cache
def _reader(hint: Any) -> Reader:
    """What reads an entry of this type, made once: a file has thousands of each."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        members = [arg for arg in args if arg is not NoneType]
        return _reader(members[0]) if len(members) == 1 else _read_event
    if origin is Literal:
        return _literal_reader(frozenset(args))
    if origin is tuple:
        several = args[-1] is Ellipsis
        return (
            _array_reader(_reader(args[0])) if several else _row_reader(tuple(map(_reader, args)))
        )
    if isinstance(hint, type) and is_dataclass(hint):
        return _record_reader(hint)
    return _LEAVES[hint]


def _record_reader(record: type[DataclassInstance]) -> Reader:
    hints, is_event = _hints(record), record in _KINDS
    readers = {field.name: _reader(hints[field.name]) for field in fields(record)}
    needed = [
        field.name
        for field in fields(record)
        if field.default is MISSING and field.default_factory is MISSING
    ]

    def read(table: object) -> Any:
        if not isinstance(table, dict):
            raise _Wrong("must be a table")
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key in readers:
                try:
                    values[key] = readers[key](value)
                except _Wrong as wrong:
                    wrong.path.append(f".{key}")
                    raise
            elif key != "kind" or not is_event:
                raise _Wrong("is no key of this format", key)
        for name in needed:
            if name not in values:
                raise _Wrong("is missing", name)
        return record(**values)

    return read


def _literal_reader(known: frozenset[object]) -> Reader:
    def read(value: object) -> Any:
        if not isinstance(value, str) or value not in known:
            raise _Wrong(f"{_shown(value)} is none of those known here")
        return value

    return read


def _array_reader(item: Reader) -> Reader:
    def read(value: object) -> tuple[Any, ...]:
        return _items(value, repeat(item))

    return read


def _row_reader(items: tuple[Reader, ...]) -> Reader:
    def read(value: object) -> tuple[Any, ...]:
        if isinstance(value, list) and len(value) != len(items):
            raise _Wrong(f"must have {len(items)} entries, not {len(value)}")
        return _items(value, items)

    return read


def _items(value: object, readers: Iterable[Reader]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _Wrong("must be an array")
    found: list[Any] = []
    try:
        for reader, item in zip(readers, value, strict=False):
            found.append(reader(item))
    except _Wrong as wrong:
        wrong.path.append(f"[{len(found)}]")
        raise
    return tuple(found)


def _read_event(value: object) -> Any:
    if not isinstance(value, dict):
        raise _Wrong("must be a table")
    kind = value.get("kind")
    if kind is None:
        raise _Wrong("is missing", "kind")
    event = _EVENTS.get(kind) if isinstance(kind, str) else None
    if event is None:
        raise _Wrong(f"{_shown(kind)} is none of {', '.join(_EVENTS)}", "kind")
    return _reader(event)(value)


def _read_str(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return _read_base64(value, "a string").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise _Wrong("must be UTF-8 inside", BASE64) from None


def _read_bytes(value: object) -> bytes:
    if isinstance(value, bytes):  # put in from beside the file
        return value
    if isinstance(value, str):
        return value.encode()
    return _read_base64(value, f"a string or {{ {BASE64} = … }}")


def _read_base64(value: object, wanted: str) -> bytes:
    if not isinstance(value, dict) or list(value) != [BASE64]:
        raise _Wrong(f"must be {wanted}")
    text = value[BASE64]
    try:
        return b64decode("".join(text.split()), validate=True)
    except (AttributeError, Base64Error, ValueError):
        raise _Wrong("must be base64 text", BASE64) from None


def _read_int(value: object) -> int:
    # The range of TOML; a longer number could not be shown again.
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise _Wrong("must be an integer of 64 bits")
    return value


def _read_float(value: object) -> float:
    if type(value) is int:
        return float(_read_int(value))
    if type(value) is not float or not math.isfinite(value):
        raise _Wrong("must be a number")
    return value


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


def _read_datetime(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _Wrong("must be a date and time with an offset")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _Wrong("must be a year from 1 to 9999") from None


_LEAVES: Mapping[type, Reader] = {
    str: _read_str,
    bytes: _read_bytes,
    int: _read_int,
    float: _read_float,
    bool: _read_bool,
    datetime: _read_datetime,
}


def map_text(record: T, change: Callable[[str], str]) -> T:
    """A copy with `change` made to every text in it, bodies included.

    Bytes that are not UTF-8 reach `change` as lone surrogates. Words of a closed vocabulary,
    such as a step's id, stay.
    """
    hints = _hints(type(record))
    return replace(
        record,
        **{
            field.name: _map(getattr(record, field.name), change)
            for field in fields(type(record))
            if get_origin(hints[field.name]) is not Literal
        },
    )


def _map(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case bytes():
            text = value.decode("utf-8", "surrogateescape")
            return change(text).encode("utf-8", "surrogateescape")
        case tuple():
            return tuple(_map(item, change) for item in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return map_text(value, change)
        case _:
            return value


def texts(record: DataclassInstance) -> tuple[str, ...]:
    """Every text that `map_text` would change."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    map_text(record, note)
    return tuple(found)


@cache
def _hints(record: type[DataclassInstance]) -> Mapping[str, Any]:
    return get_type_hints(record)


def _shown(value: object) -> str:
    return f'"{value:.60}"' if isinstance(value, str) else "this"
