"""The words of one shell command, as a POSIX shell takes it apart (IEEE 1003.1 section 2.2), with
the `$'…'` that browsers write. Nothing is executed: what a shell would put in, or do besides, is
refused.
"""

from __future__ import annotations

import re
import shlex

from flows.text import visible

_CMD_EXE = re.compile(r'^\s*curl(?:\.exe)?\s+\^"|\^\r?\n\s+-', re.IGNORECASE)
_TOKENS = re.compile(
    r"""'(?P<single>[^']*)'
      | \$'(?P<ansi>(?:[^'\\]|\\.)*)'
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | \\(?P<escaped>\r?\n|.)
      | (?P<space>\s+)
      | (?P<plain>.)""",
    re.DOTALL | re.VERBOSE,
)
_FILLED_IN = re.compile(r"\$[A-Za-z_0-9{(@*#?!-]|`")
_ANSI = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u(?P<u>[0-9a-fA-F]{1,4})|U(?P<U>[0-9a-fA-F]{1,8})|x(?P<x>[0-9a-fA-F]{1,2})"
    r"|(?P<octal>[0-7]{1,3})|(?P<char>.))",
    re.DOTALL,
)
_ANSI_CHARS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"} | {
    "e": "\x1b",
    "E": "\x1b",
}


class ShellError(ValueError):
    """The text is no command by itself; the words say why, fit to be shown."""


def shell_words(text: str) -> list[str]:
    """The words of the one command in a text. Raises ShellError."""
    if _CMD_EXE.search(text):
        raise ShellError("it is written for cmd.exe: copy it as cURL (bash)")
    plain, fresh = "", True  # at the start of a word
    at = 0
    while at < len(text):
        if fresh and text[at] == "#":
            at = (text.find("\n", at) + 1) or len(text)
            continue
        match = _TOKENS.match(text, at)
        assert match
        at, before = match.end(), fresh
        fresh = False
        match match.lastgroup:
            case "single":
                plain += match[0]
            case "ansi":
                plain += shlex.quote(_ansi(match["ansi"]))
            case "double":
                plain += shlex.quote(_double(match["double"]))
            case "escaped":
                joined = match["escaped"].endswith("\n")  # a line that goes on
                plain += "" if joined else shlex.quote(match["escaped"])
                fresh = joined and before
            case "space":
                if "\n" in match[0] and plain.strip() and _goes_on(text[at:]):
                    raise ShellError("there is more than one command, or a line end without a \\")
                plain += " "
                fresh = True
            case _:
                plain += _bare(match[0], text[match.start() :])
    return shlex.split(plain)


def _goes_on(rest: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in rest.splitlines())


def _bare(char: str, rest: str) -> str:
    if char in "'\"":
        raise ShellError("a quote is not closed")
    if char in "|;&<>()":
        raise ShellError(f"a bare {char} is for the shell: give the command alone")
    _refuse_filled_in(rest, at_start=True)
    return char if char != "\\" else "\\\\"


def _refuse_filled_in(text: str, *, at_start: bool = False) -> None:
    found = _FILLED_IN.match(text) if at_start else _FILLED_IN.search(text)
    if found:
        name = re.match(r"\$\{?\w+\}?|\$\(|.", text[found.start() :])
        shown = visible(name[0] if name else "$", limit=60)
        raise ShellError(f"the shell would put something in for {shown}: write the value there")


def _double(inside: str) -> str:
    _refuse_filled_in(re.sub(r"\\.", "", inside, flags=re.DOTALL))
    return re.sub(r'\\(\r?\n|[$`"\\])', lambda m: "" if m[1].endswith("\n") else m[1], inside)


def _ansi(inside: str) -> str:
    """What `$'…'` stands for; bytes that are not UTF-8 as lone surrogates."""

    def one(match: re.Match[str]) -> bytes:
        if match["high"]:  # browsers write characters beyond U+FFFF as UTF-16
            pair = bytes.fromhex(match["high"] + match["low"])
            return pair.decode("utf-16-be").encode()
        if code := match["u"] or match["U"]:
            number = int(code, 16)
            if number > 0x10FFFF:
                raise ShellError(f"\\U{code} is no character")
            return chr(number).encode("utf-8", "surrogatepass")
        if match["x"]:
            return bytes([int(match["x"], 16)])
        if match["octal"]:
            return bytes([int(match["octal"], 8) & 0xFF])
        char = match["char"]
        known = char in _ANSI_CHARS or char in "\\'\"?"
        return (_ANSI_CHARS.get(char, char) if known else f"\\{char}").encode("utf-8", "replace")

    data, at = b"", 0
    for match in _ANSI.finditer(inside):
        data += inside[at : match.start()].encode("utf-8", "surrogateescape") + one(match)
        at = match.end()
    data += inside[at:].encode("utf-8", "surrogateescape")
    text = data.decode("utf-8", "surrogateescape")
    if "\0" in text:
        raise ShellError("an argument holds NUL, which no command can be given")
    return text
