"""`authwalk run URL --approve --list` on the lab, beside a script of bare httpx.

    python -m tests.bench.bench_run [RUNS]

They take turns. The processor's time is given too, which a busy machine disturbs least.
"""

from __future__ import annotations

import statistics
import sys

from tests.bench.child import ROOT, compiled, lab, whole


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    compiled()
    with lab() as url:
        commands = {
            "raw httpx script": [sys.executable, str(ROOT / "tests/bench/raw_httpx.py"), url],
            "authwalk run": [sys.executable, "-m", "tui", "run", url, "--approve", "--list"],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                taken[name].append(whole(command))
    base: tuple[float, float] | None = None
    print(f"{'ms, medians':20}{'clock':>16}{'processor':>16}")
    for name, times in taken.items():
        clock, work = (statistics.median(column) for column in zip(*times, strict=True))
        base = base or (clock, work)
        print(
            f"{name:20}{clock:8.0f}  x{clock / base[0]:<5.2f}{work:8.0f}  x{work / base[1]:<5.2f}"
        )


if __name__ == "__main__":
    main()
