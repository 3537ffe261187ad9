"""Comparing identifiers character by character, as the standards do, and saying what differs.

`aud`, `iss` and resource indicators are case-sensitive strings that must be identical: no
slash, port or letter case is forgiven (RFC 7519 section 2, RFC 8707 section 2, RFC 9728
section 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from flows.frozen import frozen

_PORTS = {"http": 80, "https": 443}


@frozen
class AudienceMatch:
    """One value the audience should hold, beside what the token has that is closest to it.

    `differs_at` is the index, from 0, of the first character that decides, in both texts: where
    one is the beginning of the other, its length. None when equal or there is nothing to compare.
    """

    label: str
    wanted: str
    found: str
    equal: bool
    differs_at: int | None = None
    hint: str = ""


def audiences(aud: object) -> tuple[str, ...]:
    """The strings of an `aud` claim, which is one string or an array (RFC 7519 section 4.1.3)."""
    if isinstance(aud, str):
        return (aud,)
    if isinstance(aud, list | tuple):
        return tuple(value for value in aud if isinstance(value, str))
    return ()


def compare_audience(aud: object, candidates: Mapping[str, str]) -> tuple[AudienceMatch, ...]:
    """How the `aud` claim stands to each candidate, given as label and value, in their order."""
    values = audiences(aud)
    return tuple(_match(label, wanted, values) for label, wanted in candidates.items())


def first_difference(one: str, other: str) -> int | None:
    """The index of the first character in which two texts differ; None when they are equal."""
    if one == other:
        return None
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _match(label: str, wanted: str, values: tuple[str, ...]) -> AudienceMatch:
    if wanted in values:
        return AudienceMatch(label, wanted, wanted, True)
    if not values:
        return AudienceMatch(label, wanted, "", False, hint="no audience")
    closest = max(values, key=lambda value: first_difference(value, wanted) or 0)
    at = first_difference(closest, wanted)
    return AudienceMatch(label, wanted, closest, False, at, difference(closest, wanted))


def difference(found: str, wanted: str) -> str:
    """What differs between two identifiers, in words; "" when they are identical."""
    if found == wanted:
        return ""
    if found.strip() == wanted.strip():
        return "white space around it"
    try:
        one, other = urlsplit(found), urlsplit(wanted)
        ports = (one.port, other.port)
    except ValueError:
        return "not a URL"
    if not other.netloc:
        return "another identifier"
    if not one.netloc:
        return "an identifier that is not a URL"
    told = (
        _scheme(found, wanted, one, other),
        _host(one, other),
        _port(one, other, ports),
        _path(one.path, other.path),
        "query" if one.query != other.query else "",
        "fragment" if one.fragment != other.fragment else "",
    )
    return ", ".join(filter(None, told)) or "spelling"


def _scheme(found: str, wanted: str, one: SplitResult, other: SplitResult) -> str:
    if one.scheme != other.scheme:
        return f"scheme {one.scheme}, not {other.scheme}"
    length = len(one.scheme)
    return "scheme, in letter case" if found[:length] != wanted[:length] else ""


def _host(one: SplitResult, other: SplitResult) -> str:
    if one.hostname != other.hostname:
        return f"host {one.hostname}, not {other.hostname}"
    # hostname is in lower case, netloc as written
    host, same = (parts.netloc.rpartition("@")[2].partition(":")[0] for parts in (one, other))
    return "host, in letter case" if host != same else ""


def _port(one: SplitResult, other: SplitResult, ports: tuple[int | None, int | None]) -> str:
    if ports[0] == ports[1]:
        return ""
    usual = (_PORTS.get(one.scheme), _PORTS.get(other.scheme))
    real = (ports[0] or usual[0], ports[1] or usual[1])
    if real == usual:
        return f"default port {ports[0] or ports[1]} {'written' if ports[0] else 'not written'}"
    return f"port {real[0]}, not {real[1]}"


def _path(one: str, other: str) -> str:
    if one == other:
        return ""
    if one.rstrip("/") == other.rstrip("/"):
        return "trailing slash" if len(one) > len(other) else "no trailing slash"
    if one.lower() == other.lower():
        return "path, in letter case"
    if other.startswith(one.rstrip("/") + "/"):
        return f"path stops at {one or 'the host'}"
    return f"path {one or '(none)'}, not {other or '(none)'}"
