"""The lab: two servers on loopback, on two ports, in one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

from flows.lab.faults import FAULTS, Switchboard

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
_CHATTY = ("uvicorn", "mcp", "authlib")


class PortError(OSError):
    """Nothing can listen on `port` of this machine."""

    def __init__(self, port: int, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        self.port = port


class Lab:
    """An authorization server and an MCP server that can be made to misbehave.

    async with Lab(faults=("missing-aud",)) as lab:
        lab.mcp_url       http://127.0.0.1:PORT/mcp, the protected resource
        lab.issuer        http://127.0.0.1:PORT of the authorization server
        lab.control_url   GET: state and known faults; PUT at `/faults` below it switches

    A port of 0 is one that is free. `layer` is put around each of the two applications, for whoever
    must see or change what they are sent. Raises UnknownFault (a ValueError) for a fault that is
    not in FAULTS, and PortError (an OSError) on entering when a port is taken. The server libraries
    are imported on entering, in a thread.
    """

    def __init__(
        self,
        faults: Iterable[str] = (),
        *,
        mcp_port: int = 0,
        as_port: int = 0,
        layer: Callable[[ASGIApp], ASGIApp] | None = None,
    ) -> None:
        self._switchboard = Switchboard(FAULTS.values())
        self._switchboard.set(faults)
        self._ports = mcp_port, as_port
        self._layer = layer
        self._running: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []
        self.mcp_url = ""
        self.issuer = ""

    @property
    def control_url(self) -> str:
        return f"{self.issuer}/lab"

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults that are on."""
        return self._switchboard.names

    def set_faults(self, names: Iterable[str]) -> None:
        """Turn exactly these faults on, from the next request on. Raises UnknownFault."""
        self._switchboard.set(names)

    async def __aenter__(self) -> Self:
        sockets: list[socket.socket] = []
        try:
            for port in self._ports:
                sockets.append(_bound(port))
            mcp_origin, self.issuer = (f"http://{HOST}:{s.getsockname()[1]}" for s in sockets)
            self.mcp_url = f"{mcp_origin}/mcp"
            serving = await asyncio.to_thread(import_module, "flows.lab.serving")
            _keep_quiet()
            apps = serving.applications(mcp_origin, self.issuer, self._switchboard)
            for app, sock in zip(apps, sockets, strict=True):
                server, started = serving.server(self._layer(app) if self._layer else app)
                await self._start(server, started, sock)
        except BaseException:
            await self._stop()
            for sock in sockets:
                sock.close()
            raise
        return self

    async def _start(
        self, server: uvicorn.Server, started: asyncio.Event, sock: socket.socket
    ) -> None:
        task = asyncio.create_task(server.serve(sockets=[sock]))
        self._running.append((server, task))
        up = asyncio.create_task(started.wait())
        try:
            await asyncio.wait({up, task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
        if task.done():  # a server that cannot start must not be waited for
            self._running.remove((server, task))
            await task
            raise OSError("a server of the lab ended while it started")

    async def _stop(self) -> None:
        for server, _ in self._running:
            server.should_exit = True
        await asyncio.gather(*(task for _, task in self._running))
        self._running.clear()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()


def _bound(port: int) -> socket.socket:
    # Named as TCP: asyncio turns Nagle's delay of 40 ms off only where it sees that it is.
    sock = socket.socket(proto=socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
    except OSError as error:
        sock.close()
        raise PortError(port, error) from error
    return sock


def _keep_quiet() -> None:
    """Without a handler these loggers would write warnings to stderr, over a terminal app."""
    for name in _CHATTY:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
