from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Select, Static

from flows.catalogue import Completion, Listing, ToolList
from flows.mcp.validation import Problem
from flows.text import visible
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, paste, settled
from tui.widgets.arguments_form import ArgumentsForm
from tui.widgets.choice import Choice
from tui.widgets.list_view import LineList
from tui.widgets.offer_list import Lists
from tui.widgets.schema_fields import SchemaField, SchemaFields
from tui.widgets.tab_line import TabLine
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

    def on_tool_form_asked(self, event: ToolForm.Asked) -> None:
        self.posted.append(event)

    def says(self) -> str:
        return str(self.form.query_one("#tool-words", Static).content)

    def about(self) -> str:
        return str(self.form.query_one("#tool-about > Static", Static).content)

    def json(self) -> TextEditor:
        return self.form.query_one("#form-json", TextEditor)

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


LISTS: Lists = {
    "tools/list": ToolList(TOOLS, complete=True),
    "resources/list": None,
    "resources/templates/list": Listing(
        ({"uriTemplate": "db://{table}{?columns*}", "name": "Rows"},), complete=True
    ),
    "prompts/list": Listing(
        (
            {
                "name": "review",
                "arguments": [{"name": "code", "required": True}, {"name": "style"}],
            },
        ),
        complete=True,
    ),
}


@asynccontextmanager
async def offering(
    *turns: str, size: tuple[int, int] = (76, 30)
) -> AsyncIterator[tuple[FormHost, Pilot[None]]]:
    """A form with every kind of list, turned to another one by these keys."""
    async with choosing(size=size) as (app, pilot):
        app.form.show(LISTS, completes=True)
        await pilot.press(*turns)
        await settled(pilot)
        yield app, pilot


def submitted(app: FormHost) -> list[dict[str, str]]:
    return [dict(posted.values) for posted in app.posted if isinstance(posted, ToolForm.Submitted)]


def asked(app: FormHost) -> list[tuple[str, dict[str, str]]]:
    return [(p.step, dict(p.values)) for p in app.posted if isinstance(p, ToolForm.Asked)]


def values(app: FormHost) -> list[str]:
    shown = app.form.query_one("#tool-values", LineList)
    return [shown.render_line(y).text[1:].strip() for y in range(shown.row_count)]


@pytest.mark.parametrize("size", [(76, 30), (62, 20), (52, 14)])
async def test_a_list_that_nobody_asked_for_is_one_enter_away(size: tuple[int, int]) -> None:
    async with offering("ctrl+t", size=size) as (app, pilot):
        assert "not asked for yet; enter asks" in painted(app)
        await pilot.press("enter")
        assert asked(app) == [("tools", {"list": "resources/list"})]
        pages = Listing(
            ({"uri": "lab://a", "mimeType": "text/plain", "size": 2000},), complete=True
        )
        app.form.show({**LISTS, "resources/list": pages}, completes=True)
        await settled(pilot)
        assert app.names()[0] == "lab://a"
        assert "text/plain, 2.0 kB" in app.about()
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert submitted(app) == [{"method": "resources/read", "uri": "lab://a"}]


async def test_only_lists_that_the_server_has_are_offered() -> None:
    async with choosing() as (app, pilot):
        line = app.form.query_one(TabLine)
        assert line.names == ("Tools 4", "Method")
        await pilot.press("ctrl+t")
        assert app.names()[:2] == ["any", "server/discover"]
        await pilot.press("ctrl+t")
        assert app.names()[0] == "add"


async def test_a_list_that_failed_or_is_empty_says_so() -> None:
    async with offering("ctrl+t") as (app, pilot):
        failed = Listing(complete=True, problem="JSON-RPC error -32601: \x1b no")
        app.form.show({**LISTS, "resources/list": failed})
        await settled(pilot)
        assert "error -32601: \\x1b no" in painted(app)
        app.form.show({**LISTS, "resources/list": Listing(complete=True)})
        await settled(pilot)
        assert "the server lists no resource" in painted(app)


async def test_the_uri_of_a_template_grows_as_it_is_typed() -> None:
    async with offering("ctrl+t", "ctrl+t", "enter") as (app, pilot):
        uri = app.form.query_one("#tool-uri", Static)
        assert str(uri.content) == "db://"
        await pilot.press(*"a b")
        await settled(pilot)
        assert str(uri.content) == "db://a%20b"
        app.field("columns").typed = "x\ny"
        await settled(pilot)
        assert str(uri.content) == "db://a%20b?columns=x&columns=y"
        await pilot.press("f5")
        await settled(pilot)
        assert submitted(app) == [
            {"method": "resources/read", "uri": "db://a%20b?columns=x&columns=y"}
        ]


