"""How much and how long: the limits of one exchange."""

from __future__ import annotations

import asyncio
import math

from flows.frozen import frozen


@frozen
class Limits:
    """Bytes and seconds. What passes a limit is cut, and the exchange says so with both sizes.

    `deadline` covers one whole request, from name resolution to the last byte of the body;
    `math.inf` is none. An event stream lasts as long as its server works, so once its head has
    come two others take over: `idle` from one byte to the next, `stream` for the whole.
    `headers` can be lowered only: httpx itself stops at 100 KiB.
    """

    deadline: float = 30.0
    idle: float = 60.0
    stream: float = 3600.0
    headers: int = 64 * 1024
    body: int = 32 * 1024 * 1024  # after inflating
    wire_body: int = 32 * 1024 * 1024  # as received


class Patience:
    """How long one exchange is waited for. `touch` is called when something of an event stream
    has come."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began = asyncio.get_running_loop().time()
        self.scope = asyncio.timeout_at(self._at(self._began + limits.deadline))
        self.why = f"the deadline of {limits.deadline:g} s passed"

    def touch(self) -> None:
        """Begin to wait anew, unless the end has come."""
        limits, now, ends = self._limits, asyncio.get_running_loop().time(), self.scope.when()
        if ends is not None and ends <= now:
            return
        idle, stream = now + limits.idle, self._began + limits.stream
        self.why = f"nothing came for {limits.idle:g} s"
        if stream < idle:
            self.why = f"the deadline of {limits.stream:g} s for an event stream passed"
        self.scope.reschedule(self._at(min(idle, stream)))

    @staticmethod
    def _at(when: float) -> float | None:
        return None if when == math.inf else when
