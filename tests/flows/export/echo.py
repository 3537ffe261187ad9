"""Running a generated command, and what arrived of it, byte for byte."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import quote

from flows.exchange import Request
from flows.export import Command
from flows.text import visible

PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Arrived:
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: bytes


class Echo:
    """Takes one request a connection and keeps its bytes."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[Arrived] = SimpleQueue()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(10)
                method, target, _ = stream.readline().rstrip(b"\r\n").split(b" ")
                headers = []
                while line := stream.readline().rstrip(b"\r\n"):
                    name, _, value = line.partition(b":")
                    headers.append((name.decode().lower(), value.strip(b" \t")))
                body = stream.read(int(dict(headers).get("content-length", b"0")))
                self.requests.put(Arrived(method.decode(), target, tuple(headers), body))
                connection.sendall(ANSWER)


def run(command: Command, shell: str, echo: Echo, home: Path) -> Arrived:
    """The one request that arrives when `shell` runs the command."""
    script = home / "command.sh"
    script.write_bytes(command.text.encode())
    done = subprocess.run(
        [shell, str(script)],
        env=environment(command, home),
        cwd=home,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b""), command.text
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n"), command.text
    return the_one(echo, command.text)


def environment(command: Command, home: Path) -> Mapping[bytes, bytes]:
    """The variables of the command, and where the programs of this environment are."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    found = {b"HOME": os.fsencode(home), b"PATH": os.fsencode(path), b"LC_ALL": b"C.UTF-8"}
    for name, value in command.variables:
        found[name.encode()] = value.encode("utf-8", "surrogateescape")
    return found


def the_one(echo: Echo, command: str) -> Arrived:
    arrived = echo.requests.get_nowait()
    assert echo.requests.empty(), command
    return arrived


def sent(request: Request) -> Arrived:
    """What a server should see of `request`, without what an HTTP client adds of its own."""
    target = request.url.partition("#")[0].split("/", 3)[3]
    return Arrived(
        request.method,
        b"/" + quote(target, safe=PRINTABLE).encode(),
        fields((name.lower(), value.encode("latin-1")) for name, value in request.headers),
        request.body,
    )


def fields(headers: object) -> tuple[tuple[str, bytes], ...]:
    assert isinstance(headers, Iterator)
    kept = ((name, value.strip(b" \t")) for name, value in headers)
    return tuple(sorted((f for f in kept if f[0] not in ("host", "content-length")), key=first))


def first(pair: tuple[str, bytes]) -> str:
    return pair[0]


def as_sent(arrived: Arrived) -> Arrived:
    return Arrived(arrived.method, arrived.target, fields(iter(arrived.headers)), arrived.body)


def assert_safe(text: str) -> None:
    """A terminal shows all of it and obeys none of it."""
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
    assert not re.search(r"\\ +$", text, re.MULTILINE)


def at(request: Request, echo: Echo) -> Request:
    url = request.url.replace("{}", echo.origin, 1)
    return Request(request.method, url, request.headers, request.body)
