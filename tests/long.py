"""Sessions of any length, for benchmarks and for tests of what things cost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from flows.session import Answered, Event, Exchanged, Reran, Session
from tests.flows.world import NOW, World

TEXT = "lorem ipsum dolor " * 60


def long_session(exchanges: int) -> Session:
    """A walk to its end, and then calls: half of them as attempts of their own, the others all in
    the last attempt."""
    world = World()
    world.walk()
    first = [event for event in world.session.events if isinstance(event, Exchanged)]
    events: list[Event] = list(world.session.events)
    left = exchanges - len(first)
    for number in range(left):
        at = NOW + timedelta(seconds=number)
        if number <= left // 2:
            events.append(Reran(at, "call"))
            events.append(Answered(at, "call", (("name", "add"), ("arguments", "{}"))))
        events.append(_called(first[-1], number, at=at))
    return replace(world.session, events=tuple(events))


def _called(one: Exchanged, number: int, **changes: object) -> Exchanged:
    exchange, rpc_id = one.exchange, 1000 + number
    assert exchange.response
    sent, came = json.loads(exchange.request.body), json.loads(exchange.response.body)
    sent["id"] = came["id"] = rpc_id
    came["result"]["content"][0]["text"] = f"{number} {TEXT}"
    exchange = replace(
        exchange,
        id=f"call-{number}",
        request=replace(exchange.request, body=json.dumps(sent).encode()),
        response=replace(exchange.response, body=json.dumps(came).encode()),
    )
    return replace(one, exchange=exchange, **changes)  # type: ignore[arg-type]
