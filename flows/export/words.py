"""What every command is made of, whatever the shell: text and variables, and the refusal to write
what cannot be written.

A word is a tuple of pieces, text and variables, until the quoter of a shell makes it one: the
quoter is a security boundary, as what a server sent ends up in a person's shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from itertools import count

from flows.frozen import frozen
from flows.secrets import Secret
from flows.spans import Span
from flows.text import visible

_SOUGHT = 6  # shorter values are not looked for outside the place they were found in


class Unquotable(ValueError):
    """No command sends this request. Its text says why, in words for a person."""


@frozen
class Command:
    """A command to paste. `variables` are the environment it needs, values as they must be set.

    `text` holds no secret and no control character unless the secrets were asked for by value,
    and ends without a line feed. `warnings` are for the person, one line each.
    """

    text: str
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()


@frozen
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


def shown(text: str) -> bool:
    """Whether a terminal shows the text as it is, obeys nothing of it and hides nothing."""
    return text.isprintable() and visible(text) == text


def value_of(pieces: Pieces, variables: Variables) -> str:
    """The text as it is once the variables have their values."""
    return "".join(p if isinstance(p, str) else variables.values[p.name] for p in pieces)


def has_variable(pieces: Pieces) -> bool:
    return any(isinstance(piece, Variable) for piece in pieces)


def is_utf8(text: str) -> bool:
    """Whether a text has no bytes in it that are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
