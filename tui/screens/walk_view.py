"""The picture of a walk: step list, the thing on show, token, findings, and the hint below.

Nothing is kept of the protocol: every drawing reads the walk anew.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus
from textual.screen import Screen

from flows.hosts import host_of, versions_of
from flows.moves import Send
from flows.session import Session, StepId
from flows.text import visible
from flows.walk import Walk
from tui import view
from tui.asking import Asking
from tui.hints import hint, until_next
from tui.screens.breakpoints import breakpoint_classes
from tui.screens.walk_keys import KEYS
from tui.widgets.frame import Columns, Frame, Rows
from tui.widgets.key_bar import KeyBar
from tui.widgets.list_view import LineList, Row
from tui.widgets.stage import Stage
from tui.widgets.step_list import StepList
from tui.widgets.words import Words

if TYPE_CHECKING:
    from tui.app import AuthwalkApp
    from tui.hint_keys import HintKeys
    from tui.lab_process import LabProcess
    from tui.widgets.findings_list import FindingsList

FIRST_FRAME = 0.1
"""Seconds after the first layout until the rest of the screen is made: it is painted by then."""
HINTS = 0.05
"""Seconds between two hints of how far an answer has come."""
PANES = ("steps", "middle", "side")
ANSWER_FIRST = "the server waits for you: enter goes to the form, esc leaves it; x cancels the call"


class WalkView(Screen[None]):
    """One walk of one target, drawn."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "walk.tcss"
    BINDING_GROUP_TITLE = "Walk"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-medium"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012
    BINDINGS = KEYS

    app: AuthwalkApp
    # Set by the screen that makes the walk go on.
    walk: Walk
    asking: Asking
    _saved: Session | None

    def __init__(self, lab: LabProcess | None, *, tour: bool = False) -> None:
        super().__init__(classes="-show-middle -tour" if tour else "-show-middle")
        self.lab = lab
        self.tour = tour
        self._cancel: asyncio.Event | None = None  # of the move that is under way
        self._dated: Send | None = None
        self._hint_due = ""
        self._finished = False

    def compose(self) -> ComposeResult:
        # Textual would add these behind the first layout, and do all of it again.
        self.add_class(*breakpoint_classes(self), update=False)
        yield Words(id="top")
        with Columns(id="columns"):
            with Frame(id="steps-pane", classes="pane") as pane:
                pane.border_title = "Walk"
                yield StepList(id="steps")
            in_lab = self.lab is not None
            yield Stage(self.walk, in_lab=in_lab, id="middle", asking=self.asking)
            with Rows(id="side"):
                with Frame(id="token-pane", classes="pane") as pane:
                    pane.border_title = "Token"
                with Frame(id="findings-pane", classes="pane") as pane:
                    pane.border_title = "Findings"
        yield Words(id="tour")
        yield Words(id="hint")
        yield KeyBar()

    def on_mount(self) -> None:
        self.steps.on_highlight = self._step_highlighted
        self.stage.on_pointed = self._hint_again
        self.point_at(self.stage.step)
        self.steps.focus()
        self.watch(self.app, "hint_keys", self._name_keys)
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
        self.set_interval(1, self._tick)

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
            connection.version
            if connection
            else next(iter(versions_of(facts.target)), "protocol auto"),
        ]
        if connection:
            words.append(f"{connection.server_name} {connection.server_version}".strip())
        shown = "".join(f"   {visible(word, limit=90)}" for word in words if word)
        lab = f"   lab: {', '.join(self.lab.faults) or 'no faults'}" if self.lab else ""
        unsaved = "   * unsaved" if self.unsaved else ""
        # What a server may make long comes last: it is what a narrow terminal cuts off.
        role = f"   as {visible(host.title, limit=40)}" if host else ""
        parts = (("authwalk", "bold $text-primary"), role, unsaved, (lab, "$text-warning"), shown)
        self.query_one("#top", Words).say(Content.assemble(*parts))

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
            paste = f"nothing found so far; {self.app.hint_keys.token} pastes any token"
            words = words or ("enter: to the evidence" if there else paste)
        elsewhere = typing and focused is not None and stage not in focused.ancestors
        told = words or hint(
            self.walk,
            stage.step,
            None if elsewhere else stage.shown,
            now,
            stage.edit,
            typing=typing,
            keys=self.app.hint_keys,
        )
        self.query_one("#hint", Words).say(Content(told))
        if self.tour:
            self._draw_tour()
        self.refresh_bindings()

    def _draw_tour(self) -> None:
        from tui.tour import LAST, tour_line

        number, words = tour_line(self.walk, self.app.hint_keys)
        if number == LAST and self.app.settings.tour:
            self.app.keep(tour=False)  # the next demo goes without
        parts = (
            (f"{number}/{LAST} ", "bold $text-accent"),
            words,
            (f"  {self.app.hint_keys.tips} hides tips", "$text-muted"),
        )
        self.query_one("#tour", Words).say(Content.assemble(*parts))

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
                now, keys = datetime.now(UTC), self.app.hint_keys
                self._draw_hint(until_next(self.walk.facts, move, now, keys=keys))
            return
        if isinstance(move, Send) and move.dated and item and item.pending and move != self._dated:
            self._dated = move
            self.stage.show()
        elif move and move.step == "token":
            self._draw_hint()

    def _name_keys(self, keys: HintKeys) -> None:
        pane = self.query_one("#token-pane")
        paste = f"paste any: {keys.token} {keys.token}"
        pane.border_subtitle = Content(f"{paste} · larger: {keys.token_large}")
        self._hint_again()

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
