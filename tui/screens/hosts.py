"""Which hosts would get through: the table of hosts, what stands in the way of each, and a server
walked as two of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Static

from flows.frozen import frozen
from flows.hosts import Host, find
from flows.moves import Blocked
from flows.preflight import COLUMNS, State, preflight, survey
from flows.preflight import Cell as HostCell
from flows.preflight import Row as HostRow
from flows.session import Target
from flows.text import visible
from flows.unattended import walk_as_both
from flows.walk import Walk, new_session
from flows.wire import Wire, WireOptions
from tui.ending import unreachable
from tui.hosts_text import HEADS, LEGEND, TITLES, fact_lines, readable_hosts
from tui.screens.dialogs import Confirm, Dialog, TextDialog, buttons, plain
from tui.widgets.choice import Choice
from tui.widgets.key_bar import KeyBar
from tui.widgets.lines import cut
from tui.widgets.list_view import Cell, LineList, Look, Row

NAME = 22
"""Columns of the name of a host."""
MARKS: dict[State, Cell] = {"ok": ("✓", "ok"), "no": ("✗", "error"), "unknown": ("?", "muted")}
WEIGHT: tuple[State, ...] = ("no", "unknown", "ok")
"""What is told first."""
COLOURS: dict[State, str] = {
    "ok": "$text-success",
    "no": "$text-error",
    "unknown": "$text-muted",
}
_LEGEND = "   ".join(f"{MARKS[state][0]} {words}" for state, words in LEGEND.items())


@frozen
class AsBoth:
    """How a server is walked as two hosts."""

    approve: bool


class AsBothDialog(Dialog[AsBoth | None]):
    """What it takes to walk as two hosts, and whether the login is followed without a person."""

    HINT = "enter to walk · ctrl+g or esc to cancel"

    def __init__(self, a: Host, b: Host) -> None:
        super().__init__(f"Walk as {a.title} and as {b.title}")

    def compose_body(self) -> ComposeResult:
        words = "Each walk registers a client of its own where that host would."
        yield Static(plain(words))
        yield Choice(
            "The login",
            ((False, "stop before it"), (True, "follow it without a browser")),
            id="approve",
            tooltip="Without a browser only servers that ask no person let the walk on",
        )
        yield buttons("Walk")

    def on_mount(self) -> None:
        self.query_one("#accept").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        approve = bool(self.query_one("#approve", Choice).value)
        self.dismiss(AsBoth(approve) if event.button.id == "accept" else None)


class HostList(LineList):
    BINDING_GROUP_TITLE = "Hosts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.walk", "Walk as it", id="hosts.walk", tooltip="Walk as this host"),
    ]


class HostsScreen(Screen[None]):
    """The table of hosts for a server. It makes a walk of its own, as far as nothing is created:
    the walk that a person has open stays as it is. Posts `WalkAs` for the app."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "hosts.tcss"
    BINDING_GROUP_TITLE = "Hosts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d",
            "compare",
            "Compare",
            id="hosts.compare",
            tooltip="Walk as two hosts and compare: once on the one, then on the other",
        ),
        Binding(
            "i",
            "facts",
            "Facts",
            id="hosts.facts",
            tooltip="What is known of this host, and whence",
        ),
        Binding(
            "R",
            "register",
            "Register",
            id="hosts.register",
            tooltip="Register a client as each host, to fill in the question marks; asks first",
        ),
        Binding("r", "again", "Again", False, id="hosts.again", tooltip="Ask the server anew"),
        Binding("x", "cancel", "Cancel", id="hosts.cancel", tooltip="Cancel what is being asked"),
        Binding("escape,q,h,ctrl+g", "leave", "Back", id="hosts.leave", tooltip="Back"),
    ]

    @dataclass
    class WalkAs(Message):
        target: Target

    def __init__(self, target: Target, options: WireOptions) -> None:
        super().__init__()
        self._target = replace(target, host=None)
        self._as = target.host
        self._options = options
        self._hosts: tuple[Host, ...] = ()
        self._table: dict[str, HostRow] = {}
        self._stop = ""
        """Why discovery ended early."""
        self._marked: Host | None = None  # the one that another is to be compared with
        self._cancel: asyncio.Event | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="top", markup=False)
        yield Static(id="heads", markup=False)
        yield HostList(on_highlight=self._explain, empty="Asking the server…", id="table")
        with VerticalScroll(id="why", can_focus=False):
            yield Static(id="reasons", markup=False)
        yield Static(id="hint", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        title = ("Hosts   ", "bold $text-primary")
        url = visible(self._target.url, limit=200)
        self.query_one("#top", Static).update(Content.assemble(title, url))
        heads = "".join(f"{HEADS[column]} " for column in COLUMNS)
        self.query_one("#heads", Static).update(Content(heads.rstrip()))
        self._list.focus()
        self._ask(register=False)

    @property
    def _list(self) -> LineList:
        return self.query_one(LineList)

    @property
    def _host(self) -> Host | None:
        """The host under the cursor."""
        return find(self._list.current.id) if self._list.current else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "cancel":
                return self._cancel is not None
            case "again":
                return self._cancel is None
            case "register":
                return self._cancel is None and bool(self._table)
            case "compare":
                return self._cancel is None and self._list.current is not None
            case "walk" | "facts":
                return self._list.current is not None
            case _:
                return True

    # Asking

    @asynccontextmanager
    async def _busy(self) -> AsyncIterator[asyncio.Event]:
        cancel = self._cancel = asyncio.Event()
        self.refresh_bindings()
        try:
            yield cancel
        finally:
            self._cancel = None
            if self.is_mounted:
                self._say(_LEGEND if self._table else "r asks again")
                self.refresh_bindings()

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def _ask(self, *, register: bool) -> None:
        """Discover, fill the table, and ask for what discovery does not tell."""
        async with self._busy() as cancel:
            self._say("reading the metadata …  x cancels")
            self._hosts, broken = await asyncio.to_thread(readable_hosts)
            for words in broken:
                self.notify(words, title="Left out", severity="warning", markup=False)
            walk = Walk(new_session(self._target), Wire(self._options.brief))
            try:
                await walk.run(hold=frozenset({"client"}), cancel=cancel)
                self._fill(walk)
                enough = await survey(
                    walk,
                    self._hosts,
                    register=register,
                    observe=lambda title: self._say(f"{visible(title, limit=90)} …  x cancels"),
                    cancel=cancel,
                )
                self._fill(walk)
            finally:
                await walk.close()
        if enough:
            self.notify(enough, title="Not everything was asked", markup=False)

    def _fill(self, walk: Walk) -> None:
        move = walk.current
        early = isinstance(move, Blocked) and move.step != "client"
        self._stop = move.reason if early and isinstance(move, Blocked) else ""
        # Of a server that does not answer nothing can be told.
        asked = () if unreachable(walk, move) else self._hosts
        self._table = {row.host.name: row for row in preflight(walk.session, walk.facts, asked)}
        if not self._table:
            cancelled = self._cancel is not None and self._cancel.is_set()
            self._list.empty = "cancelled" if cancelled else "the server does not answer"
        self._list.set_rows(self._rows())
        if self._as:
            self._list.highlight(self._as)
            self._as = None
        self._explain()
        self.refresh_bindings()

    def _say(self, words: str) -> None:
        self.query_one("#hint", Static).update(Content(words), layout=False)

    # Drawing

    def _rows(self) -> Iterator[Row]:
        for row in self._table.values():
            look: Look = "strong" if self._marked is row.host else ""
            name = cut(visible(row.host.title), NAME - 1)
            cells: list[Cell] = [(name + " " * (NAME - cell_len(name)), look)]
            for column in COLUMNS:
                mark, colour = MARKS[row.cells[column].state]
                cells.append((mark.ljust(len(HEADS[column]) + 1), colour))
            yield Row(row.host.name, (*cells, *self._whole(row)))

    def _whole(self, row: HostRow) -> tuple[Cell, ...]:
        """What all cells come to, and the first reason where one refuses. No token is asked for
        here, so that a host passes without."""
        refusal = row.refusal
        whole: Cell = ("passes", "ok")
        if refusal:
            whole = ("refuses", "error")
        elif any(row.cells[column].state == "unknown" for column in COLUMNS if column != "token"):
            whole = ("open", "muted")
        marked: Cell = ("A  ", "accent") if self._marked is row.host else ("", "")
        return marked, whole, (f"   {refusal.says}" if refusal else "", "muted")

    def _explain(self, row: Row | None = None) -> None:
        current = self._list.current
        told = self._table.get(current.id) if current else None
        parts: list[tuple[str, str] | str] = []
        if self._stop:
            parts += [("✗ ", "$text-error"), f"{visible(self._stop, limit=300)}\n"]
        if told:
            parts.append((f"{visible(told.host.title)}\n", "bold"))
            alike: dict[HostCell, list[str]] = {}
            for column in COLUMNS:
                alike.setdefault(told.cells[column], []).append(TITLES[column])
            for cell, titles in sorted(alike.items(), key=lambda one: WEIGHT.index(one[0].state)):
                parts += [
                    (f"{MARKS[cell.state][0]} ", COLOURS[cell.state]),
                    (f"{', '.join(titles)}: ", "$text-muted"),
                    f"{visible(cell.says, limit=400) or 'nothing stands in the way'}\n",
                ]
                if cell.source:
                    parts.append((f"  {visible(cell.source, limit=300)}\n", "$text-muted"))
        self.query_one("#reasons", Static).update(Content.assemble(*parts))
        self.query_one("#why").scroll_home(animate=False)

    # Keys

    def action_walk(self) -> None:
        if host := self._host:
            self.post_message(self.WalkAs(replace(self._target, host=host.name)))

    def action_facts(self) -> None:
        if host := self._host:
            text = "\n".join(fact_lines(host))
            dialog = TextDialog(host.title, text, file_name=f"{host.name}.txt")
            self.app.push_screen(dialog)

    def action_again(self) -> None:
        self._ask(register=False)

    @work(exit_on_error=False)
    async def action_register(self) -> None:
        question = (
            "A client is registered as each host that would register, and each of its redirect "
            "URIs is asked for; no login begins. The clients are deleted again where the server "
            "offers that (RFC 7592), and stay where it does not. At most one request a second "
            "goes to a server that is not this machine. Register them?"
        )
        if await self.app.push_screen_wait(Confirm(question, title="Register as each host")):
            self._ask(register=True)

    def action_compare(self) -> None:
        host = self._host
        if host is None:
            return
        first, self._marked = self._marked, None
        if first is None:
            self._marked = host
            self._say(f"{visible(host.title)} is A. Press d on another host to walk as both.")
        elif first.name != host.name:
            self._compare(first, host)
        else:
            self._say(_LEGEND)
        self._list.set_rows(self._rows())

    @work(group="ask", exit_on_error=False)
    async def _compare(self, a: Host, b: Host) -> None:
        from flows.compare import compare
        from tui.ending import ending_of
        from tui.hosts_text import came_to
        from tui.screens.compare import CompareScreen

        how = await self.app.push_screen_wait(AsBothDialog(a, b))
        if how is None:
            self._say(_LEGEND)
            return
        async with self._busy() as cancel:
            walks = await walk_as_both(
                self._target,
                (a, b),
                self._options,
                approve=how.approve,
                observe=lambda title: self._say(f"walking {visible(title)} …  x cancels"),
                cancel=cancel,
            )
        if cancel.is_set():
            return
        comparison = compare(*walks)
        told = tuple(
            came_to(host, ending_of(walk)) for host, walk in zip((a, b), walks, strict=True)
        )
        names = (f"as {a.title}   {told[0]}", f"as {b.title}   {told[1]}")
        self.app.push_screen(CompareScreen(comparison, names, self._options))

    def action_cancel(self) -> None:
        if self._cancel:
            self._cancel.set()

    def action_leave(self) -> None:
        if self._cancel:
            self._cancel.set()
        self.dismiss(None)
