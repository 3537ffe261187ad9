"""What is known now: a frozen view, derived from the record by `flows.fold`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Literal

from flows.catalogue import Completion, Listing, ToolList
from flows.catalogue import Json as Json
from flows.exchange import Exchange
from flows.frozen import frozen
from flows.mcp.http_sse import Stream, unopened
from flows.mcp.task import Task
from flows.session import Pairs, StepId, Target

__all__ = ["Json"]  # here for those who read facts

Era = Literal["modern", "legacy"]


@frozen
class AuthChallenge:
    """One challenge of a WWW-Authenticate field (RFC 9110 section 11.6.1)."""

    scheme: str
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.parameters if key == wanted), None)


@frozen
class Tried:
    """One candidate URL of a discovery, the rule that produced it, and what came of it."""

    url: str
    rule: str
    exchange_id: str
    status: int | None
    media_type: str
    verdict: str
    usable: bool = False
    document: Json | None = None
    location: str | None = None  # where a redirect points, when it may be followed
    objection: str = ""  # why a document that was found must not be used
    check: str = ""  # the id of the check that fails here

    @property
    def outcome(self) -> str:
        """What came of it in words, the status first where there was one."""
        return f"{self.status} {self.verdict}".strip() if self.status else self.verdict


@frozen
class Client:
    """The client identifier and how it authenticates at the token endpoint."""

    client_id: str
    source: Literal["pre-registered", "CIMD", "DCR", "entered"]
    token_endpoint_auth_method: str = "none"
    client_secret: str | None = field(default=None, repr=False)
    document: Json | None = field(default=None, repr=False)
    issuer: str | None = None  # whose client it is: it is never shown to another


@frozen
class Pkce:
    code_verifier: str = field(repr=False)
    code_challenge: str
    code_challenge_method: str
    state: str = field(repr=False)
    nonce: str | None = field(default=None, repr=False)


@frozen
class AuthorizationResponse:
    """What came back on the redirect (RFC 6749 section 4.1.2, RFC 9207)."""

    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    via: str
    at: datetime
    url: str | None = field(default=None, repr=False)

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.parameters if key == name), None)


@frozen
class Pushed:
    """The answer to a pushed authorization request (RFC 9126 section 2.2)."""

    request_uri: str


@frozen
class IdJag:
    """An Identity Assertion JWT Authorization Grant, to be exchanged for an access token."""

    assertion: str = field(repr=False)


@frozen
class Tokens:
    """A token response (RFC 6749 section 5.1), or the bearer token the person brought. `bound`
    says that it is bound to the session's DPoP key."""

    access_token: str = field(repr=False)
    token_type: str | None
    at: datetime
    expires_in: float | None = None
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    scope: str | None = None
    document: Json = field(default_factory=dict, repr=False)
    bound: bool = False


@frozen
class Opening:
    """One try at opening the MCP connection, with or without a token."""

    method: str  # server/discover or initialize; GET for the stream of HTTP+SSE
    version: str
    authorized: bool
    exchange: Exchange


@frozen
class Connection:
    """An MCP server that answered: its era, the version in use and what it says of itself."""

    era: Era
    version: str
    server_name: str = ""
    server_version: str = ""
    capabilities: Json = field(default_factory=dict)
    session_id: str | None = None
    initialized: bool = True
    listening: bool = False  # for the server's messages, or tried to
    log_level_set: bool = False  # or refused
    refused: tuple[str, ...] = ()  # versions that a request was refused with after the opening


@frozen
class Resumption:
    """A stream that ended without its response, and how to take it up again."""

    rpc_id: int
    last_event_id: str
    delay: float  # seconds to wait before
    tries: int = 1


Misfit = tuple[tuple[str, ...], str, bool]
"""Where in a value, what is wrong there, and whether it could be checked at all."""


