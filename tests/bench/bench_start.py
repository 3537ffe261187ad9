"""Start to a painted screen, key to repaint, memory: authwalk beside a bare Textual app.

    python -m tests.bench.bench_start [RUNS]

Runs are interleaved and medians printed with their ratios, as absolute times drift.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.pty_app import PtyApp

BARE = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Bare(App):
    def compose(self):
        yield Header()
        yield Static("ready to go")
        yield Footer()
Bare().run()
"""
BARE_LIST = """
from textual.app import App
from textual.widgets import OptionList
class Bare(App):
    def compose(self):
        yield OptionList(*(f"row {n} ready" for n in range(14)))
Bare().run()
"""
URL = "http://127.0.0.1:9/mcp"


def start(command: list[str], text: bytes) -> tuple[float, float]:
    """Milliseconds to the painted screen, and megabytes a moment later."""
    with PtyApp(command) as app:
        seconds = app.until(text)
        app.settle()
        return seconds * 1000, app.memory()


def keys(command: list[str], text: bytes, presses: int = 20) -> float:
    """Median milliseconds from a cursor key to the first byte of the repaint."""
    with PtyApp(command) as app:
        app.until(text)
        app.settle()
        times = []
        for number in range(presses):
            times.append(app.press(b"\x1b[B" if number % 8 < 4 else b"\x1b[A") * 1000)
            app.settle(0.05)
        return statistics.median(times)


def process(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - begin) * 1000


def medians(runs: int, *measures: Callable[[], float]) -> list[float]:
    """Medians of measures taken in turn."""
    rows = [[measure() for measure in measures] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def table(title: str, unit: str, names: list[str], values: list[float]) -> None:
    print(f"\n{title}")
    for name, number in zip(names, values, strict=True):
        print(f"  {name:<34}{number:9.1f} {unit}   x{number / values[0]:.2f}")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        bare, bare_list = Path(folder) / "bare.py", Path(folder) / "bare_list.py"
        bare.write_text(BARE)
        bare_list.write_text(BARE_LIST)
        apps = [
            ([python, str(bare)], b"ready to go"),
            ([python, "-m", "tui"], b"authwalk"),
            ([python, "-m", "tui", URL], b"tools/call"),
        ]
        names = ["bare Textual app", "authwalk", "authwalk URL, to the walk screen"]
        memory: dict[str, list[float]] = {name: [] for name in names}

        def timed(name: str, command: list[str], text: bytes) -> float:
            milliseconds, megabytes = start(command, text)
            memory[name].append(megabytes)
            return milliseconds

        measures = [
            lambda name=name, app=app: timed(name, *app)
            for name, app in zip(names, apps, strict=True)
        ]
        table("start to a painted screen", "ms", names, medians(runs, *measures))
        table("memory (PSS)", "MB", names, [statistics.median(memory[name]) for name in names])

        lists = [([python, str(bare_list)], b"row 0 ready"), apps[2]]
        key_names = ["bare OptionList, cursor key", "step list, cursor key"]
        pressed = medians(3, *(lambda app=app: keys(*app) for app in lists))
        table("key to the first byte of the repaint", "ms", key_names, pressed)

        commands = [
            [python, "-c", "pass"],
            [python, "-m", "tui", "--version"],
            [python, "-m", "tui", "--help"],
        ]
        command_names = ["python -c pass", "authwalk --version", "authwalk --help"]
        took = medians(
            max(runs, 11), *(lambda command=command: process(command) for command in commands)
        )
        table("whole process", "ms", command_names, took)


if __name__ == "__main__":
    main()
