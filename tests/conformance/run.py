"""Runs the official MCP conformance suite against `authwalk run` and judges it strictly.

    python tests/conformance/run.py [--only TEXT]... [--jobs N] [--cache DIR] [--results DIR]

Needs npm; the suite and a Node that it runs on are installed into a cache folder on first use. A
scenario passes when at least one check succeeded, none failed or warned, and authwalk exited with
0; where a client must refuse, with 1 (stopped at a step) or 5 (an MCP act failed). What does not
pass must stand in known-failures.txt, and what stands there must not pass.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.conformance.adapter import REFUSALS  # noqa: E402
from tests.conformance.suite import CACHE, TIMEOUT, Outcome, Scenario, Suite, summary, told  # noqa: E402

BACK_COMPATIBILITY = (
    ("2025-03-26", "auth/2025-03-26-oauth-metadata-backcompat"),
    ("2025-03-26", "auth/2025-03-26-oauth-endpoint-fallback"),
)


def scenarios(suite: Suite) -> Iterator[Scenario]:
    yield from suite.scenarios("client")
    yield from (Scenario(*pair) for pair in BACK_COMPATIBILITY)


def run(suite: Suite, scenario: Scenario, results: Path) -> Outcome:
    folder = results / scenario.revision
    command = [
        *(*suite.command, "client"),
        *("--command", shlex.join([sys.executable, str(HERE / "adapter.py")])),
        *("--scenario", scenario.name, "--spec-version", scenario.revision, "--force"),
        *("--timeout", str(TIMEOUT * 1000), "--output-dir", str(folder)),
    ]
    ran = subprocess.run(
        command, env=suite.environment, capture_output=True, text=True, timeout=TIMEOUT + 30
    )
    return _outcome(scenario, folder, ran.stderr)


def _outcome(scenario: Scenario, folder: Path, said: str) -> Outcome:
    found = sorted(folder.glob(f"{scenario.name}-[0-9]*/checks.json"))
    if not found:
        return Outcome(scenario, Counter(), (said[-2000:],), "exit None", False)
    counts, details = told(json.loads(found[-1].read_text()))
    errors = (found[-1].parent / "stderr.txt").read_text()
    status = re.search(r"^exit status (\d+)$", errors, re.MULTILINE)
    code = int(status[1]) if status else None
    wanted = (1, 5) if scenario.name in REFUSALS else (0,)
    return Outcome(scenario, counts, details, f"exit {code}", code in wanted)


def known_failures() -> frozenset[str]:
    """`REVISION SCENARIO` a line; what follows # says why."""
    lines = (HERE / "known-failures.txt").read_text().splitlines()
    bare = (" ".join(line.partition("#")[0].split()) for line in lines)
    return frozenset(line for line in bare if line)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the MCP conformance suite on authwalk.")
    parser.add_argument("--only", action="append", default=[], help="scenarios with this in them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--results", type=Path, help="keep what the suite writes")
    args = parser.parse_args()
    suite = Suite(args.cache)
    chosen = [
        scenario
        for scenario in scenarios(suite)
        if not args.only or any(text in str(scenario) for text in args.only)
    ]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.jobs) as pool:
        results = (args.results or Path(scratch)).resolve()
        outcomes = []
        for outcome in pool.map(lambda scenario: run(suite, scenario, results), chosen):
            outcomes.append(outcome)
            outcome.show()
    return _judged(outcomes)


def _judged(outcomes: list[Outcome]) -> int:
    summary(outcomes)
    known = known_failures()
    unexpected = [o for o in outcomes if not o.passed and str(o.scenario) not in known]
    stale = [o for o in outcomes if o.passed and str(o.scenario) in known]
    for outcome in unexpected:
        print(f"unexpected failure: {outcome.scenario}")
    for outcome in stale:
        print(f"passes, and stands in known-failures.txt: {outcome.scenario}")
    return 1 if unexpected or stale or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
