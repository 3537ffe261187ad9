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
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
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
    return _read_record(record, table, where)


def _read_record(record: type[T], table: object, where: str) -> T:
    if not isinstance(table, Mapping):
        raise _wrong(where, "must be a table")
    hints = _hints(record)
    known = {field.name: field for field in fields(record)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known and not (key == "kind" and record in _KINDS):
            raise _wrong(_under(where, key), "is no key of this format")
        if key in known:
            values[key] = _read(hints[key], value, _under(where, key))
    for name, field in known.items():
        missing = field.default is MISSING and field.default_factory is MISSING
        if name not in values and missing:
            raise _wrong(_under(where, name), "is missing")
    return record(**values)


def _read(hint: Any, value: object, where: str) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        members = [arg for arg in args if arg is not NoneType]
        return _read(members[0], value, where) if len(members) == 1 else _read_event(value, where)
    if origin is Literal:
        if value not in args:
            says = f"{_shown(value)} is none of those known here"
            raise _wrong(where, says)
        return value
    if origin is tuple:
        return _read_array(args, value, where)
    if is_dataclass(hint):
        return _read_record(hint, value, where)  # type: ignore[arg-type]
    return _LEAVES[hint](value, where)


def _read_event(value: object, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, "must be a table")
    kind = value.get("kind")
    if kind is None:
        raise _wrong(_under(where, "kind"), "is missing")
    event = _EVENTS.get(kind) if isinstance(kind, str) else None
    if event is None:
        raise _wrong(_under(where, "kind"), f"{_shown(kind)} is none of {', '.join(_EVENTS)}")
    return _read_record(event, value, where)


def _read_array(args: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(where, "must be an array")
    if args[-1] is Ellipsis:
        return tuple(_read(args[0], item, f"{where}[{at}]") for at, item in enumerate(value))
    if len(value) != len(args):
        raise _wrong(where, f"must have {len(args)} entries, not {len(value)}")
    return tuple(
        _read(arg, item, f"{where}[{at}]")
        for at, (arg, item) in enumerate(zip(args, value, strict=True))
    )


def _read_str(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    try:
        return _read_base64(value, where, "a string").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise _wrong(_under(where, BASE64), "must be UTF-8 inside") from None


def _read_bytes(value: object, where: str) -> bytes:
    if isinstance(value, bytes):  # put in from beside the file
        return value
    if isinstance(value, str):
        return value.encode()
    return _read_base64(value, where, f"a string or {{ {BASE64} = … }}")


def _read_base64(value: object, where: str, wanted: str) -> bytes:
    if not isinstance(value, Mapping) or list(value) != [BASE64]:
        raise _wrong(where, f"must be {wanted}")
    text = value[BASE64]
    try:
        return b64decode("".join(text.split()), validate=True)
    except (AttributeError, Base64Error, ValueError):
        raise _wrong(_under(where, BASE64), "must be base64 text") from None


def _read_int(value: object, where: str) -> int:
    # The range of TOML; a longer number could not be shown again.
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise _wrong(where, "must be an integer of 64 bits")
    return value


def _read_float(value: object, where: str) -> float:
    if type(value) is int:
        return float(_read_int(value, where))
    if type(value) is not float or not math.isfinite(value):
        raise _wrong(where, "must be a number")
    return value


def _read_bool(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "must be true or false")
    return value


def _read_datetime(value: object, where: str) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong(where, "must be a date and time with an offset")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _wrong(where, "must be a year from 1 to 9999") from None


_LEAVES: Mapping[type, Callable[[object, str], Any]] = {
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


def _under(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _shown(value: object) -> str:
    return f'"{value:.60}"' if isinstance(value, str) else "this"


def _wrong(where: str, says: str) -> SessionFileError:
    return SessionFileError(None, None, f"{where or 'the file'} {says}")
