"""The walk under way: what makes its moves happen, and the answers of a person.

The screen drives the walk and holds nothing of the protocol: every redraw reads the walk anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.events import Paste
from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from flows.flight import BodyReceived, Connected, HeadReceived, Progress
from flows.mcp.opening import sent
from flows.moves import Act, Ask, Blocked, Compose, Make, Send
from flows.session import Event, Exchanged, Noted, Received, Reran, Session
from flows.text import size, visible
from flows.walk import Walk
from flows.wire import Wire, WireOptions
from tui import view
from tui.asking import Asking
from tui.browser import open_in_browser
from tui.keeping import Keeping
from tui.screens.walk_view import ANSWER_FIRST, WalkView
from tui.view import Item

if TYPE_CHECKING:
    from flows.listener import Rejected
    from tui.lab_process import LabProcess
    from tui.widgets.ask_panel import AskPanel
    from tui.widgets.client_panel import ClientPanel
    from tui.widgets.response_panel import ResponsePanel
    from tui.widgets.tool_form import ToolForm

EVENTS = 0.25
"""Seconds in which the events of a stream are gathered before they are shown."""


class WalkingScreen(WalkView):
    """One walk of one target, drawn and made to go on.

    `path` is the file that the session came from, `keeping` its journal; one that was `recovered`
    is not saved.
    """

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
        tour: bool = False,
    ) -> None:
        super().__init__(lab, tour=tour)
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
        self.path = path
        self.keeping = keeping or Keeping(None)
        self._saved = None if recovered else self.walk.session
        self._documents = ExitStack()  # those that are served for this walk
        self._aside = False  # a form asks the server something and stays where it is
        self._events_due: Timer | None = None

    async def _finish(self) -> None:
        await super()._finish()
        if self._finished:
            self._resume_listening()

    async def on_unmount(self) -> None:
        await self.walk.close()
        self._documents.close()
        self.keeping.close()

    def on_line_list_selected(self) -> None:
        """Enter in a list that makes nothing of it."""
        self.action_next()

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

    @property
    def _tried(self) -> bool:
        """Whether the step on show has an attempt that another can follow."""
        return self.stage.step in self.walk.attempts

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
        from flows.draft_rules import broken_by
        from tui.screens.edit import DraftEditor

        item, edit = self.stage.shown, self.stage.edit
        if item is None or self._cancel:
            return
        facts = self.walk.facts
        match item.move:
            case (Send(request=own) | Compose(request=own)) as move:
                editor = DraftEditor(
                    move.label,
                    request=own,
                    now=edit,
                    browser=isinstance(move, Compose),
                    facts=facts,
                    rules=lambda edited: broken_by(move.step, own, edited, facts),
                )
            case Make(values=made) as move:
                editor = DraftEditor(
                    move.label,
                    values=made,
                    now=edit,
                    facts=facts,
                    rules=lambda edited: broken_by(move.step, made, edited, facts),
                )
            case _:
                return
        edited = await self.app.push_screen_wait(editor)
        if edited is not None:
            self.stage.set_edit(move, edited)

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

    def on_client_panel_document_wanted(self) -> None:
        from flows.client_document import client_document
        from flows.document_server import DocumentServer

        uris = [self.walk.facts.redirect_uri or ""]
        try:
            server = self._documents.enter_context(
                DocumentServer(lambda url: client_document(url, "authwalk", uris))
            )
        except OSError as error:
            self.notify(f"It cannot be served: {error.strerror}", severity="error", markup=False)
            return
        self.walk.answer("client", client_id=server.url, source="CIMD")
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
        elif self._typing or not self.is_active:
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
