"""What the panes show, from recorded walks: no widget, no network."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from flows.checks import Finding
from flows.exchange import Exchange, Failure, Request, Response, Timing, Tls
from flows.moves import Blocked, Send
from flows.session import Answered, Event, Exchanged, Made, Received, StepId
from flows.sse import ServerSentEvent
from flows.steps import STEPS
from flows.text import visible
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.world import ISSUER, METADATA, NOW, REDIRECT, World, answer
from tests.hostile import HOSTILE
from tests.long import long_session
from tui import view
from tui.record import MARKS, State, rows
from tui.widgets.step_list import WORD, step_row

METADATA_URL = f"GET {ISSUER}/.well-known/oauth-authorization-server"


def walk_of(world: World) -> Walk:
    return Walk(world.session, Wire())


def walked(until: StepId | None = None) -> Walk:
    world = World()
    world.walk(until=until)
    return walk_of(world)


def states(walk: Walk) -> dict[StepId, tuple[State, str]]:
    return {row.step.id: (row.state, row.word) for row in rows(walk)}


def stopped() -> Walk:
    world = World()
    world.routes[METADATA_URL] = answer(200, {**METADATA, "issuer": f"{ISSUER}/"})
    world.walk()
    return walk_of(world)


# The step list


def test_at_the_start_one_step_is_next_and_the_others_wait() -> None:
    found = rows(walk_of(World()))
    assert [row.step for row in found] == list(STEPS)
    assert [row.number for row in found] == list(range(1, len(STEPS) + 1))
    assert [row.state for row in found] == ["ready"] + ["pending"] * (len(STEPS) - 1)
    assert {row.word for row in found} == {""} and {row.attempt for row in found} == {0}


def test_each_step_has_a_mark_and_its_decisive_word() -> None:
    told = states(walked("connect"))
    assert told["challenge"] == ("ok", "401")
    assert told["pkce"] == ("ok", "S256")
    assert told["token"] == ("ok", "200")
    assert told["connect"] == ("ready", "")
    assert told["tools"] == ("pending", "")
    assert states(walked())["call"] == ("ok", "add")


def test_a_stopped_step_is_an_error_and_nothing_follows() -> None:
    told = states(stopped())
    assert told["server-metadata"][0] == "blocked"
    assert all(told[step.id] == ("pending", "") for step in STEPS[3:])


def test_marks_are_shapes_of_one_cell_each() -> None:
    assert {len(mark) for mark in MARKS.values()} == {1}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_word_that_a_server_chose_is_short_and_visible(text: str) -> None:
    world = World()
    world.walk(until="callback")
    sent = text.encode(errors="replace").decode()  # a URL holds no lone surrogates
    world.respond(error=sent, state=world.state, iss=ISSUER)
    (drawn,) = (step_row(row) for row in rows(walk_of(world)) if row.step.id == "callback")
    word, _ = drawn.word
    assert word and cell_len(word) <= WORD and visible(word) == word


# Items and attempts


def test_an_item_for_each_exchange_and_for_the_move_to_come() -> None:
    world = World()
    del world.routes[METADATA_URL]
    world.walk()
    walk = walk_of(world)
    found = view.items(walk, "server-metadata")
    assert [isinstance(item.event, Exchanged) for item in found][:-1] == [True] * (len(found) - 1)
    assert isinstance(found[-1].move, Blocked) and not found[-1].pending
    assert found[-1].title == "stopped here"
    assert len({item.title for item in found}) == len(found), "titles tell them apart"


def test_a_stop_where_nobody_answers_blames_whoever_named_the_address() -> None:
    world = World()
    for name in ("oauth-authorization-server", "openid-configuration"):
        url = f"GET {ISSUER}/.well-known/{name}"
        world.routes[url] = Failure("refused", "Connection refused.")
    world.walk()
    walk = walk_of(world)
    assert walk.diagnosis.cause
    stop = view.items(walk, "server-metadata")[-1].move
    assert isinstance(stop, Blocked) and stop.party == walk.diagnosis.cause.party
    assert stop.party != "network" and "authorization_servers of" in stop.reason


def test_the_move_to_come_is_the_last_item_of_its_step_alone() -> None:
    walk = walked("token")
    (item,) = view.items(walk, "token")
    assert item.pending and item.move is walk.current and isinstance(item.move, Send)
    assert view.items(walk, "connect") == ()
    assert not any(item.pending for item in view.items(walk, "challenge"))


def test_a_new_attempt_starts_empty_and_the_old_one_stays() -> None:
    world = World()
    world.walk(until="client")
    world.rerun("server-metadata")
    walk = walk_of(world)
    old, new = view.step_attempts(walk, "server-metadata")
    assert old.exchanges and not new.events
    (pending,) = view.items(walk, "server-metadata")
    assert pending.pending
    assert all(item.event for item in view.items(walk, "server-metadata", 0))
    assert len(view.step_attempts(walk, "challenge")) == 1, "what came before still holds"
    assert len(view.step_attempts(walk, "keys")) <= 2


def test_the_titles_of_what_a_person_gave() -> None:
    walk = walked()
    (answered,) = [i for i in view.items(walk, "callback") if isinstance(i.event, Answered)]
    assert answered.title == "what came back"
    (chosen,) = [i for i in view.items(walk, "call") if isinstance(i.event, Answered)]
    assert chosen.title == "what you chose"


# Exchanges in words

REQUEST = Request("POST", "https://a.example/t?x=1&y=", (("Accept", "*/*"),), b"k=v")
RESPONSE = Response(200, "OK", (("X-A", "1"), ("X-A", "2")), b"12345", wire_size=3)
EXCHANGE = Exchange("e1", REQUEST, NOW, RESPONSE, timing=Timing(total=0.182))
REFUSED = Exchange("e2", REQUEST, NOW, error=Failure("refused", "nobody listens"))
CUT = replace(EXCHANGE, error=Failure("too-large", "more than 1 MB"))


@pytest.mark.parametrize(
    ("exchange", "word", "state"),
    [
        (EXCHANGE, "200", "ok"),
        (replace(EXCHANGE, response=replace(RESPONSE, status=302)), "302", "ok"),
        (replace(EXCHANGE, response=replace(RESPONSE, status=401)), "401", "warn"),
        (replace(EXCHANGE, response=replace(RESPONSE, status=500)), "500", "error"),
        (REFUSED, "refused", "error"),
        (CUT, "200 too-large", "error"),
    ],
)
def test_the_word_of_an_exchange(exchange: Exchange, word: str, state: str) -> None:
    assert view.status_word(exchange) == word
    assert view.status_state(exchange) == state


def test_headline() -> None:
    assert view.headline(EXCHANGE) == ("POST https://a.example/t?x=1&y=", "200 OK  182 ms  5 B")
    _, right = view.headline(REFUSED)
    assert right.startswith("refused") and "B" not in right.split()


def test_heads_have_every_field_in_order() -> None:
    assert view.request_head(REQUEST) == ("POST /t?x=1&y=", "Accept: */*")
    assert view.request_head(replace(REQUEST, body=b"")) == ("POST /t?…", "Accept: */*")
    assert view.response_head(RESPONSE) == ("HTTP/1.1 200 OK", "X-A: 1", "X-A: 2")


def test_a_query_is_spread_out_with_blanks_and_doubles() -> None:
    text = view.query_text("https://a.example/auth?scope=a%20b&x=&scope=c#f")
    assert text.splitlines() == [
        "https://a.example/auth",
        "",
        "scope  a b",
        "x      ",
        "scope  c",
    ]


def test_values_are_aligned_and_json_spread_out() -> None:
    text = view.pairs_text((("a", "1"), ("longer", '{"k": [1]}'), ("bad", "{not json")))
    assert text.splitlines() == [
        "a       1",
        "longer",
        "{",
        '  "k": [',
        "    1",
        "  ]",
        "}",
        "bad",
        "{",
        "not json",
    ]


def test_timing_shows_the_phases_on_one_scale() -> None:
    timing = Timing(0.1, 0.1, None, 0.1, 0.1, 0.4)
    tls = Tls("TLSv1.3", "AES", "CN=a", "CN=b", NOW + timedelta(days=1), verified=False)
    text = view.timing_text(replace(EXCHANGE, timing=timing, peer="127.0.0.1:1", tls=tls))
    bars = [line for line in text.splitlines() if "━" in line]
    assert [line.split()[0] for line in bars] == ["connect", "TLS", "first", "body"]
    starts = [line.index("━") for line in bars]
    assert starts == sorted(starts) and len({line.count("━") for line in bars}) == 1
    assert "NOT verified (--insecure)" in text and "127.0.0.1:1" in text
    assert "2026-11-23 08:15:00.000 UTC" in text and "3 B received, 5 B inflated" in text


def test_timing_of_nothing_at_all() -> None:
    assert "total" in view.timing_text(REFUSED)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_gets_through(text: str) -> None:
    line = text.replace("\n", "")
    request = Request(line, f"https://a.example/{text}?q={text}", ((text, text),), b"")
    response = Response(200, text, ((text, text),), text.encode(errors="replace"))
    tls = Tls(text, text, text, text)
    exchange = Exchange("x", request, NOW, response, peer=text, tls=tls)
    finding = Finding("T-01", "warn", "warn", "token", None, text, standard=text)
    shown = "\n".join(
        (
            *view.headline(exchange),
            *view.request_head(request),
            *view.response_head(response),
            view.query_text(request.url),
            view.pairs_text(((text, text), ("json", f'{{"k": "{text[:9]}"}}'))),
            view.timing_text(exchange),
            view.findings_text((finding,)),
        )
    )
    assert visible(shown, lines=True) == shown


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=5).map(tuple))
def test_any_text_can_be_shown(url: str, pairs: tuple[tuple[str, str], ...]) -> None:
    for text in (view.query_text(f"https://h/{url}"), view.pairs_text(pairs)):
        assert visible(text, lines=True) == text


def test_a_url_that_is_none_is_shown_as_it_is() -> None:
    assert "http://[" in view.query_text("http://[x")
    assert view.request_head(Request("GET", "http://[x"))[0].startswith("GET ")


def test_an_authorization_response_is_taken_apart() -> None:
    world = World()
    world.walk(until="callback")
    world.answer("callback", redirect=f"{REDIRECT}?code=c&state=s", via="pasted")
    event = world.session.events[-1]
    assert isinstance(event, Answered)
    assert view.answered_pairs(event) == (
        ("code", "c"),
        ("state", "s"),
        ("", ""),
        ("came", "pasted"),
    )


# Findings


def test_what_stopped_the_walk_comes_first_and_nothing_is_told_twice() -> None:
    walk = stopped()
    found = view.findings(walk, walk.diagnosis)
    assert view.verdict(walk.diagnosis) == "at fault: the MCP server"
    assert (found[0].step, found[0].result) == ("server-metadata", "fail")
    assert found[0].party == "resource-server" and "RFC 8414" in found[0].standard
    assert len({finding.says for finding in found}) == len(found)


def test_what_is_well_is_not_told() -> None:
    walk = walked()
    assert any(finding.result == "pass" for finding in walk.findings)
    assert view.findings(walk, walk.diagnosis) == ()
    assert view.verdict(walk.diagnosis) == ""


# Streams in the background


def received(data: str, event: str = "message") -> Received:
    return Received(NOW, "connect", "s", ServerSentEvent(event, data))


def test_what_comes_on_a_background_stream_is_listed_with_its_request_first() -> None:
    world = World()
    request = Request("POST", f"{ISSUER}/m", (), b'{"id": 7, "method": "initialize"}')
    exchange = Exchange("x", request, NOW, Response(202, "Accepted", ()))
    world.record(
        Made(NOW, "connect", (("stream", "s"), ("first", "endpoint"))),
        received("/m", "endpoint"),
        received('{"method": "notifications/message", "params": {"level": "info", "data": "hi"}}'),
        received('{"id": 1, "method": "ping"}'),
        received('{"id": 7, "result": {}}'),
        replace(received("{}"), exchange_id="another"),
        Exchanged(NOW, "connect", exchange, "initialize"),
    )
    items = view.items(walk_of(world), "connect")
    titles = ["computed here", "endpoint", "info hi", "ping", "initialize", "its response"]
    assert [item.title for item in items[:6]] == titles
    assert view.responds_to(items[5], 7) and not view.responds_to(items[4], 7)


@pytest.mark.parametrize("text", HOSTILE)
def test_titles_of_events_are_harmless(text: str) -> None:
    world = World()
    params = {"uri": text}
    data = json.dumps({"method": "notifications/resources/updated", "params": params})
    made = Made(NOW, "connect", (("stream", "s"),))
    world.record(made, received(data), received("", text))
    for item in view.items(walk_of(world), "connect"):
        assert item.title == visible(item.title)


def test_a_long_attempt_costs_by_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, as times differ: no item is looked at for another's sake."""
    looks: list[int] = []
    for exchanges in (100, 200, 400):
        walk = Walk(long_session(exchanges), Wire())
        seen = 0

        def title(event: Event) -> str:
            nonlocal seen
            seen += 1
            return "one"

        def other(*_: object) -> bool:
            nonlocal seen
            seen += 1
            return False

        monkeypatch.setattr(view, "_title", title)
        monkeypatch.setattr(view, "responds_to", other)
        assert len(view.recorded(walk, "call")) >= exchanges // 2 - 10
        looks.append(seen)
    assert looks[2] - looks[1] == 2 * (looks[1] - looks[0])