@frozen
class Call:
    """A request as the person asked for it, and its result once it came. `name` is that of the
    tool or prompt, or the resource's URI; for other methods it is "" and `arguments` are all of
    the parameters. `problems` is what came of holding the result against the tool's
    outputSchema, None before; `undeclared` are exchange and method of requests for input that the
    client did not declare. The `arguments` of subscriptions/listen are its filter, and its result
    is the acknowledgment.

    The server may answer with a wish for input (MCP Multi Round-Trip Requests): `asked` are its
    inputRequests while they stand open, `retry` the parameters that the next try has on top;
    `declined`: not every URL was accepted that had to be opened before it.
    `relisting` are the tools listed anew after a HeaderMismatch, `task` what a tools/call became
    whose result is fetched later.
    """

    method: str
    name: str
    arguments: Json = field(default_factory=dict)
    exchange_id: str | None = None
    rpc_id: int | None = None  # of a subscription: its name
    result: Json | None = None
    asked: Json | None = None
    retry: Json = field(default_factory=dict)
    rounds: int = 0
    declined: bool = False
    relisting: ToolList | None = None
    task: Task | None = None
    undeclared: tuple[tuple[str, str], ...] = ()
    problems: tuple[Misfit, ...] | None = None

    @property
    def params(self) -> Json:
        match self.method:
            case "tools/call":
                return {"name": self.name, "arguments": dict(self.arguments)}
            case "prompts/get" if self.arguments:
                return {"name": self.name, "arguments": dict(self.arguments)}
            case "prompts/get":
                return {"name": self.name}
            case "resources/read" | "resources/subscribe" | "resources/unsubscribe" if self.name:
                return {"uri": self.name}
            case "subscriptions/listen" if "notifications" not in self.arguments:
                return {"notifications": dict(self.arguments)}
            case _:
                return self.arguments


@frozen
class Failed:
    """The last exchange of a step that did not give what the step needs. One that was `edited` is
    the person's, who then answers for it."""

    exchange: Exchange
    reason: str
    edited: bool = False

    @property
    def answers_edit(self) -> bool:
        """Whether it refuses what the person made of the request; what fails inside does not."""
        return self.edited and 400 <= (self.exchange.status or 0) < 500


@frozen
class Facts:
    target: Target
    at: datetime
    seed: bytes = field(default=b"", repr=False)
    session_seed: bytes = field(default=b"", repr=False)  # the same in every attempt
    overridden: frozenset[StepId] = frozenset()
    failed: Mapping[StepId, Failed] = field(default_factory=dict)

    openings: tuple[Opening, ...] = ()
    resource_tried: tuple[Tried, ...] = ()
    server_tried: tuple[Tried, ...] = ()
    jwks: Json | None = None
    redirect_uri: str | None = None
    client: Client | None = None
    pkce: Pkce | None = None
    pushed: Pushed | None = None
    requested: Pairs = ()  # scope and resource, where no authorization URL holds them
    authorization_url: str | None = field(default=None, repr=False)
    authorization_edited: bool = False  # by the person, who then answers for it
    response: AuthorizationResponse | None = None
    id_jag: IdJag | None = None
    tokens: Tokens | None = None
    refreshed: Tokens | None = None
    refreshed_before: Tokens | None = None  # by an earlier attempt of `refresh`
    connection: Connection | None = None
    tool_list: ToolList = field(default_factory=ToolList)
    listings: Mapping[str, Listing] = field(default_factory=dict)  # asked for, by method
    call: Call | None = None
    past_calls: tuple[Call, ...] = ()  # on this connection, completions among them
    completion: Completion | None = None  # the last one
    resuming: Resumption | None = None
    stream: Stream | None = None  # of the HTTP+SSE transport
    streams: frozenset[str] = frozenset()  # exchanges that stay open in the background
    rpc_sent: int = 0
    dpop_nonces: Mapping[str, str] = field(default_factory=dict)  # by origin
    nonce_asked: bool = False  # by the last answer

    # What a new authorization in the middle of a connection goes by.
    scope_asked: str | None = None
    refusal: Exchange | None = None  # the answer that made it necessary
    refresh_wanted: bool = False
    remedies: int = 0
    known_clients: Mapping[str, Client] = field(default_factory=dict, repr=False)

    @property
    def current_tokens(self) -> Tokens | None:
        return self.refreshed or self.refreshed_before or self.tokens

    def is_over(self, exchange: Exchange) -> bool:
        """Whether this is the end of a background stream that was of use: it says nothing."""
        awaited = self.call and self.call.result is None and self.call.exchange_id == exchange.id
        return exchange.id in self.streams and not awaited and not unopened(self.stream, exchange)


def fail(
    facts: Facts, step: StepId, exchange: Exchange, reason: str, *, edited: bool = False
) -> Facts:
    """The facts with this exchange as the reason why `step` cannot go on."""
    return replace(facts, failed={**facts.failed, step: Failed(exchange, reason, edited)})
