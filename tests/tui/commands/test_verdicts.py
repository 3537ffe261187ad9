"""For every fault of the lab: the verdict names the step and the party, first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.lab import FAULTS, Lab
from flows.lab.faults.mechanism import Fault
from tui.cli import main

Capture = pytest.CaptureFixture[str]

PROBED = frozenset({"introspect-open", "introspect-inactive", "introspect-string", "revoke-fails"})
"""Faults of endpoints that no walk comes to: probes find them."""
ASKED: dict[str, tuple[str, ...]] = {
    "refresh": ("--refresh",),
    "call": ("--call", 'echo={"text": "hello"}'),
}
"""What a walk is asked for to come to a step that is not part of every one."""


def verdict(lab: Lab, fault: Fault, capsys: Capture) -> dict[str, Any]:
    """What `authwalk run` says first; for what it does not come to, `authwalk check`."""
    lab.set_faults((fault.name,))
    if fault.name in PROBED:
        main(["check", lab.mcp_url, "--approve", "--deep", "--json", "--fail-on", "never"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)["checks"][0]["verdict"] or {}
        return found
    asked = ASKED.get(fault.step, ())
    main(["run", lab.mcp_url, "--approve", *asked, "--timeout", "12", "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)["verdict"]
    return document


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_the_verdict_names_step_and_party(fault: Fault, lab: Lab, capsys: Capture) -> None:
    found = verdict(lab, fault, capsys)
    if fault.legal:
        assert not found.get("step"), f"{fault.name} breaks no rule: {found}"
        return
    steps = {"token"} if fault.name in PROBED else {fault.step}
    assert (found.get("step") in steps, found.get("party")) == (True, fault.party), found
    assert found.get("cause") or found.get("says")
