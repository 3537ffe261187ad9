"""What `authwalk help TOPIC` says, and the manual page with it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from flows import __version__
from tui.help_texts import COMMANDS, DESCRIPTION

_WALK = """\
A walk has fourteen steps: challenge, resource-metadata, server-metadata, keys, client, pkce,
authorize, callback, token, claims, refresh, connect, tools, call. These are their ids, for --step
and in JSON.

In the app enter shows, then makes, the next move; a runs on to the next stop; e edits a move before
it is made; r runs a step again, as a new attempt. At Response, o opens the authorization URL in a
browser and p takes what comes back: a redirect URL, its query, or the code alone. Nothing is
overwritten: [ and ] turn the attempts of a step.

The walk looks only where the specification says, in its order, because every further request is
one that the real client would not send. w probes wider, and so does `authwalk check`; what they
send is marked in the record.
"""

_VERDICT = """\
Some two hundred checks hold every exchange against the standards. A finding names the step, the
party at fault, the evidence, the section of the standard, and what to change.

The parties are the client (the host), the MCP server, the authorization server, the network between
and the person. The verdict is the likeliest cause of what stopped the walk; others that may be the
true cause follow as "see also". Walked as a host, a second verdict says what that host is reported
to refuse, by whom, and when that was looked up.
"""

_HOSTS = """\
--as HOST walks the way that ChatGPT, Claude, Cursor, VS Code and others would: their redirect URIs,
registration, resource, protocol version and names. `authwalk hosts` lists them, `authwalk hosts
show NAME` prints each value with its source, the date on which it was looked up, and whether it is
documented, captured or reported.

"It works in one and not in the other": `authwalk check URL --hosts` is a table of which hosts would
get through, `authwalk compare URL --as A --as B` walks as both. In the app h shows the table, and d
on two of its rows compares them. Files of your own, in the same format, are read from the folder
`hosts` in the configuration folder.
"""

_LAB = """\
`authwalk lab` starts practice servers on this machine: an MCP server and an authorization server
that asks no person for anything. `authwalk demo` opens the app on them. --fault NAME makes them do
something wrong, `authwalk lab --list-faults` names what; in the app f switches the faults of a lab
that runs. Approve at Response with A, or with o for the consent page.
"""

_SECRETS = """\
Tokens, codes, code verifiers and client secrets never stand in a file, a report, a title or a
command unless you ask: --with-secrets, C in the app. A redacted token keeps its header and claims
and loses its signature. Commands hold $VARIABLES. Secrets are read from environment variables,
never from arguments. Nothing secret follows a redirect to another origin.

