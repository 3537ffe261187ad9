from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Select, Static

from flows.catalogue import ToolList
from flows.mcp.validation import Problem
from flows.text import visible
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, paste, settled
from tui.widgets.arguments_form import ArgumentsForm
from tui.widgets.choice import Choice
from tui.widgets.list_view import LineList
from tui.widgets.offer_list import Lists
from tui.widgets.schema_fields import SchemaField, SchemaFields
from tui.widgets.text_editor import TextEditor
from tui.widgets.tool_form import ToolForm

ADD = {
    "name": "add",
    "title": "Add",
    "description": "Add two numbers.",
    "annotations": {"readOnlyHint": True, "destructiveHint": False, "title": "ignored"},
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer", "maximum": 10}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}
ALL = {
    "name": "everything",
    "annotations": {"destructiveHint": True},
    "inputSchema": {
        "type": "object",
        "properties": {
            "text": {"type": "string", "default": "hello"},
            "flag": {"type": "boolean"},
            "colour": {"enum": ["red", "green"]},
            "names": {"type": "array", "items": {"type": "string"}},
            "place": {"type": "object", "properties": {"city": {"type": "string"}}},
            "rest": {},
        },
    },
}
NOTHING = {"name": "nothing", "inputSchema": {"type": "object"}}
WHATEVER = {"name": "whatever", "inputSchema": {"additionalProperties": {"type": "integer"}}}
TOOLS: tuple[dict[str, Any], ...] = (ADD, ALL, NOTHING, WHATEVER)


def listed(tools: tuple[dict[str, Any], ...]) -> Lists:
    return {"tools/list": ToolList(tools, complete=True)}


class FormHost(Host):
    def __init__(self) -> None:
        super().__init__(ToolForm)

    @property
    def form(self) -> ToolForm:
        return self.query_one(ToolForm)

    @property
    def calls(self) -> list[tuple[str, Any]]:
        return [
            (posted.values["name"], json.loads(posted.values["arguments"]))
            for posted in self.posted
            if isinstance(posted, ToolForm.Submitted)
        ]

    def on_tool_form_submitted(self, event: ToolForm.Submitted) -> None:
        self.posted.append(event)

    def says(self) -> str:
        return str(self.form.query_one("#tool-words", Static).content)

    def about(self) -> str:
        return str(self.form.query_one("#tool-about > Static", Static).content)

    def json(self) -> TextEditor:
        return self.form.query_one("#tool-json", TextEditor)

    def field(self, *path: str) -> SchemaField:
        return next(f for f in self.form.query(SchemaField) if f.spec.path == path)

    def names(self) -> list[str]:
        tools = self.form.query_one("#tool-list", LineList)
        lines = (tools.render_line(y).text[1:] for y in range(tools.size.height))
        return [line.split()[0] for line in lines if line.split()]


@asynccontextmanager
async def choosing(
    tools: tuple[dict[str, Any], ...] = TOOLS, size: tuple[int, int] = (54, 30)
) -> AsyncIterator[tuple[FormHost, Pilot[None]]]:
    app = FormHost()
    async with app.run_test(size=size) as pilot:
        app.form.show(listed(tools))
        app.form.query_one("#tool-filter").focus()
        await settled(pilot)
        yield app, pilot


async def open_tool(pilot: Pilot[None], name: str) -> None:
    await pilot.press(*name, "enter")
    await settled(pilot)


async def test_the_tools_are_listed_and_described() -> None:
    async with choosing() as (app, pilot):
        assert app.names() == ["add", "everything", "nothing", "whatever"]
        assert app.about() == (
            "add  Add\nAdd two numbers.\nsays of itself: only reads, only adds to what is there"
        )
        await pilot.press("down")
        assert "may destroy what it changes" in app.about()
        assert "may destroy" in painted(app)


async def test_typing_filters_two_thousand_tools_by_name_title_and_description() -> None:
    tools = tuple(
        {"name": f"tool_{n}", "title": f"T{n % 7}", "description": "odd" if n % 2 else "even"}
        for n in range(2000)
    )
    async with choosing(tools) as (app, pilot):
        assert len(app.names()) > 5
        await pilot.press("down", *"odd t3 99")
        numbers = (n for n in range(2000) if n % 2 and n % 7 == 3 and "99" in str(n))
        assert app.names() == [f"tool_{n}" for n in numbers]
        assert app.about().startswith(app.names()[0])
        await pilot.press(*" zzz")
        assert app.names() == ["no"]  # "no such tool"
        await pilot.press("enter")
        assert app.calls == []


async def test_a_tool_is_called_with_what_was_typed() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("4", "enter", "5", "f5")
        await settled(pilot)
        assert app.calls == [("add", {"a": 4, "b": 5})]


async def test_every_kind_of_field_ends_up_in_the_arguments() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "everything")
        assert app.field("text").typed == "hello"
        app.field("flag").query_one(Choice).index = 1
        app.field("colour").query_one(Select).value = '"green"'
        app.field("names").query_one(TextEditor).text = "a\nb"
        app.field("place", "city").typed = "Graz"
        app.field("rest").typed = "[null]"
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [
            (
                "everything",
                {
                    "text": "hello",
                    "flag": True,
                    "colour": "green",
                    "names": ["a", "b"],
                    "place": {"city": "Graz"},
                    "rest": [None],
                },
            )
        ]


