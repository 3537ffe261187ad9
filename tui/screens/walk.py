"""What can be done with a walk besides walking: look at it, copy, compare, probe, note, save."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from flows.moves import Act, Ask, Blocked, Compose, Make, Send
from flows.session import Attempt
from flows.steps import STEP
from flows.text import visible
from tui import view
from tui.screens.walking import WalkingScreen

if TYPE_CHECKING:
    from tui.widgets.body_view import BodyView
    from tui.widgets.token_pane import TokenPane


class WalkScreen(WalkingScreen):
    """The screen of a walk, with all its keys."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is not offered either."""
        if not self.is_mounted:
            return True
        busy = self._cancel is not None  # what costs more is asked where it matters
        match action:
            case "cancel":
                return busy or self._live_task
            case "next":
                item, move = self.stage.shown, self.walk.current
                if busy:
                    return item is not None and isinstance(item.move, Ask)
                pending = item is not None and item.pending and not self._awaits(item)
                mends = isinstance(move, Blocked) and move.remedy is not None
                return pending or mends or self._elsewhere(item, move)
            case "run":
                move = self.walk.current
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
                item = self.stage.shown
                editable = item is not None and isinstance(item.move, Send | Make | Compose)
                return editable and not busy
            case "override":
                move = self.walk.current
                return isinstance(move, Blocked) and move.can_override
            case "copy_curl" | "copy_curl_secrets":
                return self.stage.request is not None
            case "copy_url":
                return self.stage.request is not None or self._asks_response
            case "leave":
                return bool(self.maximized) or self.focused is not self.steps
            case "faults":
                return self.lab is not None
            case "end_tour":
                return self.tour
            case "token_large":
                return self.walk.facts.tokens is not None
            case "hosts":
                return self.walk.session.target.kind == "mcp"
            case "report":
                return bool(self.walk.session.events)
            case "probe":
                return not busy and bool(self.walk.session.events)
            case "difference":
                return len(self._tries) > 1
            case _:
                return True

    @property
    def _tries(self) -> tuple[Attempt, ...]:
        """The attempts of the step on show in which something happened."""
        return self.walk.attempts.get(self.stage.step, ())

    # Looking

    def action_attempt(self, by: int) -> None:
        self.stage.turn_attempt(by)

    def action_difference(self) -> None:
        """The attempt on show beside the one before; of the first, the one after."""
        from flows.compare import compare_attempts
        from tui.screens.compare import CompareScreen

        tries = self._tries
        if len(tries) < 2:
            return
        at = max(1, min(self.stage.attempt, len(tries) - 1))
        title = STEP[self.stage.step].title
        comparison = compare_attempts(tries[at - 1], tries[at])
        names = (f"{title}, attempt {at}", f"{title}, attempt {at + 1}")
        self.app.push_screen(CompareScreen(comparison, names, self.walk.wire.options))

    @work(exit_on_error=False)
    async def action_compare(self) -> None:
        from tui.screens.sessions import SessionPicker

        path = await self.app.push_screen_wait(SessionPicker("Compare this walk with"))
        if path is not None:
            self.app.show_comparison(path, self.walk.session)

    def action_hosts(self) -> None:
        self.app.show_hosts(self.walk.session.target)

    def action_copy_curl(self) -> None:
        text = self.stage.exchange_view.command_text()
        self._copy(text, "Nothing on show can be sent with curl.")

    @work(exit_on_error=False)
    async def action_copy_curl_secrets(self) -> None:
        from tui.screens.dialogs import Confirm

        question = "The command will hold tokens, codes and secrets as they are. Copy it?"
        dialog = Confirm(question, title="Copy with secrets", danger=True)
        if await self.app.push_screen_wait(dialog):
            text = self.stage.exchange_view.command_text(secrets="values")
            self._copy(text, "Nothing on show can be sent with curl.")

    @work(exit_on_error=False)
    async def action_copy_menu(self) -> None:
        from tui.screens.copying import copy_or_save

        await copy_or_save(self.app, self.walk, self.stage.exchange_view)

    @work(exit_on_error=False)
    async def action_report(self) -> None:
        from tui.screens.copying import look_at_report

        await look_at_report(self.app, self.walk, self.stage.exchange_view)

    def action_copy_url(self) -> None:
        request = self.stage.request
        url = self.walk.facts.authorization_url if self._asks_response else None
        self._copy(url or (request.url if request else ""), "There is no URL on show.")

    def on_token_pane_copy(self, event: TokenPane.Copy) -> None:
        self._copy(event.text)

    def on_body_view_copy(self, event: BodyView.Copy) -> None:
        self._copy(event.text)

    def _copy(self, text: str, nothing: str = "There is nothing to copy.") -> None:
        if text:
            self.app.copy_to_clipboard(text)
        else:
            self.notify(nothing, markup=False)

    def action_token(self) -> None:
        from tui.widgets.token_pane import TokenPane

        beside = self.query_one("#side") in (self.focused.ancestors if self.focused else ())
        self.show_pane("side")
        for pane in self.query(TokenPane):
            if beside or pane.inspection:
                pane.focus_token()
            else:
                self.query_one("#findings").focus()

    def action_token_large(self) -> None:
        from tui.screens.token import TokenScreen

        self.app.push_screen(TokenScreen(self.walk.facts))

    def action_end_tour(self) -> None:
        self.tour = False
        self.remove_class("-tour")
        self.app.keep(tour=False)

    def action_steps(self) -> None:
        self.show_pane("steps")
        self.steps.focus()

    def action_leave(self) -> None:
        if self.maximized:
            self.minimize()
        else:
            self.action_steps()

    def action_middle(self) -> None:
        self.show_pane("middle")
        self.stage.focus_content()

    def action_maximise(self) -> None:
        if self.maximized:
            self.minimize()
        elif self.focused:
            self.maximize(self.focused)

    @work(exit_on_error=False)
    async def action_faults(self) -> None:
        from tui.lab_process import LabError
        from tui.screens.faults import FaultPicker

        if self.lab is None:
            return
        names = await self.app.push_screen_wait(FaultPicker(self.lab.faults))
        if names is None:
            return
        try:
            await self.lab.set_faults(names)
        except LabError as error:
            self.notify(visible(str(error)), severity="error", markup=False)
        self._draw_top()

    @work(exit_on_error=False)
    async def action_probe(self) -> None:
        """Ask what no client would ask, to find out more; nothing that creates state."""
        from flows.probes import PROBES
        from tui.screens.dialogs import Confirm

        if self._cancel:
            return
        facts = self.walk.facts
        number = sum(1 for probe in PROBES.values() for _ in probe.requests(facts))
        question = (
            f"{number} requests that no client would make of itself: other User-Agents, made-up "
            "tokens and codes, CORS. They create nothing, and go at most once a second to hosts "
            "that are not this machine. Do that only to servers that you may test. Send them?"
        )
        if not number:
            self.notify("Nothing here can be probed yet.")
        elif await self.app.push_screen_wait(Confirm(question, title="Probe wider")):
            self._cancel = asyncio.Event()
            self._probe()

    @work(group="walk", exit_on_error=False)
    async def _probe(self) -> None:
        from flows.probes import PROBES
        from flows.probing import Prober

        before = len(self.walk.session.events)
        async with self._busy() as cancel:
            prober = Prober(self.walk, observe=lambda title: self._draw_hint_soon(title))
            await prober.send(PROBES.values(), cancel)
        sent = len(self.walk.session.events) - before
        wrong = sum(one.result in ("fail", "warn") for one in self.walk.findings)
        words = f"{sent} probes sent; the walk has {wrong or 'no'} findings that speak against it."
        title = "Not every probe was sent" if prober.enough else "Probed"
        self.notify(visible(f"{prober.enough} {words}".strip()), title=title, markup=False)
        self.point_at(self.stage.step)

    @work(exit_on_error=False)
    async def action_sequence(self) -> None:
        from flows.sequence import arrows
        from tui.screens.sequence import SequenceScreen

        walk = self.walk
        found = arrows(walk.session, walk.findings, walk.diagnosis)
        words = view.verdict_line(walk.diagnosis)
        chosen = await self.app.push_screen_wait(SequenceScreen(found, words))
        if chosen is not None:
            self._show_evidence(chosen.step, chosen.exchange)

    @work(exit_on_error=False)
    async def action_note(self) -> None:
        from tui.screens.dialogs import NoteDialog

        step = self.stage.step
        before = self.walk.session.notes.get(step, "")
        text = await self.app.push_screen_wait(NoteDialog(STEP[step].title, before))
        if text is not None and text != before:
            self.walk.note(step, text)

    @work(exit_on_error=False)
    async def action_save(self) -> None:
        from flows.store import default_folder, save, suggest_name
        from tui.screens.dialogs import SaveDialog

        session, diagnosis = self.walk.session, self.walk.diagnosis
        suggestion = self.path or default_folder() / suggest_name(session)
        choice = await self.app.push_screen_wait(SaveDialog(suggestion))
        if choice is None:
            return
        try:
            await asyncio.to_thread(
                save,
                choice.path,
                session,
                with_secrets=choice.with_secrets,
                diagnosis=diagnosis,
            )
        except OSError as error:
            words = f"{choice.path}: {error.strerror}"
            self.notify(visible(words), severity="error", markup=False)
            return
        self._saved, self.path = session, choice.path
        self.keeping.saved(choice.path)
        if self.unsaved:  # something happened meanwhile
            self.keeping.keep(self.walk.session)
        self.notify(visible(f"saved {choice.path}"), markup=False)
        self._draw_top()
