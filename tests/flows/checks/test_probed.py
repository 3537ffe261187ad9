"""The checks of what only probes ask: each passes on a recorded healthy server, and fails once one
answer of the record is another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from flows.checks import Record, findings
from flows.deep import BROUGHT, Deep
from flows.exchange import Exchange, Headers, Response
from flows.lab import Lab
from flows.probes import PROBES
from flows.probing import Prober
from flows.session import Event, Exchanged, Protocol, Session, Target
from flows.unattended import unattended
from flows.walk import Walk, new_session
from flows.wire import Wire

Answer = Callable[[Exchange], Response]
JSON: Headers = (("Content-Type", "application/json"),)
TOKENS = json.dumps({"access_token": "a-token", "token_type": "Bearer"}).encode()


@pytest.fixture(scope="module")
def recorded() -> Session:
    """A walk of the healthy lab and every probe, safe and deep."""

    async def record() -> Session:
        async with Lab() as lab:
            target = Target(lab.mcp_url)
            walk = Walk(new_session(target), Wire())
            try:
                move = await walk.run(hold=frozenset())
                assert move and move.step == "callback" and not await walk.approve()
                await walk.run(hold=frozenset())
                await Prober(walk).send(PROBES.values())
                deep = Deep(walk)
                assert not await deep.send()
                await deep.clean_up()
                return walk.session
            finally:
                await walk.close()

    return asyncio.run(record())


def results(session: Session, check: str) -> set[str]:
    record = Record(session, Walk(session, Wire()).facts)
    return {one.result for one in findings(record) if one.check == check}


def status(code: int) -> Answer:
    return lambda exchange: Response(code, "", (("Content-Type", "text/html"),), b"<h1>Hello</h1>")


def tokens(exchange: Exchange) -> Response:
    return Response(200, "OK", JSON, TOKENS)


def tools(exchange: Exchange) -> Response:
    return Response(200, "OK", JSON, b'{"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}')


def let_in(exchange: Exchange) -> Response:
    rpc_id = json.loads(exchange.request.body)["id"]
    body = json.dumps({"jsonrpc": "2.0", "id": rpc_id, "result": {}}).encode()
    return Response(200, "OK", JSON, body)


def redirects(**parameters: str) -> Answer:
    """To the redirect URI that was asked for; `{state}` is the state that was."""

    def answer(exchange: Exchange) -> Response:
        asked = parse_qs(urlsplit(exchange.request.url).query)
        uri = asked.get("redirect_uri", ["https://client.example/callback"])[0]
        state = asked.get("state", [""])[0]
        words = "&".join(f"{k}={v.format(state=state)}" for k, v in parameters.items())
        glue = "&" if "?" in uri else "?"
        return Response(302, "Found", (("Location", f"{uri}{glue}{words}"),))

    return answer


def without_cors(exchange: Exchange) -> Response:
    assert exchange.response
    kept = exchange.response.headers
    headers = tuple(field for field in kept if not field[0].lower().startswith("access-control"))
    return replace(exchange.response, headers=headers)


def a_star_with_credentials(exchange: Exchange) -> Response:
    answer = without_cors(exchange)
    allowed = ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true")
    return replace(answer, headers=(*answer.headers, *allowed))


GRANTED = redirects(code="a-code-of-no-use", state="{state}")
CASES: tuple[tuple[str, str, Answer], ...] = (
    ("AZ-02", "a client nobody registered", GRANTED),
    ("AZ-03", "a redirect URI of a stranger", GRANTED),
    ("AZ-04", "a longer path", GRANTED),
    ("AZ-06", "no code challenge", GRANTED),
    ("AZ-07", "plain", GRANTED),
    ("AZ-08", "response_type=authwalk", GRANTED),
    ("AZ-09", "an unknown parameter", status(400)),
    ("AZ-13", "no scope", redirects(error="invalid_request")),
    ("AZ-11", "a resource with a fragment", GRANTED),
    ("AZ-12", "an unknown scope", status(500)),
    ("AZ-14", "no code challenge", redirects(error="invalid_request")),
    ("CHAL-08", "a made-up token", status(200)),
    ("CHAL-09", "a token in the query", let_in),
    ("CORS-01", "preflight", without_cors),
    ("CORS-02", "request", without_cors),
    ("CORS-03", "signing keys", without_cors),
    ("CORS-04", "token_endpoint", without_cors),
    ("CORS-05", "registration_endpoint", without_cors),
    ("MCP-05", "bearer in small letters", status(401)),
    ("MCP-26", "a token with another signature", let_in),
    ("MCP-11", "tools/list", tools),
    ("NET-09", "Node.js", status(403)),
    ("PK-01", "a wrong code verifier", tokens),
    ("PK-02", "no code verifier", tokens),
    ("PK-04", "a second time", tokens),
    ("PK-07", "another redirect URI", tokens),
    ("REV-01", "revoke what was issued", status(500)),
    ("RT-03", "a second time", tokens),
    ("TE-05", "grant_type=authwalk", status(500)),
    ("TE-06", "GET", tokens),
    ("TE-07", "a JSON body", status(500)),
)


@pytest.mark.parametrize(("check", "label", "answer"), CASES, ids=[case[0] for case in CASES])
def test_one_other_answer_is_found(
    check: str, label: str, answer: Answer, recorded: Session
) -> None:
    def other(event: Event) -> Event:
        if isinstance(event, Exchanged) and event.probe and event.label == label:
            exchange = replace(event.exchange, response=answer(event.exchange))
            return replace(event, exchange=exchange)
        return event

    changed = replace(recorded, events=tuple(map(other, recorded.events)))
    assert changed.events != recorded.events
    assert results(recorded, check) == {"pass"}
    assert results(changed, check) & {"fail", "warn", "info"}


def test_a_star_with_credentials_is_found(recorded: Session) -> None:
    def other(event: Event) -> Event:
        if isinstance(event, Exchanged) and event.probe == "cors-mcp":
            answer = a_star_with_credentials(event.exchange)
            return replace(event, exchange=replace(event.exchange, response=answer))
        return event

    changed = replace(recorded, events=tuple(map(other, recorded.events)))
    assert results(recorded, "CORS-06") == {"not-applicable"}
    assert results(changed, "CORS-06") & {"fail", "warn", "info"}


def test_a_made_up_token_that_is_let_in_is_told_as_that(recorded: Session) -> None:
    def other(event: Event) -> Event:
        if isinstance(event, Exchanged) and event.label == "a made-up token":
            return replace(event, exchange=replace(event.exchange, response=let_in(event.exchange)))
        return event

    changed = replace(recorded, events=tuple(map(other, recorded.events)))
    record = Record(changed, Walk(changed, Wire()).facts)
    (found,) = (one for one in findings(record) if one.check == "CHAL-08")
    assert found.result == "fail" and "let in with 200" in found.says


@pytest.mark.parametrize(
    ("fault", "silent"),
    [
        ("authorize-500", {"AZ-12", "AZ-18"}),
        ("token-500", {"TE-05", "TE-06", "TE-07"}),
        ("token-html", {"TE-05"}),
        ("mcp-500", {"CHAL-08"}),
        ("challenge-403", {"CHAL-08"}),
    ],
)
async def test_what_the_walk_shows_is_not_said_again_of_a_probe(
    fault: str, silent: set[str]
) -> None:
    async with Lab(faults=(fault,)) as lab:
        walk = Walk(new_session(Target(lab.mcp_url)), Wire())
        await unattended(walk, approve=True)
        await Prober(walk).send(PROBES.values())
        await walk.close()
    found = {one.check: one for one in walk.findings if one.check in silent}
    assert {one.result for one in found.values()} == {"skipped"} and set(found) == silent
    assert all("too" in one.says for one in found.values())


@pytest.mark.parametrize("protocol", ["auto", "2025-11-25"])
async def test_a_token_for_another_server_is_brought_to_this_one(protocol: Protocol) -> None:
    async with Lab(faults=("any-audience-accepted", "legacy-only")) as lab:
        walk = Walk(new_session(Target(lab.mcp_url, protocol=protocol)), Wire())
        await unattended(walk, approve=True)
        assert not await Deep(walk).send(())
        await walk.close()
    assert results(walk.session, "MCP-09") == {"fail"}

    for status, result in ((401, "pass"), (400, "skipped")):
        events = tuple(_answered(event, status) for event in walk.session.events)
        assert results(replace(walk.session, events=events), "MCP-09") == {result}


def _answered(event: Event, status: int) -> Event:
    if isinstance(event, Exchanged) and event.label == BROUGHT:
        return replace(event, exchange=replace(event.exchange, response=Response(status, "", ())))
    return event


def test_without_a_token_for_another_server_nothing_is_said_of_audiences(
    recorded: Session,
) -> None:
    assert results(recorded, "MCP-09") == {"not-applicable"}, "the lab issues none"
