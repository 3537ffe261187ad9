"""What the start screen is made of: a field for a URL, whom to walk as, the sessions of before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.message import Message

from flows.text import visible
from tui.recent import is_journal
from tui.widgets.choice import Choice
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import LineList, Row

if TYPE_CHECKING:
    from flows.hosts import Host


class UrlInput(LineInput):
    BINDING_GROUP_TITLE = "URL"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Walk", id="start.walk", tooltip="Open the walk of this URL"),
    ]

    @dataclass
    class Command(Message):
        """A curl command was pasted, which may have many lines."""

        text: str

    def on_paste(self, event: Paste) -> None:
        from flows.curl_command import is_curl

        if is_curl(event.text):
            event.prevent_default()
            event.stop()
            self.post_message(self.Command(event.text))


class RecentList(LineList):
    """The walks that were cut off, then the session files."""

    BINDING_GROUP_TITLE = "Sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Open", id="start.open", tooltip="Open this walk"),
        Binding(
            "x,delete",
            "screen.delete",
            "Delete",
            id="start.delete",
            tooltip="Delete this session, or discard this walk that was cut off",
        ),
        Binding(
            "r,f2", "screen.rename", "Rename", id="start.rename", tooltip="Rename this session"
        ),
    ]

    @property
    def file(self) -> Path | None:
        """The session file under the cursor; a walk that was cut off is in none yet."""
        path = Path(self.current.id) if self.current else None
        return path if path and not is_journal(path) else None


class HostChoice(Choice[str | None]):
    """Whom to walk as. There are many: enter lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "list", "List", id="host.list", tooltip="List the hosts"),
    ]

    def __init__(self, *, id: str) -> None:
        own: tuple[tuple[str | None, str], ...] = ((None, "authwalk itself"),)
        super().__init__("As", own, id=id, tooltip="Whose client to walk as, and be judged by")

    def offer(self, hosts: tuple[Host, ...]) -> None:
        named = ((host.name, visible(host.title, limit=40)) for host in hosts)
        self.options = (*self.options[:1], *named)

    @work(exit_on_error=False)
    async def action_list(self) -> None:
        from tui.screens.dialogs import ListDialog

        rows = (Row(str(at), ((title, ""),)) for at, (_, title) in enumerate(self.options))
        chosen = await self.app.push_screen_wait(
            ListDialog("Walk as", rows, current=str(self.index))
        )
        if chosen is not None:
            self.index = int(chosen)

    def press(self) -> None:
        self.action_list()
