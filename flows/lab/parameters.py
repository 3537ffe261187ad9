"""A request's parameters as Authlib wants them, and the characters its errors may be made of."""

from __future__ import annotations

import re
from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    OAuth2Payload,
    OAuth2Request,
)

from flows.lab.faults import Switchboard

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

_ILLEGAL = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_REPEATABLE = frozenset({"resource"})  # RFC 8707 section 2


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:  # a parameter without a value counts as omitted (RFC 6749 section 3.1)
                self._lists.setdefault(name, []).append(value)

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._lists.items()}

    @property
    def datalist(self) -> dict[str, list[str]]:
        return self._lists


class Parameters(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib wants it, from the decoded pairs of its query or form. `faults` are the
    server's, for rules that Authlib asks without the server."""

    faults: Switchboard | None = None

    def __init__(self, method: str, url: str, headers: Any, pairs: list[tuple[str, str]]) -> None:
        super().__init__(method, url, None, headers)
        self.payload = _Payload(pairs)

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data

    def all(self, name: str) -> list[str]:
        return self.payload.datalist.get(name, [])

    def repeated(self) -> str | None:
        """A parameter that is included more than once and must not be (RFC 6749 section 3.1)."""
        lists = self.payload.datalist.items()
        return next((n for n, v in lists if len(v) > 1 and n not in _REPEATABLE), None)


def legal(text: str) -> str:
    """Text in the characters of an error_description (RFC 6749 section 5.2)."""
    return _ILLEGAL.sub("?", text)
