"""A Client ID Metadata Document served on loopback, for authorization servers on the same machine.

A client identifier is an https URL that anybody can fetch; this one is neither. It is for the lab
and for servers under development, which may make that exception
(draft-ietf-oauth-client-id-metadata-document-01 section 6.5).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
PATH = "/client.json"
_POLL = 0.05
"""Seconds that closing may take: an app that is left waits for it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own looks the name of 127.0.0.1 up

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is told by nobody: stderr may be a terminal app's."""


class DocumentServer:
    """Serves what `build` makes of its own URL, from a thread, as long as it is open.

    with DocumentServer(lambda url: client_document(url, "Mine")) as server:
        server.url         http://127.0.0.1:PORT/client.json
        server.document

    A port of 0 is one that is free. `on_fetch` is called, in a thread, with the path and the status
    of each request. Raises OSError on entering when the port is taken.
    """

    def __init__(
        self,
        build: Callable[[str], Mapping[str, Any]],
        *,
        port: int = 0,
        on_fetch: Callable[[str, int], None] = lambda path, status: None,
    ) -> None:
        self._build, self._port, self._on_fetch = build, port, on_fetch
        self._server: _Server | None = None
        self.url = ""
        self.document: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        self._server = server = _Server((HOST, self._port), self._handler())
        authority = f"{HOST}:{server.server_address[1]}"
        self.url = f"http://{authority}{PATH}"
        self.document = self._build(self.url)
        Thread(target=server.serve_forever, args=(_POLL,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            server_version, sys_version = "authwalk", ""
            timeout = 10

            def do_GET(self) -> None:
                answer(self, body=True)

            def do_HEAD(self) -> None:
                answer(self, body=False)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on stderr: it may be a terminal app's."""

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler, *, body: bool) -> None:
        # A name that resolves to loopback must not lead a page elsewhere here (DNS rebinding).
        ours = handler.headers.get("Host") == self.url.split("/")[2]
        status = 200 if ours and handler.path == PATH else 404
        text = json.dumps(self.document, ensure_ascii=False, indent=2).encode()
        content = text if status == 200 else b"{}"
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Cache-Control", "no-store")
        handler.end_headers()
        if body:
            handler.wfile.write(content)
        self._on_fetch(handler.path, status)
