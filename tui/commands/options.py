"""What the common options say, as the engine's own types."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from flows.exchange import Headers
from flows.limits import Limits
from flows.session import Target
from flows.signing import UnusableKey, read_key
from flows.text import visible
from flows.wellknown import is_web_url
from flows.wire import WireOptions
from tui.commands import unreadable, usage


def target_of(args: argparse.Namespace, url: str) -> Target:
    """The target that `url` and the options describe. Raises Failure."""
    _check_grant(args)
    return Target(
        web_url(url),
        kind="authorization-server" if args.issuer_only else "mcp",
        protocol=args.protocol,
        client_id=args.client_id,
        client_secret=_from_environment(args.client_secret_env, "--client-secret-env"),
        client_metadata_url=args.client_metadata_url,
        token_endpoint_auth_method=args.auth_method,
        redirect_uri=args.redirect_uri,
        scope=args.scope,
        resource=args.resource,
        authorization_server=args.authorization_server and web_url(args.authorization_server),
        headers=_headers(args.header),
        bearer=_from_environment(args.bearer_env, "--bearer-env"),
        grant=args.grant,
        client_key=_client_key(args),
        client_key_alg=args.client_key_alg,
        assertion=_token(args.assertion_file, "--assertion-file"),
        idp_token_url=args.idp_token_url and web_url(args.idp_token_url),
        idp_client_id=args.idp_client_id,
        idp_client_secret=_from_environment(args.idp_client_secret_env, "--idp-client-secret-env"),
        id_token=_token(args.id_token_file, "--id-token-file"),
        dpop=args.dpop,
        par=args.par,
        task=args.task,
        log_level=args.log_level,
    )


def wire_options(args: argparse.Namespace) -> WireOptions:
    """Raises Failure when the CA bundle cannot be read."""
    bundle = Path(args.ca_bundle) if args.ca_bundle else None
    if bundle:
        read_text(bundle)
    return WireOptions(
        Limits(deadline=args.timeout, idle=args.timeout) if args.timeout else Limits(),
        proxy=args.proxy,
        ca_bundle=bundle,
        insecure=args.insecure,
    )


def web_url(url: str) -> str:
    """`url` when it is an http or https URL. Raises Failure, with a guess at what was meant."""
    if is_web_url(url):
        return url
    shown = visible(url, limit=200)
    if "://" not in url and is_web_url(f"https://{url}"):
        raise usage(f"{shown} has no scheme: did you mean https://{shown}")
    raise usage(f"{shown} is no http or https URL")


def read_text(path: Path) -> str:
    """A text file. Raises Failure."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(f"{visible(str(path))} cannot be read: {reason(error)}") from error


def reason(error: OSError | ValueError) -> str:
    """Why a file operation failed, without the path that everybody knows."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return visible(words, limit=300)


_NEEDS = {
    "client-credentials": ("client_id",),
    "jwt-bearer": ("assertion_file",),
    "id-jag": ("client_id", "idp_token_url", "idp_client_id", "id_token_file"),
}


def _check_grant(args: argparse.Namespace) -> None:
    """What a grant cannot do without, said before anything is sent. Raises Failure."""
    for name in _NEEDS.get(args.grant, ()):
        document = name == "client_id" and args.client_metadata_url
        if getattr(args, name) is None and not document:
            raise usage(f"--grant {args.grant} needs --{name.replace('_', '-')}")
    keyed = args.auth_method == "private_key_jwt" or args.client_key
    if keyed and args.client_id is None and args.client_metadata_url is None:
        raise usage("private_key_jwt needs --client-id or --client-metadata-url")
    if args.auth_method == "private_key_jwt" and args.client_key is None:
        raise usage("--auth-method private_key_jwt needs --client-key")


def _client_key(args: argparse.Namespace) -> str | None:
    if args.client_key is None:
        return None
    text = read_text(Path(args.client_key))
    try:
        read_key(text, args.client_key_alg)
    except UnusableKey as error:
        raise unreadable(f"{visible(args.client_key)} cannot be used: {error}") from error
    return text


def _token(file: str | None, option: str) -> str | None:
    """A token in a file, without the line break at its end."""
    if file is None:
        return None
    text = read_text(Path(file)).strip()
    if not text:
        raise unreadable(f"{option}: {visible(file)} is empty")
    return text


def _from_environment(name: str | None, option: str) -> str | None:
    if name is None:
        return None
    value = os.environ.get(name)
    if not value:
        raise usage(f"{option}: the environment has no variable {visible(name)}, or it is empty")
    return value


def _headers(given: Sequence[str]) -> Headers:
    fields: list[tuple[str, str]] = []
    for text in given:
        lines = read_text(Path(text[1:])).splitlines() if text.startswith("@") else [text]
        fields += (_header(line) for line in lines if line.strip())
    return tuple(fields)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        # The value is not repeated: it may be a secret.
        raise usage(f"--header wants 'Name: value', not {visible(name, limit=40)!r}")
    return name.strip(), value.strip()
