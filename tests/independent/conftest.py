"""Servers that other people wrote, each a process of its own on loopback."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread, Timer

import pytest

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).with_name("node")
STARTING = 90.0
"""Seconds that a server may take to say its URL."""

Start = Callable[..., str]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """`start("NAME.py" | "NAME.mjs", *arguments)` runs a script of `servers/` or `node/` and gives
    the URL it says. The same words give the same server, which lives until the tests end."""
    running: dict[tuple[str, ...], str] = {}
    with ExitStack() as stack:

        def started(script: str, *arguments: str) -> str:
            words = (script, *arguments)
            if words not in running:
                running[words] = _start(stack, [*_interpreter(script), *arguments])
            return running[words]

        yield started


def _interpreter(script: str) -> list[str]:
    name, _, language = script.partition(".")
    if language == "py":
        return [sys.executable, "-m", f"tests.independent.servers.{name}"]
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").is_dir():
        pytest.skip("needs node, and `npm install` in tests/independent/node")
    return [node, str(NODE / script)]


def _start(stack: ExitStack, command: list[str]) -> str:
    """The first line of its output that is a URL, and nothing else."""
    errors = stack.enter_context(tempfile.TemporaryFile())
    process = stack.enter_context(
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    )
    stack.callback(process.kill)
    watchdog = Timer(STARTING, process.kill)
    watchdog.start()
    said = []
    assert process.stdout
    for line in process.stdout:
        said.append(line)
        if re.fullmatch(r"https?://\S+\n", line):
            watchdog.cancel()
            # A pipe that nobody empties would stop a talkative server.
            reader = Thread(target=process.stdout.read)
            reader.start()
            stack.callback(_end, process, reader)
            return line.strip()
    watchdog.cancel()
    errors.seek(0)
    pytest.fail(f"{' '.join(command)} did not start:\n{''.join(said)}{errors.read().decode()}")


def _end(process: subprocess.Popen[str], reader: Thread) -> None:
    process.kill()
    reader.join()
