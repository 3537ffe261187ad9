"""What stands between client and server: failures told apart, pages of a proxy, addresses.

The steps name the check that a failure belongs to, and the checks of `flows.checks` find it by
the same functions.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

from flows.exchange import Exchange, FailureKind, Response, header, media_type
from flows.session import Party

EXPIRED = "has expired"
NOT_YET_VALID = "is not valid yet"
OTHER_NAME = "has another name"
UNREADABLE_BUNDLE = "the CA bundle"
NO_TLS = "does not speak TLS"
"""What a failure of TLS says, and `failing_check` goes by."""

_CHECKS: dict[FailureKind, str] = {
    "dns": "NET-01",
    "refused": "NET-02",
    "timeout": "NET-11",
    "bad-encoding": "NET-14",
    "too-large": "NET-14",
}
_TLS_VERSION = r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW"
_MARKS = (
    rb"(?i)just a moment\.\.\.|attention required! \| cloudflare|your request was blocked"
    rb"|the request could not be satisfied|_incapsula_resource|incapsula incident id"
    rb"|sucuri website firewall|the requested url was rejected\. please consult"
    rb"|errors\.edgesuite\.net"
)
_PAGE = 64 * 1024


def failing_check(exchange: Exchange) -> str:
    """The check of the network that an exchange fails, by its failure or the page of a proxy; ""
    where it fails none, as with a request that could not be sent or was cancelled."""
    failure = exchange.error
    if failure is None:
        return "NET-10" if exchange.response and edge_page(exchange.response) else ""
    if failure.kind == "tls":
        return _tls_check(failure.text)
    if failure.kind == "protocol":  # a head without its body, or no HTTP at all
        return "NET-14" if exchange.response else "NET-02"
    return _CHECKS.get(failure.kind, "")


def is_unreadable(exchange: Exchange) -> bool:
    """Whether the answer came and its body cannot be read: the server's own doing."""
    return exchange.error is not None and exchange.error.kind in ("bad-encoding", "too-large")


def failing_party(exchange: Exchange, server: Party) -> Party:
    """Who is at fault for an exchange's failure, or the page of a proxy: what a body holds is
    `server`'s, a request that cannot be put on the wire, as an edited one may be, the client's,
    all else the network's."""
    if exchange.error is not None and exchange.error.kind == "bad-request":
        return "client"
    if is_unreadable(exchange):
        return server
    edge = exchange.response is not None and edge_page(exchange.response)
    return "network" if exchange.error or edge else server


def _tls_check(text: str) -> str:
    if text.startswith(UNREADABLE_BUNDLE):
        return ""
    if NO_TLS in text:
        return "NET-02"
    if OTHER_NAME in text:
        return "NET-04"
    if EXPIRED in text or NOT_YET_VALID in text:
        return "NET-05"
    return "NET-06" if re.search(_TLS_VERSION, text) else "NET-03"


def edge_page(response: Response) -> str:
    """Words for the page of a CDN or firewall that stands before the server; "" for any other.

    Only what such products sign is taken for one: an HTML error page may as well be the server's.
    """
    if media_type(response.headers) != "text/html":
        return ""
    if mitigated := header(response.headers, "cf-mitigated"):
        return f"Cloudflare answers in the server's place (cf-mitigated: {mitigated})"
    if action := header(response.headers, "x-amzn-waf-action"):
        return f"AWS WAF answers in the server's place ({action})"
    if response.status >= 400 and (found := re.search(_MARKS, response.body[:_PAGE])):
        return f'a proxy or firewall answers in the server\'s place: "{found[0].decode()}"'
    return ""


Reach = Literal["loopback", "private", "public"]
_PRIVATE_NAMES = (".local", ".internal", ".home.arpa", ".lan", ".localdomain")
"""RFC 6762 section 3, RFC 8375, and what networks use besides."""


def reach(host: str) -> Reach:
    """Who can reach an address, or a name that says so by itself: RFC 6890, RFC 6761 section 6.3,
    a name without a dot. Any other name counts as public: it is not looked up here."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return "loopback"
    try:
        address: IPv4Address | IPv6Address = ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        inside = name and ("." not in name or name.endswith(_PRIVATE_NAMES))
        return "private" if inside else "public"
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_unspecified:
        return "loopback"
    return "private" if address.is_private or address.is_link_local else "public"


def reach_of(url: str) -> Reach:
    try:
        return reach(urlsplit(url).hostname or "")
    except ValueError:
        return "public"


def leads_inside(url: str, source: str) -> bool:
    """Whether a server at `source`, which anybody can reach, names a URL that only its own
    machine or network can: a host name of its configuration that leaked."""
    return reach_of(source) == "public" and reach_of(url) != "public"
