"""The fields of a form, one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from flows.mcp.form import FieldSpec, Typed
from flows.mcp.validation import Path, Problem
from flows.text import visible
from tui.widgets.choice import Choice
from tui.widgets.text_editor import TextEditor
from tui.widgets.value_input import ValueInput

DESCRIPTION_LIMIT = 400


class SchemaField(Vertical):
    """One field: its name and what it wants, the editor, its description, what is wrong."""

    DEFAULT_CSS = """
    SchemaField {
        height: auto;
        margin-bottom: 1;
        & > Static { height: auto; }
        & > .field--about { color: $text-muted; }
        & > .field--problem { color: $text-error; display: none; }
        &.-wrong > .field--problem { display: block; }
        & > TextEditor { max-height: 8; }
        & > Select > SelectCurrent { padding: 0 1; background: $boost; }
        & > Select:focus > SelectCurrent { background-tint: $primary 30%; }
        & > Choice { padding: 0 1; background: $boost; }
    }
    """

    @dataclass
    class Changed(Message):
        field: SchemaField

    def __init__(self, spec: FieldSpec, typed: str) -> None:
        super().__init__()
        self.spec = spec
        self._first = typed
        self.styles.margin = (0, 0, 1, 2 * max(0, len(spec.path) - 1))

    def compose(self) -> ComposeResult:
        spec = self.spec
        yield Static(_label(spec))
        blank = "not chosen" if spec.required else "left out"
        match spec.kind:
            case "group":
                pass
            case "boolean":
                choice = Choice("", (("", blank), ("true", "true"), ("false", "false")))
                choice.index = max(0, ("", "true", "false").index(self._first or ""))
                yield choice
            case "choice":
                options = [(Content(visible(o.label, limit=200)), o.json) for o in spec.options]
                known = self._first in [option.json for option in spec.options]
                yield Select(
                    options, prompt=blank, value=self._first if known else Select.NULL, compact=True
                )
            case "list" | "json":
                yield TextEditor(self._first)
                if spec.starts:
                    starts = [(Content(visible(o.label, limit=200)), o.json) for o in spec.starts]
                    yield Select(starts, prompt="start from …", compact=True)
            case _:
                yield ValueInput(self._first)
        if spec.description:
            words = visible(spec.description, lines=True, limit=DESCRIPTION_LIMIT)
            yield Static(Content(words), classes="field--about")
        yield Static(classes="field--problem", markup=False)

    @property
    def _editor(self) -> Widget | None:
        """What holds the value: a list of texts to start from does not, and comes after it."""
        kinds = (ValueInput, TextEditor, Choice, Select)
        return next((child for child in self.children if isinstance(child, kinds)), None)

    @property
    def typed(self) -> str:
        match self._editor:
            case ValueInput() as editor:
                return editor.text
            case TextEditor() as editor:
                return editor.content_text
            case Choice() as editor:
                return str(editor.value)
            case Select() as editor:
                return str(editor.value) if editor.value is not Select.NULL else ""
        return ""

    @typed.setter
    def typed(self, typed: str) -> None:
        match self._editor:
            case ValueInput() as editor:
                editor.text = typed
            case TextEditor() as editor:
                editor.content_text = typed
            case Choice() as editor:
                editor.index = ("", "true", "false").index(typed)
            case Select() as editor:
                editor.value = typed or Select.NULL

    @property
    def escape_problem(self) -> str:
        """Why what was typed is no text, or ""."""
        return next(
            (e.problem for e in self.children if isinstance(e, ValueInput | TextEditor)), ""
        )

    def show_problem(self, words: str) -> None:
        self.set_class(bool(words), "-wrong")
        self.query_one(".field--problem", Static).update(Content(visible(words, limit=400)))

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Changed)
    @on(Select.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        if isinstance(event, Select.Changed) and event.select is not self._editor:
            if event.value is not Select.NULL:
                self.typed = str(event.value)
            return
        self.post_message(self.Changed(self))


class SchemaFields(VerticalScroll, can_focus=False):
    """A field for each spec. Posts `SchemaField.Changed`."""

    DEFAULT_CSS = """
    SchemaFields { scrollbar-gutter: stable; padding-right: 1; }
    """

    async def set_fields(self, specs: Iterable[FieldSpec], typed: Typed) -> None:
        async with self.batch():
            await self.remove_children()
            await self.mount_all(SchemaField(spec, typed.get(spec.path, "")) for spec in specs)
        self.scroll_home(animate=False)

    @property
    def fields(self) -> tuple[SchemaField, ...]:
        return tuple(self.query(SchemaField))

    @property
    def typed(self) -> dict[Path, str]:
        return {field.spec.path: text for field in self.fields if (text := field.typed)}

    @typed.setter
    def typed(self, typed: Mapping[Path, str]) -> None:
        for field in self.fields:
            field.typed = typed.get(field.spec.path, "")

    def show_problems(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Show each problem at its field, or the field that it is in; those left over belong
        nowhere."""
        at: dict[Path, list[str]] = {}
        rest = []
        places = {field.spec.path: field for field in self.fields}
        for problem in problems:
            path = problem.path
            while path and path not in places:
                path = path[:-1]
            if path in places:
                inside = ".".join(problem.path[len(path) :])
                at.setdefault(path, []).append(
                    f"{inside}: {problem.text}" if inside else problem.text
                )
            else:
                rest.append(problem)
        for path, field in places.items():
            field.show_problem("✗ " + "; ".join(at[path]) if path in at else "")
        return tuple(rest)

    def focus_problem(self) -> None:
        """Focus the first field in which something is wrong."""
        for field in self.query(SchemaField).filter(".-wrong"):
            for editor in field.children:
                if editor.focusable:
                    editor.focus()
                    return


def _label(spec: FieldSpec) -> Content:
    name = spec.path[-1] if spec.path else "arguments"
    words = ["required"] if spec.required else []
    title = spec.title
    if title and _plain(title) != _plain(name):
        words.append(title)
    if spec.hint:
        words.append(spec.hint)
    mark = "*" if spec.required else " "
    said = visible(" · ".join(words), limit=300)
    return Content.assemble(
        (visible(name, limit=80), "bold"), (mark, "bold $text-accent"), " ", (said, "$text 60%")
    )


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
