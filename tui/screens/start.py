"""The start screen: one field, the sessions of before, and the lab."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, VerticalGroup
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Label

from flows import __version__
from flows.session import CAPABILITIES, PROTOCOLS, Capability, Protocol, Target
from flows.text import visible
from tui.recent import cut_off_rows, is_journal, name_objection, recent_rows
from tui.typed_url import UnusableUrl, web_url
from tui.widgets.choice import Choice
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import LineList, Row
from tui.widgets.start_fields import HostChoice, RecentList, UrlInput

if TYPE_CHECKING:
    from flows.hosts import Host
    from tui.own_app import OwnApp

SENTENCE = "Walk an OAuth 2.1 and MCP connection one HTTP request at a time."

WIDTHS = [(0, "-narrow"), (76, "-wide")]
HEIGHTS = [(0, "-floor"), (20, "-low"), (36, "-tall")]
NO_URL = "Type or paste a URL. {} walks practice servers on this machine."
NO_SESSIONS = "None yet. New here? {} walks practice servers on this machine."

Kind = Literal["mcp", "authorization-server"]
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("mcp", "MCP server"),
    ("authorization-server", "issuer alone"),
)
_TOKENS = ((False, "from the walk"), (True, "from a variable"))
_DECLARES: tuple[tuple[tuple[Capability, ...], str], ...] = (
    (CAPABILITIES, ", ".join(CAPABILITIES)),
    (("elicitation", "tasks"), "elicitation, tasks"),
    (("tasks",), "tasks"),
    ((), "nothing"),
)
_PROTOCOLS: tuple[tuple[Protocol, str], ...] = tuple((name, name) for name in PROTOCOLS)


class StartScreen(Screen[None]):
    """Posts what the person chose; the app opens it."""

    app: OwnApp
    CSS_PATH = Path(__file__).parents[1] / "styles" / "start.tcss"
    AUTO_FOCUS = "#url"
    BINDING_GROUP_TITLE = "Start"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "walk", "Walk", False, id="start.walk", tooltip="Open the walk of this URL"
        ),
        Binding(
            "ctrl+d",
            "demo",
            "Demo",
            priority=True,  # in an Input ctrl+d deletes
            id="start.demo",
            tooltip="Walk the built-in lab: practice servers on this machine",
        ),
        Binding(
            "ctrl+t",
            "hosts",
            "Hosts",
            priority=True,
            id="start.hosts",
            tooltip="Which hosts would get through to this server, and which not",
        ),
        Binding(
            "ctrl+r,down",
            "recent",
            "Recent",
            id="start.recent",
            tooltip="Go to the sessions of before",
        ),
        Binding(
            "d",
            "compare",
            "Compare",
            id="start.compare",
            tooltip="Compare two sessions: once on the one, then on the other",
        ),
    ]

    @dataclass
    class OpenTarget(Message):
        target: Target

    @dataclass
    class OpenFile(Message):
        path: Path

    @dataclass
    class Compare(Message):
        a: Path
        b: Path

    @dataclass
    class Recover(Message):
        """Take up the walk of a journal."""

        path: Path

    @dataclass
    class Demo(Message):
        """Walk the lab, as `host` where one is chosen."""

        host: str | None = None

    @dataclass
    class AskHosts(Message):
        target: Target

    def __init__(
        self,
        folder: Path | None = None,
        *,
        journals: Path | None = None,
        host: str = "",
        protocol: str = "auto",
    ) -> None:
        """`folder` holds the sessions of before; None is where authwalk keeps them. `journals`
        holds the walks that were cut off. `host` and `protocol` are chosen to begin with."""
        super().__init__()
        self.folder = folder
        self._first_host, self._protocol = host, protocol
        self._marked: Path | None = None  # the session that another is to be compared with
        self.journals = journals

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="start"):
            with HorizontalGroup(id="masthead"):
                yield Label("authwalk", id="name")
                yield Label(__version__, id="version", markup=False)
            yield Label(SENTENCE, id="sentence", markup=False)
            url = UrlInput(placeholder="https://mcp.example.com/mcp", id="url")
            url.border_title = "MCP server or issuer URL"
            url.border_subtitle = "or the path of a session or a HAR file"
            yield url
            variable = LineInput(placeholder="MCP_TOKEN", id="variable")
            variable.border_title = "Environment variable that holds the bearer token"
            yield variable
            with HorizontalGroup(id="choices"):
                yield Choice(
                    "Walk",
                    _KINDS,
                    id="kind",
                    tooltip="What the URL names: an MCP server or an issuer",
                )
                yield Choice(
                    "Protocol", _PROTOCOLS, id="protocol", tooltip="The MCP revision to speak"
                )
                yield Choice(
                    "Token",
                    _TOKENS,
                    id="token",
                    tooltip="Get one by walking, or skip that and use one you have",
                )
            yield HostChoice(id="host")
            yield Choice(
                "Client declares",
                _DECLARES,
                id="declare",
                tooltip="The capabilities that the server is told of: what it may ask of you",
            )
            yield Label("", id="words", markup=False)
            recent = RecentList(id="recent")
            recent.border_title = "Recent sessions"
            yield recent
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#protocol", Choice).choose(self._protocol)
        self.call_after_refresh(self.load_recent)
        self.call_after_refresh(self.load_hosts)

    @work(thread=True, exit_on_error=False)
    def load_hosts(self) -> None:
        """Read the files of the hosts off the event loop."""
        from tui.hosts_text import readable_hosts

        found, _ = readable_hosts()
        self.app.call_from_thread(self._offer_hosts, found)

    def _offer_hosts(self, found: tuple[Host, ...]) -> None:
        for choice in self.query(HostChoice):
            choice.offer(found)
            choice.choose(self._first_host or None)

    @work(thread=True, exit_on_error=False)
    def load_recent(self) -> None:
        """Read the heads of the session files, which may be many, off the event loop."""
        now = datetime.now(UTC)
        rows = recent_rows(self.folder, now)
        if self.journals:
            rows = (*cut_off_rows(self.journals, now), *rows)
        self.app.call_from_thread(self._show_recent, rows)

    def _show_recent(self, rows: tuple[Row, ...]) -> None:
        found = self.query_one("#recent", LineList)
        found.empty = NO_SESSIONS.format(self.app.hint_keys.demo)
        found.set_rows(rows)
        found.can_focus = bool(rows)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        found = self.query_one("#recent", RecentList)
        match action:
            case "recent":
                return bool(found.row_count)
            case "delete":
                return found.current is not None
            case "compare":
                return found.has_focus and found.file is not None
            case "rename":
                return found.file is not None
            case _:
                return True

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Show a line below the field."""
        label = self.query_one("#words", Label)
        label.set_class(wrong, "-wrong")
        label.update(Content(visible(words, limit=200)))

    @on(Input.Changed)
    def _typed(self) -> None:
        self.say("")

    @on(Choice.Changed, "#token")
    def _token_chosen(self) -> None:
        variable = self.query_one("#variable", LineInput)
        variable.display = bool(self.query_one("#token", Choice).value)

    def on_key(self) -> None:
        if self.query_one("#words", Label).has_class("-wrong"):
            self.say("")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        typed = self.query_one("#url", LineInput).value
        names_file = typed.strip().lower().endswith((".toml", ".har"))
        path = Path(typed.strip()).expanduser() if names_file else None
        if path and path.is_file():
            self.post_message(self.OpenFile(path))
            return
        self._with_target(typed, self.OpenTarget)

    def _with_target(self, typed: str, message: Callable[[Target], Message]) -> None:
        """Post what is to be done with the server that was typed, or say what is wrong with it."""
        if not typed.strip():
            self.say(NO_URL.format(self.app.hint_keys.demo), wrong=True)
            return
        try:
            target = self._target(typed)
        except UnusableUrl as error:
            self.say(str(error), wrong=True)
        else:
            self.post_message(message(target))

    @on(UrlInput.Command)
    def _command_pasted(self, event: UrlInput.Command) -> None:
        """Walk the server that a curl command is for."""
        from flows.curl_command import CurlError, read_curl, target_of

        try:
            target = target_of(read_curl(event.text).request)
        except CurlError as error:
            self.say(f"Not taken: {error}", wrong=True)
        else:
            self.post_message(self.OpenTarget(target))

    def _target(self, typed: str) -> Target:
        url = web_url(typed)
        bearer = None
        if self.query_one("#token", Choice).value:
            variable = self.query_one("#variable", LineInput)
            name = variable.value.strip().removeprefix("$")
            bearer = os.environ.get(name, "").strip()
            if not bearer:
                variable.focus()
                problem = f"{name} is not set." if name else "Which variable holds the token?"
                raise UnusableUrl(problem)
        return Target(
            url,
            kind=self.query_one("#kind", Choice).value,
            protocol=self.query_one("#protocol", Choice).value,
            bearer=bearer,
            declare=self.query_one("#declare", Choice).value,
            host=self._host,
        )

    @property
    def _host(self) -> str | None:
        return self.query_one(HostChoice).value

    @on(LineList.Selected, "#recent")
    def _recent_chosen(self, event: LineList.Selected) -> None:
        path = Path(event.row.id)
        self.post_message(self.Recover(path) if is_journal(path) else self.OpenFile(path))

    def action_walk(self) -> None:
        self._submitted()

    def action_recent(self) -> None:
        self.query_one("#recent").focus()

    def action_compare(self) -> None:
        chosen, marked = self.query_one(RecentList).file, self._marked
        if chosen is None:
            return
        self._marked = None
        if marked is None:
            self._marked = chosen
            self.say(f"{chosen.name} is A. Press d on another session to compare them.")
        elif marked != chosen:
            self.say("")
            self.post_message(self.Compare(marked, chosen))
        else:
            self.say("")

    @work(exit_on_error=False)
    async def action_delete(self) -> None:
        """Remove a session file, or a walk that was cut off."""
        from flows.store import delete
        from flows.store.journal import discard
        from tui.screens.dialogs import Confirm

        if (row := self.query_one(RecentList).current) is None:
            return
        path = Path(row.id)
        cut_off = is_journal(path)
        question = (
            f"Discard the walk of {row.cells[-1][0]} that was cut off? It is in no file yet."
            if cut_off
            else f"Delete {path.name}? It cannot be had back."
        )
        yes = "Discard" if cut_off else "Delete"
        if await self.app.push_screen_wait(Confirm(question, title=yes, yes=yes, danger=True)):
            self._on_disk(discard if cut_off else delete, path)

    @work(exit_on_error=False)
    async def action_rename(self) -> None:
        from flows.store import rename
        from tui.screens.dialogs import PromptDialog

        if (row := self.query_one(RecentList).current) is None:
            return
        path = Path(row.id)
        dialog = PromptDialog(
            "Rename",
            f"A name for the session of {row.cells[-1][0]}",
            value=path.stem,
            accept="Rename",
            objection=partial(name_objection, path),
        )
        name = await self.app.push_screen_wait(dialog)
        if name is not None and name.strip() != path.stem:
            self._on_disk(partial(rename, name=f"{name.strip()}.toml"), path)

    def _on_disk(self, do: Callable[[Path], object], path: Path) -> None:
        """Change something among the files, and show them anew."""
        try:
            do(path)
            self.say("")
        except OSError as error:
            self.say(f"{path.name}: {error.strerror or error}", wrong=True)
        self.load_recent()

    def action_demo(self) -> None:
        self.post_message(self.Demo(self._host))

    def action_hosts(self) -> None:
        # A key with priority overtakes what was typed before it.
        url = self.query_one("#url", LineInput)
        url.call_later(lambda: self._with_target(url.value, self.AskHosts))
