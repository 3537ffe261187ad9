"""Completion, logging and subscriptions, in both eras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.flows.lab.conftest import Hand, messages, result

pytestmark = pytest.mark.asyncio(loop_scope="module")

ABOUT = "lab://about"
ECHO: dict[str, Any] = {"name": "echo", "arguments": {"text": "hello"}}


async def session_of(hand: Hand, token: str) -> str:
    session = (await hand.initialize(token)).headers["mcp-session-id"]
    await hand.legacy("notifications/initialized", token, session, id=None)
    return session


@asynccontextmanager
async def listening(hand: Hand, token: str, session: str) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a session's own event stream."""
    headers = {
        "authorization": f"Bearer {token}",
        "accept": "text/event-stream",
        "mcp-session-id": session,
        "mcp-protocol-version": "2025-11-25",
    }
    async with hand.http.stream("GET", hand.lab.mcp_url, headers=headers) as response:
        assert response.status_code == 200
        yield response.aiter_lines()


async def data(lines: AsyncIterator[str], method: str) -> str:
    """The first message on a stream that is of a method."""
    async for line in lines:
        if line.startswith("data:") and method in line:
            return line
    raise AssertionError("the stream has ended")


@pytest.mark.parametrize(
    ("ref", "argument", "value", "values"),
    [
        ({"type": "ref/prompt", "name": "explain_token"}, "claim", "i", ["iss"]),
        ({"type": "ref/resource", "uri": "lab://notes/{name}"}, "name", "p", ["pkce"]),
        ({"type": "ref/prompt", "name": "explain_token"}, "audience", "a", ["a developer"]),
        ({"type": "ref/prompt", "name": "explain_token"}, "audience", "x", []),
    ],
)
async def test_completion(
    hand: Hand, ref: dict[str, str], argument: str, value: str, values: list[str]
) -> None:
    token = await hand.access_token()
    asked: dict[str, Any] = {"ref": ref, "argument": {"name": argument, "value": value}}
    modern = result(await hand.mcp("completion/complete", token, **asked))["completion"]
    assert modern["values"] == values
    session = await session_of(hand, token)
    legacy = result(await hand.legacy("completion/complete", token, session, **asked))
    assert legacy["completion"]["values"] == modern["values"]


async def test_a_level_set_for_the_session(hand: Hand) -> None:
    token = await hand.access_token()
    session, other = await session_of(hand, token), await session_of(hand, token)
    assert result(await hand.legacy("logging/setLevel", token, session, level="info")) == {}

    async def said(session: str) -> list[str]:
        return [m.get("method", "") for m in messages(await _call(hand, token, session))]

    assert await said(session) == ["notifications/message", ""]
    assert await said(other) == [""]
    await hand.legacy("logging/setLevel", token, session, level="notice")
    assert await said(session) == [""]


async def _call(hand: Hand, token: str, session: str) -> httpx.Response:
    return await hand.legacy("tools/call", token, session, **ECHO)


@pytest.mark.parametrize(("level", "logged"), [("debug", 1), ("info", 1), ("error", 0), (None, 0)])
async def test_a_level_of_one_request(hand: Hand, level: str | None, logged: int) -> None:
    token = await hand.access_token()
    meta = {"io.modelcontextprotocol/logLevel": level} if level else {}
    *before, last = messages(await hand.mcp("tools/call", token, **ECHO, _meta=meta))
    assert [message["params"] for message in before] == [
        {"level": "info", "logger": "lab", "data": "tools/call echo"}
    ] * logged
    assert last["result"]["content"][0]["text"] == "hello"


async def test_a_subscription_of_a_session(hand: Hand) -> None:
    token = await hand.access_token()
    session = await session_of(hand, token)
    async with listening(hand, token, session) as lines:
        assert result(await hand.legacy("resources/subscribe", token, session, uri=ABOUT)) == {}
        await _call(hand, token, session)
        assert ABOUT in await data(lines, "notifications/resources/updated")
        done = await hand.legacy("resources/unsubscribe", token, session, uri=ABOUT)
        assert result(done) == {}
        await _call(hand, token, session)
        before = await hand.legacy("resources/read", token, session, uri=ABOUT)
        await hand.legacy("resources/subscribe", token, session, uri=ABOUT)
        await _call(hand, token, session)
        after = await hand.legacy("resources/read", token, session, uri=ABOUT)
        await hand.http.delete(
            hand.lab.mcp_url,
            headers={"authorization": f"Bearer {token}", "mcp-session-id": session},
        )
        rest = [line async for line in lines if "notifications/resources/updated" in line]
        assert len(rest) == 1  # nothing of the call between the two subscriptions
    texts = [result(answer)["contents"][0]["text"] for answer in (before, after)]
    counts = [int(text.rpartition(" ")[2]) for text in texts]
    assert counts[1] == counts[0] + 1


async def test_the_revision_without_sessions_has_neither(hand: Hand) -> None:
    token = await hand.access_token()
    refusals: dict[str, Any] = {"logging/setLevel": {"level": "info"}, "resources/subscribe": {}}
    for method, params in refusals.items():
        refused = await hand.mcp(method, token, **params)
        assert refused.status_code == 404 and refused.json()["error"]["code"] == -32601


async def test_a_subscription_of_2026(hand: Hand) -> None:
    token = await hand.access_token()
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "hand", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"_meta": meta, "notifications": {"resourceSubscriptions": [ABOUT]}}
    headers = {
        "authorization": f"Bearer {token}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
    async with hand.http.stream(
        "POST", hand.lab.mcp_url, json=message, headers=headers
    ) as response:
        lines = response.aiter_lines()
        await data(lines, "notifications/subscriptions/acknowledged")
        await hand.mcp("tools/call", token, **ECHO)
        assert ABOUT in await data(lines, "notifications/resources/updated")
