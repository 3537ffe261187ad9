"""WWW-Authenticate fields as challenges (RFC 9110 sections 11.2 and 11.6.1).

The grammar is ambiguous at first sight: a comma separates both parameters and challenges. A
token followed by `=` is a parameter; a token followed by a space or the end is a scheme.
"""

from __future__ import annotations

import re

from flows.exchange import Headers, header_values
from flows.facts import AuthChallenge

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))")
_SCHEME = re.compile(_TOKEN)
_SEPARATOR = re.compile(r"[ \t,]*")


def read_challenges(headers: Headers) -> tuple[AuthChallenge, ...]:
    """Every challenge of every WWW-Authenticate field line, in order.

    Values that break the grammar are skipped up to the next comma; a debugger still shows the
    field as it came. Parameter names are in lower case.
    """
    found: list[AuthChallenge] = []
    for line in header_values(headers, "www-authenticate"):
        found.extend(_read_line(line))
    return tuple(found)


def _read_line(line: str) -> list[AuthChallenge]:
    challenges: list[AuthChallenge] = []
    scheme = ""
    parameters: list[tuple[str, str]] = []

    def close() -> None:
        if scheme:
            challenges.append(AuthChallenge(scheme, tuple(parameters)))

    at = _skip(line, 0)
    while at < len(line):
        if scheme and (match := _PARAMETER.match(line, at)):
            quoted = match[2]
            text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match[3]
            parameters.append((match[1].lower(), text))
            at = match.end()
        elif match := _SCHEME.match(line, at):
            close()
            scheme, parameters = match[0], []
            at = _skip_space(line, match.end())
            if not _PARAMETER.match(line, at) and (credential := _TOKEN68.match(line, at)):
                parameters.append(("token68", credential[0]))
                at = credential.end()
        else:
            comma = line.find(",", at)
            at = len(line) if comma < 0 else comma
        at = _skip(line, at)
    close()
    return challenges


def _skip(line: str, at: int) -> int:
    match = _SEPARATOR.match(line, at)
    return match.end() if match else at


def _skip_space(line: str, at: int) -> int:
    while at < len(line) and line[at] in " \t":
        at += 1
    return at
