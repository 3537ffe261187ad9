"""What the arguments of `authwalk` mean: the parser, with its help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from flows import __version__
from tui.argument_groups import (
    KEY_ALGORITHMS,
    add_act,
    add_faults,
    add_header,
    add_host,
    add_journal,
    add_output,
    add_target,
    add_wire,
)
from tui.argument_parser import Formatter, Parser, check_word, parsers, refuse
from tui.argument_types import level, port, seconds, time
from tui.help_texts import COMMANDS, DESCRIPTION, EPILOGS, EXAMPLES

SHELLS = ("bash", "zsh", "fish", "tcsh")
FORMATS = (
    *("curl", "powershell", "httpie", "http", "raw"),
    *("script", "har", "report", "report-html", "sequence", "mermaid"),
)
ANNOTATIONS = ("text", "github")
FAIL_ON = ("error", "warn", "info", "never")

_SOURCE = "a HAR, an mcp.json, a file with a curl command; or curl and the command in quotes"
_SUBSCRIBE = "be told of changes to a resource, before the acts and during --listen"
_COMPLETE = "complete the last argument of a prompt or URI template"
_REDIRECT_URIS = "repeatable; default http://127.0.0.1/callback, with any port"
_SAVE = "write the session, secrets redacted; - is stdout"
_TRACE = "each exchange as it happens, a JSON line each; - is stdout"
_SERVE = "serve it on loopback, for servers on this machine"
_TWICE = "given twice: walk the URL as each of the two (authwalk hosts)"


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options, and in `command` the module of `tui.commands` they are for. Raises Failure,
    and SystemExit for --help and --version. A first argument that is no command belongs to the
    app, as no argument at all does."""
    first = arguments[0] if arguments else ""
    if first not in COMMANDS and first not in ("-h", "--help", "--version"):
        check_word(first)
        first = "app"
        arguments = [first, *arguments]
    args, unknown = parser(first).parse_known_args(arguments)
    if unknown:
        refuse(unknown, args.command, parsers(parser()))
    from tui.output import check_output  # not needed for --help

    check_output(args)
    return args


