"""`authwalk run` beside a script of bare httpx that does the same without a record or a check.

    python -m tests.bench.bench_run [RUNS]

Connect and `tools/list` on a server that asks for no token, with MCP Inspector's command line where
`mcp-inspector` is on the path; and the whole walk on the lab. The programs take turns. The
processor's time is given too, which a busy machine disturbs least.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence

from tests.bench.child import ROOT, compiled, lab, serving, whole

AUTHWALK = (sys.executable, "-m", "tui", "run")
OPEN_SERVER = (sys.executable, "-m", "tests.independent.servers.sdk_open")


def script(url: str) -> tuple[str, ...]:
    return sys.executable, str(ROOT / "tests/bench/raw_httpx.py"), url


def compare(title: str, commands: Mapping[str, Sequence[str]], runs: int) -> None:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(whole(command))
    base: tuple[float, float] | None = None
    print(f"\n{title}\n{'ms, medians':20}{'clock':>16}{'processor':>16}")
    for name, times in taken.items():
        clock, work = (statistics.median(column) for column in zip(*times, strict=True))
        base = base or (clock, work)
        print(
            f"{name:20}{clock:8.0f}  x{clock / base[0]:<5.2f}{work:8.0f}  x{work / base[1]:<5.2f}"
        )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    compiled()
    with serving(OPEN_SERVER) as line:
        url = line.strip()
        commands = {
            "raw httpx script": script(url),
            "authwalk run": (*AUTHWALK, url, "--list"),
        }
        if inspector := shutil.which("mcp-inspector"):
            asked = ("--cli", url, "--transport", "http", "--method", "tools/list")
            commands["Inspector CLI"] = (inspector, *asked)
        compare("connect and tools/list, no token asked for", commands, runs)
    with lab() as url:
        commands = {
            "raw httpx script": script(url),
            "authwalk run": (*AUTHWALK, url, "--approve", "--list"),
        }
        compare("the whole walk", commands, runs)


if __name__ == "__main__":
    main()
