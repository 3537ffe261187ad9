"""The walk screen while the server asks, and while a call is a task. Over the real lab."""

from __future__ import annotations

import json
from typing import Any

import pytest
from textual.widgets import Static

from flows.exchange import Exchange
from flows.moves import Ask, Blocked, Done, Send
from flows.session import CAPABILITIES, Answered, Exchanged
from tests.tui.walking import LOW, SIZES, WIDE, Walking, on_lab
from tui.widgets.ask_panel import AskPanel
from tui.widgets.tool_form import ToolForm

OLD, NEW = "2025-11-25", "2026-07-28"


async def call(walking: Walking, name: str, arguments: str = "{}") -> None:
    """Call a tool as its form would; what follows goes on by itself."""
    walking.screen.post_message(ToolForm.Submitted({"name": name, "arguments": arguments}))
    await walking.pilot.pause()


async def asked(walking: Walking) -> AskPanel:
    """Wait until the server asks and the panel shows it; give it the keyboard."""
    panel = walking.screen.query_one(AskPanel)

    def on_show() -> bool:
        shown = walking.stage.shown
        return shown is not None and isinstance(shown.move, Ask) and panel.display

    await walking.until(on_show)
    await walking.pilot.press("enter")
    await walking.until(lambda: panel.has_focus_within)
    return panel


def replies(walking: Walking) -> list[Any]:
    """What was posted in answer to requests on a stream."""
    return [
        json.loads(event.exchange.request.body)
        for event in walking.events
        if isinstance(event, Exchanged) and event.label.startswith("response to")
    ]


def labels(walking: Walking) -> list[str]:
    return [
        event.label
        for event in walking.events
        if isinstance(event, Exchanged) and event.step == "call"
    ]


def said(walking: Walking) -> str:
    facts = walking.walk.facts
    assert facts.call and facts.call.result
    text = facts.call.result["content"][0]["text"]
    assert isinstance(text, str)
    return text


async def over(walking: Walking) -> None:
    await walking.until(lambda: isinstance(walking.walk.moves["call"], Done))
    await walking.settle()


@pytest.mark.parametrize("size", SIZES)
async def test_a_request_on_a_stream_is_answered_while_the_call_waits(size: Any) -> None:
    async with on_lab(size=size, protocol=OLD, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "book_table", '{"day": "2026-12-24"}')
        await asked(walking)
        assert "authwalk-lab at 127.0.0.1" in walking.words
        assert "How many are you" in walking.words and "Accept" in walking.text
        await walking.pilot.press("4", "f5")
        await over(walking)
        assert said(walking) == "A table for 4 inside on 2026-12-24"
        (reply,) = replies(walking)
        assert reply["result"] == {"action": "accept", "content": {"guests": 4, "outside": False}}
        assert walking.screen.focused is walking.screen.steps, "the keys of the walk work again"


async def test_the_call_can_be_cancelled_with_its_question_open() -> None:
    async with on_lab(protocol=OLD, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "book_table", '{"day": "2026-12-24"}')
        panel = await asked(walking)
        await walking.pilot.press("ctrl+g", "x")
        await walking.until(lambda: not walking.screen.asking.open)
        await walking.settle()
        assert replies(walking) == []
        (given_up,) = (
            event.exchange
            for event in walking.events
            if isinstance(event, Exchanged) and event.label == "tools/call book_table"
        )
        assert given_up.error and given_up.error.kind == "cancelled"
        assert not panel.display


async def test_the_question_leaves_the_keyboard_to_the_person() -> None:
    async with on_lab(protocol=OLD, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "list_projects")
        await asked(walking)
        await walking.pilot.press("ctrl+g")
        walking.screen.steps.focus()
        await walking.pilot.press("up")
        await walking.pilot.pause()
        assert walking.stage.step == "tools", "one can look elsewhere meanwhile"
        await walking.pilot.press("down")
        await asked(walking)
        await walking.pilot.press("f5")
        await over(walking)
        assert said(walking) == "You have no projects"


async def test_sampling_is_declined_with_an_error_on_a_stream() -> None:
    async with on_lab(protocol=OLD, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "rhyme", '{"word": "tea"}')
        await asked(walking)
        await walking.pilot.press("f8")
        await walking.until(lambda: replies(walking))
        await walking.settle()
        assert replies(walking)[0]["error"]["code"] == -1


