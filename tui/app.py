"""The app: opens screens, and owns the lab behind a demo.

What the first frame does not need is imported where it is used.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import SIGTERM
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from tui.config import Settings
from tui.own_app import OwnApp
from tui.screens.too_small import TooSmall, is_too_small

if TYPE_CHECKING:
    from flows.session import Session, Target
    from flows.store.journal import Journal
    from flows.wire import WireOptions
    from tui.lab_process import LabProcess
    from tui.screens.hosts import HostsScreen
    from tui.screens.start import StartScreen

STYLES = Path(__file__).parent / "styles"
YOUNG = 50_000
"""Objects that are made before garbage is looked for: no more than a key can wait for."""


def _actions() -> type[Provider]:
    from tui.palette import ActionProvider

    return ActionProvider


class AuthwalkApp(OwnApp):
    """`session` opens its walk at once, `path` is the file it came from. `demo_faults` starts the
    lab with these faults and walks it, as `demo_host` where that is given. Walks are kept in
    the folder `journals` as they go, where one is given. `missing` is what the file lacked,
    `problems` what is wrong with the settings."""

    TITLE = "authwalk"
    DEFAULT_MODE = "main"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f1,question_mark",
            "help",
            "Help",
            id="app.help",
            tooltip="List the keys that work here",
        ),
        Binding(
            "ctrl+p",
            "command_palette",
            "Actions",
            priority=True,
            id="app.palette",
            tooltip="Find any action by its name",
        ),
        Binding(
            "f10",
            "settings",
            "Settings",
            show=False,
            id="app.settings",
            tooltip="What authwalk starts with: theme, dark or light, mouse, journal, host",
        ),
        Binding(
            "ctrl+q",
            "quit",
            "Quit",
            priority=True,
            id="app.quit",
            tooltip="Leave authwalk",
        ),
        Binding(
            "ctrl+n",
            "start",
            "New walk",
            show=False,
            id="app.start",
            tooltip="Go to the start screen, to walk another server or open a session",
        ),
    ]

    def __init__(
        self,
        wire_options: WireOptions,
        *,
        session: Session | None = None,
        path: Path | None = None,
        demo_faults: tuple[str, ...] | None = None,
        demo_host: str | None = None,
        journals: Path | None = None,
        missing: Sequence[str] = (),
        demo_tour: bool = False,
        settings: Settings | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        first_style = "walk.tcss" if session else "start.tcss"  # with it now, all is parsed once
        super().__init__(css_path=[STYLES / "app.tcss", STYLES / first_style])
        self.wire_options = wire_options
        self.lab: LabProcess | None = None
        self.journals = journals
        self._missing = missing
        self.settings = settings or Settings()
        self._problems = problems
        self._offers = session.target.url if session and not path else ""
        self._demo_faults = demo_faults
        self._demo_host = demo_host
        self._demo_tour = demo_tour
        self._first: Callable[[], Screen[None]] = (
            partial(self._walk_screen, session, path=path) if session else self._start_screen
        )
        self._shown = 0

    def get_default_screen(self) -> Screen[None]:
        """The first screen. A mode known beforehand would have it drawn twice; from here on it is
        a mode like every other, and can go like them."""
        self.add_mode(self.DEFAULT_MODE, self._first)
        return self._first()

    def on_mount(self) -> None:
        self.take_theme()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        # Ended from outside, the terminal is left as it was; the walk stays in its journal.
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, a thread
            end = partial(self.exit, return_code=128 + SIGTERM)
            asyncio.get_running_loop().add_signal_handler(SIGTERM, end)
        if not gc.isenabled():
            gc.freeze()
            gc.set_threshold(YOUNG)
            gc.enable()
        self.run_worker(self.warm, thread=True, group="warm", exit_on_error=False)
        if self._demo_faults is not None:
            self.start_demo(self._demo_faults)
        self._say_missing(self._missing)
        for words in self._problems:
            self.say_problem(words)
        self.run_worker(self.take_keys, thread=True, group="keys", exit_on_error=False)
        if self.journals and self._offers:
            self.run_worker(self._offer, thread=True, group="offer", exit_on_error=False)

    def _offer(self) -> None:
        """Say that an earlier walk of the same server can be had back. Runs in a thread."""
        from flows.steps import STEP
        from flows.store.journal import left_behind

        assert self.journals
        found = [left for left in left_behind(self.journals) if left.url == self._offers]
        if found and found[0].reached:
            where = STEP[found[0].reached].title
            words = f"A walk of this server was cut off at {where}. ctrl+n offers it back."
            self.call_from_thread(self.notify, words, timeout=10)

    def warm(self) -> None:
        """Import what the next screen, the first request and the steps after it need, while the
        person reads. Runs in a thread."""
        import flows.steps.call  # noqa: F401 - with most of the others
        from flows.wire import Wire
        from tui.screens.walk import WalkScreen

        base = self.screen_stack[0]
        wire = base.walk.wire if isinstance(base, WalkScreen) else Wire(self.wire_options)
        wire.warm()
        gc.freeze()  # what was imported stays too: looking through it would hold up keys

    # Screens. Each stands in a mode of its own, with the dialogs above it, and all go together.

    def show_start(self) -> None:
        self._show(self._start_screen)

    def show_walk(
        self,
        session: Session,
        *,
        path: Path | None = None,
        lab: LabProcess | None = None,
        journal: Journal | None = None,
        tour: bool = False,
    ) -> None:
        """Show a walk; one that was taken up from its `journal` is not saved."""
        screen = partial(self._walk_screen, session, path=path, lab=lab, journal=journal, tour=tour)
        self._show(screen)

    def _show(self, screen: Callable[[], Screen[None]]) -> None:
        self._shown += 1
        before, now = self.current_mode, f"screen {self._shown}"
        self.add_mode(now, screen)
        self.switch_mode(now)
        self.remove_mode(before)
        self._keep_floor(self.size)

    def _start_screen(self) -> Screen[None]:
        from tui.screens.start import StartScreen

        settings = self.settings
        return StartScreen(journals=self.journals, host=settings.host, protocol=settings.protocol)

    def _walk_screen(
        self,
        session: Session,
        *,
        path: Path | None = None,
        lab: LabProcess | None = None,
        journal: Journal | None = None,
        tour: bool = False,
    ) -> Screen[None]:
        from tui.keeping import Keeping
        from tui.screens.walk import WalkScreen

        keeping = Keeping(self.journals, path, journal)
        return WalkScreen(
            session,
            self.wire_options,
            lab=lab,
            path=path,
            keeping=keeping,
            recovered=journal is not None,
            tour=tour,
        )

    def on_resize(self, event: Resize) -> None:
        self._keep_floor(event.size)  # the app's own size is still the old one

    def _keep_floor(self, size: Size) -> None:
        if is_too_small(size) and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())

    # What the start screen asks for.

    def on_start_screen_open_target(self, event: StartScreen.OpenTarget) -> None:
        from flows.walk import new_session

        self.show_walk(new_session(event.target))

    def on_start_screen_open_file(self, event: StartScreen.OpenFile) -> None:
        self.open_file(event.path)

    def on_start_screen_recover(self, event: StartScreen.Recover) -> None:
        self.recover(event.path)

    def on_start_screen_demo(self, event: StartScreen.Demo) -> None:
        self._demo_host = event.host
        self.start_demo()

    def on_start_screen_ask_hosts(self, event: StartScreen.AskHosts) -> None:
        self.show_hosts(event.target)

    # Hosts.

    def show_hosts(self, target: Target) -> None:
        """Show which hosts would get through to a server, above what is on screen."""
        from tui.screens.hosts import HostsScreen

        self.push_screen(HostsScreen(target, self.wire_options))

    def on_hosts_screen_walk_as(self, event: HostsScreen.WalkAs) -> None:
        from flows.walk import new_session

        lab = getattr(self.screen_stack[0], "lab", None)
        self._leave(lambda: self.show_walk(new_session(event.target), lab=lab))

    @work(exclusive=True, group="open")
    async def open_file(self, path: Path) -> None:
        """Load a session file or a browser's record off the event loop, and show its walk."""
        from flows.store import SessionFileError
        from tui.session_file import open_session

        self._say("Opening…")
        try:
            missing: list[str] = []
            session, file = await asyncio.to_thread(open_session, path, missing.append)
        except SessionFileError as error:
            self._say(str(error), wrong=True)
            return
        self.show_walk(session, path=file)
        self._say_missing(missing)

    def _say_missing(self, missing: Sequence[str]) -> None:
        for words in missing:
            self.notify(words, title="A body is missing", severity="warning", timeout=10)

    @work(exclusive=True, group="open")
    async def recover(self, path: Path) -> None:
        """Take up a walk that was cut off from its journal, and show it."""
        from flows.store import SessionFileError
        from flows.store.journal import take_up

        self._say("Opening…")
        try:
            session, journal = await asyncio.to_thread(take_up, path)
        except SessionFileError as error:
            self._say(f"Not taken up: {error.text}", wrong=True)
            return
        self.show_walk(session, path=journal.file, journal=journal)

    def on_start_screen_compare(self, event: StartScreen.Compare) -> None:
        self.show_comparison(event.a, event.b)

    @work(exclusive=True, group="open")
    async def show_comparison(self, a: Path, b: Path | Session) -> None:
        """Show a session file beside another, or beside the session of a walk."""
        from flows.store import SessionFileError
        from tui.screens.compare import CompareScreen, compared

        try:
            comparison, names = await asyncio.to_thread(compared, a, b)
        except SessionFileError as error:
            self._say(str(error), wrong=True)
            return
        self.push_screen(CompareScreen(comparison, names, self.wire_options))

    @work(exclusive=True, group="open")
    async def start_demo(self, faults: tuple[str, ...] = ()) -> None:
        """Start the lab, and walk it once it answers."""
        from flows.session import CAPABILITIES, Target
        from flows.walk import new_session
        from tui.lab_process import LabError, LabProcess

        self._say("Starting the practice servers…")
        await self._stop_lab()
        try:
            self.lab = await LabProcess.start(faults)
        except LabError as error:
            self._say(f"The lab did not start: {error}", wrong=True)
            return
        target = Target(self.lab.mcp_url, declare=CAPABILITIES, host=self._demo_host)
        tour = self._demo_tour or self.settings.tour
        self.show_walk(new_session(target), lab=self.lab, tour=tour)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        from tui.screens.start import StartScreen

        if isinstance(base := self.screen_stack[0], StartScreen):
            base.say(words, wrong=wrong)
        else:
            self.notify(words, severity="error" if wrong else "information")

    async def _stop_lab(self) -> None:
        if self.lab:
            lab, self.lab = self.lab, None
            await lab.stop()

    async def on_unmount(self) -> None:
        await self._stop_lab()

    # Help, palette, toasts, clipboard.

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen.active_bindings.values()))

    def action_start(self) -> None:
        self._leave(self.show_start)

    async def action_quit(self) -> None:
        self._leave(self.exit)

    def _leave(self, then: Callable[[], None]) -> None:
        """Ask about a walk that is not saved. Asking to leave once more answers it."""
        from tui.screens.dialogs import Confirm

        base = self.screen_stack[0]

        def leave() -> None:
            if keeping := getattr(base, "keeping", None):
                keeping.leave()
            then()

        if self.screen.id == "leave" or not getattr(base, "unsaved", False):
            leave()
            return
        question = "This walk is not saved. Leave it all the same?"
        dialog = Confirm(question, title="Not saved", yes="Leave", no="Stay", danger=True)
        dialog.id = "leave"
        self.push_screen(dialog, lambda sure: leave() if sure else None)

    def action_help_quit(self) -> None:
        self.notify("ctrl+q quits")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        yield SystemCommand(
            "Screenshot",
            "Save a picture of the screen as SVG",
            lambda: self.set_timer(0.1, self.save_picture),
        )
