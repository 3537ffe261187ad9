"""A program in a pseudo-terminal of 120x40: what it paints, when, and what it costs.

Textual writes frames between synchronised-output marks where the terminal has them; here it has
none, so a screen counts as painted when a text that stands on it has arrived.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.child import environment, work

ROWS, COLUMNS = 40, 120
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")


class PtyApp:
    """`with PtyApp([...]) as app: app.until(b"text")` gives seconds since it was started."""

    def __init__(self, command: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.command = list(command)
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.env = {**environment(), **terminal, **(env or {})}
        self.seen = b""

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(self.command[0], self.command, self.env)
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, size)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def read(self, seconds: float) -> bytes:
        """What arrives within `seconds`; b"" when nothing does."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.fd, 1 << 20)
        except OSError:
            return b""

    def until(self, text: bytes, seconds: float = 20.0) -> float:
        """Seconds from the start until `text` is on screen. Raises TimeoutError."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.seen += self.read(0.2)
            if text in _ESCAPES.sub(b"", self.seen):
                return time.perf_counter() - self.started
        raise TimeoutError(f"{text!r} never came: {_ESCAPES.sub(b'', self.seen)[-2000:]!r}")

    def settle(self, quiet: float = 0.3) -> None:
        """Read until nothing has come for `quiet` seconds."""
        while self.read(quiet):
            pass

    def press(self, keys: bytes) -> float:
        """Seconds from sending `keys` to the first byte that comes back."""
        start = time.perf_counter()
        os.write(self.fd, keys)
        if not self.read(5):
            raise TimeoutError(f"no repaint after {keys!r}")
        return time.perf_counter() - start

    def work(self) -> float:
        """Milliseconds of processor time since it was started."""
        return work(self.pid)

    def memory(self) -> float:
        """Proportional set size in MB."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0
