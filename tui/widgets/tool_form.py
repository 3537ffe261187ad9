"""A tool chosen and its arguments filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button, Input, Static, TextArea

from flows.documents import json_type, read_json
from flows.facts import Json
from flows.mcp.form import FieldSpec, build, fill, json_text
from flows.mcp.schema import fields
from flows.mcp.validation import Path, Problem
from flows.schema_check import check
from flows.text import visible
from tui.widgets import tool_text
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import LineList, Row
from tui.widgets.schema_fields import SchemaField, SchemaFields
from tui.widgets.text_editor import TextEditor

SIDE_BY_SIDE = 96
"""Columns from which the JSON stands beside the form, not in its place."""


@dataclass
class _Entry:
    """What was typed for one tool. `json` is set when it was last written as JSON, and then
    counts instead of the form."""

    specs: tuple[FieldSpec, ...]
    typed: dict[Path, str] = field(default_factory=dict)
    json: str | None = None


class ToolForm(Vertical):
    """First the list of tools, then the form of one. Posts `Submitted`."""

    DEFAULT_CSS = """
    ToolForm {
        & > #tool-chooser { height: 1fr; padding: 0 0 0 1; }
        & > #tool-arguments { height: 1fr; padding: 0 0 0 1; display: none; }
        &.-filling > #tool-chooser { display: none; }
        &.-filling > #tool-arguments { display: block; }
        #tool-filter { background: $boost; padding: 0 1; margin-bottom: 1; }
        #tool-list { height: 1fr; min-height: 3; }
        #tool-about { height: auto; max-height: 40%; margin-top: 1; scrollbar-gutter: stable; }
        #tool-about > Static { height: auto; }
        #tool-head { height: auto; max-height: 3; margin-bottom: 1; }
        #tool-panes { height: 1fr; }
        #tool-json { height: 1fr; display: none; }
        &.-json SchemaFields { display: none; }
        &.-json #tool-json { display: block; }
        &.-json.-beside SchemaFields { display: block; }
        &.-json.-beside #tool-json { margin-left: 1; }
        #tool-words { height: auto; max-height: 4; color: $text-muted; }
        #tool-words.-wrong { color: $text-error; }
        #tool-buttons { height: 1; margin-top: 1; }
        #tool-buttons > Button { margin-right: 1; min-width: 1; padding: 0 1; }
        #tool-anyway { display: none; }
        &.-objected #tool-anyway { display: block; }
    }
    """
    BINDING_GROUP_TITLE = "Tools"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f5", "call", "Call", show=False, id="tool.call", tooltip="Call the tool with these"
        ),
        Binding(
            "ctrl+t",
            "toggle_json",
            "JSON",
            show=False,
            id="tool.json",
            tooltip="Show the arguments as JSON, or as a form again",
        ),
        Binding("up", "move(-1)", "Up", show=False, id="tool.up", tooltip="One row up"),
        Binding("down", "move(1)", "Down", show=False, id="tool.down", tooltip="One row down"),
        Binding(
            "escape,ctrl+g",
            "back",
            "Other tool",
            show=False,
            id="tool.back",
            tooltip="Back to the list of tools, and from there to the walk",
        ),
    ]

    @dataclass
    class Submitted(Message):
        name: str
        arguments_json: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tools: tuple[Json, ...] = ()
        self._haystacks: list[str] = []
        self._entries: dict[str, _Entry] = {}
        self._chosen: Json | None = None
        self._objected: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="tool-chooser"):
            yield LineInput(id="tool-filter", compact=True)
            yield LineList(id="tool-list", on_highlight=self._highlighted, empty="no such tool")
            with VerticalScroll(id="tool-about", can_focus=False):
                yield Static(markup=False)
        with Vertical(id="tool-arguments", disabled=True):
            yield Static(id="tool-head", markup=False)
            with Horizontal(id="tool-panes"):
                yield SchemaFields()
                yield TextEditor(id="tool-json")
            yield Static(id="tool-words", markup=False)
            with Horizontal(id="tool-buttons"):
                yield Button("Call", id="tool-call", variant="primary", compact=True)
                yield Button("Send anyway", id="tool-anyway", variant="warning", compact=True)
                yield Button("JSON", id="tool-toggle", compact=True)
                yield Button("Tools", id="tool-back", compact=True)

    # Choosing

    def show(self, tools: tuple[Json, ...]) -> None:
        """Choose among `tools`, as tools/list gave them. The same tools again change nothing."""
        if tools is self._tools or tools == self._tools:
            return
        self._tools = tools
        self._haystacks = [tool_text.haystack(tool) for tool in tools]
        self._entries.clear()
        self._fill(None)
        number = f"{len(tools):,} tool{'' if len(tools) == 1 else 's'}"
        self.query_one("#tool-filter", LineInput).placeholder = f"type to search {number}"
        self._filter()

    @property
    def _list(self) -> LineList:
        return self.query_one("#tool-list", LineList)

    @on(Input.Changed, "#tool-filter")
    def _filter(self) -> None:
        words = self.query_one("#tool-filter", LineInput).value.lower().split()
        self._list.set_rows(
            tool_text.row(at, tool)
            for at, (tool, text) in enumerate(zip(self._tools, self._haystacks, strict=True))
            if all(word in text for word in words)
        )
        self._list.cursor = 0
        if self._list.current is None:
            self.query_one("#tool-about > Static", Static).update("")

    def _highlighted(self, row: Row) -> None:
        about = tool_text.about(self._tools[int(row.id)])
        self.query_one("#tool-about > Static", Static).update(about)
        self.query_one("#tool-about").scroll_home(animate=False)

    @on(Input.Submitted, "#tool-filter")
    @on(LineList.Selected)
    async def _choose(self, event: Message) -> None:
        event.stop()
        if row := self._list.current:
            await self._open(self._tools[int(row.id)])

    async def _open(self, tool: Json) -> None:
        name = tool_text.name(tool)
        if name not in self._entries:
            specs = fields(tool.get("inputSchema"))
            typed = {spec.path: spec.default for spec in specs if spec.default}
            self._entries[name] = _Entry(specs, typed)
        entry = self._entries[name]
        self._fill(tool)
        self.query_one("#tool-head", Static).update(tool_text.head(tool))
        form = self.query_one(SchemaFields)
        await form.set_fields(entry.specs, entry.typed)
        self._say("")
        self._draw_json(entry)
        self._show_json(entry.json is not None)

    def _fill(self, tool: Json | None) -> None:
        """Show the form of a tool, or with None the list."""
        self._chosen = tool
        self._object(None)
        self.set_class(tool is not None, "-filling")
        # What is not on show must not take the focus.
        self.query_one("#tool-chooser").disabled = tool is not None
        self.query_one("#tool-arguments").disabled = tool is None

    # Filling in

    @property
    def _entry(self) -> _Entry | None:
        return self._entries.get(tool_text.name(self._chosen)) if self._chosen else None

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

    def action_move(self, by: int) -> None:
        if self._chosen is None:
            self._list.action_move(by)
        elif by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def action_back(self) -> None:
        if self._chosen is None:
            self.screen.set_focus(None)
        else:
            self._fill(None)
            self.query_one("#tool-filter").focus()

    # Sending

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "tool-back":
                self.action_back()
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
        entry, tool = self._entry, self._chosen
        if entry is None or tool is None:
            return
        arguments, problems = self._arguments(entry)
        text = None if arguments is None else json.dumps(arguments)
        if text is None:
            self._say("; ".join(problem.text for problem in problems), wrong=True)
        elif text == self._objected:
            self.post_message(self.Submitted(tool_text.name(tool), text))
        else:
            self._say("checking against the inputSchema …")
            known = {problem.path for problem in problems}
            found = await check(tool.get("inputSchema"), arguments)
            problems = (*problems, *(problem for problem in found if problem.path not in known))
            if problems:
                self._object(text, problems)
            else:
                self._say("")
                self.post_message(self.Submitted(tool_text.name(tool), text))

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
            words = "It names no arguments. " if none else ""
            words += "F5 calls · ctrl+t JSON · esc other tool"
        label = self.query_one("#tool-words", Static)
        label.set_class(wrong, "-wrong")
        label.update(Content(visible(words, lines=True, limit=1000)))
