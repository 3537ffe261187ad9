"""Bodies and lists: time to first paint, to a page, the longest stall, and peak memory.

    python tests/bench/bench_body.py [--rounds N] [--quick]

Each case runs in a process of its own, headless at 120x40, in turn with the others so that a busy
machine disturbs all alike. Medians are printed with their ratio to a TextArea holding the same
megabyte. A frame comes at most every 17 ms, so paint and page are also given as the processor's
time. `--quick` leaves out the cases of 20 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PAGES = 10
CASES = (
    ("BodyView", "1 MB pretty"),
    ("TextArea", "1 MB pretty"),
    ("Static", "1 MB pretty"),
    ("BodyView", "1 MB one line"),
    ("LineList", "10,000 rows"),
    ("BodyView", "20 MB pretty"),
    ("BodyView", "20 MB one line"),
)


def body(name: str) -> bytes:
    records = 5_500 if name.startswith("1 MB") else 110_000
    data = [
        {"id": n, "name": f"tool {n}", "uri": f"https://mcp.example.com/{n}", "tags": ["a", 1.5]}
        for n in range(records)
    ]
    return json.dumps(data, indent=None if "one line" in name else 2).encode()


async def measure(widget_name: str, path: Path) -> dict[str, float]:
    from textual.app import App
    from textual.containers import VerticalScroll
    from textual.content import Content
    from textual.widget import Widget
    from textual.widgets import Static, TextArea

    from tui.widgets.body_view import BodyView
    from tui.widgets.list_view import LineList, Row

    data = path.read_bytes()
    widget: Widget
    show: Callable[[], object]
    page: Callable[[], object]
    match widget_name:
        case "BodyView":
            widget = view = BodyView()
            show, page = lambda: view.show(data, "application/json"), lambda: view.action_page(1)
        case "LineList":
            widget = lines = LineList()
            rows = [Row(str(n), ((f"tools/call {n}", ""),), ("200", "ok")) for n in range(10_000)]
            show, page = lambda: lines.set_rows(rows), lambda: lines.action_page(1)
        case "TextArea":
            widget = area = TextArea(read_only=True)
            show, page = lambda: area.load_text(data.decode()), area.action_cursor_page_down
        case _:
            static = Static()
            widget = scroll = VerticalScroll(static)
            show = lambda: static.update(Content(data.decode()))  # noqa: E731
            page = lambda: scroll.scroll_page_down(animate=False)  # noqa: E731

    app: App[None] = App()
    app.animation_level = "none"
    longest = 0.0

    async def painted(act: Callable[[], object]) -> tuple[float, float]:
        """Seconds until the frame is out, of the clock and of the processor."""
        done = asyncio.Event()
        start, work = perf_counter(), process_time()
        act()
        widget.call_after_refresh(done.set)
        await done.wait()
        return perf_counter() - start, process_time() - work

    async def watch() -> None:
        nonlocal longest
        while True:
            before = perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, perf_counter() - before - 0.001)

    async with app.run_test(size=(120, 40)) as pilot:
        await app.mount(widget)
        await pilot.pause()
        gc.freeze()  # as the app does once it is painted
        empty = peak_memory()
        start = perf_counter()
        paint = await painted(show)
        watcher = asyncio.create_task(watch())
        await asyncio.sleep(0)
        await painted(page)
        await app.workers.wait_for_complete()
        ready = perf_counter() - start
        watcher.cancel()
        pages = [await painted(page) for _ in range(PAGES)]
    peak = peak_memory()
    return {
        "paint": paint[0] * 1000,
        "paint cpu": paint[1] * 1000,
        "page": median(wall for wall, _ in pages) * 1000,
        "page cpu": median(work for _, work in pages) * 1000,
        "stall": longest * 1000,
        "ready": ready * 1000,
        "peak": peak / 1e6,
        # The body was read before the empty app was measured.
        "bodies": (peak - empty + len(data)) / max(1, len(data)),
    }


def peak_memory() -> int:
    """Bytes. What `getrusage` gives would begin with the peak of the process that started us."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("WIDGET", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asyncio.run(measure(options.one[0], Path(options.one[1])))))
        return
    cases = [case for case in CASES if not (options.quick and case[1].startswith("20 MB"))]
    figures: dict[tuple[str, str], list[dict[str, float]]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name.replace(" ", "-")) for _, name in cases}
        for name, path in files.items():
            path.write_bytes(body(name) if "MB" in name else b"")
        for _ in range(options.rounds):
            for widget, name in cases:
                command = [sys.executable, __file__, "--one", widget, str(files[name])]
                run = subprocess.run(command, capture_output=True, text=True, check=True)
                figures[widget, name].append(json.loads(run.stdout.splitlines()[-1]))

    def middle(case: tuple[str, str], figure: str) -> float:
        return median(run[figure] for run in figures[case])

    peer = ("TextArea", "1 MB pretty")
    print(
        f"{'ms, (ratio to TextArea, 1 MB)':31} {'paint':>8} {'paint, cpu':>18} {'page':>8}", end=""
    )
    print(f" {'page, cpu':>18} {'stall':>7} {'ready':>7} {'peak MB':>8}")
    for case in cases:
        cells = [f"{case[0]} {case[1]}".ljust(31)]
        for figure in ("paint", "page"):
            work = middle(case, f"{figure} cpu")
            cells.append(f"{middle(case, figure):8.1f}")
            cells.append(f"{work:9.1f} ({work / middle(peer, f'{figure} cpu'):.4f})")
        cells += (f"{middle(case, name):7.0f}" for name in ("stall", "ready", "peak"))
        if "20 MB" in case[1]:
            cells.append(f"grew to {middle(case, 'bodies'):.1f} x the body")
        print(" ".join(cells))


if __name__ == "__main__":
    main()
