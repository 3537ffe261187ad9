"""A long session in the app: how long it takes to open, and how the keys feel in it.

python -m tests.bench.bench_session [EXCHANGES]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flows.store import load, save
from flows.store.journal import Journal, take_up
from flows.walk import Walk
from flows.wire import Wire
from tests.bench.child import compiled
from tests.bench.pty_app import PtyApp
from tests.long import long_session

UP, DOWN = b"\x1b[A", b"\x1b[B"


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def told(name: str, number: float, unit: str = "ms", more: str = "") -> None:
    print(f"  {name:<44}{number:9.1f} {unit}   {more}".rstrip())


def keys(app: PtyApp, name: str, *pressed: bytes, times: int = 40) -> None:
    took = []
    for number in range(times):
        took.append(app.press(pressed[number % len(pressed)]) * 1000)
        app.settle(0.05)
    told(name, statistics.median(took), more=f"worst {max(took):.1f}")


def main() -> None:
    exchanges = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    compiled()
    with tempfile.TemporaryDirectory() as folder:
        path, short = Path(folder) / "long.toml", Path(folder) / "short.toml"
        session = long_session(exchanges)
        print(f"{exchanges} exchanges")
        told("save", seconds(lambda: save(path, session)) * 1000)
        save(short, long_session(8))
        told("load", seconds(lambda: load(path)) * 1000)
        read = load(path)
        told("fold and check", seconds(lambda: Walk(read, Wire()).findings) * 1000)
        journal = Journal(Path(folder) / "journal")
        each = seconds(lambda: journal.keep(session)) / len(session.events)
        told("journal, an event", each * 1e6, "µs")
        journal.close()
        (kept,) = (Path(folder) / "journal").iterdir()
        told("take up its journal", seconds(lambda: take_up(kept)) * 1000)

        opened = {}
        for name, file in (("short", short), ("long", path)):
            runs = []
            for _ in range(5):
                with PtyApp([sys.executable, "-m", "tui", str(file), "--no-journal"]) as app:
                    runs.append(app.until(b"tools/call"))
            opened[name] = statistics.median(runs) * 1000
            told(f"authwalk FILE to its screen, {name}", opened[name])
        told("of it for the length", opened["long"] - opened["short"])

        with PtyApp([sys.executable, "-m", "tui", str(path), "--no-journal"]) as app:
            app.until(b"paste or type any token")
            app.settle(1)
            keys(app, "up and down in the step list", UP, DOWN)
            keys(app, "[ to the attempt before", b"[")
            keys(app, "] to the attempt after", b"]")
            app.press(b"\t")  # into the list of its exchanges
            app.settle()
            keys(app, "up in 500 exchanges of an attempt", UP)
            keys(app, "down there", DOWN)


if __name__ == "__main__":
    main()
