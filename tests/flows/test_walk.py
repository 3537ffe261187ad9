"""The walk against the real lab, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from flows.documents import read_form
from flows.exchange import Request
from flows.fold import Fold
from flows.lab import Lab
from flows.listener import Rejected
from flows.moves import Act, Ask, Blocked, Compose, Done, Listen, Make, Send
from flows.session import Answered, Exchanged, Made, Session, StepId, Target
from flows.steps import READERS
from flows.walk import FRESH, Walk, new_session
from flows.wire import Wire
from tests.flows.keys import key_for, pem
from tests.flows.world import MCP, NOW, World


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with Lab() as running:
        yield running


@pytest.fixture
async def walk(lab: Lab) -> AsyncIterator[Walk]:
    walk = Walk(new_session(Target(lab.mcp_url)), Wire())
    yield walk
    await walk.close()


async def to(walk: Walk, step: StepId) -> Act:
    """Walk on until `step` is up, approving without a person."""
    for _ in range(40):
        move = walk.current
        assert move and not isinstance(move, Blocked), move
        if move.step == step:
            return move
        if isinstance(move, Ask):
            assert await walk.approve() == ""
        else:
            await walk.perform(move)
    raise AssertionError(f"{step} never came up")


def _blocked(walk: Walk) -> bool:
    return isinstance(walk.current, Blocked)


async def test_from_challenge_to_tool_result(walk: Walk) -> None:
    await to(walk, "call")
    walk.answer("call", name="add", arguments='{"a": 2, "b": 3}')
    assert await walk.run() is None
    move = walk.moves["call"]
    assert isinstance(move, Done) and move.word == "add"
    assert all(step == "refresh" or isinstance(m, Done) for step, m in walk.moves.items())
    assert [one for one in walk.findings if one.speaks] == []
    (schema,) = (one for one in walk.findings if one.check == "MCP-19")
    assert schema.result == "pass"


async def test_running_on_stops_where_a_person_decides(walk: Walk) -> None:
    move = await walk.run()
    assert isinstance(move, Ask) and move.kind == "authorization-response"
    assert await walk.approve() == ""
    held = await walk.run(hold=frozenset({"token", "connect"}))
    assert isinstance(held, Send) and held.step == "connect", "a hold lets its own move through"


async def test_the_code_waits_for_the_person(walk: Walk) -> None:
    await to(walk, "callback")
    await walk.approve()
    assert isinstance(walk.current, Send) and walk.current.step == "token"
    sent = [event.exchange.request.url for event in walk.session.exchanges]
    assert not any(url.endswith("/token") for url in sent)


async def test_what_is_previewed_is_what_is_sent(walk: Walk) -> None:
    while isinstance(move := walk.current, Send | Listen | Make | Compose):
        await walk.perform(move)
        event = walk.session.events[-1]
        if isinstance(move, Send) and isinstance(event, Exchanged):
            sent = event.exchange.request
            assert (sent.method, sent.url, sent.body) == (
                move.request.method,
                move.request.url,
                move.request.body,
            )
            assert set(move.request.headers) <= set(sent.headers)
            assert event.draft is None


async def test_an_edited_move_keeps_both(walk: Walk) -> None:
    move = await to(walk, "token")
    assert isinstance(move, Send)
    body = move.request.body.replace(b"code_verifier=", b"code_verifier=x")
    await walk.perform(move, edit=replace(move.request, body=body))
    event = walk.session.events[-1]
    assert isinstance(event, Exchanged) and event.draft == move.request
    assert event.exchange.request.body == body
    blocked = walk.current
    assert isinstance(blocked, Blocked) and "invalid_grant" in blocked.reason


async def test_edited_values_and_urls_keep_both(walk: Walk) -> None:
    move = await to(walk, "pkce")
    assert isinstance(move, Make)
    values = tuple((name, "mine" if name == "state" else text) for name, text in move.values)
    await walk.perform(move, edit=values)
    event = walk.session.events[-1]
    assert isinstance(event, Made) and event.draft == move.values
    compose = walk.current
    assert isinstance(compose, Compose)
    assert parse_qs(urlsplit(compose.request.url).query)["state"] == ["mine"]
    edited = Request("GET", compose.request.url + "&prompt=login")
    await walk.perform(compose, edit=edited)
    assert walk.facts.authorization_url == edited.url
    event = walk.session.events[-1]
    assert isinstance(event, Made) and event.draft == (("authorization_url", compose.request.url),)


async def test_the_browser_and_the_listener(walk: Walk, lab: Lab) -> None:
    """The loopback listener gets what a browser would be redirected to; a foreign state does
    not end the wait."""
    rejected: list[Rejected] = []
    walk._on_rejected = rejected.append
    await to(walk, "callback")
    waiting = asyncio.create_task(walk.wait_for_response())
    wire, redirect_uri = Wire(), walk.facts.redirect_uri
    foreign = await wire.send(Request("GET", f"{redirect_uri}?code=evil&state=other"))
    assert foreign.status == 400 and not waiting.done()
    assert [entry.callback for entry in rejected] == [True]
    hop = await wire.send(Request("GET", walk.facts.authorization_url or ""))
    assert hop.response
    location = dict(hop.response.headers)["location"]
    assert (await wire.send(Request("GET", location))).status == 200
    await waiting
    event = walk.session.events[-1]
    assert isinstance(event, Answered) and dict(event.values)["via"] == "listener"
    await wire.close()
    await to(walk, "call")


async def test_a_pasted_response_wins_the_race(walk: Walk) -> None:
    await to(walk, "callback")
    waiting = asyncio.create_task(walk.wait_for_response())
    await asyncio.sleep(0)
    assert walk.facts.pkce
    walk.answer("callback", redirect=f"?code=c&state={walk.facts.pkce.state}", via="pasted")
    async with asyncio.timeout(5):
        await Wire().send(
            Request("GET", f"{walk.facts.redirect_uri}?code=d&state={walk.facts.pkce.state}")
        )
        await waiting
    assert walk.facts.response and walk.facts.response.get("code") == "c"


async def test_approval_that_wants_a_person(lab: Lab) -> None:
    wire = Wire()
    walk = Walk(new_session(Target(lab.issuer, kind="authorization-server")), wire)
    move = await to(walk, "authorize")
    assert isinstance(move, Compose)
    await walk.perform(move, edit=Request("GET", f"{lab.issuer}/lab"))
    assert await walk.approve() == "200: the server wants a person"
    assert isinstance(walk.current, Ask)
    await walk.close()


async def test_stepping_back_and_reruns_stay_in_the_record(walk: Walk) -> None:
    await to(walk, "connect")
    number = len(walk.session.events)
    assert walk.step_back() == "token"
    move = walk.current
    assert isinstance(move, Send) and move.step == "token"
    await walk.perform(move)
    assert _blocked(walk), "a code works once"
    walk.rerun("pkce")
    await to(walk, "connect")
    assert len(walk.session.events) > number
    assert Fold(walk.session, READERS).facts == walk.facts


async def test_refresh_rotates_and_is_used(walk: Walk) -> None:
    await to(walk, "connect")
    refresh = walk.moves["refresh"]
    assert isinstance(refresh, Send) and refresh.optional
    first = walk.facts.current_tokens
    for _ in range(2):
        move = walk.moves["refresh"]
        assert isinstance(move, Send)
        await walk.perform(move)
        assert isinstance(walk.moves["refresh"], Done)
        walk.rerun("refresh")
    assert walk.facts.current_tokens != first
    await to(walk, "call")


async def test_cancelling_keeps_the_record() -> None:
    async with Lab(faults=("slow-token",)) as lab:
        walk = Walk(new_session(Target(lab.mcp_url)), Wire())
        move = await to(walk, "token")
        assert isinstance(move, Send)
        cancel = asyncio.Event()
        sending = asyncio.create_task(walk.perform(move, cancel=cancel))
        await asyncio.sleep(0.05)
        cancel.set()
        await sending
        event = walk.session.events[-1]
        assert isinstance(event, Exchanged) and event.exchange.error
        assert event.exchange.error.kind == "cancelled"
        walk.rerun("token")
        assert isinstance(walk.current, Send)
        await walk.close()


@pytest.mark.parametrize("protocol", ["2025-11-25", "2025-06-18"])
async def test_older_revisions(lab: Lab, protocol: str) -> None:
    walk = Walk(new_session(Target(lab.mcp_url, protocol=protocol)), Wire())  # type: ignore[arg-type]
    await to(walk, "call")
    connection = walk.facts.connection
    assert connection and (connection.era, connection.version) == ("legacy", protocol)
    await walk.close()


async def test_a_preregistered_client_with_either_method(lab: Lab) -> None:
    from flows.lab.registration import CLIENT_ID, CLIENT_SECRET

    for method in ("client_secret_basic", "client_secret_post"):
        target = Target(
            lab.mcp_url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            token_endpoint_auth_method=method,
        )
        walk = Walk(new_session(target), Wire())
        await to(walk, "connect")
        await walk.close()


async def test_a_session_without_entropy_draws_its_own() -> None:
    session = Session(Target("http://127.0.0.1:1/mcp"), new_session(Target("x")).created)
    one, other = Walk(session, Wire()), Walk(session, Wire())
    assert one.facts.seed != other.facts.seed
    assert len(one.facts.seed) == 32


async def test_an_unreachable_server_is_a_stop_and_can_be_tried_again() -> None:
    walk = Walk(new_session(Target("http://127.0.0.1:1/mcp")), Wire())
    move = await walk.run()
    assert isinstance(move, Blocked) and (move.party, move.word) == ("network", "refused")
    walk.rerun("challenge")
    assert isinstance(walk.current, Send)
    await walk.close()


async def test_a_port_that_is_taken_leaves_pasting(lab: Lab) -> None:
    other = Walk(new_session(Target(lab.mcp_url)), Wire())
    await to(other, "pkce")
    taken = other.facts.redirect_uri or ""
    walk = Walk(new_session(Target(lab.mcp_url, redirect_uri=taken)), Wire())
    await to(walk, "callback")
    assert walk.listener is None and walk.facts.redirect_uri == taken
    await to(walk, "connect")
    await walk.close()
    await other.close()


def at_the_token(clock: Callable[[], datetime]) -> Walk:
    """A walk that stands at a token request with a client assertion, nothing sent."""
    key = pem(key_for("ES256"))
    target = Target(MCP, grant="client-credentials", client_id="machine", client_key=key)
    world = World(target)
    world.walk("token")
    return Walk(world.session, Wire(), clock=clock)


def issued(move: object) -> datetime:
    assert isinstance(move, Send)
    token = dict(read_form(move.request.body))["client_assertion"]
    claims = jwt.decode(token, options={"verify_signature": False})
    return datetime.fromtimestamp(claims["iat"], UTC)


async def test_a_request_that_grows_old_is_made_for_now_and_stands_for_a_while() -> None:
    now = NOW + timedelta(hours=1)
    walk = at_the_token(lambda: now)
    shown = walk.current
    assert issued(shown) == now, "the facts are an hour old"
    now += FRESH
    assert walk.current is shown, "what a person looks at does not change under their eyes"
    now += timedelta(seconds=1)
    assert issued(walk.current) == now
    await walk.close()


async def test_what_was_shown_is_what_is_sent_however_old() -> None:
    now = NOW
    walk = at_the_token(lambda: now)
    shown = walk.current
    assert isinstance(shown, Send)
    now += timedelta(hours=1)
    request = replace(shown.request, url="http://127.0.0.1:1/token")
    await walk.perform(replace(shown, request=request))
    event = walk.session.events[-1]
    assert isinstance(event, Exchanged) and event.draft is None
    assert event.exchange.request.body == shown.request.body
    await walk.close()
