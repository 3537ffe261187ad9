"""Sends probes: politely, each in the record under its name.

At most one request a second to a host that is not this machine, MOST in a run, and none more
once a server says that it has had enough (RFC 6585 section 4, RFC 9110 section 15.6.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic
from urllib.parse import urlsplit

from flows.exchange import Exchange
from flows.network import reach
from flows.probes import Probe
from flows.probes.resource import AS_OURSELVES, ELSEWHERE
from flows.walk import Walk, cancelled_within

MOST = 60
"""Requests in one run."""
PAUSE = 1.0
"""Seconds between two requests to the same host."""


class Prober:
    """Sends the probes of one walk. `enough` says why no more are sent, once that is so."""

    def __init__(
        self,
        walk: Walk,
        *,
        observe: Callable[[str], None] = lambda title: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.enough = ""
        self._walk = walk
        self._observe = observe
        self._clock = clock
        self._sent = 0
        self._last: dict[str, float] = {}

    async def send(self, probes: Iterable[Probe], cancel: asyncio.Event | None = None) -> None:
        """Send every request of these probes that the facts have what it takes for."""
        for probe in probes:
            for subject, request in tuple(probe.requests(self._walk.facts)):
                if self.enough or (cancel and cancel.is_set()):
                    return
                if self._sent == MOST:
                    self.enough = f"{MOST} requests are enough for one run"
                    return
                self._observe(f"{probe.asks} {subject}")
                host = urlsplit(request.url).hostname or ""
                if not await self._pause(host, cancel):
                    return
                exchange = await self._walk.ask(
                    probe.step, request, subject, probe=probe.name, cancel=cancel
                )
                self._sent += 1
                self._last[host] = self._clock()
                self._heed(host, exchange)

    async def _pause(self, host: str, cancel: asyncio.Event | None) -> bool:
        """Wait until the host may be asked again; False when the person would not."""
        if reach(host) == "loopback" or host not in self._last:
            return True
        seconds = self._last[host] + PAUSE - self._clock()
        return seconds <= 0 or not await cancelled_within(seconds, cancel)

    def _heed(self, host: str, exchange: Exchange) -> None:
        if exchange.status in (429, 503):
            self.enough = f"{host} answered {exchange.status}"


async def ask_why(walk: Walk, cancel: asyncio.Event | None = None) -> None:
    """Where a walk is stopped at the challenge by an answer, ask what tells why: whether authwalk
    is answered as the host is, and whether the MCP endpoint is at another path."""
    move = walk.current
    answered = any(opening.exchange.response for opening in walk.facts.openings)
    if move and move.step == "challenge" and answered:
        await Prober(walk).send([AS_OURSELVES, ELSEWHERE], cancel)
