"""Options that several commands share, in their groups."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tui.argument_types import CAPABILITIES, capabilities, seconds

PROTOCOLS = ("auto", "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
KEY_ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
GRANTS = ("authorization-code", "client-credentials", "jwt-bearer", "id-jag")
LOG_LEVELS = (
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
)
_STATE = "where journals are; default the user's state folder"
_NO_JOURNAL = "keep no journal: a walk that is cut off is gone"
_TIMEOUT = "for a whole request; for the next byte of an event stream. Default 30 and 60"
_PROTOCOL = f"{', '.join(PROTOCOLS[:3])} and older; default auto"
_DECLARE = f"capabilities: some of {','.join(CAPABILITIES)}, or none"


def add_host(add: Callable[..., object]) -> None:
    text = "walk as this host would: chatgpt, claude, cursor, … (authwalk hosts)"
    add("--as", dest="host", metavar="HOST", help=text)


def add_faults(parser: argparse.ArgumentParser) -> None:
    text = "a fault to practise on; repeatable (authwalk lab --list-faults)"
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help=text)


def add_target(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is walked")
    add = group.add_argument
    add_host(add)
    add("--protocol", choices=PROTOCOLS, default="auto", metavar="REVISION", help=_PROTOCOL)
    add("--issuer-only", action="store_true", help="URL is an issuer: no MCP server in the walk")
    add("--authorization-server", metavar="URL", help="the issuer to use, whatever is named")
    add("--scope", metavar="SCOPES", help='instead of the scope asked for; "" sends none')
    add("--resource", metavar="URI", help='instead of the resource identifier; "" sends none')
    add_header(add)
    add("--log-level", choices=LOG_LEVELS, metavar="LEVEL", help="ask for log messages from there")
    group = parser.add_argument_group("the client")
    add = group.add_argument
    add("--declare", type=capabilities, metavar="NAMES", help=_DECLARE)
    add("--task", action="store_true", help="call tools as tasks where they leave that open")
    add("--client-id", metavar="ID", help="a client registered before")
    add("--client-secret-env", metavar="NAME", help="the variable that holds its secret")
    add("--client-key", metavar="FILE", help="its private key, PEM or JWK, for private_key_jwt")
    add("--client-key-alg", choices=KEY_ALGORITHMS, metavar="ALG", help=", ".join(KEY_ALGORITHMS))
    add("--client-metadata-url", metavar="URL", help="a Client ID Metadata Document")
    add("--auth-method", choices=AUTH_METHODS, metavar="METHOD", help=", ".join(AUTH_METHODS))
    add("--redirect-uri", metavar="URI", help="instead of a loopback one; paste the response")
    group = parser.add_argument_group("the token")
    add = group.add_argument
    add("--grant", choices=GRANTS, default=GRANTS[0], metavar="GRANT", help=", ".join(GRANTS))
    add("--assertion-file", metavar="FILE", help="the JWT that jwt-bearer exchanges")
    add("--idp-token-url", metavar="URL", help="for id-jag: where the identity provider exchanges")
    add("--idp-client-id", metavar="ID", help="for id-jag: who we are to the identity provider")
    add("--idp-client-secret-env", metavar="NAME", help="the variable that holds its secret")
    add("--id-token-file", metavar="FILE", help="the ID token that the provider issued to it")
    add("--dpop", action="store_true", help="bind the token to a key; default where demanded")
    add(
        "--par",
        action="store_true",
        help="push the authorization request; default where demanded",
    )
    add("--bearer-env", metavar="NAME", help="skip OAuth: the variable that holds a token")


def add_header(add: Callable[..., object]) -> None:
    add(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="on every MCP request; repeatable; @FILE reads a line each",
    )


def add_wire(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the connection")
    add = group.add_argument
    add("--ca-bundle", metavar="FILE", help="trusted beside the public roots")
    add("--insecure", action="store_true", help="do not verify certificates")
    add("--proxy", metavar="URL", help="HTTP_PROXY and its kin are not read")
    add("--timeout", type=seconds, metavar="SECONDS", help=_TIMEOUT)


def add_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("the output")
    add = group.add_argument
    add("--json", action="store_true", help="one JSON document on stdout, all else on stderr")
    add("--quiet", action="store_true", help="the verdict alone")
    return group


def add_journal(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the record")
    group.add_argument("--state-dir", metavar="DIR", help=_STATE)
    group.add_argument("--no-journal", action="store_true", help=_NO_JOURNAL)


def add_act(add: Callable[..., object], option: str, method: str, value: str, text: str) -> None:
    def act(given: str) -> tuple[str, str]:
        return method, given

    add(option, dest="acts", action="append", type=act, default=[], metavar=value, help=text)
