"""The start screen: one field, the sessions of before, and the lab."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import urlsplit

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, VerticalGroup
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, Label

from flows import __version__
from flows.session import PROTOCOLS, Protocol, Target
from flows.text import ago, visible
from flows.wellknown import url_problem
from tui.widgets.choice import Choice
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import Cell, LineList, Row

if TYPE_CHECKING:
    from flows.store.toml import Summary

SENTENCE = "Walk an OAuth 2.1 and MCP connection one HTTP request at a time."

WIDTHS = [(0, "-narrow"), (76, "-wide")]
HEIGHTS = [(0, "-floor"), (20, "-low"), (36, "-tall")]
NO_SESSIONS = "None yet. ctrl+d walks the lab, practice servers on this machine."

Kind = Literal["mcp", "authorization-server"]
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("mcp", "MCP server"),
    ("authorization-server", "issuer alone"),
)
_TOKENS = ((False, "from the walk"), (True, "from a variable"))
_PROTOCOLS: tuple[tuple[Protocol, str], ...] = tuple((name, name) for name in PROTOCOLS)

_SUGGESTED = re.compile(r"-\d{4}-\d\d-\d\d-\d{6}$")  # how flows.store ends a name of its own
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:[/?].*)?")


def recent_rows(folder: Path | None, now: datetime) -> tuple[Row, ...]:
    """The sessions of `folder`, the last one first: when, its name if a person gave it one, the
    server, and where the walk stands."""
    from flows.store import default_folder, recent

    rows = []
    for found in recent(folder or default_folder()):
        when = ago((now - found.modified).total_seconds())
        named = not _SUGGESTED.search(found.path.stem)
        name: Cell = (f"{found.path.stem}  " if named else "", "strong")
        word = _verdict(found.summary)
        if found.summary.secrets:
            word = (f"{word[0]}, with secrets", "warn")
        cells: tuple[Cell, ...] = ((when.ljust(12), "muted"), name, (found.url, ""))
        rows.append(Row(str(found.path), cells, word))
    return tuple(rows)


def _verdict(summary: Summary) -> Cell:
    """What a walk came to: its verdict, or where it stands."""
    from flows.steps import STEP

    if summary.verdict_step:
        who = f", {summary.verdict_party.replace('-', ' ')}" if summary.verdict_party else ""
        words = f"{STEP[summary.verdict_step].title}{who}"
        return (f"! {words}", "warn") if summary.verdict == "warn" else (f"✗ {words}", "error")
    where = STEP[summary.reached].title if summary.reached else "not begun"
    return (f"✓ {where}", "ok") if summary.verdict and summary.reached else (where, "muted")


class UnusableUrl(ValueError):
    """What is wrong with a typed URL, in words for the person who typed it."""


def web_url(typed: str) -> str:
    """The http or https URL a person means: quotes and blanks around it fall, and a bare host gets
    a scheme (http for this machine, https for every other). Raises UnusableUrl."""
    url = typed.strip().strip("<>\"'`").strip()
    if not url:
        raise UnusableUrl("Type or paste a URL.")
    if re.search(r"\s", url):
        raise UnusableUrl("A URL has no blanks in it.")
    if "://" not in url and _HOST.fullmatch(url):
        url = f"{'http' if _is_here(url) else 'https'}://{url}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UnusableUrl(f"Not a URL: {error}.") from None
    if parts.scheme.lower() not in ("http", "https"):
        known = f"{parts.scheme}:" if parts.scheme else "this"
        raise UnusableUrl(f"MCP servers answer over http or https, not over {known}")
    if not parts.hostname:
        raise UnusableUrl("There is no host in this URL.")
    if parts.username is not None:
        raise UnusableUrl("Leave the user name and password out of the URL.")
    if problem := url_problem(url):
        raise UnusableUrl(f"Not a URL: {problem}.")
    return url


def _is_here(bare: str) -> bool:
    host = urlsplit(f"//{bare}").hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class UrlInput(LineInput):
    BINDING_GROUP_TITLE = "URL"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Walk", id="start.walk", tooltip="Open the walk of this URL"),
    ]


class StartScreen(Screen[None]):
    """Posts what the person chose; the app opens it."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "start.tcss"
    AUTO_FOCUS = "#url"
    BINDING_GROUP_TITLE = "Start"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+d",
            "demo",
            "Demo",
            priority=True,  # in an Input ctrl+d deletes
            id="start.demo",
            tooltip="Walk the built-in lab: practice servers on this machine",
        ),
        Binding(
            "ctrl+r,down",
            "recent",
            "Recent",
            id="start.recent",
            tooltip="Go to the sessions of before",
        ),
    ]

    @dataclass
    class OpenTarget(Message):
        target: Target

    @dataclass
    class OpenFile(Message):
        path: Path

    class Demo(Message):
        pass

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` holds the sessions of before; None is where authwalk keeps them."""
        super().__init__()
        self.folder = folder

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="start"):
            with HorizontalGroup(id="masthead"):
                yield Label("authwalk", id="name")
                yield Label(__version__, id="version", markup=False)
            yield Label(SENTENCE, id="sentence", markup=False)
            url = UrlInput(placeholder="https://mcp.example.com/mcp", id="url")
            url.border_title = "MCP server or issuer URL"
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
            yield Label("", id="words", markup=False)
            recent = LineList(id="recent")
            recent.border_title = "Recent sessions"
            yield recent
        yield Footer()

    def on_mount(self) -> None:
        self.call_after_refresh(self.load_recent)

    @work(thread=True, exit_on_error=False)
    def load_recent(self) -> None:
        """Read the heads of the session files, which may be many, off the event loop."""
        rows = recent_rows(self.folder, datetime.now(UTC))
        self.app.call_from_thread(self._show_recent, rows)

    def _show_recent(self, rows: tuple[Row, ...]) -> None:
        found = self.query_one("#recent", LineList)
        found.empty = NO_SESSIONS
        found.set_rows(rows)
        found.can_focus = bool(rows)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "recent" or bool(self.query_one("#recent", LineList).row_count)

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

    @on(Input.Submitted)
    def _submitted(self) -> None:
        typed = self.query_one("#url", LineInput).value
        path = Path(typed.strip()).expanduser() if typed.strip().endswith(".toml") else None
        if path and path.is_file():
            self.post_message(self.OpenFile(path))
            return
        try:
            target = self._target(typed)
        except UnusableUrl as error:
            self.say(str(error), wrong=True)
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
        )

    @on(LineList.Selected, "#recent")
    def _recent_chosen(self, event: LineList.Selected) -> None:
        self.post_message(self.OpenFile(Path(event.row.id)))

    def action_recent(self) -> None:
        self.query_one("#recent").focus()

    def action_demo(self) -> None:
        self.post_message(self.Demo())
