"""A recorded walk of the lab made again: against the same lab, one with a fault, another one, and
without any network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flows.compare import Comparison
from flows.exchange import Exchange, Request
from flows.lab import Lab
from flows.lab.faults import FAULTS
from flows.moves import Ask, Blocked, Compose, Done, Make, Move, Send
from flows.rehearsal import Rehearsal
from flows.replay import Person, Replay, Unsaved
from flows.session import Answered, Exchanged, Made, Session, StepId, Target, value
from flows.store import redact_session
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.flows.tokens import private_key
from tests.flows.world import ISSUER, MCP, METADATA, TOKEN, World, answer, healthy

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def approved(walk: Walk) -> str:
    return await walk.approve()


async def nobody(walk: Walk, ask: Ask) -> bool:
    return False


PERSON = Person(approved, nobody)


class Edited(Walk):
    """A walk in which somebody edits moves on their way; `edits` by step."""

    edits: dict[StepId, Any]

    async def perform(self, move: Any, **how: Any) -> None:
        change = self.edits.get(move.step)
        edit = change(move) if change and not isinstance(move, Ask | Blocked) else None
        await super().perform(move, edit=edit, **how)


async def walked(lab: Lab, edits: dict[StepId, Any] | None = None, **target: Any) -> Session:
    """A walk to a tool call and a refresh, its session ended."""
    walk = Edited(new_session(Target(lab.mcp_url, **target)), Wire())
    walk.edits = edits or {}
    walk.answer("tools", list="resources/list")
    await on(walk)
    walk.answer("call", name="add", arguments='{"a": 1, "b": 2}')
    await on(walk)
    if isinstance(refresh := walk.moves.get("refresh"), Send):
        await walk.perform(refresh)
    await walk.end_session()
    await walk.close()
    return walk.session


async def on(walk: Walk) -> Move | None:
    while True:
        move = await walk.run(hold=frozenset(), remedies=True)
        if not (isinstance(move, Ask) and move.kind == "authorization-response"):
            return move
        assert not await walk.approve()


async def replayed(session: Session, url: str | None = None, **how: Any) -> Replay:
    target = replace(session.target, url=url or session.target.url)
    replay = Replay(session, Walk(new_session(target), Wire()), PERSON, **how)
    await replay.run()
    return replay


def differing(comparison: Comparison) -> dict[StepId, list[str]]:
    return {
        step.step: [one.field for one in step.differences]
        for step in comparison.steps
        if step.matters
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recorded(lab: Lab) -> Session:
    lab.set_faults(())
    return await walked(lab)


@pytest.fixture(autouse=True)
def sound(lab: Lab) -> None:
    lab.set_faults(())


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25"])
async def test_the_same_server_answers_the_same(lab: Lab, protocol: Any) -> None:
    session = await walked(lab, protocol=protocol)
    for one in (session, redact_session(session)):
        replay = await replayed(one)
        assert not differing(replay.comparison()) and not replay.stopped and not replay.notes
        made, sent = (len(list(s.exchanges)) for s in (replay.walk.session, one))
        assert made == sent, "the end of the session too"


async def test_another_server_answers_the_same(recorded: Session) -> None:
    async with Lab() as other:
        replay = await replayed(redact_session(recorded), other.mcp_url)
        assert not differing(replay.comparison())
        assert replay.walk.facts.target.url == other.mcp_url


async def test_every_secret_is_a_fresh_one(recorded: Session) -> None:
    replay = await replayed(recorded)
    text = repr([event.exchange for event in replay.walk.session.exchanges])
    for event in recorded.events:
        if isinstance(event, Made) and (verifier := value(event.values, "code_verifier")):
            assert verifier not in text
        if isinstance(event, Exchanged) and event.step == "token" and event.exchange.response:
            token = json.loads(event.exchange.response.body)["access_token"]
            assert token not in text


ELSEWHERE: dict[str, StepId | None] = {
    # What a fault breaks may show before its own step: in the document that names it.
    "no-registration": "server-metadata",
    "supports-cimd": "server-metadata",
    "cimd-without-none": "server-metadata",
    "private-key-jwt-only": "server-metadata",
    "first-server-dead": "resource-metadata",
    "legacy-only": "challenge",
    # A claim shows in the token that holds it, and only checks see these.
    "token-expired": "claims",
    "iat-future": "claims",
    "unknown-kid": "claims",
    "bad-signature": "claims",
    "refresh-widens-scope": "claims",
    # Nothing that this walk asks for.
    "modern-only": None,
    "no-cors-on-token": None,
    "slow-token": None,
    "registration-drops-schemes": None,
    "registration-rejects-schemes": None,
    # Only probes meet these.
    **dict.fromkeys(
        (
            "user-agent-blocked",
            "any-token-accepted",
            "any-audience-accepted",
            "tools-without-token",
            "redirect-uri-unchecked",
            "pkce-optional",
            "any-verifier-accepted",
            "code-works-twice",
            "code-unbound",
            "refresh-token-reusable",
        )
    ),
}
UNSEEN = ("introspect", "revoke")


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "slow-token"])
async def test_a_fault_shows_at_its_step(name: str, lab: Lab, recorded: Session) -> None:
    fault = FAULTS[name]
    lab.set_faults([name])
    first = (await replayed(recorded)).comparison().first
    step = None if fault.step in UNSEEN else "token" if fault.step == "claims" else fault.step
    assert (first.step if first else None) == ELSEWHERE.get(name, step)


async def test_a_fault_of_the_record_that_is_mended_shows_at_its_step(lab: Lab) -> None:
    lab.set_faults(["token-500"])
    session = await walked(lab)
    lab.set_faults(())
    found = differing((await replayed(session)).comparison())
    assert next(iter(found)) == "token" and found["token"][0] == "status"


async def test_one_that_fails_as_it_did_is_the_same(lab: Lab) -> None:
    lab.set_faults(["token-500"])
    session = await walked(lab)
    replay = await replayed(session)
    assert not differing(replay.comparison()) and not replay.stopped


async def test_edits_are_made_again_with_fresh_values(lab: Lab) -> None:
    def scope(move: Compose) -> Request:
        url = move.request.url.replace("offline_access", "mcp%3Aadmin")
        return Request("GET", url)

    def note(move: Make) -> tuple[tuple[str, str], ...]:
        return (*move.values, ("note", "mine"))

    def extra(move: Send) -> Request:
        headers = (*move.request.headers, ("X-Mine", "1"))
        return replace(move.request, headers=headers, body=move.request.body + b"&extra=1")

    session = await walked(lab, {"authorize": scope, "pkce": note, "token": extra})
    for one in (session, redact_session(session)):
        replay = await replayed(one)
        assert not differing(replay.comparison()) and not replay.notes
        made = replay.walk.session
        token = next(event for event in made.exchanges if event.step == "token")
        assert token.draft and b"extra=1" not in token.draft.body
        assert token.exchange.request.body.endswith(b"&extra=1")
        assert ("X-Mine", "1") in token.exchange.request.headers
        assert replay.walk.facts.pkce
        assert replay.walk.facts.pkce.code_verifier.encode() in token.exchange.request.body
        url = replay.walk.facts.authorization_url or ""
        assert "mcp%3Aadmin" in url and replay.walk.facts.pkce.state in url


async def test_an_edit_that_was_not_saved_is_told(lab: Lab) -> None:
    def wrong(move: Send) -> Request:
        body = move.request.body.replace(b"code_verifier=", b"code_verifier=typed-by-hand-")
        return replace(move.request, body=body)

    session = redact_session(await walked(lab, {"token": wrong}))
    replay = await replayed(session)
    assert replay.notes == ["the edit of code_verifier at token was not saved, and not made again"]
    assert next(iter(differing(replay.comparison()))) == "token"


async def test_overrides_and_reruns_are_made_again(lab: Lab) -> None:
    lab.set_faults(["no-pkce-advertised"])
    walk = Walk(new_session(Target(lab.mcp_url)), Wire())
    await on(walk)
    stop = walk.current
    assert isinstance(stop, Blocked) and stop.step == "pkce"
    walk.override(stop)
    await on(walk)
    walk.rerun("client")
    await on(walk)
    await walk.close()
    replay = await replayed(walk.session)
    assert not differing(replay.comparison())
    assert {step: len(tries) for step, tries in replay.walk.attempts.items()} == {
        step: len(tries) for step, tries in walk.attempts.items()
    }
    lab.set_faults(())
    assert "server-metadata" in differing((await replayed(walk.session)).comparison())


async def test_nobody_is_there_to_approve(recorded: Session) -> None:
    async def absent(walk: Walk) -> str:
        return "nobody is there"

    walk = Walk(new_session(recorded.target), Wire())
    replay = Replay(recorded, walk, Person(absent, nobody))
    comparison = await replay.run()
    assert replay.stopped == "nobody is there"
    assert comparison.first and comparison.first.step == "callback"


async def test_a_server_that_is_gone(recorded: Session) -> None:
    replay = await replayed(recorded, "http://127.0.0.1:1/mcp")
    first = replay.comparison().first
    assert first and first.step == "challenge" and "refused" in replay.stopped
    assert first.differences[0].field in ("status", "error")


async def test_one_step_alone_on_what_the_record_knows(lab: Lab, recorded: Session) -> None:
    async def alone(step: StepId, session: Session = recorded) -> Replay:
        replay = Replay(session, Walk(session, Wire()), PERSON, only=step)
        await replay.run()
        return replay

    assert not differing((await alone("tools")).comparison())
    assert not differing((await alone("call")).comparison())
    lab.set_faults(["tools-empty"])
    assert list(differing((await alone("tools")).comparison())) == ["tools"]
    lab.set_faults(())
    assert list(differing((await alone("token")).comparison())) == ["token"], "a code works once"
    without = await alone("tools", redact_session(recorded))
    assert "Not saved with this session: access token" in without.stopped
    assert not differing((await alone("keys", redact_session(recorded))).comparison())


async def test_what_was_given_and_not_saved_is_not_sent(recorded: Session) -> None:
    at = recorded.events[-1].at
    secret = (("name", "add"), ("arguments", '{"password": "hunter2-hunter2"}'))
    session = redact_session(recorded.append(Answered(at, "call", secret)))
    with pytest.raises(Unsaved):
        await replayed(session)


async def test_a_client_that_is_asked_for_again(lab: Lab) -> None:
    lab.set_faults(["no-registration"])
    walk = Walk(new_session(Target(lab.mcp_url)), Wire())
    await on(walk)
    walk.answer("client", client_id="lab-client", client_secret="lab-secret")
    await on(walk)
    await walk.close()
    assert not differing((await replayed(walk.session)).comparison())

    async def given(walk: Walk, ask: Ask) -> bool:
        walk.answer("client", client_id="lab-client", client_secret="lab-secret")
        return True

    session = redact_session(walk.session)
    again = Walk(new_session(session.target), Wire())
    assert not differing(await Replay(session, again, Person(approved, given)).run())
    refused = await replayed(session)
    assert refused.stopped and "client" in differing(refused.comparison())


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(self: Wire, *words: object, **more: object) -> Exchange:
        raise AssertionError("something was sent")

    monkeypatch.setattr(Wire, "send", send)


@pytest.mark.usefixtures("no_network")
async def test_a_rehearsal_sends_nothing_and_finds_nothing(recorded: Session) -> None:
    for session in (recorded, redact_session(recorded)):
        rehearsal = Rehearsal(session)
        assert not differing(await rehearsal.run())
        assert rehearsal.walk.session.events == session.events


@pytest.mark.usefixtures("no_network")
async def test_a_rehearsal_tells_what_would_be_sent_otherwise(recorded: Session) -> None:
    def changed(event: Any) -> Any:
        if not isinstance(event, Exchanged) or event.step != "token":
            return event
        request = event.exchange.request
        body = request.body.replace(b"grant_type=authorization_code", b"grant_type=code")
        return replace(event, exchange=replace(event.exchange, request=replace(request, body=body)))

    session = replace(recorded, events=tuple(map(changed, recorded.events)))
    found = differing(await Rehearsal(session).run())
    assert found == {"token": ["form grant_type"]}


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("dpop", [False, True])
async def test_a_rehearsal_of_what_is_signed(dpop: bool) -> None:
    pem = private_key("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    routes = healthy()
    routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(
        200, {**METADATA, "dpop_signing_alg_values_supported": ["ES256"]}
    )
    token = {**TOKEN, "token_type": "DPoP" if dpop else "Bearer"}
    routes[f"POST {ISSUER}/token"] = answer(200, token)
    signing = Target(
        MCP, client_id="a-client", client_key=pem.decode(), grant="client-credentials", dpop=dpop
    )
    world = World(signing, routes)
    assert isinstance(world.walk(), Done)
    assert not differing(await Rehearsal(world.session).run())
    without = Rehearsal(redact_session(world.session))
    assert not differing(await without.run())
    assert without.notes == ["the private key was not saved, and nothing signed at token"]


async def test_a_rehearsal_of_edits(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def extra(move: Send) -> Request:
        return replace(move.request, body=move.request.body + b"&extra=1")

    session = await walked(lab, {"token": extra})
    assert not differing(await Rehearsal(session).run())
