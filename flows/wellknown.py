"""Well-known URLs and the comparison of identifiers: as text, without normalisation."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

OAUTH = "oauth-authorization-server"
OPENID = "openid-configuration"
RESOURCE = "oauth-protected-resource"
MAX_URL = 65536
LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""The addresses of this machine that a redirect URI may have with any port."""
_NOT_IN_URLS = r"[\x00-\x20\x7f-\x9f\ud800-\udfff]"


def origin(url: str) -> str:
    """Scheme and authority of a URL, as written."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def same_origin(one: str, other: str) -> bool:
    """RFC 6454 origins compared: scheme, host without case, port with its default."""
    return _origin_key(one) == _origin_key(other)


def _origin_key(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    try:
        port = parts.port or default
    except ValueError:
        port = None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


def inserted(url: str, suffix: str) -> str:
    """The well-known URL with the path inserted behind it (RFC 8414 section 3.1, RFC 9728
    section 3.1). A path that is only "/" is dropped; a query stays, as RFC 9728 has it."""
    parts = urlsplit(url)
    path = "" if parts.path == "/" else parts.path
    if suffix != RESOURCE:
        path = path.removesuffix("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{origin(url)}/.well-known/{suffix}{path}{query}"


def appended(issuer: str, suffix: str) -> str:
    """OpenID Connect Discovery section 4: the well-known part behind the issuer's path."""
    return f"{issuer.removesuffix('/')}/.well-known/{suffix}"


def resource_candidates(url: str) -> tuple[tuple[str, str], ...]:
    """`(URL, rule)` in the order of MCP Authorization Server Discovery: path inserted, root."""
    at_path = inserted(url, RESOURCE)
    at_root = f"{origin(url)}/.well-known/{RESOURCE}"
    candidates = [(at_path, "well-known, path inserted"), (at_root, "well-known, at the root")]
    return tuple(candidates[1:] if at_path == at_root else candidates)


def server_candidates(issuer: str) -> tuple[tuple[str, str], ...]:
    """`(URL, rule)` for an issuer, in MCP's order of priority: RFC 8414 inserted, OpenID
    inserted, and for an issuer with a path OpenID appended."""
    candidates = [
        (inserted(issuer, OAUTH), "RFC 8414, path inserted"),
        (inserted(issuer, OPENID), "OpenID Connect, path inserted"),
        (appended(issuer, OPENID), "OpenID Connect, path appended"),
    ]
    if urlsplit(issuer).path in ("", "/"):
        candidates = [(candidates[0][0], "RFC 8414"), (candidates[1][0], "OpenID Connect")]
    return tuple(candidates)


def url_problem(url: str) -> str:
    """Why nothing can be sent to `url`; "" for an absolute http or https URL with a host."""
    if problem := _odd_character(url):
        return problem
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme.lower() not in ("http", "https") or not host:
        return "it needs http:// or https:// and a host"
    if port == 0:
        return "port 0 is none"
    if "@" in parts.netloc:
        return "it holds a user name or password, which belong in an Authorization header"
    if len(url) > MAX_URL:
        return f"{len(url):,} characters are too long for a URL"
    return "" if host.isascii() else _idna_problem(host)


def redirect_uri_problem(uri: str) -> str:
    """Why `uri` can be no redirect URI (RFC 6749 section 3.1.2: absolute, without a fragment;
    RFC 8252 section 7.1: its scheme may be the client's own); "" when it can."""
    if problem := _odd_character(uri):
        return problem
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return str(error)
    if not parts.scheme or (parts.scheme in ("http", "https") and not host):
        return "it is no absolute URI"
    return "it has a fragment" if "#" in uri else ""


def same_redirect(registered: str, requested: str) -> bool:
    """Exact comparison (RFC 9700 section 2.1), but for the port of an http redirect to a loopback
    address, which may be any (RFC 8252 section 7.3)."""
    if registered == requested:
        return True
    one = _portless(registered)
    return one is not None and one == _portless(requested)


def _portless(uri: str) -> tuple[str, str, str] | None:
    """What is left to compare of such a URI; None for any other."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or host not in LOOPBACK or "@" in parts.netloc or "#" in uri:
        return None
    return host, parts.path, parts.query


def _odd_character(url: str) -> str:
    if url.isascii() and url.isprintable() and " " not in url:
        return ""  # nearly every URL; the pattern would have to be compiled first
    odd = re.search(_NOT_IN_URLS, url)
    if odd is None:
        return ""
    code = ord(odd[0])
    kind = "half of a surrogate pair" if code >= 0xD800 else "a space or control character"
    return f"it holds {kind} (U+{code:04X})"


def _idna_problem(host: str) -> str:
    import idna

    try:
        idna.encode(host)
    except idna.IDNAError as error:
        return f"its host is no internationalized domain name: {error}"
    return ""


def is_web_url(url: str) -> bool:
    """An absolute http or https URL with a host, to which something can be sent."""
    return not url_problem(url)


def canonical_resource(url: str) -> str:
    """The MCP server's canonical URI (MCP Authorization, Canonical Server URI): no fragment, and
    no slash behind a bare origin."""
    bare = url.partition("#")[0]
    parts = urlsplit(bare)
    return origin(bare) if parts.path == "/" and not parts.query else bare


def resolve(base: str, location: str) -> str:
    """A Location resolved against the URL that gave it (RFC 9110 section 10.2.2)."""
    try:
        return urljoin(base, location)
    except ValueError:
        return location  # no URL at all, which whoever asks is_web_url will learn
