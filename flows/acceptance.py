"""Which parsers of well-known clients take a token response, metadata or a registration, as it was
found out.

The table is data, `acceptance.toml`: for each variant of a response the parsers that refuse it.
It says what was, not what will be: another version may be kinder, and what a hosted client runs is
not known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from flows.documents import read_json
from flows.exchange import Response, media_type
from flows.frozen import frozen

How = Literal["measured", "read"]
Document = Literal["token", "resource-metadata", "server-metadata", "client"]
"""What is parsed: a token response, one of the two metadata documents, or the answer to a
registration."""


@frozen
class Refusal:
    """`version` is the package the parser is of, with its version; `how` says whether it was run
    or its source was read; `reason` names the variant of the response."""

    parser: str
    version: str
    how: How
    reason: str


Members = Mapping[str, Any]


def refusals(response: Response, document: Document = "token") -> tuple[Refusal, ...]:
    """The parsers that refuse a response, by variant and in the table's order."""
    value, _ = read_json(response.body.removeprefix(_BOM))
    members: Members = value if isinstance(value, dict) else {}
    parsers, variants = _table()
    return tuple(
        Refusal(name, parsers[name]["version"], parsers[name]["how"], variant["reason"])
        for id, (what, holds) in VARIANTS.items()
        if what == document and holds(response, members)
        for variant in (variants[id],)
        for name in variant["refused_by"]
    )


def parsers() -> tuple[str, ...]:
    """The names of the parsers in the table."""
    return tuple(_table()[0])


@cache
def _table() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Parsers and variants of the data file, by their names."""
    document = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return document["parsers"], document["variants"]


_BOM = b"\xef\xbb\xbf"
Holds = Callable[[Response, Members], bool]


def _null(name: str) -> Holds:
    return lambda response, members: name in members and members[name] is None


def _expires(*types: type) -> Holds:
    return lambda response, members: type(members.get("expires_in")) in types


def _without_type(response: Response, members: Members) -> bool:
    return "access_token" in members and "token_type" not in members


def _dpop(response: Response, members: Members) -> bool:
    return str(members.get("token_type")).lower() == "dpop"


def _error(response: Response, members: Members) -> bool:
    return "error" in members and "access_token" not in members


def _form(response: Response, members: Members) -> bool:
    return not members and response.body.startswith(b"access_token=")


def _other_type(response: Response, members: Members) -> bool:
    return bool(members) and media_type(response.headers) != "application/json"


def _holding(names: str, *values: object) -> Holds:
    """Any of these members is one of these values."""
    return lambda response, members: any(
        name in members and members[name] in values for name in names.split()
    )


def _lacking(name: str) -> Holds:
    return lambda response, members: bool(members) and name not in members


_TOKEN: Mapping[str, Holds] = {
    "token-type-missing": _without_type,
    "token-type-dpop": _dpop,
    "expires-in-string": _expires(str),
    "expires-in-fraction": _expires(float),
    "expires-in-null": _null("expires_in"),
    "refresh-token-null": _null("refresh_token"),
    "scope-null": _null("scope"),
    "scope-array": lambda response, members: isinstance(members.get("scope"), list),
    "id-token-null": _null("id_token"),
    "access-token-empty": lambda response, members: members.get("access_token") == "",
    "error-with-200": _error,
    "form-encoded": _form,
    "byte-order-mark": lambda response, members: response.body.startswith(_BOM),
    "status-201": lambda response, members: response.status == 201,
    "other-media-type": _other_type,
}
_OTHERS: Mapping[str, tuple[Document, Holds]] = {
    "resource-missing": ("resource-metadata", _lacking("resource")),
    "resource-scopes-null": ("resource-metadata", _null("scopes_supported")),
    "resource-nulls": (
        "resource-metadata",
        _holding("jwks_uri bearer_methods_supported resource_name resource_documentation", None),
    ),
    "authorization-servers-string": (
        "resource-metadata",
        lambda response, members: isinstance(members.get("authorization_servers"), str),
    ),
    "response-types-missing": ("server-metadata", _lacking("response_types_supported")),
    "server-nulls": (
        "server-metadata",
        _holding("registration_endpoint scopes_supported service_documentation", None),
    ),
    "registration-endpoint-empty": ("server-metadata", _holding("registration_endpoint", "")),
    "client-nulls": (
        "client",
        _holding("client_secret client_uri contacts client_secret_expires_at", None),
    ),
    "client-uri-empty": ("client", _holding("client_uri", "")),
    "redirect-uris-missing": ("client", _lacking("redirect_uris")),
}
VARIANTS: Mapping[str, tuple[Document, Holds]] = {
    **{name: ("token", holds) for name, holds in _TOKEN.items()},
    **_OTHERS,
}
"""How a response is known to be of a variant of the data file, and of which document."""
