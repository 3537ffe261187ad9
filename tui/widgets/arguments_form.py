"""The arguments of one thing to do, as a form and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button, Input, Static, TextArea

from flows.catalogue import Completion, completion_params
from flows.documents import json_type, read_json
from flows.mcp.form import FieldSpec, build, fill, json_text
from flows.mcp.offer import Offer, OfferKind, Unsayable
from flows.mcp.schema import fields
from flows.mcp.validation import Path, Problem
from flows.schema_check import check
from flows.text import visible
from tui.widgets import tool_text
from tui.widgets.list_view import LineList, Row
from tui.widgets.schema_fields import SchemaField, SchemaFields
from tui.widgets.text_editor import TextEditor

SIDE_BY_SIDE = 96
"""Columns from which the JSON stands beside the form, not in its place."""


@dataclass
class _Entry:
    """What was typed for one offer. `json` is set when it was last written as JSON, and then
    counts instead of the form."""

    specs: tuple[FieldSpec, ...]
    typed: dict[Path, str] = field(default_factory=dict)
    json: str | None = None


class ArgumentsForm(Vertical):
    """The form of one offer at a time; what was typed is kept for each. Posts `Submitted`, and
    `Completes` when the server is to be asked how an argument may go on."""

    DEFAULT_CSS = """
    ArgumentsForm {
        #tool-head { height: auto; max-height: 3; margin-bottom: 1; }
        #tool-uri { height: auto; max-height: 3; margin-bottom: 1; color: $text-accent; }
        #tool-panes { height: 1fr; }
        #tool-json { height: 1fr; display: none; }
        &.-json SchemaFields { display: none; }
        &.-json #tool-json { display: block; }
        &.-json.-beside SchemaFields { display: block; }
        &.-json.-beside #tool-json { margin-left: 1; }
        #tool-values { height: auto; max-height: 35%; display: none; }
        &.-completing #tool-values { display: block; }
        #tool-words { height: auto; max-height: 4; color: $text-muted; }
        #tool-words.-wrong { color: $text-error; }
        #tool-buttons { height: 1; margin-top: 1; }
        #tool-buttons > Button { margin-right: 1; min-width: 1; padding: 0 1; }
        #tool-anyway { display: none; }
        &.-objected #tool-anyway { display: block; }
    }
    """
    BINDING_GROUP_TITLE = "Arguments"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "call", "Send", show=False, id="tool.call", tooltip="Send it with these"),
        Binding(
            "ctrl+t",
            "toggle_json",
            "JSON",
            show=False,
            id="tool.json",
            tooltip="Show the arguments as JSON, or as a form again",
        ),
        Binding(
            "ctrl+n",
            "complete",
            "Complete",
            show=False,
            id="tool.complete",
            tooltip="Ask the server how this argument may go on",
        ),
        Binding("up", "move(-1)", "Up", show=False, id="tool.field-up", tooltip="One field up"),
        Binding("down", "move(1)", "Down", show=False, id="tool.field-down", tooltip="One down"),
    ]

    @dataclass
    class Submitted(Message):
        """`values` are what the call step records."""

        values: Mapping[str, str]

    @dataclass
    class Completes(Message):
        values: Mapping[str, str]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.completes = False
        """Whether the server declares completions."""
        self._entries: dict[tuple[OfferKind, str], _Entry] = {}
        self._chosen: Offer | None = None
        self._objected: str | None = None
        self._completing: SchemaField | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="tool-head", markup=False)
        yield Static(id="tool-uri", markup=False)
        with Horizontal(id="tool-panes"):
            yield SchemaFields()
            yield TextEditor(id="tool-json")
        yield LineList(id="tool-values")
        yield Static(id="tool-words", markup=False)
        with Horizontal(id="tool-buttons"):
            yield Button("Call", id="tool-call", variant="primary", compact=True)
            yield Button("Send anyway", id="tool-anyway", variant="warning", compact=True)
            yield Button("JSON", id="tool-toggle", compact=True)
            yield Button("Lists", id="tool-back", compact=True)

    async def open(self, offer: Offer) -> None:
        """Show the form of an offer, with what was typed for it before."""
        key = (offer.kind, offer.key)
        if key not in self._entries:
            specs = fields(offer.schema)
            typed = {spec.path: spec.default for spec in specs if spec.default}
            self._entries[key] = _Entry(specs, typed)
        entry = self._entries[key]
        self.choose(offer)
        self.query_one("#tool-head", Static).update(tool_text.head(offer))
        self.query_one("#tool-uri").display = offer.kind == "template"
        verbs = {"tool": "Call", "method": "Send", "prompt": "Get"}
        self.query_one("#tool-call", Button).label = verbs.get(offer.kind, "Read")
        await self.query_one(SchemaFields).set_fields(entry.specs, entry.typed)
        self._say("")
        self._draw_json(entry)
        self._show_json(entry.json is not None)

    def choose(self, offer: Offer | None) -> None:
        """Be about an offer, or about none; it cannot have the focus then."""
        self._chosen = offer
        self._object(None)
        self.show_values(None)
        self.disabled = offer is None

    def forget(self) -> None:
        """Forget what was typed, and be about nothing."""
        self._entries.clear()
        self.choose(None)

    # Filling in

    @property
    def _entry(self) -> _Entry | None:
        key = (self._chosen.kind, self._chosen.key) if self._chosen else None
        return self._entries.get(key) if key else None

    @property
    def _json_alone(self) -> bool:
        return self.has_class("-json") and not self.has_class("-beside")

    @on(SchemaField.Changed)
    def _typed(self, event: SchemaField.Changed) -> None:
        event.stop()
        entry, typed = self._entry, self.query_one(SchemaFields).typed
        if entry and typed != entry.typed:
            entry.typed, entry.json = typed, None
            event.field.show_problem("")
            self._object(None)
            self._say("")
            self._draw_json(entry)

    @on(TextArea.Changed, "#tool-json")
    def _json_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        entry, text = self._entry, self.query_one("#tool-json", TextEditor).content_text
        if entry is None or text == self._json_of(entry):
            return
        entry.json = text
        self._object(None)
        self._draw_uri(entry)
        value, problem = read_json(text.encode("utf-8", "surrogatepass"))
        typed = None if problem else fill(entry.specs, value)
        if problem:
            self._say(problem, wrong=True)
        elif typed is None:
            self._say("The form cannot show all of this; the JSON counts.")
        else:
            # Now the form says the same, and either may be edited further.
            entry.typed = {path: said for path, said in typed.items() if said}
            self.query_one(SchemaFields).typed = entry.typed
            self._say("")

    def _json_of(self, entry: _Entry) -> str:
        if entry.json is not None:
            return entry.json
        return json_text(build(entry.specs, entry.typed)[0], indent=2) or ""

    def _draw_json(self, entry: _Entry) -> None:
        self.query_one("#tool-json", TextEditor).content_text = self._json_of(entry)
        self._draw_uri(entry)

    def _draw_uri(self, entry: _Entry) -> None:
        """The URI of a template as it grows."""
        if self._chosen is None or self._chosen.kind != "template":
            return
        arguments, _ = read_json(self._json_of(entry).encode("utf-8", "surrogatepass"))
        try:
            uri = self._chosen.uri(arguments if isinstance(arguments, dict) else {})
        except Unsayable as error:
            uri = str(error)
        self.query_one("#tool-uri", Static).update(Content(visible(uri, limit=400)))

    def action_toggle_json(self) -> None:
        if self._chosen:
            self._show_json(not self.has_class("-json"))

    def _show_json(self, shown: bool) -> None:
        """Show the arguments as JSON, beside the form or in its place; focus what came."""
        self.set_class(shown, "-json")
        self.query_one("#tool-toggle", Button).label = "Form" if shown else "JSON"
        # What is not on show must not take the focus.
        editor, form = self.query_one("#tool-json"), self.query_one(SchemaFields)
        editor.disabled, form.disabled = not shown, self._json_alone
        first = next((part for part in form.query("*") if part.focusable), None)
        (editor if shown else first or self.query_one("#tool-call")).focus()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= SIDE_BY_SIDE, "-beside")
        self.query_one(SchemaFields).disabled = self._json_alone

    # Completing

    def action_complete(self) -> None:
        """Ask how the argument in the focused field may go on, given what the others say."""
        field = next((f for f in self.query(SchemaField) if f.has_focus_within), None)
        offer, entry = self._chosen, self._entry
        if field is None or offer is None or entry is None:
            return
        if offer.ref is None or not self.completes:
            self._say(f"{'The server declares no' if offer.ref else 'This has no'} completions.")
            return
        others = {
            path[0]: text for path, text in entry.typed.items() if path != field.spec.path and text
        }
        value = field.typed.rpartition("\n")[2]  # of several values, the one in the making
        params = completion_params(offer.ref, {**others, field.spec.path[0]: value})
        self._completing = field
        self._say("asking the server …")
        values = {"method": "completion/complete", "arguments": json.dumps(params)}
        self.post_message(self.Completes(values))

    @property
    def completing(self) -> bool:
        """Whether values stand there to choose from."""
        return self.has_class("-completing")

    def show_values(self, completion: Completion | None) -> None:
        """Show the values to choose from; None, or none of them, puts the list away."""
        values = self.query_one("#tool-values", LineList)
        found = completion.values if completion and self._completing else ()
        self.set_class(bool(found), "-completing")
        values.disabled = not found
        values.set_rows(Row(str(at), ((text, ""),)) for at, text in enumerate(found))
        values.cursor = 0
        if completion is None or self._completing is None:
            self._completing = None
        elif found:
            more = completion.has_more or (completion.total or 0) > len(found)
            of = f" of {completion.total:,}" if more and completion.total else ""
            self._say(f"{len(found)}{of} values{', there are more' if more else ''} · enter takes")
            values.focus()
        else:
            self._say(completion.problem or "The server knows no values for this.")

    @on(LineList.Selected, "#tool-values")
    def _take_value(self, event: LineList.Selected) -> None:
        event.stop()
        field, text = self._completing, event.row.cells[0][0]
        if field is not None:
            before = field.typed.rpartition("\n")
            field.typed = before[0] + before[1] + text
        self.close_values()

    def close_values(self) -> None:
        field = self._completing
        self.show_values(None)
        self._say("")
        first = next((part for part in field.children if part.focusable), None) if field else None
        if first:
            first.focus()

    def action_move(self, by: int) -> None:
        if by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    # Sending

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "tool-back":
            return
        event.stop()
        match event.button.id:
            case "tool-toggle":
                self.action_toggle_json()
            case _:
                self.action_call()

    def action_call(self) -> None:
        """Check the arguments and send them; what was objected to is sent the second time."""
        if self._entry:
            self._call()

    @work(exclusive=True, group="tool-check")
    async def _call(self) -> None:
        entry, offer = self._entry, self._chosen
        if entry is None or offer is None:
            return
        arguments, problems = self._arguments(entry)
        text = None if arguments is None else json.dumps(arguments)
        if text is None:
            self._say("; ".join(problem.text for problem in problems), wrong=True)
        elif text == self._objected:
            self._submit(offer, arguments)
        else:
            self._say("checking against the schema …")
            known = {problem.path for problem in problems}
            found = await check(offer.schema, arguments)
            problems = (*problems, *(problem for problem in found if problem.path not in known))
            if problems:
                self._object(text, problems)
            else:
                self._say("")
                self._submit(offer, arguments)

    def _submit(self, offer: Offer, arguments: Mapping[str, Any] | None) -> None:
        try:
            values = offer.values(arguments or {})
        except Unsayable as error:
            self._say(str(error), wrong=True)
        else:
            self.post_message(self.Submitted(values))

    def _arguments(self, entry: _Entry) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...]]:
        """The arguments, None when there is nothing that could be sent, and the problems."""
        escapes = [field.escape_problem for field in self.query_one(SchemaFields).fields]
        if entry.json is None and (wrong := next(filter(None, escapes), "")):
            return None, (Problem((), wrong),)
        if entry.json is None:
            arguments, problems = build(entry.specs, entry.typed)
        else:
            arguments, wrong = read_json(entry.json.encode("utf-8", "surrogatepass"))
            problems = ()
            if wrong:
                return None, (Problem((), f"The JSON cannot be sent: {wrong}"),)
        if not isinstance(arguments, dict):
            words = f"Arguments are a JSON object, not a JSON {json_type(arguments)}."
            return None, (Problem((), words),)
        return arguments, problems

    def _object(self, text: str | None, problems: tuple[Problem, ...] = ()) -> None:
        """Show what is wrong with the arguments `text`; None: nothing is known to be."""
        self._objected = text
        self.set_class(text is not None, "-objected")
        rest = self.query_one(SchemaFields).show_problems(problems)
        if text is not None:
            number = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
            words = [f"✗ {number}. F5 again sends it anyway."]
            shown = problems if self._json_alone else rest
            words += [f"{'.'.join(p.path)}: {p.text}".removeprefix(": ") for p in shown]
            self._say("\n".join(words), wrong=True)
            self.query_one(SchemaFields).focus_problem()

    def _say(self, words: str, *, wrong: bool = False) -> None:
        if not words:
            none = self._entry is not None and not self._entry.specs
            completed = self.completes and self._chosen is not None and self._chosen.ref
            keys = ("F5 sends", "ctrl+t JSON", "ctrl+n completes" if completed else "", "esc lists")
            words = "It names no arguments. " if none else ""
            words += " · ".join(filter(None, keys))
        label = self.query_one("#tool-words", Static)
        label.set_class(wrong, "-wrong")
        label.update(Content(visible(words, lines=True, limit=1000)))
