"""What the server asks on a stream while the walk goes on, until the person has answered it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.facts import Facts, Json
from flows.mcp.asked import host_of, kind_of
from flows.mcp.rpc import INVALID_PARAMS, METHOD_NOT_FOUND, RpcError
from flows.moves import Ask
from flows.replies import Reply
from flows.session import StepId


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One request of the server, as something to ask of the person, and where its answer goes."""

    ask: Ask
    answer: asyncio.Future[Reply] = field(repr=False)


class Asking:
    """The open questions, oldest first. `step` tells where the walk stands, `changed` is called
    when there is a question more or less."""

    def __init__(
        self,
        declared: Collection[str],
        step: Callable[[], StepId],
        changed: Callable[[], None],
    ) -> None:
        self.open: list[Question] = []
        self.roots: tuple[Json, ...] = ()
        """What the person gave as their roots last."""
        self._declared = declared
        self._step = step
        self._changed = changed

    async def respond(self, method: str, params: Mapping[str, Any]) -> Reply:
        """Ask the person, unless this client never declared that it can be asked this. A stream
        that ends, or a server that thinks better of it, cancels this."""
        if method.partition("/")[0] not in self._declared:
            return RpcError(METHOD_NOT_FOUND, f"this client has no {method}")
        if kind_of(method, params) == "unknown":
            if method == "elicitation/create":
                return RpcError(INVALID_PARAMS, f"no such mode: {params.get('mode')!r}")
            return RpcError(METHOD_NOT_FOUND, f"this client has no {method}")
        requests = {"": {"method": method, "params": params}}
        ask = Ask(self._step(), "input", f"{method} on the stream", (), requests=requests)
        question = Question(ask, asyncio.get_running_loop().create_future())
        self.open.append(question)
        self._changed()
        try:
            return await question.answer
        finally:
            self.open.remove(question)
            self._changed()

    def asks(self, ask: Ask) -> Question | None:
        """The open question that `ask` is of; None where the walk itself asks it."""
        return next((question for question in self.open if question.ask is ask), None)

    def keep_roots(self, reply: Reply) -> None:
        """Offer the roots of an answer again the next time."""
        found = reply.get("roots") if isinstance(reply, Mapping) else None
        if isinstance(found, list):
            self.roots = tuple(root for root in found if isinstance(root, dict))


def who(facts: Facts) -> str:
    """Which server asks: by the name it gives itself, and by the host that it truly is."""
    name = facts.connection.server_name if facts.connection else ""
    host = host_of(facts.target.url) or facts.target.url
    return f"{name} at {host}" if name else host
