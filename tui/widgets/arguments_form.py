"""The arguments of one thing to do, as a form and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from flows.catalogue import Completion, completion_params
from flows.documents import read_json
from flows.facts import Json
from flows.mcp.offer import Offer, OfferKind, Unsayable
from flows.text import visible
from tui.widgets import tool_text
from tui.widgets.json_form import JsonForm, Said
from tui.widgets.list_view import LineList, Row
from tui.widgets.schema_fields import SchemaField


class ArgumentsForm(Vertical):
    """The form of one offer at a time; what was typed is kept for each. Posts `Submitted`, and
    `Completes` when the server is to be asked how an argument may go on."""

    DEFAULT_CSS = """
    ArgumentsForm {
        #tool-head { height: auto; max-height: 3; margin-bottom: 1; }
        #tool-uri { height: auto; max-height: 3; margin-bottom: 1; color: $text-accent; }
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
        self._said: dict[tuple[OfferKind, str], Said] = {}
        self._chosen: Offer | None = None
        self._completing: SchemaField | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="tool-head", markup=False)
        yield Static(id="tool-uri", markup=False)
        yield JsonForm()
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
        self.choose(offer)
        self.query_one("#tool-head", Static).update(tool_text.head(offer))
        self.query_one("#tool-uri").display = offer.kind == "template"
        verbs = {"tool": "Call", "method": "Send", "prompt": "Get"}
        self.query_one("#tool-call", Button).label = verbs.get(offer.kind, "Read")
        await self._form.open(offer.schema, said=self._said.get(key))
        self._said[key] = self._form.said
        self._say("")
        self._draw_uri()
        self._focus_first()

    def choose(self, offer: Offer | None) -> None:
        """Be about an offer, or about none; it cannot have the focus then."""
        self._chosen = offer
        self.remove_class("-objected")
        self.show_values(None)
        self.disabled = offer is None

    def forget(self) -> None:
        """Forget what was typed, and be about nothing."""
        self._said.clear()
        self.choose(None)

    # Filling in

    @property
    def _form(self) -> JsonForm:
        return self.query_one(JsonForm)

    @on(JsonForm.Changed)
    def _typed(self, event: JsonForm.Changed) -> None:
        event.stop()
        self.set_class(event.objected, "-objected")
        self._draw_uri()
        self._say(event.words, wrong=event.wrong)

    def _draw_uri(self) -> None:
        """The URI of a template as it grows."""
        if self._chosen is None or self._chosen.kind != "template":
            return
        arguments, _ = read_json(self._form.text.encode("utf-8", "surrogatepass"))
        try:
            uri = self._chosen.uri(arguments if isinstance(arguments, dict) else {})
        except Unsayable as error:
            uri = str(error)
        self.query_one("#tool-uri", Static).update(Content(visible(uri, limit=400)))

    def action_toggle_json(self) -> None:
        if self._chosen:
            self._form.show_json(not self._form.json_shown)
            self._focus_first()

    def _focus_first(self) -> None:
        self.query_one("#tool-toggle", Button).label = "Form" if self._form.json_shown else "JSON"
        if not self._form.focus_first():
            self.query_one("#tool-call").focus()

    # Completing

    def action_complete(self) -> None:
        """Ask how the argument in the focused field may go on, given what the others say."""
        field = next((f for f in self.query(SchemaField) if f.has_focus_within), None)
        offer = self._chosen
        if field is None or offer is None:
            return
        if offer.ref is None or not self.completes:
            self._say(f"{'The server declares no' if offer.ref else 'This has no'} completions.")
            return
        others = {
            path[0]: text
            for path, text in self._form.said.typed.items()
            if path != field.spec.path and text
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

    @work(exclusive=True, group="tool-check")
    async def action_call(self) -> None:
        """Check the arguments and send them; what was objected to is sent the second time."""
        if (offer := self._chosen) is None:
            return
        arguments = await self._form.agreed(offer.schema)
        if arguments is not None and offer is self._chosen:
            self._say("")
            self._submit(offer, arguments)

    def _submit(self, offer: Offer, arguments: Json) -> None:
        try:
            values = offer.values(arguments)
        except Unsayable as error:
            self._say(str(error), wrong=True)
        else:
            self.post_message(self.Submitted(values))

    def _say(self, words: str, *, wrong: bool = False) -> None:
        if not words:
            none = self._chosen is not None and self._form.empty
            completed = self.completes and self._chosen is not None and self._chosen.ref
            keys = ("F5 sends", "ctrl+t JSON", "ctrl+n completes" if completed else "", "esc lists")
            words = "It names no arguments. " if none else ""
            words += " · ".join(filter(None, keys))
        label = self.query_one("#tool-words", Static)
        label.set_class(wrong, "-wrong")
        label.update(Content(visible(words, lines=True, limit=1000)))
