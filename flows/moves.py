"""What a step may want next. A move can be shown, edited and copied before it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from flows.exchange import Request, header
from flows.frozen import frozen
from flows.session import Pairs, Party, StepId


@frozen
class Send:
    """An HTTP request of ours, ready for the wire.

    `rpc_id` is the JSON-RPC id whose response ends a streaming answer. `optional` moves are not
    part of the plain walk; they happen when the person picks the step. `delay` is in seconds:
    what the server asked to wait before. A `background` answer is a stream that stays open while
    the walk goes on; once it has begun the step is told so by a `Made`. `first` is the name of the
    event, or the method of the message, that such a stream must begin with: the move is made once
    that has come.
    """

    step: StepId
    request: Request
    label: str
    rpc_id: int | None = None
    optional: bool = False
    delay: float = 0.0
    background: bool = False
    first: str = ""

    @property
    def dated(self) -> bool:
        """Whether the request holds something that grows old: a DPoP proof, a client assertion."""
        proven = header(self.request.headers, "dpop") is not None
        return proven or b"client_assertion=" in self.request.body


@frozen
class Listen:
    """Bind the loopback listener (RFC 8252 section 7.3), so that its exact redirect URI can be
    registered."""

    step: StepId
    host: str = "127.0.0.1"
    port: int = 0  # any free one
    path: str = "/callback"


@frozen
class Make:
    """Values computed here. Each can be edited before it is recorded."""

    step: StepId
    values: Pairs
    label: str


@frozen
class Compose:
    """A request that somebody else will send: the browser. Recorded as `authorization_url`."""

    step: StepId
    request: Request
    label: str


@frozen
class Validate:
    """Hold a value against a stranger's JSON Schema, which may take for ever and is then given
    up. Recorded as `problems`, a JSON array of [path, words, whether it was checked]. The walk
    does it by itself: nothing leaves this machine."""

    step: StepId
    schema: Any
    value: Any
    name: str


@frozen
class Field:
    """One value asked of the person."""

    name: str
    label: str
    secret: bool = False
    required: bool = True


@frozen
class Ask:
    """A person must act: give the authorization response, client credentials, a tool call, or
    what the server wants to know before it answers.

    `open` is the URL for the browser when the answer comes from there. `requests` are the
    `inputRequests` of an `input` (MCP Multi Round-Trip Requests), answered by an
    `inputResponses` object with the same keys.
    """

    step: StepId
    kind: Literal["authorization-response", "client", "tool", "input"]
    prompt: str
    fields: tuple[Field, ...]
    open: str | None = None
    requests: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Done:
    """The step is complete. `word` is the one decisive word of its row."""

    step: StepId
    word: str


@frozen
class Skipped:
    """The step does not apply to this walk."""

    step: StepId
    reason: str


@frozen
class Remedy:
    """How a client would get going again: a new attempt of `step`, the connection left standing
    (MCP Step-Up Authorization Flow; RFC 6749 section 6). `scope` is what it would ask for. With
    `anew` the connection falls too: that is for the person to choose, not for a client."""

    step: StepId
    label: str
    scope: str | None = None
    anew: bool = False


@frozen
class Blocked:
    """The walk stops here: a client that keeps the standard would not go on.

    `can_override`: the person may go on all the same, which the record then says. `check` is the
    id of the check that fails here, where one does: it says the same with its evidence.
    """

    step: StepId
    reason: str
    party: Party
    word: str
    fix: str = ""
    standard: str = ""
    can_override: bool = False
    remedy: Remedy | None = None
    check: str = ""


Act = Send | Listen | Make | Compose | Validate | Ask
Move = Act | Done | Skipped | Blocked
