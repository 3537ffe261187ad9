"""What the server scripts share: a socket first, because every server must know its own URL."""

from __future__ import annotations

import socket

import uvicorn
from starlette.types import ASGIApp


def bound() -> tuple[socket.socket, str]:
    """A listening socket on a free loopback port, and the origin it is reached at."""
    # Named as TCP: asyncio turns Nagle's delay of 40 ms off only where it sees that it is.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


def serve(app: ASGIApp, listening: socket.socket, url: str) -> None:
    """Announce `url` on stdout and serve until killed. Connections wait in the socket's queue."""
    print(url, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])