async def test_what_is_left_out_is_not_sent() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "everything")
        await pilot.press("backspace", "f5")
        await settled(pilot)
        assert app.calls == [("everything", {})]


async def test_a_tool_without_arguments_is_one_more_enter() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "nothing")
        assert "names no arguments" in app.says()
        await pilot.press("enter")
        await settled(pilot)
        assert app.calls == [("nothing", {})]


async def test_problems_stand_at_their_fields_and_a_second_time_sends_anyway() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press(*"12", "tab", "x", "f5")
        await settled(pilot)
        assert app.calls == []
        assert "✗ 2 problems. F5 again sends it anyway." in app.says()
        seen = painted(app)
        assert "✗ 12 is greater than the maximum of 10" in seen
        assert "✗ not a number" in seen
        assert "Send anyway" in seen
        assert app.focused in app.field("a").children
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("add", {"a": 12, "b": "x"})]


async def test_an_edit_after_a_problem_is_checked_again() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press(*"12", "tab", "1", "f5")
        await settled(pilot)
        await pilot.press("end", "3")
        assert "problem" not in app.says()
        assert not app.form.query_one(ArgumentsForm).has_class("-objected")
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == []
        assert "123 is greater" in painted(app)


async def test_the_json_keeps_in_step_with_the_form_and_the_form_with_the_json() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("4", "ctrl+t")
        await settled(pilot)
        assert json.loads(app.json().text) == {"a": 4}
        assert app.focused is app.json()
        app.json().text = '{"a": 1, "b": 2}'
        await settled(pilot)
        assert (app.field("a").typed, app.field("b").typed) == ("1", "2")
        await pilot.press("ctrl+t")
        await settled(pilot)
        assert app.focused in app.field("a").children
        await pilot.press("7")
        await settled(pilot)
        assert json.loads(app.json().text) == {"a": 7, "b": 2}
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("add", {"a": 7, "b": 2})]


async def test_json_that_the_form_cannot_show_counts_and_is_sent() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("ctrl+t")
        app.json().text = '{"a": 1, "b": 2, "c": {"d": []}}'
        await settled(pilot)
        assert "the JSON counts" in app.says()
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("add", {"a": 1, "b": 2, "c": {"d": []}})]


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "not JSON"), ("[1]", "not a JSON array"), ("", "empty"), ('{"a": NaN}', "NaN")],
)
async def test_what_is_no_json_object_cannot_be_sent(text: str, words: str) -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "whatever")
        await pilot.press("ctrl+t")
        await settled(pilot)
        app.json().text = text
        await settled(pilot)
        await pilot.press("f5", "f5")
        await settled(pilot)
        assert words in app.says()
        assert app.calls == []


async def test_problems_of_json_are_named_with_their_path() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("ctrl+t")
        app.json().text = '{"a": 11, "b": 2}'
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert "a: 11 is greater than the maximum of 10" in app.says()


async def test_what_was_typed_is_kept_for_each_tool() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("4", "escape")
        await pilot.press("end", *["backspace"] * 3)
        await open_tool(pilot, "everything")
        assert app.field("text").typed == "hello"
        await pilot.press(*"x", "escape", "end", *["backspace"] * 10)
        await open_tool(pilot, "add")
        assert app.field("a").typed == "4"
        app.form.show(listed(TOOLS))
        assert app.form.has_class("-filling")
        app.form.show(listed((ADD,)))
        assert not app.form.has_class("-filling")


async def test_a_line_break_in_a_text_is_sent_as_one() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "everything")
        await paste(pilot, "a\nb\\")
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("everything", {"text": "a\nb\\"})]


async def test_a_text_with_a_broken_escape_is_not_sent() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "everything")
        await paste(pilot, "a\n")
        await pilot.press(*"\\q", "f5", "f5")
        await settled(pilot)
        assert "is no escape" in app.says()
        assert app.calls == []


async def test_escape_goes_back_to_the_list_and_then_leaves() -> None:
    async with choosing() as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("escape")
        assert app.focused is app.form.query_one("#tool-filter")
        await pilot.press("escape")
        assert app.focused is None