async def test_what_a_result_asks_is_answered_and_the_call_made_again() -> None:
    async with on_lab(size=LOW, protocol=NEW, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "rhyme", '{"word": "tea"}')
        panel = await asked(walking)
        assert "rhymes with 'tea'" in str(panel.query_one("#ask-words > Static", Static).content)
        await walking.pilot.press(*"sea", "f5")
        await over(walking)
        assert said(walking) == "tea rhymes with sea, says a person at authwalk"
        assert labels(walking) == ["tools/call rhyme", "tools/call rhyme, once more"]


async def test_roots_are_remembered() -> None:
    async with on_lab(protocol=NEW, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "list_projects")
        panel = await asked(walking)
        await walking.pilot.press("ctrl+t")
        panel.query_one("#form-json").text = '{"roots": [{"uri": "file:///w", "name": "W"}]}'  # type: ignore[attr-defined]
        await walking.pilot.pause()
        await walking.pilot.press("f5")
        await over(walking)
        walking.walk.rerun("call")
        await call(walking, "list_projects")
        await asked(walking)
        await walking.pilot.press("f5")
        await over(walking)
        assert said(walking) == "Your projects: W"


async def test_a_url_is_opened_by_a_key_and_by_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str | None] = []

    def open_it(url: str | None) -> str:
        opened.append(url)
        return ""

    monkeypatch.setattr("tui.screens.walking.open_in_browser", open_it)
    async with on_lab(protocol=NEW, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "connect_calendar")
        await asked(walking)
        assert "the host is example.com" in walking.text
        assert opened == []
        await walking.pilot.press("o")
        await walking.until(lambda: opened)
        assert opened == ["https://example.com/connect/calendar?account=practice"]
        await walking.pilot.press("f5")
        await over(walking)
        assert said(walking).startswith("You chose to accept")


@pytest.mark.parametrize("protocol", [OLD, NEW])
async def test_a_task_goes_on_by_itself_asks_and_ends(protocol: str) -> None:
    async with on_lab(size=WIDE, protocol=protocol, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "brew_tea", '{"cups": 2}')
        await asked(walking)
        assert "How strong should it be?" in walking.words
        await walking.pilot.press("f5")
        await over(walking)
        assert said(walking) == "2 x strong tea"
        assert labels(walking)[:2] == ["tools/call brew_tea", "tasks/get"]


async def test_a_task_is_cancelled_by_telling_the_server() -> None:
    async with on_lab(protocol=NEW, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await call(walking, "brew_tea")
        await walking.until(lambda: isinstance(walking.walk.current, Ask))
        await walking.settle()
        assert "x Cancel" in walking.keys
        await walking.pilot.press("x")
        await over(walking)
        done = walking.walk.moves["call"]
        assert isinstance(done, Done) and done.word == "cancelled"
        assert "tasks/cancel" in labels(walking)
        wished = [event for event in walking.events if isinstance(event, Answered)][-1]
        assert wished.values == (("cancel", "tasks/cancel"),)


async def test_a_wait_for_the_next_poll_is_told_and_can_be_ended() -> None:
    async with on_lab(protocol=OLD, declare=CAPABILITIES) as walking:
        await walking.to("call")
        await walking.press("enter")  # the form has the keyboard; the walk is not busy
        walking.walk.answer("call", name="brew_tea", arguments="{}")
        move = walking.walk.current
        assert isinstance(move, Send)
        await walking.walk.perform(move)
        await walking.settle()
        walking.screen.set_focus(None)
        walking.screen.point_at("call")
        await walking.settle()
        assert "the task is working: the water boils" in walking.hint
        assert "x cancels it" in walking.hint and "x Cancel" in walking.keys
        await walking.pilot.press("x")
        await over(walking)
        assert labels(walking) == ["tools/call brew_tea", "tasks/cancel"]


async def test_what_is_declared_is_what_the_server_is_told() -> None:
    async with on_lab(protocol=OLD, declare=("roots", "tasks")) as walking:
        await walking.to("call")
        opened: list[Exchange] = [
            event.exchange
            for event in walking.events
            if isinstance(event, Exchanged) and event.label.startswith("initialize")
        ]
        told = json.loads(opened[-1].request.body)["params"]["capabilities"]
        assert list(told) == ["roots"], "before 2026-07-28 nobody declares to poll tasks"
        await call(walking, "book_table", '{"day": "2026-12-24"}')
        await walking.until(lambda: isinstance(walking.walk.moves["call"], Blocked))
        assert "did not declare" in walking.words, "so the server does not ask"
