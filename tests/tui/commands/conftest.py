"""A lab in a thread of its own, and servers that say one thing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.types import ASGIApp

from flows.lab import Lab

Faults = Callable[..., None]


@contextmanager
def lab_in_a_thread(layer: Callable[[ASGIApp], ASGIApp] | None = None) -> Iterator[Lab]:
    """A lab for programs that run an event loop of their own."""
    labs: list[Lab] = []
    loops: list[asyncio.AbstractEventLoop] = []
    stop = asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with Lab(layer=layer) as lab:
            labs.append(lab)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(120)
    try:
        yield labs[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Lab]:
    with lab_in_a_thread() as lab:
        yield lab


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    yield running_lab
    running_lab.set_faults(())


@pytest.fixture
def html_server() -> Iterator[str]:
    """The URL of a server that answers everything with a page."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            body = b"<!doctype html><title>Welcome</title>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/mcp"
    server.shutdown()
    thread.join()
    server.server_close()
