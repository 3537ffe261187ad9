"""A request as a curl command for a POSIX shell.

    Request  ->  options of curl, their arguments in pieces  ->  text

Arguments stay a list until `flows.export.shell` quotes them. Running the command sends the
bytes of the request, whatever they are, to the URL and nowhere else. What no command can do is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from flows.exchange import Request
from flows.export.curl_options import Option, config_line, tell
from flows.export.draft import DEFAULTS, CurlOptions, Draft, Secrets
from flows.export.shell import comment, printf, quote
from flows.export.words import Command, Pieces, Variables, has_variable, shown

_LONGEST_ARGUMENT = 100_000  # Linux takes 131,072 bytes an argument; a pipe has no limit
_SHORT = {"--header": "-H", "--request": "-X", "--user": "-u", "--config": "-K"}


def fits(text: str) -> bool:
    """Whether a text can be an argument as it is."""
    return shown(text) and len(text) <= _LONGEST_ARGUMENT


def curl(
    request: Request,
    *,
    secrets: Secrets = "variables",
    options: CurlOptions = DEFAULTS,
    comments: tuple[str, ...] = (),
    own: frozenset[str] = frozenset(),
    argv_secrets: bool = True,
) -> Command:
    """The command that sends `request`, one option a line.

    `secrets` become environment variables, stay as values, or are replaced by their marks.
    With `argv_secrets=False` the variables reach curl in a configuration on its standard input,
    where a list of processes does not show them. `comments` are lines above the command, `own` the
    header fields, in lower case, that the person added, which are secret too.

    Raises `Unquotable` for what curl or a shell cannot express: a URL that is not http(s), names
    or values that HTTP does not allow, a HEAD request with a body, a secret that stands a second
    time in an encoding of its own.
    """
    draft = Draft(request, secrets, options, own)
    given, piped = tell(draft, fits)
    feed = ""
    if not argv_secrets and draft.variables.values:
        given, feed = _configured(given, piped, draft.variables)
    elif piped:
        given, feed = [*given, Option("--data-binary", ("@-",))], printf(piped)
    lines = [comment(note) for note in draft.notes(comments, "export {}=...")]
    if feed:
        lines.append(f"{feed} |")
    show = Option("-I" if request.method == "HEAD" else "-i")
    first, *others = curl_words([show, *given])
    lines.append(" \\\n  ".join((f"curl -sS {first}", *others)))
    return draft.command("\n".join(lines))


def _configured(
    options: list[Option], body: Pieces, variables: Variables
) -> tuple[list[Option], str]:
    """Options with variables, and others of their kind so that the order stays, moved to a
    configuration that a shell's own printf writes."""
    if body:
        options = [*options, Option("--data-raw", body)]
    kinds = {
        option.kind
        for option in options
        if option.value and (option.value is body or has_variable(option.value))
    }
    lines = [
        quote(config_line(option, variables))
        for option in options
        if option.value is not None and option.kind in kinds
    ]
    feed = " \\\n  ".join(("printf '%s\\n'", *lines))
    return [
        Option("--config", ("-",)),
        *(option for option in options if option.value is None or option.kind not in kinds),
    ], feed


def curl_words(options: Iterable[Option]) -> list[str]:
    """What follows the name of the program: the options without an argument, then a line each."""
    flags, lines = [], []
    for option in options:
        if option.value is None:
            flags.append(option.name)
        else:
            name = "" if option.name == "url" else _SHORT.get(option.name, option.name) + " "
            lines.append(name + quote(option.value))
    return [" ".join(flags), *lines] if flags else lines
