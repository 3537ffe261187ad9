"""Programs as they run for a person who installed them: compiled, with output that is buffered."""

from __future__ import annotations

import compileall
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNLIKE = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE", "NO_COLOR")
"""Variables of test machines that an installed program does not see."""


def compiled() -> None:
    """Compile the sources, as an installation does; else each start would, for a fifth of it."""
    for package in ("flows", "tui"):
        compileall.compile_dir(ROOT / package, quiet=2)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in UNLIKE}


def whole(command: Sequence[str]) -> tuple[float, float]:
    """Milliseconds that a program takes: of the clock, and of the processor."""
    before, begin = _children(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment(), cwd=ROOT)
    return (time.perf_counter() - begin) * 1000, _children() - before


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """A server while it runs; gives the first line that it says."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment(),
    ) as server:
        assert server.stdout
        try:
            yield server.stdout.readline()
        finally:
            server.terminate()


@contextmanager
def lab() -> Iterator[str]:
    """The practice servers; gives the URL of the MCP server."""
    with serving([sys.executable, "-m", "tui", "lab", "--json"]) as line:
        yield json.loads(line)["mcp"]


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def work(pid: int) -> float:
    """Milliseconds of processor time that a running program has used, all of its threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6