async def test_an_argument_is_completed_by_the_server() -> None:
    async with offering(*["ctrl+t"] * 3, "enter") as (app, pilot):
        await pilot.press("x", "tab", "p", "ctrl+n")
        await settled(pilot)
        ((step, wanted),) = asked(app)
        params = json.loads(wanted["arguments"])
        assert (step, wanted["method"]) == ("call", "completion/complete")
        assert params == {
            "ref": {"type": "ref/prompt", "name": "review"},
            "argument": {"name": "style", "value": "p"},
            "context": {"arguments": {"code": "x"}},
        }
        found = Completion(params, ("plain", "\x1b[2J"), total=9, has_more=True)
        app.form.show(LISTS, found, completes=True)
        await settled(pilot)
        assert values(app) == ["plain", "\\x1b[2J"]
        assert "2 of 9 values" in app.says()
        await pilot.press("enter")
        await settled(pilot)
        assert app.field("style").typed == "plain"
        assert app.focused in app.field("style").children
        app.form.show(LISTS, found, completes=True)
        await settled(pilot)
        assert not app.form.query_one("#tool-values").display, "an answer is shown once"
        await pilot.press("f5")
        await settled(pilot)
        assert [json.loads(one["arguments"]) for one in submitted(app)] == [
            {"code": "x", "style": "plain"}
        ]


async def test_escape_leaves_the_values_and_then_the_form() -> None:
    async with offering(*["ctrl+t"] * 3, "enter", "ctrl+n") as (app, pilot):
        app.form.show(LISTS, Completion({}, ("a", "b")), completes=True)
        await settled(pilot)
        await pilot.press("escape")
        assert app.focused in app.field("code").children
        assert app.field("code").typed == ""
        await pilot.press("escape")
        assert not app.form.has_class("-filling")


@pytest.mark.parametrize(
    ("completion", "words"),
    [
        (Completion({}), "knows no values"),
        (Completion({}, problem="JSON-RPC error -32602: no"), "error -32602"),
    ],
)
async def test_no_values_are_said_to_be_none(completion: Completion, words: str) -> None:
    async with offering(*["ctrl+t"] * 3, "enter", "ctrl+n") as (app, pilot):
        app.form.show(LISTS, completion, completes=True)
        await settled(pilot)
        assert words in app.says()
        assert app.focused in app.field("code").children


async def test_a_server_without_completions_is_not_asked() -> None:
    async with offering(*["ctrl+t"] * 3, "enter") as (app, pilot):
        app.form.show(LISTS)
        await pilot.press("ctrl+n")
        assert "declares no completions" in app.says()
        assert asked(app) == []


async def test_any_method_is_sent_with_any_parameters() -> None:
    async with offering(*["ctrl+t"] * 4, "enter") as (app, pilot):
        app.field("params").typed = '{"a": [1]}'
        await pilot.press(*"x/y", "f5")
        await settled(pilot)
        assert submitted(app) == [{"method": "x/y", "arguments": '{"a": [1]}'}]


async def test_a_required_argument_of_a_prompt_is_missed_and_can_be_left_out() -> None:
    async with offering(*["ctrl+t"] * 3, "enter", "ctrl+t") as (app, pilot):
        app.json().text = "{}"
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert submitted(app) == []
        await pilot.press("f5")
        await settled(pilot)
        assert submitted(app) == [{"method": "prompts/get", "name": "review", "arguments": "{}"}]


async def test_an_alternative_is_chosen_and_edited() -> None:
    schema = {
        "oneOf": [
            {"title": "Mail", "properties": {"to": {"type": "string"}}, "required": ["to"]},
            {"type": "string"},
        ]
    }
    tool = {"name": "t", "inputSchema": {"type": "object", "properties": {"x": schema}}}
    async with choosing((tool,)) as (app, pilot):
        await open_tool(pilot, "t")
        start = app.field("x").query_one(Select)
        start.value = app.field("x").spec.starts[0].json
        await settled(pilot)
        assert json.loads(app.field("x").typed) == {"to": ""}
        app.field("x").typed = '{"to": "a@b"}'
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("t", {"x": {"to": "a@b"}})]


async def test_a_schema_fifty_levels_deep_is_filled_in_and_checked() -> None:
    schema: dict[str, Any] = {"type": "string"}
    value: Any = "x"
    for _ in range(50):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
        value = {"a": value}
    async with choosing(({"name": "t", "inputSchema": schema},)) as (app, pilot):
        await open_tool(pilot, "t")
        await pilot.press("ctrl+t")
        app.json().text = json.dumps(value)
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert app.calls == [("t", value)]


async def test_in_a_narrow_pane_the_list_on_show_has_its_tab() -> None:
    async with offering(*["ctrl+t"] * 4, size=(44, 20)) as (app, pilot):
        line = app.form.query_one(TabLine)
        assert "Method" in line.render_line(0).text
        assert line.shown[-1] == "Method" and line.shown[0] != "Tools 4"
        await pilot.press("ctrl+t")
        assert "Tools 4" in line.render_line(0).text
        await pilot.click(TabLine, offset=(len(" Tools 4  R"), 0))
        assert "not asked for yet" in painted(app)
