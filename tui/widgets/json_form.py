"""A form for a JSON Schema, and the JSON it stands for: either can be edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from flows.schema_check import check
from tui.widgets.schema_fields import SchemaField, SchemaFields
from tui.widgets.text_editor import TextEditor

SIDE_BY_SIDE = 96
"""Columns from which the JSON stands beside the form, not in its place."""


@dataclass
class Said:
    """What was typed in a form. `json` is set when it was last written as JSON, and then counts
    instead of the form."""

    specs: tuple[FieldSpec, ...] = ()
    typed: dict[Path, str] = field(default_factory=dict)
    json: str | None = None


class JsonForm(Horizontal):
    """Posts `Changed` when the person typed and while it is checked, with what they should know."""

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

    @dataclass
    class Changed(Message):
        """`objected`: what was typed may still be sent as it is."""

        words: str = ""
        wrong: bool = False
        objected: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.said = Said()
        self._objected: str | None = None  # what is sent all the same when it is sent again

    def compose(self) -> ComposeResult:
        yield SchemaFields()
        yield TextEditor(id="form-json")

    async def open(
        self, schema: Any, start: Json | None = None, *, said: Said | None = None
    ) -> None:
        """Ask for a value of `schema`; at first it says `start`, or the schema's defaults. With
        `said` of an earlier time it goes on from there."""
        self.said = said = said or _said(fields(schema), start)
        self._objected = None
        await self.query_one(SchemaFields).set_fields(said.specs, said.typed)
        self._draw_json()
        self.show_json(said.json is not None)

    @property
    def empty(self) -> bool:
        """Whether the schema names nothing to fill in."""
        return not self.said.specs

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
        if typed != self.said.typed:
            self.said.typed, self.said.json = typed, None
            self._forgive()
            self._draw_json()
            self.post_message(self.Changed())

    @on(TextArea.Changed, "#form-json")
    def _json_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        text = self.query_one("#form-json", TextEditor).content_text
        if text == self.text:
            return
        self.said.json = text
        self._forgive()
        value, problem = read_json(text.encode("utf-8", "surrogatepass"))
        typed = None if problem else fill(self.said.specs, value)
        if problem:
            self.post_message(self.Changed(problem, wrong=True))
        elif typed is None:
            self.post_message(self.Changed("The form cannot show all of this; the JSON counts."))
        else:
            # Now the form says the same, and either may be edited further.
            self.said.typed = {path: said for path, said in typed.items() if said}
            self.query_one(SchemaFields).typed = self.said.typed
            self.post_message(self.Changed())

    @property
    def text(self) -> str:
        """What is meant, as JSON, which may be none while it is typed."""
        if self.said.json is not None:
            return self.said.json
        return json_text(build(self.said.specs, self.said.typed)[0], indent=2) or ""

    def _draw_json(self) -> None:
        self.query_one("#form-json", TextEditor).content_text = self.text

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
        place = self.query_one("#form-json") if self.json_shown else self.query_one(SchemaFields)
        if place.focusable:
            place.focus()
            return True
        first = next((part for part in place.query("*") if part.focusable), None)
        if first is not None:
            first.focus()
        return first is not None

    async def agreed(self, schema: Any) -> Json | None:
        """The JSON object that is meant, once it may be sent: it is as `schema` wants it, or the
        person insists. Else None, and a `Changed` says why."""
        said = self.said
        value, problems = self._value()
        if value is None:
            words = "; ".join(problem.text for problem in problems)
            self.post_message(self.Changed(words, wrong=True))
            return None
        text = json.dumps(value)
        if text == self._objected:
            return value
        self.post_message(self.Changed("checking against the schema …"))
        known = {problem.path for problem in problems}
        found = await check(schema, value)
        if said is not self.said:
            return None  # another form stands here by now
        problems = (*problems, *(problem for problem in found if problem.path not in known))
        if problems:
            self._object(text, problems)
            return None
        return value

    def _object(self, text: str, problems: tuple[Problem, ...]) -> None:
        """Show each problem at its field, and the others in words."""
        self._objected = text
        rest = self.query_one(SchemaFields).show_problems(problems)
        self.query_one(SchemaFields).focus_problem()
        number = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        words = [f"✗ {number}. F5 again sends it anyway."]
        shown = problems if self.json_alone else rest
        words += [f"{'.'.join(p.path)}: {p.text}".removeprefix(": ") for p in shown]
        self.post_message(self.Changed("\n".join(words), wrong=True, objected=True))

    def _forgive(self) -> None:
        self._objected = None
        self.query_one(SchemaFields).show_problems(())

    def _value(self) -> tuple[Json | None, tuple[Problem, ...]]:
        """The JSON object that is meant, None when there is none, and what is wrong with it."""
        if self.said.json is None:
            escapes = [field.escape_problem for field in self.query_one(SchemaFields).fields]
            if wrong := next(filter(None, escapes), ""):
                return None, (Problem((), wrong),)
            value, problems = build(self.said.specs, self.said.typed)
        else:
            value, wrong = read_json(self.said.json.encode("utf-8", "surrogatepass"))
            problems = ()
            if wrong:
                return None, (Problem((), f"The JSON cannot be sent: {wrong}"),)
        if not isinstance(value, Mapping):
            words = f"What is sent is a JSON object, not a JSON {json_type(value)}."
            return None, (Problem((), words),)
        return value, problems


def _said(specs: tuple[FieldSpec, ...], start: Json | None) -> Said:
    if start is None:
        return Said(specs, {spec.path: spec.default for spec in specs if spec.default})
    typed = fill(specs, start)
    if typed is None:
        return Said(specs, json=json_text(start, indent=2))
    return Said(specs, {path: said for path, said in typed.items() if said})
