"""Keys that come in a burst, as over SSH or while the app was busy, one after the other.

Textual hands each key at once to what has the focus then. The first may lead elsewhere, but that is
known only once it has been handled, and by then the others have gone to where it was pressed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import Any

from textual.app import App, ScreenStackError
from textual.events import Event, Key, Paste

PATIENCE = 0.25
"""Seconds for which a key may keep the next one waiting: a dialog is there by then, and a key that
cancels what goes on and on is heard."""
_QUIET = 3
"""Turns without a message under way after which nothing more comes of a key."""


class OrderedKeys(App[None]):
    """Holds a key back for as long as what comes of the one before is under way."""

    _due: Event | None = None
    """The held one whose turn has come."""
    _passing: asyncio.Task[None] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._held: deque[Key | Paste] = deque()

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
        elif event is self._due:
            self._due = None
            await super().on_event(event)
        elif self._passing or self._under_way():
            self._held.append(event)
            self._passing = self._passing or asyncio.create_task(self._pass_on())
        else:
            await super().on_event(event)

    def _under_way(self) -> bool:
        try:
            target = self.focused or self.screen
        except ScreenStackError:  # it is about to end
            return False
        return any(node.message_queue_size for node in target.ancestors_with_self)

    async def _pass_on(self) -> None:
        await self._rest()
        while self._held and self.is_running:
            self._due = self._held.popleft()
            self.post_message(self._due)
            while self._due and self.is_running:
                await asyncio.sleep(0.001)
            await self._rest()
        self._passing = None

    async def _rest(self) -> None:
        """Wait until nothing is under way."""
        until, quiet = monotonic() + PATIENCE, 0
        while quiet < _QUIET and monotonic() < until:
            await asyncio.sleep(0)
            quiet = 0 if self._under_way() else quiet + 1