While a walk is open in the app, its journal holds every event with its secrets, mode 0600, so that
it can go on after a crash. It is removed when the walk is saved, discarded or left; --no-journal
keeps none.
"""

_FILES = """\
settings.toml   theme, mouse, journal, and what the start screen begins with
keys.toml       keys of your own, by the ids that `authwalk keys` lists: "walk.next" = "enter,n"
hosts/*.toml    hosts of your own
                in the configuration folder, ~/.config/authwalk on Linux
sessions/*.toml saved sessions, in the data folder, ~/.local/share/authwalk
journal/        walks as they go, in the state folder, ~/.local/state/authwalk; --state-dir moves it

A session is TOML, to read, diff and mail. Bodies over 64 KiB stand in a folder beside it.
"""

_ENVIRONMENT = """\
NO_COLOR        no colour: marks are shapes too
TERM            dumb or unknown: the app says what works instead
XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME
                where the folders are that `authwalk help files` names
SSH_CONNECTION  without a display no browser is started: copy the URL with u, paste what comes back

HTTP_PROXY and its kin are not read: --proxy URL says it. Names given to --bearer-env,
--client-secret-env and --idp-client-secret-env are variables that hold a secret.
"""

_EXIT = """\
0    sound
1    stopped at a step (run, replay), or what the host of --as is documented to refuse (run);
     something found at or above --fail-on (check); a difference (compare)
2    wrong usage
3    a person is needed and none is there
4    nobody answers at the URL that was given (at one that metadata names: 1)
5    listing or calling failed
6    a file cannot be read or written
130  interrupted

Whatever the end, --json prints exactly one document on stdout, and all else goes to stderr.
"""

_CI = """\
The gate: authwalk check URL --approve --fail-on warn --junit report.xml

It ends with 0 where nothing is at or above --fail-on (error, warn, info, never), with 1 where
something is, with 3 where a person is needed, with 4 where nobody answers at URL. --deep also tries
PKCE and single use; --hosts adds a warning for each host that would refuse. Several URLs are
checked side by side, and the gravest ends it.

Without --approve nothing is registered and nobody logs in: what is checked is what a stranger sees.
--approve makes the whole walk and follows the authorization URL as a browser would, by one GET,
cookies and redirects. It fills in no form: a server with a login page needs a test user who is let
through at once, --bearer-env TOKEN with a token from elsewhere, or --grant client-credentials. Each
walk registers a client, and says so; --client-id uses one that is there already.

GitHub:

    - run: pip install ./authwalk          # a checkout, or a wheel of it
    - run: authwalk check "$URL" --approve --fail-on warn --format github --junit report.xml
      env:
        URL: https://staging.example.com/mcp

--format github makes each finding an annotation, and prints nothing else.

GitLab:

    authwalk:
      image: python:3.12
      script:
        - pip install ./authwalk
        - authwalk check "$URL" --approve --fail-on warn --junit report.xml
      artifacts:
        when: always
        reports:
          junit: report.xml

Secrets come from the environment, by name: --client-secret-env NAME, --bearer-env NAME. The report,
--save and --json hold none, unless --with-secrets. "-" as the FILE of --junit or --save is stdout.
"""

TOPICS = {
    "walk": ("the steps, and how to walk them", _WALK),
    "verdict": ("findings, parties and what the verdict means", _VERDICT),
    "hosts": ("walking as ChatGPT, Claude and others", _HOSTS),
    "lab": ("practice servers, and their faults", _LAB),
    "ci": ("a gate: command line, exit codes, GitHub, GitLab", _CI),
    "secrets": ("what is kept out, and where", _SECRETS),
    "files": ("settings, keys, sessions, journals", _FILES),
    "environment": ("variables that count", _ENVIRONMENT),
    "exit-codes": ("for scripts and CI", _EXIT),
}


def listing() -> str:
    """The topics, a line each."""
    width = max(map(len, TOPICS))
    lines = (f"  {name:<{width}}  {summary}" for name, (summary, _) in TOPICS.items())
    return "\n".join(("Topics:", *lines, "", "Also: authwalk help COMMAND, authwalk keys"))


def manual() -> str:
    """The manual page, in roff for man(7)."""
    return "\n".join(_roff())


def _roff() -> Iterator[str]:
    yield f'.TH AUTHWALK 1 "" "authwalk {__version__}"'
    yield ".SH NAME"
    yield "authwalk \\- walk an OAuth 2.1 and MCP connection one HTTP request at a time"
    yield ".SH SYNOPSIS"
    yield ".B authwalk\n[URL | SESSION.toml] [options]\n.br\n.B authwalk\nCOMMAND [options]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(DESCRIPTION)
    yield ".SH COMMANDS"
    for name, text in COMMANDS.items():
        yield f".TP\n.B {_escaped(name)}\n{_escaped(text)}"
    yield ".PP\nThe options of a command: authwalk COMMAND \\-\\-help"
    for name, (_, text) in TOPICS.items():
        yield f".SH {name.upper().replace('-', ' ')}"
        if name in ("ci", "files", "environment", "exit-codes"):
            yield f".nf\n{_escaped(text.rstrip())}\n.fi"
        else:
            yield from _paragraphs(text)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield ".PP"
        yield from textwrap.wrap(_escaped(" ".join(paragraph.split())), 78)


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    # A line that begins so would be a request.
    return "\n".join(
        f"\\&{line}" if line[:1] in (".", "'") else line for line in escaped.split("\n")
    )
