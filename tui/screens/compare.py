"""Two walks, or two attempts of a step, side by side: what differs, and what it differs in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from flows.checks import Place
from flows.compare import Compared, Comparison, Difference, Pairing, compare, weight
from flows.session import Session
from flows.steps import STEP, STEP_ORDER, numbered
from flows.store import load
from flows.text import visible
from flows.walk import Walk
from flows.wire import Wire, WireOptions
from tui.comparison import counted, excerpts, missing_of, named, summary, unreached
from tui.view import Item
from tui.widgets.exchange_view import ExchangeView
from tui.widgets.frame import Frame
from tui.widgets.key_bar import KeyBar
from tui.widgets.list_view import Cell, LineList, Row

STYLES = Path(__file__).parents[1] / "styles" / "compare.tcss"
NAME_LIMIT = 200


def compared(a: Path, b: Path | Session) -> tuple[Comparison, tuple[str, str]]:
    """A session file beside another, or beside a walk that is open, with the names of both. Takes
    a moment: for a thread. Raises SessionFileError."""
    one, other = load(a), load(b) if isinstance(b, Path) else b
    names = (a.name, b.name if isinstance(b, Path) else "this walk")
    told = tuple(
        f"{name}   {session.target.url}" for name, session in zip(names, (one, other), strict=True)
    )
    return compare(Walk(one, Wire()), Walk(other, Wire())), (told[0], told[1])


class CompareScreen(Screen[None]):
    """`names` tell what A and B are."""

    CSS_PATH = STYLES
    BINDING_GROUP_TITLE = "Compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d,ctrl+g", "leave", "Back", id="compare.leave", tooltip="Back"),
        Binding(
            "v",
            "everything",
            "Equal ones too",
            id="compare.everything",
            tooltip="Show also what is the same, and what differs as it must",
        ),
    ]

    def __init__(
        self, comparison: Comparison, names: tuple[str, str], options: WireOptions
    ) -> None:
        super().__init__()
        self._comparison = comparison
        self._names = names
        self._options = options
        self._everything = False

    def compose(self) -> ComposeResult:
        for letter, name in zip("AB", self._names, strict=True):
            words = Content.assemble((f"{letter} ", "bold"), visible(name, limit=NAME_LIMIT))
            yield Static(words, classes="name", markup=False)
        yield LineList(empty="There is nothing to compare.", id="differences")
        yield Static(Content(summary(self._comparison)), id="verdict", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._draw()
        self.query_one(LineList).focus()

    def _draw(self) -> None:
        found = self.query_one(LineList)
        found.set_rows(_rows(self._comparison, everything=self._everything))

    @on(LineList.Selected)
    def _chosen(self, event: LineList.Selected) -> None:
        event.stop()
        step, pairing, difference, side = map(int, event.row.id.split(":"))
        if pairing >= 0:
            chosen = self._comparison.steps[step].pairings[pairing]
            differing = chosen.differences[difference] if difference >= 0 else None
            screen = PairScreen(chosen, differing, self._names, self._options, second=side == 1)
            self.app.push_screen(screen)
        elif side >= 0:  # of a finding, or of how it ended: the whole of it
            from tui.screens.dialogs import TextDialog

            words = event.row.cells[-1][0]
            self.app.push_screen(TextDialog(f"{'AB'[side]}  {self._names[side]}", words))

    def action_everything(self) -> None:
        self._everything = not self._everything
        self._draw()

    def action_leave(self) -> None:
        self.dismiss(None)


class PairScreen(Screen[None]):
    """Both events whole, opened at one difference. Where two do not fit, one shows at a time."""

    CSS_PATH = STYLES
    BINDING_GROUP_TITLE = "Both"
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-two")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+g", "leave", "Back", id="pair.leave", tooltip="To the differences"),
        Binding("left_square_bracket", "side(0)", "A", id="pair.a", tooltip="To the one of A"),
        Binding("right_square_bracket", "side(1)", "B", id="pair.b", tooltip="To the one of B"),
    ]

    def __init__(
        self,
        pairing: Pairing,
        difference: Difference | None,
        names: tuple[str, str],
        options: WireOptions,
        *,
        second: bool,
    ) -> None:
        super().__init__()
        self._pairing = pairing
        self._difference = difference
        self._names = names
        self._options = options
        self._second = second

    def compose(self) -> ComposeResult:
        with Horizontal(id="both"):
            for letter, name in zip("AB", self._names, strict=True):
                with Frame(id=f"side-{letter.lower()}", classes="pane") as pane:
                    pane.border_title = Content(f"{letter}  {visible(name, limit=NAME_LIMIT)}")
                    yield ExchangeView(self._options, id=f"event-{letter.lower()}")
        yield KeyBar()

    def on_mount(self) -> None:
        place = _place(self._difference) if self._difference else None
        for view, event in zip(self._views, (self._pairing.a, self._pairing.b), strict=True):
            title = self._pairing.title if event else "there is none"
            view.show(Item(title, event))
            if place and event:
                view.look_at(place)
        lone = not (self._pairing.a and self._pairing.b)
        self.action_side(int(self._pairing.a is None if lone else self._second))

    @property
    def _views(self) -> tuple[ExchangeView, ExchangeView]:
        return (
            self.query_one("#event-a", ExchangeView),
            self.query_one("#event-b", ExchangeView),
        )

    def action_side(self, side: int) -> None:
        self.set_class(side == 0, "-a")
        self.set_class(side == 1, "-b")
        self._views[side].body.focus()

    def action_leave(self) -> None:
        self.dismiss(None)


def _place(difference: Difference) -> Place | None:
    """Where a difference stands in either exchange."""
    field = difference.field.partition(", ")[0]
    match difference.side:
        case "request":
            return Place("", "request", field)
        case "response":
            return Place("", "response", field)
        case _:
            return None


def _rows(comparison: Comparison, *, everything: bool) -> Iterator[Row]:
    """A row's id is `step:pairing:difference:side`, in numbers; -1 where it is of none."""
    numbered = enumerate(comparison.steps)
    if everything:
        for at, step in numbered:
            yield from _step(at, step, everything=True)
        return
    for same, group in groupby(numbered, key=lambda one: not one[1].matters):
        steps = tuple(group)
        if same:
            yield _folded(steps)
        else:
            for at, step in steps:
                yield from _step(at, step, everything=False)


