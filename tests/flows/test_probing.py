"""Sending probes over real HTTP on loopback: marked in the record, and with manners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from flows import probing
from flows.exchange import Request
from flows.facts import Facts
from flows.lab import Lab
from flows.probes import PROBES
from flows.probes.kernel import Probe, Variant
from flows.probing import Prober
from flows.session import Target
from flows.steps.challenge import CHECK_URL
from flows.unattended import unattended
from flows.walk import Walk, new_session
from flows.wellknown import same_origin
from flows.wire import Wire
from tests.flows.world import MCP, World, answer


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[str]:
    """A server that answers every request with `status`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.readline()).strip():
            pass
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def gets(url: str, times: int) -> Probe:
    def requests(facts: Facts) -> list[Variant]:
        return [(f"number {n}", Request("GET", f"{url}/{n}")) for n in range(times)]

    return Probe("gets", "token", "safe", "Is it there?", lambda facts: iter(requests(facts)))


async def probed(url: str, times: int) -> tuple[Walk, Prober]:
    walk = Walk(new_session(Target(url)), Wire())
    prober = Prober(walk)
    await prober.send([gets(url, times)])
    await walk.close()
    return walk, prober


async def test_each_exchange_is_marked_and_no_fact_rests_on_it() -> None:
    async with answering(200) as url:
        walk, prober = await probed(url, 3)
    events = list(walk.session.exchanges)
    assert [(event.probe, event.label) for event in events] == [
        ("gets", "number 0"),
        ("gets", "number 1"),
        ("gets", "number 2"),
    ]
    assert all(event.exchange.status == 200 for event in events)
    assert walk.facts.failed == {} and prober.enough == ""


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_has_had_enough_is_left_alone(status: int) -> None:
    async with answering(status) as url:
        walk, prober = await probed(url, 3)
    assert len(list(walk.session.exchanges)) == 1
    assert str(status) in prober.enough


async def test_there_is_a_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "MOST", 2)
    async with answering(200) as url:
        walk, prober = await probed(url, 5)
    assert len(list(walk.session.exchanges)) == 2 and "2 requests" in prober.enough


async def test_another_machine_is_asked_once_a_second_and_waiting_can_be_cancelled() -> None:
    walk = Walk(new_session(Target("http://host.invalid")), Wire())
    cancel = asyncio.Event()

    def clock() -> float:
        cancel.set()  # the person gives up while the second goes by
        return 0.0

    await Prober(walk, clock=clock).send([gets("http://host.invalid", 2)], cancel)
    await walk.close()
    assert len(list(walk.session.exchanges)) == 1


@pytest.mark.parametrize("path", ["/", "/nothere", "/mcp/"])
async def test_an_endpoint_at_another_path_is_found(path: str) -> None:
    async with Lab() as lab:
        walk = Walk(new_session(Target(lab.mcp_url.removesuffix("/mcp") + path)), Wire())
        await unattended(walk, approve=True)
        await walk.close()
    cause = walk.diagnosis.cause
    assert cause and (cause.check, cause.party) == ("CHAL-01", "person")
    assert cause.fix == f"Walk {lab.mcp_url} instead."


async def test_where_no_endpoint_is_found_the_server_is_asked_for_one() -> None:
    async with answering(404) as url:
        walk = Walk(new_session(Target(url)), Wire())
        await unattended(walk, approve=True)
        await walk.close()
    probed = [event.label for event in walk.session.exchanges if event.probe == "elsewhere"]
    assert probed == ["/mcp"]
    cause = walk.diagnosis.cause
    assert cause and (cause.party, cause.fix) == ("resource-server", CHECK_URL)


@pytest.mark.parametrize("location", ["https://evil.example/mcp", "http://[x", "//", "\x00"])
async def test_the_endpoint_is_looked_for_at_no_other_origin(location: str) -> None:
    world = World(
        Target(MCP, headers=(("X-Key", "of-the-person"),)),
        routes={f"POST {MCP}": answer(302, b"", None, ("Location", location))},
    )
    world.walk()
    urls = [request.url for _, request in PROBES["elsewhere"].requests(world.facts)]
    assert urls and all(same_origin(url, MCP) for url in urls)
