"""The walk under way: step list, the thing on show, the token; and what makes moves happen.

The screen drives the walk and holds nothing of the protocol: every redraw reads the walk anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus, Paste
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from flows.exchange import Request
from flows.flight import BodyReceived, Connected, HeadReceived, Progress
from flows.hosts import host_of, versions_of
from flows.mcp.opening import sent
from flows.moves import Act, Ask, Blocked, Compose, Make, Send
from flows.session import Attempt, Event, Exchanged, Noted, Received, Reran, Session, StepId
from flows.text import size, visible
from flows.walk import Walk
from flows.wire import Wire, WireOptions
from tui import view
from tui.asking import Asking
from tui.browser import open_in_browser
from tui.hints import hint, until_next
from tui.keeping import Keeping
from tui.screens.breakpoints import breakpoint_classes
from tui.screens.walk_keys import KEYS
from tui.view import Item
from tui.widgets.frame import Frame
from tui.widgets.key_bar import KeyBar
from tui.widgets.list_view import LineList, Row
from tui.widgets.stage import Stage
from tui.widgets.step_list import StepList

if TYPE_CHECKING:
    from flows.listener import Rejected
    from tui.lab_process import LabProcess
    from tui.widgets.ask_panel import AskPanel
    from tui.widgets.client_panel import ClientPanel
    from tui.widgets.findings_list import FindingsList
    from tui.widgets.response_panel import ResponsePanel
    from tui.widgets.tool_form import ToolForm

FIRST_FRAME = 0.1
"""Seconds after the first layout until the rest of the screen is made: it is painted by then."""
HINTS = 0.05
"""Seconds between two hints of how far an answer has come."""
EVENTS = 0.25
"""Seconds in which the events of a stream are gathered before they are shown."""
PANES = ("steps", "middle", "side")
ANSWER_FIRST = "the server waits for you: enter goes to the form, esc leaves it; x cancels the call"


class WalkingScreen(Screen[None]):
    """One walk of one target, drawn and made to go on.

    `path` is the file that the session came from, `keeping` its journal; one that was `recovered`
    is not saved.
    """

    CSS_PATH = Path(__file__).parents[1] / "styles" / "walk.tcss"
    BINDING_GROUP_TITLE = "Walk"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-medium"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012
    BINDINGS = KEYS

    class Recorded(Message):
        """The walk recorded an event."""

        def __init__(self, event: Event) -> None:
            super().__init__()
            self.event = event

    class Asked(Message):
        """The server asks something on a stream, or what it asked is answered or moot."""

    class Stopped(Message):
        """Running on has come to its next stop; after the `Recorded` of what it did."""

    def __init__(
        self,
        session: Session,
        wire_options: WireOptions,
        *,
        lab: LabProcess | None = None,
        path: Path | None = None,
        keeping: Keeping | None = None,
        recovered: bool = False,
    ) -> None:
        super().__init__(classes="-show-middle")
        self.asking = Asking(
            session.target.declare,
            lambda: self.walk.current.step if self.walk.current else "call",
            self._tell_asked,
        )
        self.walk = Walk(
            session,
            Wire(wire_options),
            on_event=self._tell,
            on_rejected=self._rejected,
            responder=self.asking.respond,
            patient=True,
        )
        self.lab = lab
        self.path = path
        self.keeping = keeping or Keeping(None)
        self._saved = None if recovered else self.walk.session
        self._cancel: asyncio.Event | None = None
        self._dated: Send | None = None
        self._hint_due = ""
        self._finished = False
        self._aside = False  # a form asks the server something and stays where it is
        self._events_due: Timer | None = None

    def compose(self) -> ComposeResult:
        # Textual would add these behind the first layout, and do all of it again.
        self.add_class(*breakpoint_classes(self), update=False)
        yield Static(id="top", markup=False)
        with Horizontal(id="columns"):
            with Vertical(id="steps-pane", classes="pane") as pane:
                pane.border_title = "Walk"
                yield StepList(id="steps")
            in_lab = self.lab is not None
            yield Stage(self.walk, in_lab=in_lab, id="middle", asking=self.asking)
            with Vertical(id="side"):
                with Vertical(id="token-pane", classes="pane") as pane:
                    pane.border_title = "Token"
                with Frame(id="findings-pane", classes="pane") as pane:
                    pane.border_title = "Findings"
        yield Static(id="hint", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.steps.on_highlight = self._step_highlighted
        self.stage.on_pointed = self._hint_again
        self.point_at(self.stage.step)
        self.steps.focus()
        self.call_after_refresh(self.set_timer, FIRST_FRAME, self._finish)

    async def _finish(self) -> None:
        """What the first frame does without: the panes on the right, the forms, the clock."""
        from tui.widgets.findings_list import FindingsList
        from tui.widgets.token_pane import TokenPane

        await self.query_one("#token-pane").mount(TokenPane(id="token"))
        await self.query_one("#findings-pane").mount(FindingsList(id="findings"))
        if not self.query(FindingsList):
            return  # the person has left already
        self._finished = True
        self._draw_side()
        await self.stage.mount_forms()
        self._resume_listening()
        self.set_interval(1, self._tick)

    async def on_unmount(self) -> None:
        await self.walk.close()
        self.keeping.close()

    @property
    def steps(self) -> StepList:
        return self.query_one(StepList)

    @property
    def stage(self) -> Stage:
        return self.query_one(Stage)

    @property
    def unsaved(self) -> bool:
        return self.walk.session is not self._saved

    def show_pane(self, name: str) -> None:
        """Which pane shows where not all of them fit."""
        for pane in PANES:
            if self.has_class(f"-show-{pane}") != (pane == name):
                self.set_class(pane == name, f"-show-{pane}")

    # Drawing

    def point_at(self, step: StepId, item: int = -1) -> None:
        """Show a step, and draw everything anew from the walk."""
        self.stage.point_at(step, item)
        self.steps.show(self.walk, step)
        self._draw_side()
        self._draw_top()

    def _draw_side(self) -> None:
        if self._finished:
            from tui.widgets.findings_list import FindingsList
            from tui.widgets.token_pane import TokenPane

            self.query_one(TokenPane).show(self.walk.facts)
            diagnosis = self.walk.diagnosis
            told = view.findings(self.walk, diagnosis)
            self.query_one(FindingsList).show(told)
            self.query_one("#findings-pane", Frame).set_titles(
                Content(f"Findings {len(told) or ''}".rstrip()), Content(view.verdict(diagnosis))
            )

    def _draw_top(self) -> None:
        facts = self.walk.facts
        connection = facts.connection
        host = host_of(facts.target)
        words = [
            facts.target.url,
            connection.version if connection else next(iter(versions_of(facts.target)), "auto"),
        ]
        if connection:
            words.append(f"{connection.server_name} {connection.server_version}".strip())
        shown = "".join(f"   {visible(word, limit=90)}" for word in words if word)
        lab = f"   lab: {', '.join(self.lab.faults) or 'no faults'}" if self.lab else ""
        unsaved = "   * unsaved" if self.unsaved else ""
        # What a server may make long comes last: it is what a narrow terminal cuts off.
        role = f"   as {visible(host.title, limit=40)}" if host else ""
        parts = (("authwalk", "bold $primary"), role, unsaved, (lab, "$text-warning"), shown)
        self.query_one("#top", Static).update(Content.assemble(*parts), layout=False)

    def _draw_hint_soon(self, words: str) -> None:
        """One drawing tells the last of what comes faster than anybody reads."""
        if not self._hint_due:
            self.set_timer(HINTS, self._draw_due_hint)
        self._hint_due = words

    def _draw_due_hint(self) -> None:
        if self._hint_due:  # unless another hint was drawn in between
            self._draw_hint(self._hint_due)

    def _draw_hint(self, words: str = "") -> None:
        self._hint_due = ""
        stage, now = self.stage, datetime.now(UTC)
        typing = self._typing
        focused = self.focused
        if isinstance(focused, LineList) and focused.id == "findings":
            there = focused.current is not None
            words = words or ("enter: to the evidence" if there else "nothing found so far")
        told = words or hint(self.walk, stage.step, stage.shown, now, stage.edit, typing=typing)
        self.query_one("#hint", Static).update(Content(told), layout=False)
        self.refresh_bindings()

    @property
    def _typing(self) -> bool:
        """Whether a field has the focus, which takes the letters that are keys elsewhere."""
        return self.focused is not None and self.focused.check_consume_key("a", "a")

    def _tick(self) -> None:
        """What grows old: a code that is about to be spent, a proof that is dated."""
        move, item = self.walk.current, self.stage.shown
        if not self.is_current:
            return
        if self._cancel:
            if isinstance(move, Send) and move.delay and not self._typing:
                self._draw_hint(until_next(self.walk.facts, move, datetime.now(UTC)))
            return
        if isinstance(move, Send) and move.dated and item and item.pending and move != self._dated:
            self._dated = move
            self.stage.show()
        elif move and move.step == "token":
            self._draw_hint()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _hint_again(self) -> None:
        if not self._cancel:
            self._draw_hint()
        elif self.asking.open:
            self._draw_hint(ANSWER_FIRST)

    def _step_highlighted(self, row: Row) -> None:
        if row.id != self.stage.step and not self.steps.filling:
            self.stage.point_at(row.id)  # type: ignore[arg-type]

    def on_line_list_selected(self) -> None:
        """Enter in a list that makes nothing of it."""
        self.action_next()

    def on_findings_list_chosen(self, event: FindingsList.Chosen) -> None:
        place = event.finding.place
        self._show_evidence(event.finding.step, place.exchange if place else None)
        if place and self.stage.exchange_view.shows(place.exchange):
            self.stage.exchange_view.look_at(place)

    def _show_evidence(self, step: StepId, exchange_id: str | None) -> None:
        """Show an exchange, in whichever step it is, or else the step."""
        self.show_pane("middle")
        found = view.where(self.walk, exchange_id) if exchange_id else None
        self.point_at(*(found or (step, -1)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is not offered either."""
        if not self.is_mounted:
            return True
        item, move, busy = self.stage.shown, self.walk.current, self._cancel is not None
        match action:
            case "cancel":
                return busy or self._live_task
            case "next":
                if busy:
                    return item is not None and isinstance(item.move, Ask)
                pending = item is not None and item.pending and not self._awaits(item)
                mends = isinstance(move, Blocked) and move.remedy is not None
                return pending or mends or self._elsewhere(item, move)
            case "run":
                return not busy and isinstance(move, Act) and not isinstance(move, Ask)
            case "rerun":
                return not busy and self._tried
            case "back":
                return not busy
            case "open" | "paste":
                return self._asks_response
            case "approve":
                return self._asks_response and not busy
            case "edit":
                editable = item is not None and isinstance(item.move, Send | Make | Compose)
                return editable and not busy
            case "override":
                return isinstance(move, Blocked) and move.can_override
            case "copy_curl" | "copy_curl_secrets":
                return self.stage.request is not None
            case "copy_url":
                return self.stage.request is not None or self._asks_response
            case "faults":
                return self.lab is not None
            case "probe":
                return not busy and bool(self.walk.session.events)
            case "difference":
                return len(self._tries) > 1
            case _:
                return True

    @property
    def _tried(self) -> bool:
        """Whether the step on show has an attempt that another can follow."""
        return self.stage.step in self.walk.attempts

    @property
    def _tries(self) -> tuple[Attempt, ...]:
        """The attempts of the step on show in which something happened."""
        return self.walk.attempts.get(self.stage.step, ())

    @staticmethod
    def _awaits(item: Item) -> bool:
        """Whether the browser is awaited: o, p and A are the ways on, and must not end up in the
        field as letters because of one enter too many."""
        return isinstance(item.move, Ask) and item.move.kind == "authorization-response"

    @staticmethod
    def _elsewhere(item: Item | None, move: Act | Blocked | None) -> bool:
        """Whether the walk stands at something else than what is on show."""
        return move is not None and (item is None or item.move is not move)

    # Moves

    def action_next(self) -> None:
        """Make the move on show; where none is, go to the one that comes next."""
        item, move = self.stage.shown, self.walk.current
        if item and isinstance(item.move, Ask):
            if not self._awaits(item):
                self.stage.focus_content()  # whatever goes on meanwhile
        elif self._cancel:
            return
        elif item and isinstance(item.move, Blocked) and item.move.remedy:
            self.walk.remedy(item.move.remedy)
        elif item and item.pending:
            if isinstance(item.move, Act):
                self._cancel = asyncio.Event()  # at once: keys may come faster than workers start
                self._perform(item.move)
        elif move and self._elsewhere(item, move):
            self.show_pane("middle")
            self.point_at(move.step)

    def action_run(self) -> None:
        if not self._cancel:
            self._cancel = asyncio.Event()
            self._run_on()

    @work(group="walk", exit_on_error=False)
    async def _perform(self, move: Send | Make | Compose | Act) -> None:
        if isinstance(move, Ask):
            return
        edit = self.stage.edit
        async with self._busy() as cancel:
            await self.walk.perform(move, edit=edit, observe=self._progress, cancel=cancel)
        if cancel.is_set() and self._live_task:
            self._end_task()

    @work(group="walk", exit_on_error=False)
    async def _run_on(self) -> None:
        async with self._busy() as cancel:
            await self.walk.run(observe=self._progress, cancel=cancel)
        if cancel.is_set() and self._live_task:
            self._end_task()
        else:
            self.post_message(self.Stopped())

    @work(group="walk", exit_on_error=False)
    async def _approve(self) -> None:
        async with self._busy() as cancel:
            refusal = await self.walk.approve(cancel)
        if refusal:
            self.notify(visible(refusal), title="Not approved", severity="warning", markup=False)

    @asynccontextmanager
    async def _busy(self) -> AsyncIterator[asyncio.Event]:
        """While a move is under way: it can be cancelled, and no other starts."""
        self._cancel = self._cancel or asyncio.Event()
        self._draw_hint("sending …  x cancels")
        try:
            yield self._cancel
        finally:
            self._cancel = None
            self.call_later(self._draw_hint)  # after the `Recorded` of what was done

    def _progress(self, progress: Progress) -> None:
        match progress:
            case Connected(peer=peer):
                self._draw_hint_soon(f"connected to {visible(peer or '')}, waiting …  x cancels")
            case HeadReceived(response=response):
                self._draw_hint_soon(f"{response.status} {visible(response.reason)} …  x cancels")
            case BodyReceived(size=received):
                self._draw_hint_soon(f"{size(received)} received …  x cancels")

    def _tell(self, event: Event) -> None:
        if why := self.keeping.keep(self.walk.session):
            self.notify(why, title="No journal", severity="warning", timeout=10, markup=False)
        self.post_message(self.Recorded(event))

    def _tell_asked(self) -> None:
        self.post_message(self.Asked())

    @on(Recorded)
    def _recorded(self, message: Recorded) -> None:
        message.stop()
        event = message.event
        if isinstance(event, Received):
            self._draw_hint_soon(f"event of the stream: {visible(event.event.data, limit=90)}")
            if event.step == self.stage.step and not self._events_due:
                self._events_due = self.set_timer(EVENTS, self._show_events)
            return
        if isinstance(event, Noted):
            self.stage.show()
            self._draw_top()
            return
        self._resume_listening()
        if isinstance(event, Exchanged) and event.probe:
            self._draw_side()
            return
        if self._aside:
            return
        if isinstance(event, Reran) and event.through and (move := self.walk.current):
            self.point_at(move.step)
            return
        # What just happened stays on show; the move that follows is one enter away.
        items = view.items(self.walk, event.step)
        seen = [number for number, item in enumerate(items) if item.event is event]
        if seen and items[seen[-1]] is not items[-1] and isinstance(event, Exchanged):
            rpc_id, after = sent(event.exchange.request)[2], items[seen[-1] + 1]
            seen += [seen[-1] + 1] if rpc_id and view.responds_to(after, rpc_id) else []
        self.point_at(event.step, seen[-1] if seen else -1)

    def _show_events(self) -> None:
        """Show what has come on a stream meanwhile: not each event, as there may be thousands."""
        self._events_due = None
        self.stage.show()

    @on(Stopped)
    def _stopped(self, message: Stopped) -> None:
        message.stop()
        if move := self.walk.current:
            self.point_at(move.step)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What nobody foresaw is told, and the walk goes on."""
        if event.state is WorkerState.ERROR and event.worker.error and event.worker.node is self:
            from tui.app import AuthwalkApp

            event.stop()
            assert isinstance(self.app, AuthwalkApp)
            self.app.report_problem(event.worker.error, event.worker.name)

    def action_cancel(self) -> None:
        """Cancel what is under way; a task by telling the server so."""
        if self._cancel:
            self._cancel.set()
        elif self._live_task:
            self._end_task()

    @property
    def _live_task(self) -> bool:
        """Whether the call became a task that can still be cancelled."""
        call = self.walk.facts.call
        task = call.task if call and call.result is None else None
        return task is not None and not task.cancel and isinstance(self.walk.current, Act)

    def _end_task(self) -> None:
        self.walk.answer("call", cancel="tasks/cancel")
        self.action_run()

    def action_rerun(self) -> None:
        if not self._cancel and self._tried:
            self.walk.rerun(self.stage.step)

    def action_back(self) -> None:
        if not self._cancel and self.walk.step_back() is None:
            self.notify("There is no step to take back.", markup=False)

    def action_override(self) -> None:
        move = self.walk.current
        if isinstance(move, Blocked) and move.can_override:
            self.walk.override(move)

    @work(exit_on_error=False)
    async def action_edit(self) -> None:
        from tui.screens.edit import DraftEditor

        item, edit = self.stage.shown, self.stage.edit
        if item is None or self._cancel:
            return
        match item.move:
            case Send(request=draft, label=label) | Compose(request=draft, label=label):
                request = edit if isinstance(edit, Request) else draft
                by_browser = isinstance(item.move, Compose)
                editor = DraftEditor(label, request=request, browser=by_browser)
            case Make(values=values, label=label):
                editor = DraftEditor(label, values=edit if isinstance(edit, tuple) else values)
            case _:
                return
        edited = await self.app.push_screen_wait(editor)
        if edited is not None:
            self.stage.set_edit(item.move, edited)

    # The authorization response, and the other answers of a person

    @property
    def _asks_response(self) -> bool:
        move = self.walk.current
        return isinstance(move, Ask) and move.kind == "authorization-response"

    def _resume_listening(self) -> None:
        if self._asks_response and self.walk.listener:
            self._wait_for_response()
        else:
            self.workers.cancel_group(self, "listener")

    @work(group="listener", exclusive=True, exit_on_error=False)
    async def _wait_for_response(self) -> None:
        await self.walk.wait_for_response()

    def _rejected(self, rejected: Rejected) -> None:
        words = f"{rejected.method} {visible(rejected.url, limit=120)}: {rejected.reason}"
        self.stage.note_rejected(words)

    def on_paste(self, event: Paste) -> None:
        """A paste that no field took goes where the walk waits for one; a curl command stands in
        for the request on show."""
        from flows.curl_command import is_curl

        item = self.stage.shown
        if item and isinstance(item.move, Send) and is_curl(event.text):
            event.stop()
            self._take_curl(item.move, event.text)
        elif self._asks_response:
            event.stop()
            self.action_paste()
            self.stage.take_paste(event)

    def _take_curl(self, move: Send, text: str) -> None:
        from flows.curl_command import CurlError, read_curl

        try:
            command = read_curl(text)
        except CurlError as error:
            self.notify(str(error), title="Not taken", severity="warning", markup=False)
            return
        self.stage.set_edit(move, command.request)
        words = " ".join(("The command stands in for the request; e shows it.", *command.remarks))
        self.notify(words, title="From curl", markup=False)

    def on_response_panel_answered(self, event: ResponsePanel.Answered) -> None:
        self.walk.answer("callback", redirect=event.text, via="pasted")
        self.steps.focus()

    def on_client_panel_answered(self, event: ClientPanel.Answered) -> None:
        self.walk.answer("client", client_id=event.client_id, client_secret=event.client_secret)
        self.steps.focus()

    def on_tool_form_submitted(self, event: ToolForm.Submitted) -> None:
        self.walk.answer("call", **event.values)
        self.steps.focus()
        if isinstance(self.walk.current, Send):
            self.action_run()

    # What the server asks

    @on(Asked)
    def _asked(self, message: Asked) -> None:
        message.stop()
        if not self.asking.open:
            self.stage.show()
            self._draw_hint("sending …  x cancels" if self._cancel else "")
        elif self._typing or not self.is_current:
            self.notify("The server asks you something: esc, then enter on its step.")
        else:
            self.show_pane("middle")
            self.point_at(self.asking.open[-1].ask.step)
            self._draw_hint(ANSWER_FIRST)

    def on_ask_panel_answered(self, event: AskPanel.Answered) -> None:
        event.stop()
        for reply in event.replies.values():
            self.asking.keep_roots(reply)
        self.steps.focus()
        if question := self.asking.asks(event.ask):
            for reply in event.replies.values():
                if not question.answer.done():
                    question.answer.set_result(reply)
        elif event.ask == self.walk.current and not self._cancel:
            self.walk.answer("call", inputResponses=json.dumps(event.replies))
            call, connection = self.walk.facts.call, self.walk.facts.connection
            # A server of 2025-11-25 wants the URL dealt with first: the person says when.
            if (call and call.task) or (connection and connection.era == "modern"):
                self.action_run()

    @work(thread=True, exit_on_error=False)
    def on_ask_panel_open(self, event: AskPanel.Open) -> None:
        if words := open_in_browser(event.url):
            self.app.call_from_thread(self.notify, words, markup=False)

    def on_tool_form_asked(self, event: ToolForm.Asked) -> None:
        """What the form wants to know: it stays on show while the server is asked."""
        if not self._cancel:
            self._cancel = asyncio.Event()
            self._aside = True
            self.walk.answer(event.step, **event.values)
            self._ask_aside()

    @work(group="walk", exit_on_error=False)
    async def _ask_aside(self) -> None:
        try:
            async with self._busy() as cancel:
                await self.walk.run(observe=self._progress, cancel=cancel)
        finally:
            self.call_later(self._end_aside)

    def _end_aside(self) -> None:
        """After the `Recorded` of what was asked."""
        self._aside = False
        if move := self.walk.current:
            self.point_at(move.step)

    def action_approve(self) -> None:
        if self._asks_response and not self._cancel:
            self._cancel = asyncio.Event()
            self._approve()

    @work(thread=True, exit_on_error=False)
    def action_open(self) -> None:
        if words := open_in_browser(self.walk.facts.authorization_url):
            self.app.call_from_thread(self.notify, words, markup=False)

    def action_paste(self) -> None:
        self.show_pane("middle")
        self.point_at("callback")
        self.stage.focus_content()