def parser(command: str = "") -> argparse.ArgumentParser:
    """The command line, for parsing, for help and for completion: the whole of it, or where it is
    a command's name, what that command takes. The whole takes ten times as long."""
    top = Parser(
        "authwalk",
        usage="authwalk [URL | SESSION.toml] [options]\n       authwalk COMMAND [options]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"authwalk {__version__}")
    group = top.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    for name in (command,) if command in _SHAPES else _SHAPES:
        usage, add = _SHAPES[name]
        text = COMMANDS.get(name, "open the app")
        listed: dict[str, Any] = {"help": text}
        shown = f"authwalk {name}"
        if name not in COMMANDS:  # the app goes without a name
            shown, listed = "authwalk", {}
        one = group.add_parser(
            name,
            prog=shown,
            usage=f"{shown} {usage}",
            description=f"{text[:1].upper()}{text[1:]}.",
            epilog=EPILOGS.get(name),
            formatter_class=Formatter,
            allow_abbrev=False,
            **listed,
        )
        one.set_defaults(module=name)
        add(one)
    return top


def _add_app(app: argparse.ArgumentParser) -> None:
    app.add_argument("target", nargs="?", metavar="URL | SESSION.toml", help="what to open")
    add_target(app)
    add_wire(app)
    add_journal(app)


def _add_demo(demo: argparse.ArgumentParser) -> None:
    add_faults(demo)
    add_host(demo.add_argument)
    demo.add_argument("--tour", action="store_true", help="with the tour of the first walk")
    add_journal(demo)


def _add_serve(serve: argparse.ArgumentParser) -> None:
    add = serve.add_argument
    add("--port", type=port, default=0, metavar="PORT", help="on 127.0.0.1; default a free one")
    add("--open", action="store_true", help="open it in the browser")
    text = "what the app opens, with the options of the app or of demo"
    add("rest", nargs=argparse.REMAINDER, metavar="URL | SESSION.toml | demo", help=text)


def _add_hosts(hosts: argparse.ArgumentParser) -> None:
    hosts.add_argument("show", nargs="?", metavar="show", help="one host; its name alone does too")
    hosts.add_argument("name", nargs="?", metavar="NAME", help="its name or title")
    hosts.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_client_document(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(module="client_document")
    parser.add_argument("url", nargs="?", metavar="URL", help="where it will stand; the client_id")
    group = parser.add_argument_group("the document")
    add = group.add_argument
    add("--name", default="authwalk", metavar="NAME", help="client_name; default authwalk")
    add("--redirect-uri", action="append", metavar="URI", help=_REDIRECT_URIS)
    add("--client-uri", metavar="URL", help="a page about the client")
    add("--scope", metavar="SCOPES", help="the scopes that it may ask for")
    add("--client-key", metavar="FILE", help="its private key; the public one goes in")
    add("--client-key-alg", choices=KEY_ALGORITHMS, metavar="ALG", help=", ".join(KEY_ALGORITHMS))
    add("--save", metavar="FILE", help="write it there; - is stdout")
    add("--serve", nargs="?", type=port, const=0, metavar="PORT", help=_SERVE)
    group = parser.add_argument_group("the check")
    add = group.add_argument
    add("--check", metavar="FILE | URL", help="would an authorization server take this one?")
    add("--published", metavar="URL", help="where a file will stand; default its client_id")
    add("--server", metavar="ISSUER", help="the authorization server that is to take it")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_wire(parser)


def _add_lab(lab: argparse.ArgumentParser) -> None:
    add_faults(lab)
    lab.add_argument("--port", type=port, default=0, help="of the MCP server; default a free one")
    lab.add_argument(
        "--as-port",
        type=port,
        default=0,
        metavar="PORT",
        help="of the authorization server",
    )
    lab.add_argument("--list-faults", action="store_true", help="name the faults and end")
    lab.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("url", metavar="URL", help="the MCP server, or with --issuer-only an issuer")
    group = run.add_argument_group("the walk")
    add = group.add_argument
    add("--approve", action="store_true", help="follow the authorization URL without a person")
    add("--open", action="store_true", help="open the authorization URL in the browser")
    add("--wait", type=seconds, metavar="SECONDS", help="wait so long for the browser to return")
    add("--refresh", action="store_true", help="use the refresh token before connecting")
    add("--list", action="store_true", help="print what the server offers: tools, resources, …")
    add_act(add, "--call", "tools/call", "NAME[=JSON]", "call a tool")
    add_act(add, "--read", "resources/read", "URI", "read a resource")
    add_act(add, "--prompt", "prompts/get", "NAME[=JSON]", "get a prompt")
    add_act(add, "--complete", "completion/complete", "REF=JSON", _COMPLETE)
    add_act(add, "--send", "", "METHOD[=JSON]", "any method; acts keep their order")
    add("--subscribe", action="append", default=[], metavar="URI", help=_SUBSCRIBE)
    add("--listen", type=seconds, metavar="SECONDS", help="hear the server out after the acts")
    add("--elicit", metavar="ANSWER", help="to forms: accept, decline, cancel, or a JSON object")
    add_target(run)
    add_wire(run)
    group = run.add_argument_group("the record")
    add = group.add_argument
    add("--save", metavar="FILE", help=_SAVE)
    add("--trace", metavar="FILE", help=_TRACE)
    add("--with-secrets", action="store_true", help="keep secrets in files and in --json")
    add("--state-dir", metavar="DIR", help="keep a journal there while it runs, for the app")
    add_output(run)


def _add_check(check: argparse.ArgumentParser) -> None:
    check.add_argument(
        "urls", nargs="+", metavar="URL", help="MCP servers; issuers with --issuer-only"
    )
    group = check.add_argument_group("the check")
    add = group.add_argument
    add("--approve", action="store_true", help="walk to the tools first, approving by itself")
    add(
        "--deep",
        action="store_true",
        help="with --approve: use up codes and tokens, one of them in a URL, to see what is "
        "enforced; cleans up",
    )
    add("--hosts", action="store_true", help="which known hosts would get through, and which not")
    add("--register", action="store_true", help="with --hosts: try it, deleted again where offered")
    levels = f"{', '.join(FAIL_ON)}; a host that would refuse counts as a warning"
    add(
        "--fail-on",
        type=level,
        choices=FAIL_ON,
        default="error",
        metavar="LEVEL",
        help=levels,
    )
    add("--verbose", action="store_true", help="also what is well, and what does not apply")
    add_target(check)
    add_wire(check)
    group = check.add_argument_group("the record")
    add = group.add_argument
    add("--save", metavar="FILE", help="write the session of the first URL, secrets redacted")
    add("--junit", metavar="FILE", help="write the findings as JUnit XML; - is stdout")
    add("--with-secrets", action="store_true", help="keep secrets in files and in --json")
    add_output(check).add_argument(
        "--format",
        dest="annotations",
        choices=ANNOTATIONS,
        default="text",
        metavar="FORMAT",
        help="text, or github: annotations of GitHub Actions; JSON is --json",
    )


def _add_token(token: argparse.ArgumentParser) -> None:
    token.add_argument("token", nargs="?", metavar="TOKEN | -", help="- reads stdin; default asks")
    group = token.add_mutually_exclusive_group()
    group.add_argument("--jwks", metavar="FILE | URL", help="the keys to verify it with")
    group.add_argument("--issuer", metavar="URL", help="find the keys by this issuer's metadata")
    token.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_wire(token)


def _add_show(show: argparse.ArgumentParser) -> None:
    show.add_argument("session", metavar="SESSION", help="a file that --save or the app wrote")
    show.add_argument("--list", action="store_true", help="print what the server offers, as listed")
    show.add_argument("--with-secrets", action="store_true", help="print secrets the file holds")
    add_output(show)


def _add_replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("session", metavar="SESSION", help="a file that --save or the app wrote")
    group = replay.add_argument_group("the replay")
    add = group.add_argument
    add("--against", metavar="URL", help="walk this MCP server instead")
    add("--step", metavar="ID", help="this step alone, such as tools, on what the file holds")
    add("--offline", action="store_true", help="send nothing; compare what would be sent")
    add("--approve", action="store_true", help="follow the authorization URL without a person")
    add("--open", action="store_true", help="open the authorization URL in the browser")
    add("--wait", type=seconds, metavar="SECONDS", help="wait so long for the browser to return")
    group = replay.add_argument_group("what the file does not hold")
    add = group.add_argument
    add("--client-id", metavar="ID", help="a client registered before")
    add("--client-secret-env", metavar="NAME", help="the variable that holds its secret")
    add("--bearer-env", metavar="NAME", help="the variable that holds the token it was given")
    add_header(add)
    add_wire(replay)
    group = replay.add_argument_group("the record")
    add = group.add_argument
    add("--save", metavar="FILE", help="write the new session, secrets redacted")
    add("--with-secrets", action="store_true", help="keep secrets in the file and in what is told")
    add_output(replay)


def _add_compare(compare: argparse.ArgumentParser) -> None:
    add = compare.add_argument
    add("a", metavar="A", help="one: a file that --save or the app wrote; or an MCP server's URL")
    add("b", metavar="B", nargs="?", help="the other file")
    add("--with-secrets", action="store_true", help="show secrets the files hold")
    group = compare.add_argument_group("two hosts")
    add = group.add_argument
    add("--as", dest="hosts", action="append", default=[], metavar="HOST", help=_TWICE)
    add("--approve", action="store_true", help="follow the authorization URL without a person")
    add_header(add)
    add_wire(compare)
    add_output(compare)


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument("session", metavar="SESSION", help="a file that --save or the app wrote")
    export.add_argument(
        "--as",
        dest="format",
        choices=FORMATS,
        required=True,
        metavar="FORMAT",
        help=", ".join(FORMATS),
    )
    export.add_argument("--step", metavar="ID", help="only this step, such as token")
    export.add_argument(
        "--with-secrets", action="store_true", help="values where variables would stand"
    )
    export.add_argument("--redacted", action="store_true", help="marks where variables would stand")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(module="imports")  # `import` is no name for a module
    parser.add_argument("source", nargs="+", metavar="FILE | curl COMMAND", help=_SOURCE)
    parser.add_argument("--server", metavar="NAME", help="which server of a configuration")
    parser.add_argument("--save", metavar="FILE", help=_SAVE)
    parser.add_argument("--with-secrets", action="store_true", help="keep secrets in what is told")
    add_output(parser)


def _add_logs(logs: argparse.ArgumentParser) -> None:
    add = logs.add_argument
    add("files", nargs="+", metavar="FILE", help="access logs, gzip too; - reads stdin")
    add("--around", type=time, metavar="TIME", help="when it was tried, ISO 8601; default all")
    add("--minutes", type=seconds, default=10, metavar="N", help="before and after; default 10")
    add("--token-path", metavar="PATH", help="of the token endpoint; default what ends in /token")
    add("--mcp-path", metavar="PATH", help="of the MCP endpoint; default what ends in /mcp")
    add("--json", action="store_true", help="one JSON document on stdout")


def _add_explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("name", metavar="NAME", help="such as resource, aud, invalid_grant, 401")
    explain.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_keys(keys: argparse.ArgumentParser) -> None:
    keys.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_help(topic: argparse.ArgumentParser) -> None:
    topic.add_argument("topic", nargs="?", metavar="TOPIC | COMMAND", help="default names them")
    topic.add_argument("--man", action="store_true", help="print the manual page: | man -l -")


def _add_completion(shell: argparse.ArgumentParser) -> None:
    shell.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


_SHAPES: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "app": ("[URL | SESSION.toml] [options]", _add_app),
    "demo": ("[--fault NAME]...", _add_demo),
    "check": ("URL... [options]", _add_check),
    "run": ("URL [options]", _add_run),
    "token": ("[TOKEN | -] [options]", _add_token),
    "replay": ("SESSION [options]", _add_replay),
    "compare": ("A B | URL --as HOST --as HOST [options]", _add_compare),
    "show": ("SESSION [options]", _add_show),
    "export": ("SESSION --as FORMAT [options]", _add_export),
    "import": ("FILE | curl COMMAND [options]", _add_import),
    "logs": ("FILE... [options]", _add_logs),
    "hosts": ("[show NAME] [options]", _add_hosts),
    "client-document": ("[URL | --check FILE | --serve] [options]", _add_client_document),
    "lab": ("[--fault NAME]... [options]", _add_lab),
    "serve": ("[--port N] [--open] [URL | SESSION.toml | demo] [options]", _add_serve),
    "explain": ("NAME [options]", _add_explain),
    "keys": ("[options]", _add_keys),
    "help": ("[TOPIC | COMMAND]", _add_help),
    "completion": ("SHELL", _add_completion),
}
"""What each command takes: the rest of its usage line, and its arguments."""
