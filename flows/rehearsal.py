"""A replay without any network: what the steps would send today is held against what was sent,
and the record stands for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flows.compare import Comparison, Pairing
from flows.edits import BY_THE_WIRE
from flows.entropy import digest
from flows.exchange import Request
from flows.moves import Ask, Compose, Listen, Make, Move, Send
from flows.replay import Person, Replay
from flows.session import Answered, Event, Exchanged, Made, Overrode, Reran, Session, StepId
from flows.spans import PLACEHOLDER
from flows.steps import STEP
from flows.walk import Walk
from flows.wire import Wire


class Rehearsal(Replay):
    """Walks the record. What is compared are the moves, as every answer is the recorded one."""

    def __init__(
        self,
        recorded: Session,
        *,
        on_pairing: Callable[[Pairing], None] = lambda pairing: None,
    ) -> None:
        self._at = recorded.created
        walk = Walk(replace(recorded, events=()), Wire(), clock=lambda: self._at)
        super().__init__(recorded, walk, _NOBODY, on_pairing=on_pairing)

    async def run(self) -> Comparison:
        for event in self.recorded.session.events:
            self._at = event.exchange.started if isinstance(event, Exchanged) else event.at
            if self._made(event):
                self._rehearse(event)
            if isinstance(event, Reran) and not event.seed:  # as in a file without secrets
                event = replace(event, seed=digest(self.walk.session.seed, event.at.isoformat()))
            self.walk.record(event)
        await self.walk.close()
        return self.comparison()

    def _wanted(self, step: StepId) -> Move | None:
        """The step's own move: nothing leaves, so nothing is withheld for want of a secret."""
        return STEP[step].module.next(self.walk.facts)

    def _rehearse(self, event: Event) -> None:
        move = self._move(event)
        by_person = isinstance(event, Answered | Overrode | Reran) or isinstance(move, Ask)
        if by_person or isinstance(move, Listen):
            self._pair([event], [event])
        elif isinstance(move, Send | Make | Compose):
            self._pair([event], [self._today(move, event)])
        elif PLACEHOLDER.search(self.walk.session.target.client_key or ""):
            self.notes.append(f"the private key was not saved, and nothing signed at {event.step}")
            self._pair([event], [event])
        else:
            self._pair([event], [])

    def _today(self, move: Send | Make | Compose, event: Event) -> Event:
        """The event as it would be if the move were made now."""
        edit = self._edit(move, event)
        match event, move:
            case Exchanged(exchange=exchange), Send(request=request):
                chosen = edit if isinstance(edit, Request) else request
                going = _going_out(chosen, exchange.request)
                return replace(event, exchange=replace(exchange, request=going))
            case Made(), Make(values=values):
                return replace(event, values=edit if isinstance(edit, tuple) else values)
            case Made(), Compose(request=request):
                url = edit.url if isinstance(edit, Request) else request.url
                return replace(event, values=(("authorization_url", url),))
            case _:
                return event


def _going_out(request: Request, recorded: Request) -> Request:
    """`request` with what the wire adds to it, which is not for the steps to say: as recorded."""
    own = {name.lower() for name, _ in request.headers}
    added = (
        (name, text)
        for name, text in recorded.headers
        if name.lower() in BY_THE_WIRE and name.lower() not in own
    )
    return replace(request, headers=(*request.headers, *added))


async def _no_response(walk: Walk) -> str:
    return "nobody is asked"


async def _no_credentials(walk: Walk, ask: Ask) -> bool:
    return False


_NOBODY = Person(_no_response, _no_credentials)
