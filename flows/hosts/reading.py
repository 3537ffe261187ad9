"""A host file, read strictly: every value with its evidence, and nothing that is not known here.

title = "ChatGPT"

[client_info]
value = ["openai-mcp", "1.0.0"]
source = "https://…"
seen = 2026-11-25
status = "captured"

[[demands]]
rule = "token-seconds"
value = 10
source = …
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from flows.hosts.model import RULES, Demand, Evidence, Host, Known, Status

_EVIDENCE = ("source", "seen", "status")
_COMPARISONS = {
    "issuer": ("exact", "normalized"),
    "resource": ("exact", "normalized", "without-query", "prefix"),
}
"""How URLs are compared: as strings; as a browser's URL parser writes them; the same without the
query; or by origin and the segments that the path begins with, as the official SDKs do."""
_PLAIN = ("name", "title", "demands", "own")


class HostFileError(ValueError):
    """A host file that cannot be used; the text names the file, the entry and what is wrong."""


def read_host(text: str, name: str, *, own: bool = False) -> Host:
    """The host in the text of the file `name`.toml. Raises HostFileError."""
    import tomllib

    try:
        table = tomllib.loads(text)
        title = _text(table.pop("title", None), "title")
        demands = _list(table.pop("demands", []), "demands")
        hints = get_type_hints(Host)
        known = {field.name for field in fields(Host)} - {*_PLAIN}
        values = {}
        for key, entry in table.items():
            if key not in known:
                raise _wrong(key, "is no key of a host file")
            kind = next(kind for kind in get_args(hints[key]) if kind is not NoneType)
            values[key] = _known(entry, key, get_args(kind)[0])
        read = tuple(_demand(one, f"demands[{at}]") for at, one in enumerate(demands))
        host = Host(name=name, title=title, demands=read, own=own, **values)
        _check(host)
        return host
    except HostFileError as error:
        raise HostFileError(f"{name}.toml: {error}") from None
    except (ValueError, RecursionError) as error:
        raise HostFileError(f"{name}.toml: not TOML: {error}") from None


def _known(entry: object, where: str, kind: Any) -> Known[Any]:
    table = _table(entry, where)
    evidence = _evidence(table, where)
    if "value" not in table:
        raise _wrong(f"{where}.value", "is missing")
    value = _value(table.pop("value"), f"{where}.value", kind)
    _nothing_left(table, where)
    return Known(value, evidence)


def _demand(entry: object, where: str) -> Demand:
    table = _table(entry, where)
    evidence = _evidence(table, where)
    rule = _one_of(RULES, table.pop("rule", None), f"{where}.rule")
    value, place = table.pop("value", None), f"{where}.value"
    if isinstance(value, list):
        value = tuple(_text(one, f"{place}[{at}]") for at, one in enumerate(value))
    elif isinstance(value, bool) or not isinstance(value, str | int | float | NoneType):
        raise _wrong(place, "must be a text, a number or an array of texts")
    _nothing_left(table, where)
    if rule.endswith("-seconds") and not (isinstance(value, int | float) and value > 0):
        raise _wrong(place, "must be a number of seconds")
    if rule in ("token-members", "claims", "port") and not (isinstance(value, tuple) and value):
        raise _wrong(place, "must be an array of texts")
    if rule == "token-type" and not isinstance(value, str):
        raise _wrong(place, "must be the spelling that is wanted")
    for strict, known in _COMPARISONS.items():
        if rule == strict and value not in known:
            raise _wrong(place, f"is none of {', '.join(known)}")
    return Demand(rule, evidence, value)


def _evidence(table: dict[str, Any], where: str) -> Evidence:
    source, seen, status = (table.pop(name, None) for name in _EVIDENCE)
    if not isinstance(seen, date) or isinstance(seen, datetime):
        raise _wrong(f"{where}.seen", "must be a date, such as 2026-11-25")
    known = _one_of(get_args(Status), status, f"{where}.status")
    return Evidence(_text(source, f"{where}.source"), seen, known)


def _value(value: object, where: str, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        found = tuple(
            _value(one, f"{where}[{at}]", inner) for at, one in enumerate(_list(value, where))
        )
        if not found:
            raise _wrong(where, "is empty: leave out what is not known")
        return found
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind), value, where)
    return _LEAVES[kind](value, where)


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(where, "must be a table with value, source, seen and status")
    return dict(value)


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(where, "must be an array")
    return value


def _text(value: object, where: str) -> str:
    if value is None:
        raise _wrong(where, "is missing")
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, "must be a text")
    return value


def _bool(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "must be true or false")
    return value


_LEAVES: Mapping[type, Callable[[object, str], Any]] = {str: _text, bool: _bool}


def _one_of(known: tuple[Any, ...], value: object, where: str) -> Any:
    if value is None:
        raise _wrong(where, "is missing")
    if value not in known:
        raise _wrong(where, f"is none of {', '.join(known)}")
    return value


def _nothing_left(table: Mapping[str, Any], where: str) -> None:
    if table:
        raise _wrong(f"{where}.{next(iter(table))}", "is no key of this table")


def _check(host: Host) -> None:
    """What the values must be beside their types."""
    from flows.acceptance import parsers
    from flows.wellknown import redirect_uri_problem

    listed = host.redirect_uris.value if host.redirect_uris else ()
    chosen = [one.value for one in (host.redirect_uri, host.redirect_uri_with_iss) if one]
    for uri in (*listed, *chosen):
        bare = uri.replace("{port}", "1").replace("{id}", "id").replace("{server}", "server")
        if "{" in bare or (problem := redirect_uri_problem(bare)):
            says = "has a place that is none of {port}, {id}, {server}"
            raise _wrong("redirect_uris", f"{uri}: {says if '{' in bare else problem}")
    if host.client_info and len(host.client_info.value) > 2:
        raise _wrong("client_info.value", "is name and version")
    if host.parser and host.parser.value not in parsers():
        raise _wrong("parser.value", f"is none of {', '.join(parsers())}")


def _wrong(where: str, says: str) -> HostFileError:
    return HostFileError(f"{where} {says}")
