"""What the common options say, as the engine's own types."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from errno import EADDRINUSE
from pathlib import Path
from typing import TYPE_CHECKING

from flows.documents import is_whole
from flows.exchange import Headers
from flows.limits import Limits
from flows.outgoing import is_field_name, is_field_value
from flows.session import Target
from flows.text import visible
from flows.wellknown import is_web_url, redirect_uri_problem, url_problem
from flows.wire import WireOptions
from tui.commands import unreadable, usage

if TYPE_CHECKING:
    from flows.signing import SigningKey


def target_of(args: argparse.Namespace, url: str) -> Target:
    """The target that `url` and the options describe. Raises Failure."""
    _check_grant(args)
    _check_texts(args)
    return Target(
        web_url(url),
        kind="authorization-server" if args.issuer_only else "mcp",
        protocol=args.protocol,
        client_id=args.client_id,
        client_secret=_from_environment(args.client_secret_env, "--client-secret-env"),
        client_metadata_url=_optional_url(args.client_metadata_url),
        token_endpoint_auth_method=args.auth_method,
        redirect_uri=args.redirect_uri,
        scope=args.scope,
        resource=args.resource,
        authorization_server=_optional_url(args.authorization_server),
        headers=headers_of(args.header),
        bearer=_bearer(args.bearer_env),
        grant=args.grant,
        client_key=_client_key(args),
        client_key_alg=args.client_key_alg,
        assertion=_token(args.assertion_file, "--assertion-file"),
        idp_token_url=_optional_url(args.idp_token_url),
        idp_client_id=args.idp_client_id,
        idp_client_secret=_from_environment(args.idp_client_secret_env, "--idp-client-secret-env"),
        id_token=_token(args.id_token_file, "--id-token-file"),
        dpop=args.dpop,
        par=args.par,
        task=args.task,
        log_level=args.log_level,
        host=host_name(args.host),
    )


def replayed_target(args: argparse.Namespace, recorded: Target) -> Target:
    """The target of a recorded walk, to be walked again: elsewhere with --against, and with what
    the options give, which a file without secrets has not. Raises Failure."""
    url = recorded.url if args.against is None else web_url(args.against)
    secret = _from_environment(args.client_secret_env, "--client-secret-env")
    headers = headers_of(args.header)
    given = {name.lower() for name, _ in headers}
    kept = tuple(field for field in recorded.headers if field[0].lower() not in given)
    return replace(
        recorded,
        url=url,
        resource=url if recorded.resource == recorded.url else recorded.resource,
        client_id=args.client_id or recorded.client_id,
        client_secret=secret or recorded.client_secret,
        bearer=_bearer(args.bearer_env) or recorded.bearer,
        headers=(*kept, *headers),
    )


def host_name(name: str | None) -> str | None:
    """The name of a host, once it is known to be one. Raises Failure."""
    if name is None:
        return None
    from tui.commands.hosts import known_host

    return known_host(name).name


def wire_options(args: argparse.Namespace) -> WireOptions:
    """Raises Failure when the CA bundle or the proxy cannot be used."""
    return WireOptions(
        Limits(deadline=args.timeout, idle=args.timeout) if args.timeout else Limits(),
        proxy=_proxy(args.proxy),
        ca_bundle=_ca_bundle(args.ca_bundle),
        insecure=args.insecure,
    )


def _ca_bundle(file: str | None) -> Path | None:
    if file is None:
        return None
    import ssl

    path = Path(file)
    read_text(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # SSLError among them, whose words are OpenSSL's
        says = f"{visible(file)} holds no certificate that can be read: {reason(error)}"
        raise unreadable(says) from error
    return path


def _proxy(url: str | None) -> str | None:
    """An http or https URL, maybe with a user name and password, which are not repeated."""
    bare = re.sub(r"^(\w+://)[^/?#]*@", r"\1", url or "")
    if url is not None and (problem := url_problem(bare)):
        raise usage(f"--proxy {visible(bare, limit=200)} is not usable: {problem}")
    return url


def web_url(url: str) -> str:
    """`url` when it is an http or https URL. Raises Failure, with a guess at what was meant."""
    from flows.paste import came_back, response_in

    problem = url_problem(url)
    if not problem and (response := response_in(url)):
        raise usage(f"the URL is {visible(came_back(response), limit=400)}")
    if not problem:
        return url
    from flows.spans import marked, url_spans

    shown = visible(marked(url, url_spans(url)), limit=200)
    if "://" not in url and is_web_url(f"https://{url}"):
        raise usage(f"{shown} has no scheme: did you mean https://{shown}")
    if url.lower().startswith(("http://", "https://")):
        raise usage(f"{shown} is not usable: {problem}")
    raise usage(f"{shown} is no http or https URL")


def _optional_url(url: str | None) -> str | None:
    return None if url is None else web_url(url)


_TEXTS = ("client_id", "redirect_uri", "scope", "resource", "idp_client_id")
_MAY_BE_EMPTY = ("scope", "resource")


def _check_texts(args: argparse.Namespace) -> None:
    """Texts that requests will hold. An argument that is no UTF-8 has halves of surrogate pairs;
    one that is empty was meant to be `"$VARIABLE"`. Raises Failure."""
    for name in _TEXTS:
        text, option = getattr(args, name), f"--{name.replace('_', '-')}"
        if text == "" and name not in _MAY_BE_EMPTY:
            raise usage(f"{option} is empty")
        if text and not is_whole(text):
            raise usage(f"{option} {visible(text, limit=200)} is not UTF-8")
    if args.redirect_uri and (problem := redirect_uri_problem(args.redirect_uri)):
        shown = visible(args.redirect_uri, limit=200)
        raise usage(f"--redirect-uri {shown} is not usable: {problem}")


def _bearer(name: str | None) -> str | None:
    token = _from_environment(name, "--bearer-env")
    if token and not is_field_value(token):
        says = "holds a token that no header field can carry: a line break, a control character"
        raise usage(f"--bearer-env: {visible(name or '')} {says} or white space at its end")
    return token


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


def not_listening(port: int, option: str, error: OSError) -> str:
    """Why nothing can be served on a port, and what to do about it."""
    if error.errno == EADDRINUSE:
        says = f"port {port} is in use: end what listens there"
    else:
        says = f"port {port} cannot be listened on: {reason(error)}"
    return f"{says}, or give {option} another one, or none for one that is free"


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


def client_key(file: str | None, alg: str | None) -> SigningKey | None:
    """The private key in a file. Raises Failure."""
    if file is None:
        return None
    from flows.signing import UnusableKey, read_key

    try:
        return read_key(read_text(Path(file)), alg)
    except UnusableKey as error:
        raise unreadable(f"{visible(file)} cannot be used: {error}") from error


def _client_key(args: argparse.Namespace) -> str | None:
    if client_key(args.client_key, args.client_key_alg) is None:
        return None
    return read_text(Path(args.client_key))


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


def headers_of(given: Sequence[str]) -> Headers:
    """The header fields that `--header` names. Raises Failure."""
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
    name, value = name.strip(), value.strip()
    shown = visible(name, limit=40)
    if not is_field_name(name):
        raise usage(f"--header: {shown!r} is no header field name")
    if name.lower() == "content-length":
        raise usage("--header: Content-Length is that of each body, and set by itself")
    if not is_field_value(value):
        says = "a line break, a control character or a character outside ISO-8859-1"
        raise usage(f"--header: the value of {shown} holds {says}")
    return name, value
