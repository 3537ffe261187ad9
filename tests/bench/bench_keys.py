"""Keys in the terminal: from the byte in to the first of the repaint, and the work of it all.

    python -m tests.bench.bench_keys [RUNS]

Each list, pane and editor of authwalk takes turns with the bare Textual widget it is measured by:
in a new walk, and in one that went to its end. "first byte" and "last byte" are the clock's;
"work" is the processor's, which a busy machine disturbs least.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from tests.bench.child import compiled, lab, whole
from tests.bench.pty_app import PtyApp

PRESSES = 40
DOWN, UP, HOME = b"\x1b[B", b"\x1b[A", b"\x1b[H"
URL = "http://127.0.0.1:9/mcp"

BARE = """
from textual.app import App
from textual.widgets import OptionList, TextArea
class Bare(App):
    def compose(self):
        yield {widget}
Bare().run()
"""
LIST = 'OptionList(*(f"row {n} ready" for n in range(40)))'
AREA = 'TextArea("\\n".join(f"row {n} ready" for n in range(40)))'


class Case(NamedTuple):
    """A program, the text that says it is there, the keys that lead to the widget, and the two
    that move its cursor."""

    name: str
    command: list[str]
    text: bytes
    before: tuple[bytes, ...] = ()


class Cost(NamedTuple):
    first: float
    last: float
    work: float


def cost(case: Case) -> Cost:
    """Milliseconds a key, medians and a mean."""
    with PtyApp(case.command) as app:
        app.until(case.text)
        app.settle()
        for key in case.before:
            app.press(key)
            app.settle()
        first, last, before = [], [], 0.0
        for number in range(-8, PRESSES):  # the first ones fill caches
            if number == 0:
                before = app.work()
            begin = end = perf_counter()
            took = app.press(DOWN if number % 8 < 4 else UP)
            while app.read(0.06):
                end = perf_counter()
            if number >= 0:
                first.append(took)
                last.append(max(took, end - begin))
        work = (app.work() - before) / PRESSES
    return Cost(statistics.median(first) * 1000, statistics.median(last) * 1000, work)


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(cost[part] for cost in costs) for part in range(3)))


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    python = sys.executable
    compiled()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, widget in (("list.py", LIST), ("area.py", AREA)):
            (folder / file).write_text(BARE.format(widget=widget))
        session = folder / "walk.toml"
        with lab() as url:
            run = [python, "-m", "tui", "run", url, "--approve", "--list"]
            whole([*run, "--save", str(session)])
        new = [python, "-m", "tui", URL]
        old = [python, "-m", "tui", str(session)]
        there = b"tools/call"
        groups = (
            (
                Case("bare OptionList", [python, str(folder / "list.py")], b"row 0 ready"),
                Case("step list, new walk", new, there),
                Case("step list, whole walk", old, there, (HOME,)),
            ),
            (
                Case("bare TextArea", [python, str(folder / "area.py")], b"row 0 ready"),
                Case("body of a response", old, there, (HOME, DOWN, b"m")),
            ),
        )
        for group in groups:
            rounds = [[cost(case) for case in group] for _ in range(runs)]
            print(f"\n{'':26}{'first byte':>18}{'last byte':>18}{'work':>18}")
            best = [median(costs) for costs in zip(*rounds, strict=True)]
            for case, costs in zip(group, best, strict=True):
                cells = (
                    f"{value:8.1f} ms  x{value / base:<5.2f}"
                    for value, base in zip(costs, best[0], strict=True)
                )
                print(f"{case.name:26}{''.join(cells)}")


if __name__ == "__main__":
    main()
