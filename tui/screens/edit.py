"""What a step proposes, edited before it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widget import Widget
from textual.widgets import Button, Static, TextArea

from flows.documents import read_json
from flows.draft_rules import Broken
from flows.exchange import Request
from flows.facts import Facts
from flows.meanings import names, terms
from flows.origins import origin
from flows.outgoing import Unsendable
from flows.session import Pairs
from flows.text import size, visible
from tui.drafts import (
    Draft,
    Edit,
    Parts,
    edits_to,
    pairs_of,
    put_together,
    resumed,
    take_apart,
    unchanged,
)
from tui.screens.dialogs import Dialog
from tui.widgets.pair_rows import PairRow, PairRows
from tui.widgets.text_editor import TextEditor
from tui.widgets.value_input import ValueInput

Edited = Request | Pairs
KINDS = {"query": "authorization request", "headers": "header field", "form": "token request"}
"""The kinds of messages of `flows.meanings`, by the rows that hold their fields."""
_MEMBER = re.compile(r'\s*"([^"\\]+)"\s*:\s*"?(.*?)"?,?\s*$')


class DraftEditor(Dialog[Edited | None]):
    """Edits a request, or named values. Dismissed with what is to be used instead, the identical
    object when nothing was changed, or with None when cancelled.

    `now` is an earlier edit, which is gone on with. With `browser`, the request is one that the
    browser makes: only its URL is ours to choose. With `facts`, it is said of each value where it
    comes from. `rules` tell which an edit breaks.
    """

    CSS = """
    DraftEditor .dialog { width: 116; padding: 0 1; }
    DraftEditor #parts { height: auto; }
    DraftEditor PairRow > .row--name { margin-right: 1; }
    DraftEditor .dialog ValueInput {
        border: none;
        background: $background;
        &:focus { border: none; background-tint: $primary 20%; }
    }
    DraftEditor #text { height: auto; }
    DraftEditor #body-title { color: $text-primary; text-style: bold; margin-top: 1; }
    DraftEditor #body { margin-left: 2; min-height: 3; background: $background; }
    DraftEditor #note { color: $text-warning; padding: 0 1 0 3; }
    DraftEditor #meaning { height: 3; margin-top: 1; color: $text-muted; }
    DraftEditor #broken { display: none; height: auto; max-height: 2; color: $text-warning; }
    DraftEditor #preview { max-height: 2; }
    DraftEditor #preview.-wrong { color: $text-error; }
    DraftEditor #preview.-fits { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    DraftEditor .buttons { margin-top: 0; }
    DraftEditor #counts { width: 1fr; height: 1; color: $text-muted; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s", "accept", "Use it", priority=True, id="edit.accept", tooltip="Use the edit"
        ),
        Binding(
            "ctrl+n",
            "add_row",
            "New row",
            priority=True,
            id="edit.add",
            tooltip="Add a row below this one",
        ),
        Binding(
            "ctrl+d",
            "remove_row",
            "Remove",
            priority=True,  # in an Input ctrl+d deletes
            id="edit.remove",
            tooltip="Strike this row out, or take that back",
        ),
        Binding(
            "ctrl+r",
            "reset_row",
            "Reset",
            priority=True,
            id="edit.reset",
            tooltip="Put this row back to what the step proposes",
        ),
    ]
    HINT = "ctrl+s use it · ctrl+n new · ctrl+d remove · ctrl+r reset · esc cancel"

    def __init__(
        self,
        title: str,
        *,
        request: Request | None = None,
        values: Pairs | None = None,
        browser: bool = False,
        now: Edited | None = None,
        facts: Facts | None = None,
        rules: Callable[[Edited], tuple[Broken, ...]] = lambda edited: (),
    ) -> None:
        super().__init__(title)
        self._facts, self._rules = facts, rules
        self._draft: Draft | None = None
        if request and isinstance(now, Request):
            self._draft = resumed(request, now)
            request = request if self._draft else now
        self._made = now if isinstance(now, tuple) else values or ()
        self.request, self.values, self.browser = request, values or (), browser
        self.parts = take_apart(request) if request else Parts("", (), "none")

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="parts", can_focus=False):
            if self.request:
                yield from self._compose_request(self.request)
            else:
                made = edits_to(self._made, self.values)
                yield PairRows("Values", self.values, made, id="values")
        yield Static(id="meaning", markup=False)
        yield Static(id="broken", markup=False)
        yield Static(id="preview", markup=False)
        with HorizontalGroup(classes="buttons"):
            yield Static(id="counts", markup=False)
            yield Button("Use it", id="accept", variant="primary", compact=True)
            yield Button("Cancel", id="decline", compact=True)

    def _compose_request(self, request: Request) -> ComposeResult:
        parts = self.parts
        draft = self._draft or Draft(
            request.method, parts.base, unchanged(parts.query), unchanged(request.headers)
        )
        if not self.browser:
            method = Edit("method", draft.method)
            yield PairRow(("method", request.method), now=method, fixed=True, id="method")
        yield PairRow(("URL", parts.base), now=Edit("URL", draft.base), fixed=True, id="url")
        if self.parts.note:
            yield Static(Content(f"! {self.parts.note}"), id="note")
        asked, fields, given = map(names, (KINDS["query"], KINDS["headers"], KINDS["form"]))
        asked = asked if self.browser else ()
        form, text = unchanged(parts.form), parts.text
        if isinstance(draft.body, str):
            text = draft.body
        elif draft.body is not None:
            form = tuple(draft.body)
        query = PairRows("Query parameters", parts.query, draft.query, names=asked, id="query")
        headers = PairRows(
            "Header fields", request.headers, draft.headers, names=fields, id="headers"
        )
        pairs = PairRows("Form body", parts.form, form, names=given, id="form")
        editor = TextEditor(text, id="body", placeholder="no body")
        body = Vertical(Static(id="body-title", markup=False), editor, id="text")
        # What the step is about comes first: a form or a text where there is one.
        if self.browser:
            yield query
        elif self.parts.body_kind == "form":
            yield from (pairs, headers, query)
        elif self.parts.body_kind == "text" or not request.body:
            yield from (headers, query, body)
        else:
            yield from (headers, query)

    def on_mount(self) -> None:
        rows = self.query(PairRows)
        first = next((row for group in rows for row in group.rows), None)
        if first:
            first.value_input.focus()
        self._draw()

    def on_resize(self, event: Resize) -> None:
        # Borders, meaning, a broken rule, preview and buttons take ten lines of `.dialog`.
        self.query_one("#parts").styles.max_height = max(3, event.size.height * 92 // 100 - 10)

    # What the fields say.

    def _edited(self) -> Edited:
        """Raises Unsendable for what cannot be sent."""
        if problem := next((row.problem for row in self._rows if row.problem), ""):
            raise Unsendable(problem)
        if self.request is None:
            return pairs_of(self.query_one("#values", PairRows).edits, self.values)
        body: Any = None
        if forms := self.query("#form").results(PairRows):
            body = next((form.edits for form in forms), None)
        for editor in self.query("#body").results(TextEditor):
            if editor.problem:
                raise Unsendable(editor.problem)
            body = None if editor.content_text == self.parts.text else editor.content_text
        draft = Draft(
            method=self._fixed("method", self.request.method),
            base=self._fixed("url", self.parts.base),
            query=self._edits("query"),
            headers=self._edits("headers") if self.query("#headers") else (),
            body=body,
        )
        return put_together(self.request, draft)

    def _fixed(self, name: str, default: str) -> str:
        return next((row.pair[1] for row in self.query(f"#{name}").results(PairRow)), default)

    def _edits(self, name: str) -> Any:
        return self.query_one(f"#{name}", PairRows).edits

    @on(PairRow.Changed)
    @on(TextArea.Changed)
    @on(DescendantFocus)
    def _draw(self) -> None:
        preview, counts = self.query_one("#preview", Static), self.query_one("#counts", Static)
        self._draw_body_title()
        self.query_one("#meaning", Static).update(self._meaning())
        try:
            edited = self._edited()
        except Unsendable as error:
            preview.set_classes("-wrong")
            preview.update(Content(f"✗ {visible(str(error), limit=300)}"))
            self.query_one("#broken").display = False  # of what cannot be sent, no rule is told
            return
        self._draw_broken(edited)
        line, size_words = _summary(edited, self.browser)
        preview.set_classes("-fits")
        preview.update(Content(line))
        if isinstance(self.focused, ValueInput) and self.focused.escaped:
            size_words = "\\n is a line break, \\\\ a backslash"
        counts.update(Content(f"{self._changes()} · {size_words}"))

    def _draw_broken(self, edited: Edited) -> None:
        """A rule that the edit breaks, of the field under the cursor where it breaks one."""
        shown, found, name = (
            self.query_one("#broken", Static),
            self._rules(edited),
            self._field()[0],
        )
        shown.display = bool(found)
        if found:
            here = re.compile(rf"\b{re.escape(name)}\b") if name else None
            one = next((one for one in found if here and here.search(one.says)), found[0])
            many = f"1 of {len(found)}: " if len(found) > 1 else ""
            says = f"! {many}{visible(one.says, limit=200)}  "
            shown.update(Content.assemble(says, (one.standard, "italic")))

    def _meaning(self) -> Content:
        """What the field under the cursor is, what the standard wants, whence its value comes."""
        name, value, where, typed = self._field()
        if not name:
            return Content("")
        whence = "you typed it" if typed else ""
        if self._facts and not whence:
            whence = origin(self._facts, name.lower() if where == "header field" else name, value)
        term = next(iter(terms(name, where)), None)
        words = "In no standard that authwalk knows." if name != "url" else ""
        if term:
            wanted = "; ".join(filter(None, (term.need, term.standard)))
            words = f"{term.text} {wanted[:1].upper()}{wanted[1:]}"
        head = (visible(name, limit=40), "bold")
        return Content.assemble(head, f"  ← {whence}" if whence else "", f"\n{words}")

    def _field(self) -> tuple[str, str, str, bool]:
        """Name and value under the cursor, the kind of message that it stands in, and whether it
        is the person's own."""
        if isinstance(editor := self.focused, TextEditor):
            found = _MEMBER.match(editor.document.get_line(editor.cursor_location[0]))
            where = "client metadata" if '"redirect_uris"' in editor.text else "MCP message"
            return (found[1], found[2], where, False) if found else ("", "", "", False)
        if (row := self._row) is None:
            return "", "", "", False
        group = self._group
        where = KINDS.get((group.id if group else "") or "", KINDS["query"])
        name, value = row.pair
        name = "url" if row.id == "url" else name
        return name, value, where, row.change in ("added", "changed")

    def _changes(self) -> str:
        number = sum(row.change not in (None, "same") for row in self._rows)
        for editor in self.query("#body").results(TextEditor):
            number += editor.content_text != self.parts.text
        return _counted(number, "change") if number else "nothing changed"

    def _draw_body_title(self) -> None:
        for editor in self.query("#body").results(TextEditor):
            words = "Body"
            if editor.content_text != self.parts.text:
                words += " ~ changed"
            if editor.escaped:
                words += ", with escapes: \\x1b a control character, \\\\ a backslash"
            if problem := editor.problem:
                words += f", {problem}"
            elif editor.text:
                _, problem = read_json(editor.content_text.encode("utf-8", "surrogatepass"))
                words += f", {problem}, which can be sent all the same" if problem else ", JSON"
            self.query_one("#body-title", Static).update(Content(visible(words, limit=300)))

    # What the keys do.

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "accept":
            self.action_accept()
        else:
            self.dismiss(None)

    def on_input_submitted(self) -> None:
        self.action_move(1)

    def action_accept(self) -> None:
        try:
            self.dismiss(self._edited())
        except Unsendable as error:
            self.app.bell()
            self.notify(str(error), severity="error")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "add_row":
                return self._group is not None
            case "remove_row":
                return self._row is not None and not self._row.fixed
            case "reset_row":
                return self._row is not None or isinstance(self.focused, TextEditor)
            case _:
                return True

    async def action_add_row(self) -> None:
        if group := self._group:
            row = self._row
            await group.add(row if row and row.parent is group else None)

    async def action_remove_row(self) -> None:
        if (row := self._row) and (group := self._group):
            await group.strike(row)

    def action_reset_row(self) -> None:
        if isinstance(self.focused, TextEditor):
            self.focused.content_text = self.parts.text
        elif row := self._row:
            row.reset()

    def action_move(self, by: int) -> None:
        """To the same field of the row above or below."""
        rows = list(self._rows)
        if (row := self._row) is None:
            return
        at = rows.index(row) + by
        if 0 <= at < len(rows):
            name = rows[at].name_input
            in_name = name is not None and self.focused is row.name_input
            (name if in_name and name else rows[at].value_input).focus()
        elif by > 0:
            self.focus_next()

    @property
    def _rows(self) -> Iterator[PairRow]:
        for part in self.query_one("#parts").children:
            if isinstance(part, PairRow):
                yield part
            elif isinstance(part, PairRows):
                yield from part.rows

    @property
    def _row(self) -> PairRow | None:
        return next((node for node in self._above_focus() if isinstance(node, PairRow)), None)

    @property
    def _group(self) -> PairRows | None:
        """The rows that the focus is in; from the URL, those below it."""
        found = (node for node in self._above_focus() if isinstance(node, PairRows))
        return next(found, None) or next(iter(self.query(PairRows)), None)

    def _above_focus(self) -> Iterator[Widget]:
        for node in self.focused.ancestors_with_self if self.focused else ():
            if isinstance(node, Widget):
                yield node


def _summary(edited: Edited, browser: bool) -> tuple[str, str]:
    """The request line, and what goes with it."""
    if not isinstance(edited, Request):
        return "", _counted(len(edited), "value")
    line = f"{visible(edited.method)} {visible(edited.url, limit=500)}"
    if browser:
        return line, f"a URL of {len(edited.url):,} characters"
    return line, f"{_counted(len(edited.headers), 'header')}, body {size(len(edited.body))}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
