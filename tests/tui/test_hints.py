"""The line above the keys says what enter will do."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flows.exchange import Request
from flows.moves import Blocked, Send
from flows.session import StepId, Target
from flows.steps import STEP
from flows.text import visible
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.flows.world import ISSUER, MCP, METADATA, NOW, World, answer
from tests.hostile import HOSTILE
from tui import view
from tui.all_keys import all_keys
from tui.hint_keys import HintKeys, hint_keys
from tui.hints import hint
from tui.tour import tour_line
from tui.view import Item

METADATA_URL = f"GET {ISSUER}/.well-known/oauth-authorization-server"


def at(
    world: World, step: StepId | None = None, *, item: int = -1, now: datetime = NOW
) -> tuple[Walk, StepId, Item | None, datetime]:
    """What `hint` is asked about, pointing at an item of the step that is up, or of another."""
    walk = Walk(world.session, Wire())
    move = walk.current
    where = step or (move.step if move else "call")
    items = view.items(walk, where)
    return walk, where, items[item] if items else None, now


def walked(until: StepId | None) -> World:
    world = World()
    world.walk(until=until)
    return world


def test_a_request_to_come_is_named() -> None:
    assert hint(*at(World())) == f"enter sends POST {MCP}"


def test_an_edited_request_is_named_as_it_was_edited() -> None:
    edit = Request("PUT", "https://elsewhere.example/")
    assert hint(*at(World()), edit) == "enter sends PUT https://elsewhere.example/"


def test_what_happened_leads_on() -> None:
    assert hint(*at(walked("resource-metadata"), "challenge")) == "enter: on to Resource metadata"


def test_what_happened_in_the_step_that_goes_on() -> None:
    world = World()
    del world.routes[METADATA_URL]
    for _ in range(30):
        move = world.standing()
        assert isinstance(move, Send)
        world.perform(move)
        if world.standing().step == move.step == "server-metadata":
            break
    assert hint(*at(world, "server-metadata", item=0)) == "enter: on to what comes next"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("pkce", "enter takes these values"),
        ("authorize", "enter makes this the authorization URL"),
        ("callback", "o opens the browser"),
        ("call", "enter: choose what to call"),
    ],
)
def test_each_kind_of_move(step: StepId, words: str) -> None:
    assert hint(*at(walked(step))).startswith(words)


def test_the_listener_and_the_client() -> None:
    seen = set()
    world = World(Target(MCP))
    world.routes[METADATA_URL] = answer(
        200, {k: v for k, v in METADATA.items() if k != "registration_endpoint"}
    )
    for _ in range(30):
        seen.add(hint(*at(world)))
        move = world.standing()
        if move.step == "pkce" or isinstance(move, Blocked):
            break
        world.perform(move)  # type: ignore[arg-type]
    assert "enter binds the loopback listener" in seen
    assert "enter: give the client's identifier" in seen


def test_the_age_of_the_code_that_would_be_spent() -> None:
    later = NOW + timedelta(minutes=2, seconds=5)
    assert hint(*at(walked("token"), now=later)).endswith("with a code 2 min 05 s old")
    assert "0.0 ms old" in hint(*at(walked("token"), now=NOW - timedelta(hours=1)))


def test_a_step_nobody_reached_leads_back_to_the_one_that_is_up() -> None:
    assert hint(*at(World(), "tools")) == "enter: on to Challenge"


def test_the_end() -> None:
    assert "complete" in hint(*at(walked(None)))
    assert "complete" in hint(*at(walked(None), "challenge"))
    assert hint(*at(walked("connect"), "challenge")) == f"enter: on to {STEP['connect'].title}"


def test_a_stop_says_what_can_be_done() -> None:
    world = World()
    world.routes[METADATA_URL] = answer(200, {**METADATA, "issuer": f"{ISSUER}/"})
    world.walk()
    assert (
        hint(*at(world))
        == "✗ stopped: r tries this step again, b goes back, ! goes on all the same"
    )
    assert hint(*at(world, item=0)).startswith("✗ stopped, enter tells more: ")
    assert hint(*at(world, "challenge")).startswith("✗ stopped, enter tells more: ")


def test_a_stop_that_cannot_be_overridden() -> None:
    world = walked("callback")
    world.respond(error="access_denied", state=world.state, iss=ISSUER)
    assert "!" not in hint(*at(world)) and "r tries" in hint(*at(world))


def test_while_a_field_has_the_focus_letters_are_no_keys() -> None:
    assert "esc leaves the field" in hint(*at(walked("callback")), typing=True)
    assert "esc leaves the form" in hint(*at(walked("call")), typing=True)
    assert "any token" in hint(*at(World()), typing=True)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_gets_through(text: str) -> None:
    world = walked("callback")
    sent = text.encode(errors="replace").decode()  # a URL holds no lone surrogates
    world.respond(error="server_error", error_description=sent, state=world.state)
    for item in (-1, 0):
        words = hint(*at(world, item=item))
        assert visible(words) == words
    edit = Request(text, f"https://a.example/{text}")
    words = hint(*at(World()), edit)
    assert visible(words) == words and words.startswith("enter sends")


def test_the_keys_are_those_that_the_person_set() -> None:
    keys = hint_keys({"walk.next": "n,enter", "walk.rerun": "ctrl+question_mark", "row.up": "k"})
    assert (keys.next, keys.rerun, keys.edit) == ("n", "ctrl+?", "e")
    assert hint(*at(World()), keys=keys) == f"n sends POST {MCP}"
    assert tour_line(Walk(new_session(Target(MCP)), Wire()), keys)[1].startswith(
        "Not sent yet: n sends this request. i tells"
    )


def test_each_key_of_a_hint_is_the_default_of_its_binding() -> None:
    defaults = {entry.id: entry.keys[0] for entry in all_keys()}
    assert hint_keys(defaults) == HintKeys()
