"""Walks made without a person: as far as a server lets them, and the same server as two hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from flows.hosts import Host
from flows.moves import Blocked
from flows.probing import ask_why
from flows.session import Target
from flows.walk import Walk, new_session
from flows.wire import Wire, WireOptions


async def unattended(
    walk: Walk,
    *,
    approve: bool,
    observe: Callable[[str], None] = lambda title: None,
    cancel: asyncio.Event | None = None,
) -> None:
    """Walk on until a person would have to act, the walk is blocked, or all is listed. With
    `approve` the authorization URL is followed without a person, where the server asks none."""
    while (move := await walk.run(hold=frozenset(), remedies=True, cancel=cancel)) is not None:
        if move.step != "callback" or isinstance(move, Blocked) or not approve:
            await ask_why(walk, cancel)
            return
        observe("following the authorization URL")
        if await walk.approve(cancel) or (cancel and cancel.is_set()):
            return


async def walk_as_both(
    target: Target,
    hosts: tuple[Host, Host],
    options: WireOptions,
    *,
    approve: bool,
    observe: Callable[[str], None] = lambda title: None,
    cancel: asyncio.Event | None = None,
) -> tuple[Walk, Walk]:
    """The same server as one host and then as the other, each with a client of its own. One after
    the other: a server that counts requests must not see them mixed."""
    walks = []
    for host in hosts:
        walk = Walk(new_session(replace(target, host=host.name)), Wire(options.brief))
        walks.append(walk)
        observe(f"as {host.title}")
        try:
            await unattended(walk, approve=approve, observe=observe, cancel=cancel)
            await walk.end_session()
        finally:
            await walk.close()
    return walks[0], walks[1]
