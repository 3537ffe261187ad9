"""Start to a painted screen, and memory: authwalk beside a bare Textual app.

    python -m tests.bench.bench_start [RUNS]

Runs are interleaved and medians printed with their ratios, as absolute times drift.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.child import compiled, whole
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
URL = "http://127.0.0.1:9/mcp"


def start(command: list[str], text: bytes) -> tuple[float, float, float]:
    """Milliseconds to the painted screen, of the clock and of the processor, and megabytes a
    moment later."""
    with PtyApp(command) as app:
        seconds, work = app.until(text), app.work()
        app.settle()
        return seconds * 1000, work, app.memory()


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
    compiled()
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        apps = [
            ([python, str(bare)], b"ready to go"),
            ([python, "-m", "tui"], b"authwalk"),
            ([python, "-m", "tui", URL], b"tools/call"),
        ]
        names = ["bare Textual app", "authwalk", "authwalk URL, to the walk screen"]
        work: dict[str, list[float]] = {name: [] for name in names}
        memory: dict[str, list[float]] = {name: [] for name in names}

        def timed(name: str, command: list[str], text: bytes) -> float:
            milliseconds, used, megabytes = start(command, text)
            work[name].append(used)
            memory[name].append(megabytes)
            return milliseconds

        measures = [
            lambda name=name, app=app: timed(name, *app)
            for name, app in zip(names, apps, strict=True)
        ]
        table("start to a painted screen", "ms", names, medians(runs, *measures))
        table(
            "of it the processor's", "ms", names, [statistics.median(work[name]) for name in names]
        )
        table("memory (PSS)", "MB", names, [statistics.median(memory[name]) for name in names])

        commands = [
            [python, "-c", "pass"],
            [python, "-m", "tui", "--version"],
            [python, "-m", "tui", "--help"],
        ]
        command_names = ["python -c pass", "authwalk --version", "authwalk --help"]
        took = medians(
            max(runs, 11), *(lambda command=command: whole(command)[0] for command in commands)
        )
        table("whole process", "ms", command_names, took)


if __name__ == "__main__":
    main()
