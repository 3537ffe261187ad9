"""Words of a POSIX shell.

Anything a terminal would obey is written as octal escapes that printf turns into bytes, so that a
command can be shown and pasted.
"""

from __future__ import annotations

import re
from itertools import groupby

from flows.export.words import Pieces, Unquotable, Variable, shown
from flows.text import visible

_BARE = re.compile(r"[A-Za-z0-9_./:@%+-]+")
_BARE_COMMENT = re.compile(r"[A-Za-z0-9_./:@%+=, -]+")
_IN_PRINTF = {
    "'": r"\047",
    "\\": r"\\",
    "%": "%%",
    "!": r"\041",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
}


def quote(pieces: Pieces) -> str:
    """One word of the shell."""
    words: list[str] = []
    for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        run = tuple(group)
        if not is_text:
            words += (f'"${piece.name}"' for piece in run if isinstance(piece, Variable))
        elif text := "".join(piece for piece in run if isinstance(piece, str)):
            words.append(_quote_text(text))
    return "".join(words) or "''"


def _quote_text(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    if shown(text):
        return "'" + text.replace("'", "'\\''") + "'"
    if "\0" in text or text.endswith("\n"):
        raise Unquotable("No argument of a command can hold NUL or end with a line feed")
    return f'"$({printf((text,))})"'


def printf(pieces: Pieces) -> str:
    """A printf command that writes the pieces, whatever bytes they are.

    Octal escapes are the only ones all shells know. "!" is escaped for bash, which looks for
    its history even in quotes within double quotes.
    """
    form, names = "", []
    for piece in pieces:
        if isinstance(piece, Variable):
            form += "%s"
            names.append(f' "${piece.name}"')
        else:
            form += "".join(map(_printf_character, piece))
    if form.startswith("-"):
        form = "\\055" + form[1:]
    return f"printf '{form}'{''.join(names)}"


def _printf_character(char: str) -> str:
    if char in _IN_PRINTF:
        return _IN_PRINTF[char]
    if shown(char):
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def comment(text: str) -> str:
    """One line. zsh at its prompt takes it for a command, so it is quoted like one."""
    line = visible(text)
    return f"# {line if _BARE_COMMENT.fullmatch(line) else _quote_text(line)}" if line else "#"
