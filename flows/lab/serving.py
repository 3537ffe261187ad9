"""Everything of the lab that needs the server libraries, behind one import."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import TYPE_CHECKING

import uvicorn

from flows.lab.authorization_server import Grants
from flows.lab.endpoints import authorization_application
from flows.lab.keys import SigningKey
from flows.lab.resource_server import resource_application
from flows.lab.store import Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from flows.lab.faults import Switchboard


def applications(mcp_origin: str, issuer: str, faults: Switchboard) -> tuple[ASGIApp, ASGIApp]:
    """The MCP server and the authorization server, which share a store and a key."""
    store, key = Store(), SigningKey(faults)
    grants = Grants(issuer, f"{mcp_origin}/mcp", store, key, faults)
    resource = resource_application(mcp_origin, issuer, key.jwks, store, faults)
    return resource, authorization_application(grants)


class _Server(uvicorn.Server):
    """A server inside somebody else's process: says when it is up, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config, started: asyncio.Event) -> None:
        super().__init__(config)
        self._up = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def server(app: ASGIApp) -> tuple[uvicorn.Server, asyncio.Event]:
    """A server for `app` and the event that it listens."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,  # an open event stream would hold it for ever
    )
    started = asyncio.Event()
    return _Server(config, started), started
