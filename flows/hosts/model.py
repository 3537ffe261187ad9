"""What is known of a host: the product whose MCP client a server is debugged against.

    Host ── what it sends     redirect URIs, client metadata, protocol version, …
         ── what it demands   tuple[Demand, ...], where it is stricter than the standards

Every value carries its evidence. What is not known is None: a walk then does as the specification
has it, and says so.
"""

from __future__ import annotations

from datetime import date
from typing import Generic, Literal, TypeVar, get_args

from flows.frozen import frozen

T = TypeVar("T")
Texts = tuple[str, ...]

Status = Literal["documented", "captured", "reported"]
"""documented: by the vendor, or in its public source. captured: seen on the wire. reported: by
somebody who met it."""

Method = Literal["CIMD", "DCR", "pre-registered"]
Resource = Literal["metadata", "bare-origin", "server-url", "canonical", "none"]
"""Where the resource indicator comes from: the resource metadata as it is, the same without the
slash of a bare origin, the server's URL as typed, the URL in canonical form, or nowhere."""
Application = Literal["native", "web"]

Rule = Literal[
    "issuer",
    "resource",
    "first-authorization-server",
    "every-authorization-server",
    "redirect-list",
    "client-secret",
    "token-type",
    "token-members",
    "claims",
    "port",
    "discovery-seconds",
    "registration-seconds",
    "token-seconds",
    "refresh-seconds",
    "refresh-error",
]
"""What a host may be strict about; the checks of topics `hosts…` judge each."""
RULES: tuple[Rule, ...] = get_args(Rule)


@frozen
class Evidence:
    """Where a value comes from, and when it was looked at."""

    source: str
    seen: date
    status: Status

    @property
    def words(self) -> str:
        return f"{self.status} by {self.source}, {self.seen:%Y-%m-%d}"


@frozen
class Known(Generic[T]):
    value: T
    evidence: Evidence


@frozen
class Demand:
    """A rule, with what it wants where that needs saying: seconds, ports, names."""

    rule: Rule
    evidence: Evidence
    value: str | float | Texts | None = None


@frozen
class Host:
    """`name` is that of its file, `title` is how it calls itself.

    Redirect URIs may have {port}, a free port; {id}, which the host makes up; and {server}, the
    first 9 bytes of the SHA-256 of the server's URL in base64url. `redirect_uri` is the one of
    `redirect_uris` that it asks to be sent back to, by default the first; where the server
    promises `iss` (RFC 9207), `redirect_uri_with_iss` stands in its place. A host with a
    `default_scope` asks, where the MCP server names no scope, for all that the authorization server
    lists, and for this where it lists none. With `next_authorization_server` it goes on to the next
    of the authorization servers where one has no metadata. `client_info` is name and version; of
    `protocol_versions` the first opens. `mcp_user_agent` goes with MCP requests, `user_agent` with
    all others. `parser` is one of `flows.acceptance`.
    """

    name: str
    title: str
    redirect_uris: Known[Texts] | None = None
    redirect_uri: Known[str] | None = None
    redirect_uri_with_iss: Known[str] | None = None
    registration: Known[tuple[Method, ...]] | None = None
    client_metadata_url: Known[str] | None = None
    client_metadata_needs_none: Known[bool] | None = None
    token_endpoint_auth_methods: Known[Texts] | None = None
    client_name: Known[str] | None = None
    client_uri: Known[str] | None = None
    software_id: Known[str] | None = None
    application_type: Known[Application] | None = None
    grant_types: Known[Texts] | None = None
    default_scope: Known[str] | None = None
    resource: Known[Resource] | None = None
    next_authorization_server: Known[bool] | None = None
    protocol_versions: Known[Texts] | None = None
    client_info: Known[Texts] | None = None
    user_agent: Known[str] | None = None
    mcp_user_agent: Known[str] | None = None
    parser: Known[str] | None = None
    demands: tuple[Demand, ...] = ()
    own: bool = False  # a file of the person's

    def demand(self, rule: Rule) -> Demand | None:
        return next((demand for demand in self.demands if demand.rule == rule), None)
