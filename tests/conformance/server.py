"""Runs the official MCP conformance suite against the lab's MCP server and judges it strictly.

    python tests/conformance/server.py [--cache DIR] [--results DIR]

Needs npm, as run.py does. The suite brings no token: the lab is walked first, and a layer before it
adds the token to whatever comes without one. A scenario passes when at least one check succeeded
and none failed or warned. LEFT_OUT is not judged; whatever of it is not in the suite, and every
check of it that passes, is an error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from flows.lab import Lab
from flows.session import Target
from tests.conformance.suite import (
    CACHE,
    REVISIONS,
    TIMEOUT,
    Outcome,
    Scenario,
    Suite,
    summary,
    told,
)
from tests.independent.walking import walk

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_TOOL = "calls the suite's own tool"
_PROMPT = "gets the suite's own prompt"
_RESOURCE = "reads the suite's own resource"
_TASKS = "an extension, shown by the suite's own tools: slow_compute, failing_job, confirm_delete"
_LIST_CHANGED = "the suite's own tool must change the list, and no list of the lab ever changes"

LEFT_OUT: Mapping[str, str] = {
    "tools-call-simple-text": f"{_TOOL} test_simple_text",
    "tools-call-image": f"{_TOOL} test_image_content",
    "tools-call-audio": f"{_TOOL} test_audio_content",
    "tools-call-embedded-resource": f"{_TOOL} test_embedded_resource",
    "tools-call-mixed-content": f"{_TOOL} test_multiple_content_types",
    "tools-call-with-logging": f"{_TOOL} test_tool_with_logging",
    "tools-call-error": f"{_TOOL} test_error_handling",
    "tools-call-with-progress": f"{_TOOL} test_tool_with_progress",
    "tools-call-sampling": f"{_TOOL} test_sampling",
    "tools-call-elicitation": f"{_TOOL} test_elicitation",
    "elicitation-sep1034-defaults": f"{_TOOL} test_elicitation_sep1034_defaults",
    "elicitation-sep1330-enums": f"{_TOOL} test_elicitation_sep1330_enums",
    "json-schema-2020-12": "looks for the suite's own tool json_schema_2020_12_tool",
    "server-sse-polling": f"{_TOOL} test_reconnection",
    "resources-read-text": f"{_RESOURCE} test://static-text",
    "resources-read-binary": f"{_RESOURCE} test://static-binary",
    "resources-templates-read": f"{_RESOURCE} test://template/123/data",
    "prompts-get-simple": f"{_PROMPT} test_simple_prompt",
    "prompts-get-with-args": f"{_PROMPT} test_prompt_with_arguments",
    "prompts-get-embedded-resource": f"{_PROMPT} test_prompt_with_embedded_resource",
    "prompts-get-with-image": f"{_PROMPT} test_prompt_with_image",
    "input-required-result-non-tool-request": f"{_PROMPT} test_input_required_result_prompt",
    **{
        f"input-required-result-{name}": f"{_TOOL} test_input_required_result_{tool}"
        for name, tool in {
            "basic-elicitation": "elicitation",
            "basic-sampling": "sampling",
            "basic-list-roots": "list_roots",
            "request-state": "request_state",
            "multiple-input-requests": "multiple_inputs",
            "multi-round": "multi_round",
            "missing-input-response": "elicitation",
            "result-type": "elicitation",
            "tampered-state": "tampered_state",
            "capability-check": "capabilities",
            "ignore-extra-params": "elicitation",
            "validate-input": "elicitation",
        }.items()
    },
    **{
        f"tasks-{name}": _TASKS
        for name in (
            "lifecycle",
            "capability-negotiation",
            "wire-fields",
            "request-state-removal",
            "mrtr-input",
            "request-headers",
            "dispatch-and-envelope",
            "status-notifications",
            "required-task-error",
            "mrtr-composition",
        )
    },
}
"""Scenarios that need what only the suite's own example server has, and what that is."""

LEFT_OUT_CHECKS: Mapping[tuple[str, str], str] = {
    ("server-stateless", check): reason
    for check, reason in {
        "sep-2575-server-rejects-undeclared-capability": f"{_TOOL} test_missing_capability",
        "sep-2575-missing-capability-http-400": f"{_TOOL} test_missing_capability",
        "sep-2575-server-sends-prompts-list-changed-on-subscription": _LIST_CHANGED,
        "sep-2575-server-sends-tools-list-changed-on-subscription": _LIST_CHANGED,
    }.items()
}
"""The same for checks of scenarios that count otherwise."""


class Admission:
    """A layer that lends a token to requests that bring none."""

    def __init__(self) -> None:
        self.token = ""

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def admitting(scope: Scope, receive: Receive, send: Send) -> None:
            if self.token and scope["type"] == "http":
                headers = [*scope["headers"]]
                if all(name != b"authorization" for name, _ in headers):
                    headers.append((b"authorization", f"Bearer {self.token}".encode()))
                scope = {**scope, "headers": headers}
            await app(scope, receive, send)

        return admitting


async def run(suite: Suite, url: str, revision: str, results: Path) -> str:
    """Everything that `revision` has for a server; what the suite said of it."""
    process = await asyncio.create_subprocess_exec(
        *(*suite.command, "server", "--url", url, "--requirements", revision),
        *("--timeout", str(TIMEOUT * 1000), "--output-dir", str(results / revision)),
        env=suite.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return said.decode()


async def outcomes(suite: Suite, results: Path) -> list[Outcome]:
    admission = Admission()
    judged = []
    async with Lab(layer=admission) as lab:
        walked = await walk(Target(lab.mcp_url, scope="mcp:tools mcp:admin"))
        assert walked.facts.tokens, "the lab gave no token"
        admission.token = walked.facts.tokens.access_token
        said = {r: await run(suite, lab.mcp_url, r, results) for r in REVISIONS}
    for scenario in suite.scenarios("server"):
        if scenario.name not in LEFT_OUT:
            judged.append(_outcome(scenario, results, said[scenario.revision]))
    return judged


def _outcome(scenario: Scenario, results: Path, said: str) -> Outcome:
    folder = results / scenario.revision
    found = sorted(folder.glob(f"server-{scenario.name}-[0-9]*/checks.json"))
    if not found:
        return Outcome(scenario, Counter(), (said[-2000:],))
    checks = json.loads(found[-1].read_text())
    left_out = [check for check in checks if (scenario.name, check["id"]) in LEFT_OUT_CHECKS]
    counts, details = told(check for check in checks if check not in left_out)
    stale = [check["id"] for check in left_out if check["status"] == "SUCCESS"]
    words = (f"left out, and passes: {name}" for name in stale)
    return Outcome(scenario, counts, (*details, *words), ended_well=not stale)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the MCP conformance suite on the lab.")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--results", type=Path, help="keep what the suite writes")
    args = parser.parse_args()
    suite = Suite(args.cache)
    with tempfile.TemporaryDirectory() as scratch:
        judged = asyncio.run(outcomes(suite, (args.results or Path(scratch)).resolve()))
    for outcome in judged:
        outcome.show()
    summary(judged)
    unknown = {*LEFT_OUT} - {scenario.name for scenario in suite.scenarios("server")}
    for name in sorted(unknown):
        print(f"left out, and not in the suite: {name}")
    return 1 if unknown or not judged or not all(outcome.passed for outcome in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
