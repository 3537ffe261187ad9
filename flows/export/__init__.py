"""An exchange in the words of other tools: one module a format, one line here."""

from __future__ import annotations

from collections.abc import Callable

from flows.export.curl import curl
from flows.export.draft import CurlOptions, Secrets
from flows.export.httpie import httpie
from flows.export.message import http_file, raw
from flows.export.powershell import powershell
from flows.export.words import Command, Unquotable

EXPORTS: dict[str, Callable[..., Command]] = {
    "curl": curl,
    "powershell": powershell,
    "httpie": httpie,
    "http": http_file,
    "raw": raw,
}
"""By the name the command line and the palette use. Each takes a `Request` and the keywords
`secrets`, `options`, `comments` and `own`, and raises `Unquotable`."""

TITLES = {
    "curl": "curl",
    "powershell": "PowerShell",
    "httpie": "HTTPie",
    "http": ".http file",
    "raw": "raw HTTP",
}
"""What a format is called, by its name."""

__all__ = ["EXPORTS", "TITLES", "Command", "CurlOptions", "Secrets", "Unquotable", "curl"]
