"""Words of a POSIX shell, made of text and variables.

The quoter is a security boundary: what a server sent ends up in a person's shell. A word is a
tuple of pieces, text and variables, until `quote` makes it one. Anything a terminal would obey
is written as octal escapes that printf turns into bytes, so that a command can be shown and
pasted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count, groupby

from flows.secrets import Secret
from flows.spans import Span
from flows.text import visible

_BARE = re.compile(r"[A-Za-z0-9_./:@%+-]+")
_BARE_COMMENT = re.compile(r"[A-Za-z0-9_./:@%+=, -]+")
_SOUGHT = 6  # shorter values are not looked for outside the place they were found in
_IN_PRINTF = {
    "'": r"\047",
    "\\": r"\\",
    "%": "%%",
    "!": r"\041",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
}


class Unquotable(ValueError):
    """No command sends this request. Its text says why, in words for a person."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to paste. `variables` are the environment it needs, values as they must be set.

    `text` holds no secret and no control character unless the secrets were asked for by value,
    and ends without a line feed. `warnings` are for the person, one line each.
    """

    text: str
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


Pieces = tuple[str | Variable, ...]


class Variables:
    """Gives secrets their variables. A second value under the same name is NAME_2."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.values: dict[str, str] = {}
        self.encoded: set[str] = set()

    def split(self, text: str, spans: Iterable[Span]) -> Pieces:
        """`text` with a variable in the place of each span."""
        pieces: list[str | Variable] = []
        end = 0
        for span in spans:
            value = text[span.start : span.end]
            pieces += (text[end : span.start], *self.piece(span.secret, value))
            end = span.end
        return (*pieces, text[end:])

    def piece(self, secret: Secret, value: str) -> Pieces:
        """What stands for `value`, which is the secret as it must be written at that place."""
        if not self.wanted or not value:
            return (value,)
        if "\0" in value:
            raise Unquotable("A secret holds a NUL, which no environment variable can")
        for number in count(1):
            name = secret.variable if number == 1 else f"{secret.variable}_{number}"
            if self.values.setdefault(name, value) == value:
                break
        if value != secret.value:
            self.encoded.add(name)
        return (Variable(name),)

    def hide(self, pieces: Pieces) -> Pieces:
        """`pieces` with the variables in place of values that reappear in the text."""
        names = {value: name for name, value in self.values.items() if len(value) >= _SOUGHT}
        if not names:
            return pieces
        known = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))
        hidden: list[str | Variable] = []
        for piece in pieces:
            if isinstance(piece, str):
                parts = re.split(f"({known})", piece)
                hidden += (Variable(names[p]) if i % 2 else p for i, p in enumerate(parts))
            else:
                hidden.append(piece)
        return tuple(hidden)


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


def shown(text: str) -> bool:
    """Whether a terminal shows the text as it is, obeys nothing of it and hides nothing."""
    return text.isprintable() and visible(text) == text
