"""A request as a curl command for PowerShell, Windows PowerShell 5.1 among them.

`curl.exe`, as `curl` alone is something else there. Before 7.3 PowerShell hands a program no
argument that holds a double quote, is empty or ends with a backslash as it was written, and what is
piped to a program gets a line break of its own: such options go by a configuration file of curl,
and such a body by a file that is written byte for byte.

Text is single-quoted printable ASCII; everything else is `[char]0x...`. So nothing depends on the
encoding of a file or console, and none of the typographic quotes, which PowerShell takes for its
own (about_Quoting_Rules), can end a text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import groupby

from flows.exchange import Request
from flows.export.curl_options import Option, config_line, tell
from flows.export.draft import DEFAULTS, CurlOptions, Draft, Secrets
from flows.export.words import (
    Command,
    Pieces,
    Unquotable,
    Variable,
    Variables,
    has_variable,
    is_utf8,
    value_of,
)
from flows.text import visible

_LONGEST_ARGUMENT = 8_000  # Windows takes 32,767 characters a command line
_RUN = re.compile("[ -~]+|[^ -~]")
_ASCII = re.compile("[ -~]")
_SHORT = {"--header": "-H", "--request": "-X", "--user": "-u", "--config": "-K"}


def powershell(
    request: Request,
    *,
    secrets: Secrets = "variables",
    options: CurlOptions = DEFAULTS,
    comments: tuple[str, ...] = (),
    own: frozenset[str] = frozenset(),
) -> Command:
    """As `flows.export.curl.curl`, for PowerShell. Its variables are those of the environment.

    Raises `Unquotable` also for a body, or header fields, with bytes that are no UTF-8 and a secret
    among them.
    """
    draft = Draft(request, secrets, options, own)
    given, body = tell(draft, fits)
    before, after = [], []
    unfit = {
        option.kind
        for option in given
        if option.value is not None and not fits(value_of(option.value, draft.variables))
    }
    if unfit:
        # All of a kind, so that they keep their order.
        moved = [config_line(o, draft.variables) for o in given if o.kind in unfit]
        given = [Option("--config", (_CONFIG,)), *(o for o in given if o.kind not in unfit)]
        config = tuple(piece for line in moved for piece in (*line, "\n"))
        before += _written(_CONFIG, config, draft.variables)
        after.append(_CONFIG)
    if body:
        given.append(Option("--data-binary", ("@", _BODY)))
        before += _written(_BODY, body, draft.variables)
        after.append(_BODY)
    lines = [f"# {visible(note)}" for note in draft.notes(comments, "$env:{} = ...")]
    lines += [*before, _command("-I" if request.method == "HEAD" else "-i", given)]
    if after:
        lines.append(f"Remove-Item {', '.join(f'${file.name}' for file in after)}")
    return draft.command("\n".join(lines))


class _File(Variable):
    """A variable of PowerShell itself, with the path of a file."""


_CONFIG, _BODY = _File("config"), _File("body")


def fits(text: str) -> bool:
    """Whether every PowerShell hands it to a program as it is."""
    ends = text[-1:] in ("", "\\")
    printable = text.isascii() and text.isprintable()
    return printable and '"' not in text and not ends and len(text) <= _LONGEST_ARGUMENT


def _written(file: _File, pieces: Pieces, variables: Variables) -> list[str]:
    """Lines that write the pieces to a file of their own, byte for byte."""
    name = f"${file.name} = [IO.Path]::GetTempFileName()"
    text = value_of(pieces, variables)
    if not is_utf8(text):
        if has_variable(pieces):
            raise Unquotable("A secret stands among bytes that are no text")
        encoded = b64encode(text.encode("utf-8", "surrogateescape")).decode()
        data = f"[Convert]::FromBase64String('{encoded}')"
        return [name, f"[IO.File]::WriteAllBytes(${file.name}, {data})"]
    return [name, f"[IO.File]::WriteAllText(${file.name}, {' + '.join(_terms(pieces))})"]


def _command(show: str, options: list[Option]) -> str:
    first, lines = ["curl.exe -sS", show], []
    for option in options:
        if option.value is None:
            first.append(option.name)
        else:
            name = "" if option.name == "url" else _SHORT.get(option.name, option.name) + " "
            lines.append(name + quote(option.value))
    return " `\n  ".join((" ".join(first), *lines))


def quote(pieces: Pieces) -> str:
    """One argument."""
    if len(pieces) == 1 and isinstance(pieces[0], _File):
        return f"${pieces[0].name}"
    parts = list(_terms(pieces))
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def _terms(pieces: Pieces) -> Iterator[str]:
    """What gives the pieces when it is added up; a text comes first, so that all of it is one."""
    if not isinstance(pieces[0], str) or not _ASCII.match(pieces[0]):
        yield "''"
    for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        if is_text:
            for run in _RUN.findall("".join(piece for piece in group if isinstance(piece, str))):
                yield from _literals(run)
        else:
            names = (piece for piece in group if isinstance(piece, Variable))
            yield from (f"${'' if isinstance(v, _File) else 'env:'}{v.name}" for v in names)


def _literals(run: str) -> Iterator[str]:
    if _ASCII.match(run):
        yield "'" + run.replace("'", "''") + "'"
        return
    units = run.encode("utf-16-be", "surrogatepass")
    yield from (f"[char]0x{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