async def test_what_is_not_on_show_cannot_take_the_focus() -> None:
    async with choosing() as (app, pilot):
        hidden = app.form.query_one("#tool-arguments").query("*")
        assert not any(widget.focusable for widget in hidden)
        await open_tool(pilot, "add")
        assert not any(w.focusable for w in app.form.query_one("#tool-chooser").query("*"))
        assert not app.json().focusable
        await pilot.press("ctrl+t")
        await settled(pilot)
        assert not any(w.focusable for w in app.form.query("SchemaFields *"))


async def test_wide_the_json_stands_beside_the_form() -> None:
    async with choosing(size=(120, 30)) as (app, pilot):
        await open_tool(pilot, "add")
        await pilot.press("ctrl+t")
        await settled(pilot)
        assert app.json().region.x > app.form.query_one("SchemaFields").region.x
        assert app.form.query_one("SchemaFields").display
        assert "a*" in painted(app)


@pytest.mark.parametrize("size", [(62, 36), (62, 20), (52, 14)])
async def test_list_fields_and_buttons_fit_in_every_size(size: tuple[int, int]) -> None:
    async with choosing(size=size) as (app, pilot):
        assert app.names()[0] == "add"
        await open_tool(pilot, "everything")
        seen = painted(app)
        assert "hello" in seen
        assert "Call" in seen
        assert "Lists" in seen


async def test_a_regular_expression_that_never_ends_does_not_hold_up_the_app() -> None:
    tool = {
        "name": "slow",
        "inputSchema": {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}},
    }
    async with choosing((tool,)) as (app, pilot):
        await open_tool(pilot, "slow")
        await paste(pilot, "a" * 60 + "!")
        await pilot.press("f5")
        await settled(pilot)
        assert "not checked against the inputSchema" in app.says()
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("slow", {"a": "a" * 60 + "!"})]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        7,
        "text",
        [],
        {"properties": 7},
        {"properties": {"a": 7}},
        {"properties": {"a": {"type": 7, "enum": 7, "required": 7, "title": 7}}},
        {"properties": {"a": {"enum": []}}},
        {"properties": {"": {"type": "string"}}},
        {"properties": {"a": {"enum": [{"b": 1}, [1], None, 1.5, True, "", " "]}}},
        {"$ref": "#"},
    ],
)
async def test_any_schema_can_be_opened_and_answered(schema: Any) -> None:
    async with choosing(({"name": "t", "inputSchema": schema},)) as (app, pilot):
        await open_tool(pilot, "t")
        await pilot.press("ctrl+t")
        app.json().text = '{"a": 1}'
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        if not app.calls:
            await pilot.press("f5")
            await settled(pilot)
        assert app.calls == [("t", {"a": 1})]


async def test_a_hostile_list_is_shown_harmless() -> None:
    tools = tuple(
        {"name": text or "empty", "title": text, "description": text, "annotations": text}
        for text in HOSTILE
    )
    async with choosing(tools, (70, 60)) as (app, pilot):
        for _ in tools:
            seen = painted(app)
            assert visible(seen, lines=True) == seen
            await pilot.press("down")
        await pilot.press("enter")
        await settled(pilot)
        seen = painted(app)
        assert visible(seen, lines=True) == seen


async def test_a_hostile_form_is_shown_harmless_and_gives_its_defaults_back() -> None:
    named = {text: text for text in HOSTILE if text}
    parts: dict[str, Any] = {
        text: {"type": "string", "title": text, "description": text[:200], "default": text}
        for text in named
    }
    parts["choice"] = {"enum": list(HOSTILE), "default": HOSTILE[1]}
    parts["list"] = {"type": "array", "items": {"enum": list(HOSTILE)}, "default": list(HOSTILE)}
    parts["json"] = {"default": named}
    tool = {"name": "t", "inputSchema": {"properties": parts, "required": list(named)}}
    async with choosing((tool,), (70, 400)) as (app, pilot):
        await open_tool(pilot, "t")
        seen = painted(app)
        assert visible(seen, lines=True) == seen
        await pilot.press("f5")
        await settled(pilot)
        expected = {**named, "choice": HOSTILE[1], "list": list(HOSTILE), "json": named}
        assert app.calls == [("t", expected)]
        await pilot.press("ctrl+t")
        await settled(pilot)
        seen = painted(app)
        assert visible(seen, lines=True) == seen
        app.form.query_one(SchemaFields).show_problems(
            Problem((text,), text) for text in (*named, "nowhere")
        )
        await pilot.press("ctrl+t")
        await settled(pilot)
        seen = painted(app)
        assert visible(seen, lines=True) == seen
