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
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.conformance.adapter import REFUSALS  # noqa: E402

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
NODE = "node@22"
REVISIONS = ("2025-11-25", "2026-07-28")
BACK_COMPATIBILITY = (
    ("2025-03-26", "auth/2025-03-26-oauth-metadata-backcompat"),
    ("2025-03-26", "auth/2025-03-26-oauth-endpoint-fallback"),
)
TIMEOUT = 120
"""Seconds for one scenario."""


@dataclass(frozen=True)
class Scenario:
    revision: str
    name: str
    scored: bool = True

    def __str__(self) -> str:
        return f"{self.revision} {self.name}"


@dataclass(frozen=True)
class Outcome:
    scenario: Scenario
    checks: Counter[str]
    status: int | None  # of authwalk; None when it did not get to its end
    details: tuple[str, ...]

    @property
    def passed(self) -> bool:
        wanted = (1, 5) if self.scenario.name in REFUSALS else (0,)
        bad = self.checks["FAILURE"] + self.checks["WARNING"]
        return self.checks["SUCCESS"] > 0 and not bad and self.status in wanted


class Suite:
    """The installed suite."""

    def __init__(self, cache: Path) -> None:
        modules = cache / "node_modules"
        self.package = modules / SUITE.rpartition("@")[0]
        self.node = modules / "node" / "bin" / "node"
        installed = self.package / "package.json"
        version = json.loads(installed.read_text())["version"] if installed.exists() else ""
        if version == SUITE.rpartition("@")[2] and self.node.exists():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is needed to install the conformance suite")
        cache.mkdir(parents=True, exist_ok=True)
        words = ["install", "--prefix", str(cache), "--no-audit", "--no-fund", SUITE, NODE]
        subprocess.run([npm, *words], check=True, stdout=sys.stderr)

    def scenarios(self) -> Iterator[Scenario]:
        for revision in REVISIONS:
            text = (self.package / "requirements" / f"{revision}.yaml").read_text()
            scored, _, unscored = text.partition("\nnot_scored:")
            for name in re.findall(r"^  - (\S+)", scored.partition("\nclient:")[2], re.MULTILINE):
                yield Scenario(revision, name)
            for name in re.findall(r"- scenario: (\S+)\n +leg: client", unscored):
                yield Scenario(revision, name, scored=False)
        yield from (Scenario(*pair) for pair in BACK_COMPATIBILITY)

    def run(self, scenario: Scenario, results: Path) -> Outcome:
        folder = results / scenario.revision
        command = [
            *(str(self.node), str(self.package / "dist" / "index.js"), "client"),
            *("--command", shlex.join([sys.executable, str(HERE / "adapter.py")])),
            *("--scenario", scenario.name, "--spec-version", scenario.revision, "--force"),
            *("--timeout", str(TIMEOUT * 1000), "--output-dir", str(folder)),
        ]
        path = os.pathsep.join((str(self.node.parent), os.environ.get("PATH", "")))
        ran = subprocess.run(
            command,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=TIMEOUT + 30,
        )
        return _outcome(scenario, folder, ran.stderr)


def _outcome(scenario: Scenario, folder: Path, said: str) -> Outcome:
    found = sorted(folder.glob(f"{scenario.name}-[0-9]*/checks.json"))
    if not found:
        return Outcome(scenario, Counter(), None, (said[-2000:],))
    checks = json.loads(found[-1].read_text())
    errors = (found[-1].parent / "stderr.txt").read_text()
    status = re.search(r"^exit status (\d+)$", errors, re.MULTILINE)
    bad = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
    details = tuple(
        f"{check['status']} {check['id']}: {check.get('errorMessage') or check.get('details')}"
        for check in bad
    )
    counts = Counter(str(check["status"]) for check in checks)
    return Outcome(scenario, counts, int(status[1]) if status else None, details)


def known_failures() -> frozenset[str]:
    """`REVISION SCENARIO` a line; what follows # says why."""
    lines = (HERE / "known-failures.txt").read_text().splitlines()
    bare = (" ".join(line.partition("#")[0].split()) for line in lines)
    return frozenset(line for line in bare if line)


def main() -> int:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description="Run the MCP conformance suite on authwalk.")
    parser.add_argument("--only", action="append", default=[], help="scenarios with this in them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=cache / "authwalk-conformance")
    parser.add_argument("--results", type=Path, help="keep what the suite writes")
    args = parser.parse_args()
    suite = Suite(args.cache)
    chosen = [
        scenario
        for scenario in suite.scenarios()
        if not args.only or any(text in str(scenario) for text in args.only)
    ]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.jobs) as pool:
        results = (args.results or Path(scratch)).resolve()
        outcomes = []
        for outcome in pool.map(lambda scenario: suite.run(scenario, results), chosen):
            outcomes.append(outcome)
            _print(outcome)
    return _judged(outcomes)


def _print(outcome: Outcome) -> None:
    mark = "pass" if outcome.passed else "FAIL"
    counts = " ".join(
        f"{outcome.checks[status]} {status.lower()}"
        for status in ("SUCCESS", "FAILURE", "WARNING")
        if outcome.checks[status]
    )
    print(f"{mark}  {outcome.scenario!s:<56} exit {outcome.status}  {counts}", flush=True)
    for detail in outcome.details:
        print(f"        {detail[:300]}")


def _judged(outcomes: list[Outcome]) -> int:
    print()
    for revision in dict.fromkeys(outcome.scenario.revision for outcome in outcomes):
        for scored in (True, False):
            of_kind = [
                outcome.passed
                for outcome in outcomes
                if (outcome.scenario.revision, outcome.scenario.scored) == (revision, scored)
            ]
            kind = "required" if scored else "not scored"
            if of_kind:
                print(f"{revision}  {kind:<10}  {sum(of_kind)} of {len(of_kind)}")
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
