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


_VALUE = rf'(?:{_TOKEN}|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*")'
_STRICT_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*{_VALUE}")
_LIST = re.compile(r"[ \t]*(?:,[ \t]*)+|[ \t]*$")


def grammar_problem(line: str) -> str:
    """Where a WWW-Authenticate field line breaks the grammar of RFC 9110 section 11, in words; ""
    where it keeps it."""
    at, scheme = _skip(line, 0), ""
    names: list[str] = []
    while at < len(line):
        if scheme and (match := _STRICT_PARAMETER.match(line, at)):
            name, at = match[1].lower(), match.end()
            if name in names:
                return f"the parameter {name} comes twice"
            names.append(name)
        elif match := _SCHEME.match(line, at):
            scheme, names, at = match[0], [], match.end()
            spaces = _skip_space(line, at)
            if spaces > at and (credential := _TOKEN68.match(line, spaces)):
                at = credential.end()
            elif spaces > at:
                at = spaces
                continue
        if not (match := _LIST.match(line, at)):
            rest = repr(line[at:].strip()[:60])
            if line[at] in " \t":
                return f"{rest} follows without a comma"
            return f"at {rest}: what is more than a plain word needs quotation marks"
        at = match.end()
    return "" if scheme else "it names no scheme"


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
