"""What checks look at: a session, what is known from it, and its exchanges by what they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from flows.documents import read_json
from flows.exchange import Exchange, Response
from flows.facts import Facts
from flows.frozen import frozen
from flows.key_set import KeyRow, summarize_keys
from flows.mcp.http_sse import with_responses
from flows.session import Attempt, Exchanged, Session, StepId, attempts
from flows.steps.inspection import Inspection, Use, inspect_of


@frozen
class Document:
    """A response that ought to be a JSON object. `members` is None where it is none, and
    `problem` then says why."""

    exchange: Exchange
    response: Response
    value: Any
    problem: str

    @property
    def members(self) -> Mapping[str, Any] | None:
        return self.value if isinstance(self.value, dict) else None


class Record:
    """A session and its facts, as they stood at one event. `now` is aware; by default the time
    of the last event, so that the same record always gives the same findings."""

    def __init__(self, session: Session, facts: Facts, *, now: datetime | None = None) -> None:
        self.session = session
        self.facts = facts
        self.now = now or facts.at

    @cached_property
    def attempts(self) -> Mapping[StepId, tuple[Attempt, ...]]:
        """As the steps read them: a response on a stream stands with its request."""
        return attempts(with_responses(self.session.events))

    def exchanges(self, *steps: StepId) -> tuple[Exchanged, ...]:
        """Those of the attempts that the facts rest on, in order."""
        current = (self.attempts[step][-1] for step in steps if step in self.attempts)
        return tuple(
            event
            for attempt in current
            if attempt.current
            for event in attempt.exchanges
            if not event.probe
        )

    def documents(self, *steps: StepId) -> tuple[Document, ...]:
        """The answers of steps that fetch JSON, in order, whatever their status."""
        return tuple(
            found for event in self.exchanges(*steps) if (found := self.document(event.exchange))
        )

    def document(self, exchange: Exchange) -> Document | None:
        """The answer of an exchange, read as JSON once for all checks; None when there is none."""
        if exchange.id not in self._documents:
            self._documents[exchange.id] = document(exchange)
        return self._documents[exchange.id]

    @cached_property
    def keys(self) -> tuple[KeyRow, ...]:
        """The keys of the last key set that came, looked at one by one."""
        documents = self.documents("keys")
        return summarize_keys(documents[-1].value) if documents else ()

    @cached_property
    def _documents(self) -> dict[str, Document | None]:
        return {}

    def probes(self, *names: str) -> tuple[Exchanged, ...]:
        """Every exchange of these probes in the record, in order."""
        return tuple(event for event in self.session.exchanges if event.probe in names)

    def exchange(self, id: str | None) -> Exchange | None:
        """The exchange with this id, the walk's own or a probe's."""
        return self._by_id.get(id or "")

    @cached_property
    def _by_id(self) -> Mapping[str, Exchange]:
        return {event.exchange.id: event.exchange for event in self.session.exchanges}

    def inspection(self, use: Use = "access") -> Inspection | None:
        """The token in hand, taken apart and judged as it stood when it came: that it has grown
        old since is no fault of whoever made it. None when there is none of that use."""
        if use not in self._inspections:
            tokens = self.facts.current_tokens
            self._inspections[use] = inspect_of(self.facts, use, tokens.at if tokens else self.now)
        return self._inspections[use]

    @cached_property
    def _inspections(self) -> dict[Use, Inspection | None]:
        return {}

    @property
    def is_mcp(self) -> bool:
        return self.facts.target.kind == "mcp"


def document(exchange: Exchange) -> Document | None:
    """The answer of an exchange, read as JSON; None when nothing was answered."""
    response = exchange.response
    if response is None:
        return None
    value, problem = read_json(response.body)
    return Document(exchange, response, value, problem)
