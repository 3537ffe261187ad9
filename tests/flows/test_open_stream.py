"""The stream in the background: it begins, carries responses, ends."""

from __future__ import annotations

import asyncio
from typing import Any

from flows.open_stream import OpenStream


async def test_an_open_stream_ends_when_it_is_closed_or_another_opens() -> None:
    stream, ended = OpenStream(), list[int]()

    def opened(number: int) -> Any:
        async def send(closed: asyncio.Event) -> None:
            stream.began.set()
            await closed.wait()
            ended.append(number)

        return send

    await stream.open(opened(1), None, 10)
    assert ended == []
    await stream.open(opened(2), asyncio.Event(), 10)
    assert ended == [1]
    await stream.close()
    await stream.close()
    assert ended == [1, 2]


async def test_a_stream_that_does_not_begin_can_be_given_up() -> None:
    stream, cancel, ended = OpenStream(), asyncio.Event(), asyncio.Event()

    async def send(closed: asyncio.Event) -> None:
        cancel.set()
        await closed.wait()
        ended.set()

    await stream.open(send, cancel, 10)
    assert ended.is_set()