def _folded(steps: tuple[tuple[int, Compared], ...]) -> Row:
    numbers = [STEP_ORDER[step.step] + 1 for _, step in steps]
    titles = ", ".join(STEP[step.step].title for _, step in steps)
    which = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
    cells: tuple[Cell, ...] = (("✓ ", "ok"), (f"{which} {titles}", "muted"))
    return Row(f"{steps[0][0]}:-1:-1:-1", cells, ("the same", "muted"))


def _step(at: int, step: Compared, *, everything: bool) -> Iterator[Row]:
    mark: Cell = ("! ", "warn") if step.matters else ("✓ ", "ok")
    title: Cell = (numbered(step.step), "strong")
    missing = unreached(step)
    word: Cell = (f"not reached in {missing}" if missing else "", "muted")
    yield Row(f"{at}:-1:-1:-1", (mark, title), word)
    for number, pairing in enumerate(step.pairings):
        if everything or (pairing.matters and not missing):
            yield from _pairing(f"{at}:{number}", pairing, everything=everything)
    whole = (step.outcome,) if step.outcome and not missing else ()
    for one in (*step.findings, *whole):
        yield from _difference(f"{at}:-1:-1", one, indent=1)


def _pairing(at: str, pairing: Pairing, *, everything: bool) -> Iterator[Row]:
    word: Cell = (counted(pairing), "muted")
    yield Row(f"{at}:-1:{int(pairing.a is None)}", ((pairing.title, ""),), word, indent=1)
    for number, one in sorted(enumerate(pairing.differences), key=lambda one: weight(one[1])):
        if everything or not one.must:
            yield from _difference(f"{at}:{number}", one, indent=2)


def _difference(at: str, one: Difference, *, indent: int) -> Iterator[Row]:
    look: Cell = (named(one), "muted" if one.must else "warn")
    yield Row(f"{at}:-1", (look,), ("as it must" if one.must else "", "muted"), indent=indent)
    values = excerpts(one.a, one.b, missing_of(one))
    for number, (letter, value) in enumerate(zip("AB", values, strict=True)):
        cells: tuple[Cell, ...] = ((f"{letter}  ", "muted"), (value, "muted" if one.must else ""))
        yield Row(f"{at}:{number}", cells, indent=indent + 1)
