"""The panel in which the person answers a server, in an app of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from flows.mcp.rpc import RpcError
from flows.moves import Ask
from flows.replies import Reply
from flows.text import visible
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, settled
from tui.widgets.ask_panel import AskPanel
from tui.widgets.json_form import JsonForm
from tui.widgets.text_editor import TextEditor

WHO = "lab at 127.0.0.1"
FORM = {
    "method": "elicitation/create",
    "params": {
        "message": "How many are you?",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "guests": {"type": "integer", "minimum": 1, "maximum": 12},
                "outside": {"type": "boolean", "default": False},
            },
            "required": ["guests"],
        },
    },
}
URL = {
    "method": "elicitation/create",
    "params": {
        "mode": "url",
        "message": "Log in over there.",
        "url": "https://bank.example@login.example.com/x?state=abc",
    },
}
SAMPLE = {
    "method": "sampling/createMessage",
    "params": {
        "messages": [{"role": "user", "content": {"type": "text", "text": "Capital of France?"}}],
        "maxTokens": 100,
    },
}
ROOTS: dict[str, Any] = {"method": "roots/list"}


def asks(**requests: Any) -> Ask:
    return Ask("call", "input", "?", (), requests=requests)


class PanelHost(Host):
    def __init__(self) -> None:
        super().__init__(AskPanel)

    @property
    def panel(self) -> AskPanel:
        return self.query_one(AskPanel)

    @property
    def replies(self) -> list[dict[str, Reply]]:
        return [post.replies for post in self.posted if isinstance(post, AskPanel.Answered)]

    def on_ask_panel_answered(self, event: AskPanel.Answered) -> None:
        self.posted.append(event)

    def on_ask_panel_open(self, event: AskPanel.Open) -> None:
        self.posted.append(event)

    @property
    def says(self) -> str:
        return str(self.panel.query_one("#ask-says", Static).content)

    @property
    def buttons(self) -> list[str]:
        return [str(button.label) for button in self.query("Button") if button.display]  # type: ignore[attr-defined]

    @property
    def editor(self) -> TextEditor:
        return self.panel.query_one("#form-json", TextEditor)


@asynccontextmanager
async def shown(
    ask: Ask, *, size: tuple[int, int] = (100, 30), **more: Any
) -> AsyncIterator[tuple[PanelHost, Pilot[None]]]:
    app = PanelHost()
    async with app.run_test(size=size) as pilot:
        app.panel.show(ask, WHO, **{"on_stream": False, **more})
        await settled(pilot)
        app.panel.focus_first()
        await settled(pilot)
        yield app, pilot


async def test_a_form_is_filled_in_and_accepted() -> None:
    async with shown(asks(q=FORM)) as (app, pilot):
        text = painted(app)
        assert f"{WHO} asks you to fill in a form" in text
        assert "How many are you?" in text and "guests" in text and "1 to 12" in text
        assert app.buttons == ["Accept", "Decline", "Dismiss", "JSON"]
        await pilot.press("4", "f5")
        await settled(pilot)
    assert app.replies == [{"q": {"action": "accept", "content": {"guests": 4, "outside": False}}}]


@pytest.mark.parametrize(("key", "action"), [("f8", "decline"), ("f9", "cancel")])
@pytest.mark.parametrize("request_", [FORM, URL])
async def test_saying_no_has_no_content(key: str, action: str, request_: Any) -> None:
    async with shown(asks(q=request_)) as (app, pilot):
        await pilot.press(key)
        await settled(pilot)
    assert app.replies == [{"q": {"action": action}}]


async def test_what_the_schema_objects_to_is_sent_the_second_time() -> None:
    async with shown(asks(q=FORM)) as (app, pilot):
        await pilot.press("9", "9", "f5")
        await settled(pilot)
        assert app.replies == [] and "F5 again sends it anyway" in app.says
        assert "Send anyway" in app.buttons and "Accept" not in app.buttons
        await pilot.press("f5")
        await settled(pilot)
    assert app.replies == [{"q": {"action": "accept", "content": {"guests": 99, "outside": False}}}]


async def test_typing_on_takes_the_objection_back() -> None:
    async with shown(asks(q=FORM)) as (app, pilot):
        await pilot.press("9", "9", "f5")
        await settled(pilot)
        await pilot.press("backspace")
        await settled(pilot)
        assert "Accept" in app.buttons
        await pilot.press("f5")
        await settled(pilot)
    assert app.replies == [{"q": {"action": "accept", "content": {"guests": 9, "outside": False}}}]


async def test_the_answer_can_be_written_as_json() -> None:
    async with shown(asks(q=FORM)) as (app, pilot):
        await pilot.press("4", "ctrl+t")
        await settled(pilot)
        assert app.focused is app.editor and '"guests": 4' in app.editor.text
        app.editor.text = "{"
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert app.replies == [] and "cannot be sent" in app.says
        app.editor.text = '{"guests": 5, "more": [1]}'
        await settled(pilot)
        assert "the JSON counts" in app.says
        await pilot.press("f5")
        await settled(pilot)
    answer = {"action": "accept", "content": {"guests": 5, "more": [1]}}
    assert app.replies == [{"q": answer}]


async def test_json_and_form_stand_beside_each_other_where_there_is_room() -> None:
    async with shown(asks(q=FORM), size=(120, 30)) as (app, pilot):
        await pilot.press("ctrl+t")
        await settled(pilot)
        form = app.panel.query_one(JsonForm)
        assert form.json_shown and not form.json_alone
        app.editor.text = '{"guests": 7}'
        await settled(pilot)
        await pilot.press("ctrl+t", "f5")
        await settled(pilot)
    assert app.replies == [{"q": {"action": "accept", "content": {"guests": 7}}}]


async def test_a_url_is_shown_in_full_with_its_host_and_opened_on_a_key_only() -> None:
    async with shown(asks(q=URL)) as (app, pilot):
        text = painted(app).replace("\n", "")
        assert URL["params"]["url"] in text and "the host is login.example.com" in text  # type: ignore[index]
        assert "before the @ is a name" in text, "and no host"
        assert app.posted == []
        await pilot.press("u", "o")
        await settled(pilot)
        (opened,) = app.posted
        assert isinstance(opened, AskPanel.Open) and opened.url == URL["params"]["url"]  # type: ignore[index]
        assert app.copied == [opened.url]
        await pilot.press("f5")
        await settled(pilot)
    assert app.replies == [{"q": {"action": "accept"}}]


async def test_enter_on_a_url_does_not_accept_it() -> None:
    async with shown(asks(q=URL)) as (app, pilot):
        await pilot.press("enter")
        await settled(pilot)
        assert app.replies == [] and len(app.posted) == 1


async def test_a_reply_in_place_of_a_model_is_written() -> None:
    async with shown(asks(q=SAMPLE)) as (app, pilot):
        assert "user: Capital of France?" in painted(app)
        assert app.buttons == ["Send", "JSON"], "a result has no place for an error"
        await pilot.press("f8", "f9")
        await settled(pilot)
        assert app.replies == []
        await pilot.press(*"Paris", "f5")
        await settled(pilot)
    (replies,) = app.replies
    assert replies["q"]["content"] == {"type": "text", "text": "Paris"}  # type: ignore[index]
    assert replies["q"]["role"] == "assistant"  # type: ignore[index]


@pytest.mark.parametrize("request_", [SAMPLE, ROOTS])
async def test_on_a_stream_it_can_be_declined_with_an_error(request_: Any) -> None:
    async with shown(asks(q=request_), on_stream=True) as (app, pilot):
        assert "Decline" in app.buttons
        await pilot.press("f8")
        await settled(pilot)
    reply = app.replies[0]["q"]
    assert isinstance(reply, RpcError) and reply.code == -1


async def test_roots_are_offered_and_edited() -> None:
    roots = [{"uri": "file:///work", "name": "Work"}]
    async with shown(asks(q=ROOTS), roots=roots) as (app, pilot):
        assert "file:///work" in painted(app)
        await pilot.press("ctrl+t")
        await settled(pilot)
        app.editor.text = '{"roots": [{"uri": "https://a"}]}'
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert app.replies == [] and "✗ 0.uri" in painted(app)
        app.editor.text = '{"roots": []}'
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
    assert app.replies == [{"q": {"roots": []}}]


async def test_several_requests_are_asked_one_after_the_other() -> None:
    ask = asks(a=FORM, b=URL, c=ROOTS)
    async with shown(ask) as (app, pilot):
        assert "(1 of 3)" in painted(app)
        await pilot.press("4", "f5")
        await settled(pilot)
        assert "(2 of 3)" in painted(app) and app.replies == []
        app.panel.show(asks(a=FORM, b=URL, c=ROOTS), WHO, on_stream=False)
        await settled(pilot)
        assert "(2 of 3)" in painted(app), "the same again changes nothing"
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
    (replies,) = app.replies
    assert list(replies) == ["a", "b", "c"]
    assert replies["b"] == {"action": "decline"} and replies["c"] == {"roots": []}


async def test_what_was_answered_can_be_asked_again() -> None:
    async with shown(asks(q=FORM)) as (app, pilot):
        for _ in range(2):
            await pilot.press("f9")
            await settled(pilot)
            app.panel.show(asks(q=FORM), WHO, on_stream=False)
            await settled(pilot)
    assert app.replies == [{"q": {"action": "cancel"}}] * 2


async def test_an_empty_form_is_only_accepted_or_not() -> None:
    empty = {"method": "elicitation/create", "params": {"message": "Sure?"}}
    async with shown(asks(q=empty)) as (app, pilot):
        await pilot.press("enter")
        await settled(pilot)
    assert app.replies == [{"q": {"action": "accept", "content": {}}}]


@pytest.mark.parametrize("entry", [None, 7, {}, {"method": "tools/list"}, {"method": []}])
async def test_what_is_no_request_can_be_answered_with_json(entry: Any) -> None:
    async with shown(asks(q=entry)) as (app, pilot):
        await pilot.press("ctrl+t")
        await settled(pilot)
        app.editor.text = '{"a": 1}'
        await settled(pilot)
        await pilot.press("f5")
        await settled(pilot)
    assert app.replies == [{"q": {"a": 1}}]


async def test_at_80x24_every_way_to_answer_is_on_screen() -> None:
    long = {**FORM["params"], "message": "word " * 400}  # type: ignore[dict-item]
    for request_ in ({**FORM, "params": long}, URL, SAMPLE, ROOTS):
        async with shown(asks(q=request_), size=(44, 16), on_stream=True) as (app, _):
            for button in app.query("Button"):
                if button.display:
                    assert button.region.right <= 44 and button.region.bottom <= 16, request_


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_are_shown_and_not_obeyed(text: str) -> None:
    schema = {"type": "object", "properties": {text: {"type": "string", "description": text}}}
    form = {"method": "elicitation/create", "params": {"message": text, "requestedSchema": schema}}
    said = [{"role": text, "content": {"type": "text", "text": text}}]
    sample = {"method": "sampling/createMessage", "params": {"messages": said}}
    url = {"method": "elicitation/create", "params": {"mode": "url", "url": text, "message": text}}
    for request_ in (form, sample, url, {"method": text}):
        async with shown(asks(q=request_)) as (app, _):
            seen = painted(app)
            assert visible(seen, lines=True) == seen
