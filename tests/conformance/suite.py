"""The official MCP conformance suite, installed into a cache folder, and strict judging."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
NODE = "node@22"
REVISIONS = ("2025-11-25", "2026-07-28")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "authwalk-conformance"
TIMEOUT = 120
"""Seconds for one scenario."""

Check = Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    revision: str
    name: str
    scored: bool = True

    def __str__(self) -> str:
        return f"{self.revision} {self.name}"


@dataclass(frozen=True)
class Outcome:
    """What the checks of one scenario said. `ended` is how authwalk ended it, where that counts,
    and `ended_well` whether it had to."""

    scenario: Scenario
    checks: Counter[str]
    details: tuple[str, ...]
    ended: str = ""
    ended_well: bool = True

    @property
    def passed(self) -> bool:
        bad = self.checks["FAILURE"] + self.checks["WARNING"]
        return self.checks["SUCCESS"] > 0 and not bad and self.ended_well

    def show(self) -> None:
        mark = "pass" if self.passed else "FAIL"
        counts = " ".join(
            f"{self.checks[status]} {status.lower()}"
            for status in ("SUCCESS", "FAILURE", "WARNING")
            if self.checks[status]
        )
        print(f"{mark}  {self.scenario!s:<56} {self.ended}  {counts}", flush=True)
        for detail in self.details:
            print(f"        {detail[:300]}")


def told(checks: Iterable[Check]) -> tuple[Counter[str], tuple[str, ...]]:
    """How many checks said what, and the words of those that failed or warned."""
    checks = tuple(checks)
    bad = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
    details = tuple(
        f"{check['status']} {check['id']}: {check.get('errorMessage') or check.get('details')}"
        for check in bad
    )
    return Counter(str(check["status"]) for check in checks), details


def summary(outcomes: Iterable[Outcome]) -> None:
    """How many passed, by revision, of those that the suite scores and of the others."""
    outcomes = tuple(outcomes)
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


class Suite:
    """The installed suite. `command` runs it, in `environment`."""

    def __init__(self, cache: Path = CACHE) -> None:
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

    @property
    def command(self) -> list[str]:
        return [str(self.node), str(self.package / "dist" / "index.js")]

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join((str(self.node.parent), os.environ.get("PATH", "")))
        return {**os.environ, "PATH": path}

    def scenarios(self, leg: Literal["server", "client"]) -> Iterator[Scenario]:
        """What the suite requires of a server or client, and then what it runs beside that."""
        for revision in REVISIONS:
            text = (self.package / "requirements" / f"{revision}.yaml").read_text()
            scored, _, unscored = text.partition("\nnot_scored:")
            listed = re.search(rf"^{leg}:\n((?:  - \S+\n?)+)", scored, re.MULTILINE)
            for name in re.findall(r"^  - (\S+)", listed[1] if listed else "", re.MULTILINE):
                yield Scenario(revision, name)
            for name in re.findall(rf"- scenario: (\S+)\n +leg: {leg}", unscored):
                yield Scenario(revision, name, scored=False)
