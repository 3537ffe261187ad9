"""Server-sent events read from bytes, as they come or from a recorded body (WHATWG HTML 9.2.5-6).

Written here although httpx-sse is at hand: a debugger must see what the standard says a reader
sees. httpx-sse 0.4 dispatches blocks that carry no data once an id was seen, reads `retry: +5`
as a number, keeps a byte order mark, and importing it imports all of httpx. The tests hold both
readers side by side where they ought to agree.
"""

from __future__ import annotations

import re
from dataclasses import field

from flows.frozen import frozen

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


@frozen
class ServerSentEvent:
    """One dispatched event.

    `id` is the last event id *at* this event: it stays when an event names none of its own.
    `retry` is the reconnection time in milliseconds that came in this event's block.
    """

    event: str = "message"
    data: str = field(default="", repr=False)
    id: str = ""
    retry: int | None = None


class Parser:
    """Reads a stream piece by piece, cut anywhere: inside a character, between CR and LF.

    An event is given out at its blank line; what stands behind the last blank line is no event
    (section 9.2.6). Memory is that of the event under way: whoever feeds the parser bounds it.
    """

    def __init__(self) -> None:
        self.last_event_id = ""
        """What a reconnecting reader sends as Last-Event-ID (section 9.2.4)."""
        self.retry: int | None = None
        """Milliseconds. Also set by a block without data, which is not dispatched."""
        self._line: list[bytes] = []  # the unfinished line, in the pieces that came
        self._after_cr = False
        self._at_start = True
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._block_retry: int | None = None

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """The events that `piece` completed."""
        if not piece:
            return []
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r")
        *lines, rest = _LINE_END.split(piece)
        events = []
        for line in lines:
            if self._line:
                line = b"".join((*self._line, line))
                self._line.clear()
            if event := self._read(line):
                events.append(event)
        if rest:
            self._line.append(rest)
        return events

    def _read(self, line: bytes) -> ServerSentEvent | None:
        if self._at_start:
            line = line.removeprefix(_BOM)
            self._at_start = False
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit() and len(value) <= 18:
                self.retry = self._block_retry = int(value)
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        self.last_event_id = self._id  # also when there is no data and so nothing to dispatch
        data, name, retry = self._data, self._event or "message", self._block_retry
        self._data, self._event, self._block_retry = [], "", None
        return ServerSentEvent(name, "\n".join(data), self._id, retry) if data else None


def parse(body: bytes) -> tuple[ServerSentEvent, ...]:
    """The events of a complete, recorded body."""
    return tuple(Parser().feed(body))
