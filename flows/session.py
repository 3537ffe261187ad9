"""The record: a target and an append-only list of past-tense events.

    Session ── target   Target            what is walked, and how
            ── events   tuple[Event, ...]
                 Exchanged   a request went out, an answer (or a failure) came back
                 Received    one event of a stream, while the exchange is still open
                 Made        values were computed here (PKCE, state, authorization URL)
                 Answered    the person, or the browser on their behalf, gave values
                 Overrode    the person went on where the standard says stop
                 Reran       the person opened a new attempt of a step
                 Noted       the person wrote something down about a step

Nothing here is ever changed. What is *known* is derived from it: see `flows.facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Literal, get_args

from flows.exchange import Exchange, Headers, Request
from flows.frozen import frozen
from flows.sse import ServerSentEvent

Party = Literal["person", "client", "authorization-server", "resource-server", "network"]
PARTIES: Mapping[Party, str] = {
    "person": "the person",
    "client": "the client",
    "authorization-server": "the authorization server",
    "resource-server": "the MCP server",
    "network": "the network in between",
}
"""Whose fault something is, as people are told."""

StepId = Literal[
    "challenge",
    "resource-metadata",
    "server-metadata",
    "keys",
    "client",
    "pkce",
    "authorize",
    "callback",
    "token",
    "claims",
    "refresh",
    "connect",
    "tools",
    "call",
]
STEP_IDS: tuple[StepId, ...] = get_args(StepId)

REPEATABLE: frozenset[StepId] = frozenset({"refresh", "tools", "call"})
"""Steps whose next attempt starts from what is known *now*. A rotated refresh token is dead, so
refreshing again from the facts before the first refresh would only kill the token family."""

Pairs = tuple[tuple[str, str], ...]

FROM_HAR = "har-"
"""How the ids of exchanges begin that a browser recorded, and `flows.har` read."""

Protocol = Literal["auto", "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)

Grant = Literal["authorization-code", "client-credentials", "jwt-bearer", "id-jag"]
GRANTS: tuple[Grant, ...] = get_args(Grant)

LogLevel = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
LOG_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)

Capability = Literal["roots", "sampling", "elicitation", "tasks"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


@frozen
class Target:
    """What is walked. `kind` says what `url` is: an MCP server, or an issuer on its own.

    `resource` and `scope`: None lets the specification's rule decide, "" sends none.
    `bearer` skips the authorization: the token is used as it is. `declare` are the client
    capabilities told to the MCP server, `log_level` is the least weight of the log messages asked
    of it; `listen` opens a stream for what it says of its own accord.

    `grant` is how the token is got; all but the first need no person. `client_key` is a private
    key, PEM or JWK, for private_key_jwt. jwt-bearer exchanges `assertion`; id-jag exchanges the
    ID token of an identity provider (idp). `dpop`, `par` and `task` ask for what is otherwise used
    only where a server demands it: a bound token, a pushed request, tools called as tasks.
    `host` names the host that is walked as (see `flows.hosts`); what is
    said here all the same goes before what the host would do.
    """

    url: str
    kind: Literal["mcp", "authorization-server"] = "mcp"
    protocol: Protocol = "auto"
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_metadata_url: str | None = None
    token_endpoint_auth_method: str | None = None
    redirect_uri: str | None = None
    scope: str | None = None
    resource: str | None = None
    authorization_server: str | None = None
    headers: Headers = field(default=(), repr=False)
    bearer: str | None = field(default=None, repr=False)
    declare: tuple[Capability, ...] = ()
    grant: Grant = "authorization-code"
    client_key: str | None = field(default=None, repr=False)
    client_key_alg: str | None = None
    assertion: str | None = field(default=None, repr=False)
    idp_token_url: str | None = None
    idp_client_id: str | None = None
    idp_client_secret: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    dpop: bool = False
    par: bool = False
    task: bool = False
    log_level: LogLevel | None = None
    listen: bool = False
    host: str | None = None


@frozen
class Exchanged:
    at: datetime
    step: StepId
    exchange: Exchange
    label: str = ""
    draft: Request | None = None
    """What the step had proposed, when the person sent something else."""
    probe: str = ""
    """The name of the probe it belongs to: no client would make this request by itself, it was
    made to find out more, and facts never rest on it."""

    @property
    def imported(self) -> bool:
        """Whether it was not sent from here: a browser recorded it."""
        return self.exchange.id.startswith(FROM_HAR)


@frozen
class Received:
    at: datetime
    step: StepId
    exchange_id: str
    event: ServerSentEvent


@frozen
class Made:
    at: datetime
    step: StepId
    values: Pairs = field(repr=False)
    draft: Pairs | None = field(default=None, repr=False)


@frozen
class Answered:
    at: datetime
    step: StepId
    values: Pairs = field(repr=False)


@frozen
class Overrode:
    at: datetime
    step: StepId
    reason: str


@frozen
class Reran:
    """A new attempt of `step`. `seed` is its fresh entropy (32 bytes).

    `through`, when set, is the last step that falls with it: a new authorization in the middle
    of a connection leaves the connection standing. `scope` is what it asks for then.
    """

    at: datetime
    step: StepId
    seed: bytes = field(default=b"", repr=False)
    through: StepId | None = None
    scope: str | None = None


@frozen
class Noted:
    """What the person wrote down about a step, in place of what they wrote before; "" takes it
    back. No facts rest on it."""

    at: datetime
    step: StepId
    text: str


Event = Exchanged | Received | Made | Answered | Overrode | Reran | Noted


@frozen
class Session:
    """A target, the entropy its values are derived from, and what happened."""

    target: Target
    created: datetime
    seed: bytes = field(default=b"", repr=False)
    events: tuple[Event, ...] = ()

    def append(self, *events: Event) -> Session:
        return replace(self, events=self.events + events)

    @property
    def exchanges(self) -> Iterator[Exchanged]:
        return (event for event in self.events if isinstance(event, Exchanged))

    @property
    def imported(self) -> bool:
        """Whether it starts with what a browser recorded; it may have been walked on since."""
        return any(event.imported for event in self.exchanges)

    @property
    def notes(self) -> dict[StepId, str]:
        """The note of each step that has one."""
        noted = {event.step: event.text for event in self.events if isinstance(event, Noted)}
        return {step: text for step, text in noted.items() if text}

    def exchange(self, id: str) -> Exchange | None:
        """The exchange with this id."""
        return next((event.exchange for event in self.exchanges if event.exchange.id == id), None)


def value(pairs: Pairs, name: str) -> str | None:
    """The first value named `name`."""
    return next((value for key, value in pairs if key == name), None)


@frozen
class Attempt:
    """The events of one try of a step. `current` is false once an earlier step, or this one,
    was run anew and the facts no longer rest on it."""

    step: StepId
    events: tuple[Event, ...] = ()
    current: bool = True

    @property
    def exchanges(self) -> tuple[Exchanged, ...]:
        return tuple(event for event in self.events if isinstance(event, Exchanged))


def fallen_steps(event: Reran) -> tuple[StepId, ...]:
    """The steps whose facts fall when a step is run anew: itself and all that follow it, or
    those up to `through`."""
    if event.step in REPEATABLE:
        return (event.step,)
    last = STEP_IDS.index(event.through) + 1 if event.through else None
    return STEP_IDS[STEP_IDS.index(event.step) : last]


def attempts(events: Iterable[Event]) -> dict[StepId, tuple[Attempt, ...]]:
    """Every attempt of every step that has one, oldest first."""
    closed: dict[StepId, list[Attempt]] = {}
    standing: dict[StepId, list[Event]] = {}
    for event in events:
        if isinstance(event, Reran):
            for step in fallen_steps(event):
                if tried := standing.pop(step, None):
                    closed[step].append(Attempt(step, tuple(tried), current=False))
        elif not isinstance(event, Noted):
            closed.setdefault(event.step, [])
            standing.setdefault(event.step, []).append(event)
    for step, tried in standing.items():
        closed[step].append(Attempt(step, tuple(tried)))
    return {step: tuple(tries) for step, tries in closed.items()}
