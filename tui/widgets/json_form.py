"""A form for a JSON Schema, and the JSON it stands for: either can be edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.widgets import TextArea

from flows.documents import json_type, read_json
from flows.facts import Json
from flows.mcp.form import FieldSpec, build, fill, json_text
from flows.mcp.schema import fields
from flows.mcp.validation import Path, Problem
from tui.widgets.schema_fields import SchemaField, SchemaFields
from tui.widgets.text_editor import TextEditor

SIDE_BY_SIDE = 96
"""Columns from which the JSON stands beside the form, not in its place."""


class JsonForm(Horizontal):
    """Posts `Changed` when the person typed, with what they should know of it."""

    DEFAULT_CSS = """
    JsonForm {
        height: 1fr;
        & > #form-json { height: 1fr; display: none; }
        &.-json > SchemaFields { display: none; }
        &.-json > #form-json { display: block; }
        &.-json.-beside > SchemaFields { display: block; }
        &.-json.-beside > #form-json { margin-left: 1; }
    }
    """

    class Changed(Message):
        def __init__(self, words: str = "", *, wrong: bool = False) -> None:
            super().__init__()
            self.words, self.wrong = words, wrong

    def __init__(self) -> None:
        super().__init__()
        self._specs: tuple[FieldSpec, ...] = ()
        self._typed: dict[Path, str] = {}
        self._json: str | None = None  # counts instead of the form, when it was written last

    def compose(self) -> ComposeResult:
        yield SchemaFields()
        yield TextEditor(id="form-json")

    async def open(self, schema: Any, start: Json | None = None) -> None:
        """Ask for a value of `schema`; at first it says `start`, or the schema's defaults."""
        self._specs = fields(schema)
        self._json = None
        typed: dict[Path, str] | None = {s.path: s.default for s in self._specs if s.default}
        if start is not None and (typed := fill(self._specs, start)) is None:
            self._json = json_text(start, indent=2)
        self._typed = {path: said for path, said in (typed or {}).items() if said}
        await self.query_one(SchemaFields).set_fields(self._specs, self._typed)
        self._draw_json()
        self.show_json(self._json is not None)

    @property
    def empty(self) -> bool:
        """Whether the schema names nothing to fill in."""
        return not self._specs

    @property
    def json_shown(self) -> bool:
        return self.has_class("-json")

    @property
    def json_alone(self) -> bool:
        return self.json_shown and not self.has_class("-beside")

    @on(SchemaField.Changed)
    def _field_typed(self, event: SchemaField.Changed) -> None:
        event.stop()
        typed = self.query_one(SchemaFields).typed
        if typed != self._typed:
            self._typed, self._json = typed, None
            event.field.show_problem("")
            self._draw_json()
            self.post_message(self.Changed())

    @on(TextArea.Changed, "#form-json")
    def _json_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        text = self.query_one("#form-json", TextEditor).content_text
        if text == self._text:
            return
        self._json = text
        value, problem = read_json(text.encode("utf-8", "surrogatepass"))
        typed = None if problem else fill(self._specs, value)
        if problem:
            self.post_message(self.Changed(problem, wrong=True))
        elif typed is None:
            self.post_message(self.Changed("The form cannot show all of this; the JSON counts."))
        else:
            # Now the form says the same, and either may be edited further.
            self._typed = {path: said for path, said in typed.items() if said}
            self.query_one(SchemaFields).typed = self._typed
            self.post_message(self.Changed())

    @property
    def _text(self) -> str:
        if self._json is not None:
            return self._json
        return json_text(build(self._specs, self._typed)[0], indent=2) or ""

    def _draw_json(self) -> None:
        self.query_one("#form-json", TextEditor).content_text = self._text

    def show_json(self, shown: bool) -> None:
        """Show the JSON, beside the form or in its place."""
        self.set_class(shown, "-json")
        self._enable()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= SIDE_BY_SIDE, "-beside")
        self._enable()

    def _enable(self) -> None:
        # What is not on show must not take the focus.
        self.query_one("#form-json").disabled = not self.json_shown
        self.query_one(SchemaFields).disabled = self.json_alone

    def focus_first(self) -> bool:
        """Focus what is to be typed in first; False where there is nothing."""
        place = self.query_one("#form-json") if self.json_alone else self.query_one(SchemaFields)
        if place.focusable:
            place.focus()
            return True
        first = next((part for part in place.query("*") if part.focusable), None)
        if first is not None:
            first.focus()
        return first is not None

    def value(self) -> tuple[Json | None, tuple[Problem, ...]]:
        """The JSON object that is meant, None when there is none, and what is wrong with it."""
        if self._json is None:
            escapes = [field.escape_problem for field in self.query_one(SchemaFields).fields]
            if wrong := next(filter(None, escapes), ""):
                return None, (Problem((), wrong),)
            value, problems = build(self._specs, self._typed)
        else:
            value, wrong = read_json(self._json.encode("utf-8", "surrogatepass"))
            problems = ()
            if wrong:
                return None, (Problem((), f"The JSON cannot be sent: {wrong}"),)
        if not isinstance(value, Mapping):
            words = f"What is sent is a JSON object, not a JSON {json_type(value)}."
            return None, (Problem((), words),)
        return value, problems

    def show_problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Show each problem at its field; those that must be told elsewhere are left over."""
        rest = self.query_one(SchemaFields).show_problems(problems)
        if problems:
            self.query_one(SchemaFields).focus_problem()
        return problems if self.json_alone else rest
