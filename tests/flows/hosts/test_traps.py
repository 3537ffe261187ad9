"""The traps that servers set for hosts without meaning to: each setting of the lab is told by the
table and by the verdict for the hosts that step into it, and for no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from flows.hosts import hosts
from flows.lab import FAULTS, Lab
from flows.moves import Ask, Send
from flows.preflight import COLUMNS, preflight, redirects, registrations, user_agents
from flows.probing import Prober, ask_why
from flows.session import StepId, Target
from flows.walk import Walk, new_session
from flows.wire import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

Told = Mapping[str, set[str]]
TYPESCRIPT = {"cline", "mcp-inspector", "mcp-remote", "opencode"}
PUBLIC = {
    *("claude-code", "cline", "codex", "cursor", "gemini-cli", "goose", "grok", "mcp-inspector"),
    *("mcp-remote", "opencode", "slackbot", "vscode", "zed"),
}
"""Hosts that are known to have `none` and no other method."""
FIRST_ALONE = {"claude", "gemini-cli", "vscode", "zed", *TYPESCRIPT}


@dataclass(frozen=True, slots=True)
class Trap:
    """`verdict`: which check of a host speaks for whom; `table`: which column refuses whom. The
    walk is held before `hold`: no document of a host is fetched."""

    verdict: Told
    table: Told = field(default_factory=dict)
    hold: frozenset[StepId] = frozenset()


BEFORE_CLIENT: frozenset[StepId] = frozenset({"client"})
TRAPS: dict[str, Trap] = {
    "issuer-trailing-slash": Trap(
        {"HOST-01": {"chatgpt", "mcp-inspector"}}, {"metadata": {"chatgpt", "mcp-inspector"}}
    ),
    "first-server-dead": Trap(
        {"HOST-03": FIRST_ALONE, "HOST-04": {"chatgpt"}},
        {"metadata": FIRST_ALONE | {"chatgpt"}},
    ),
    "cimd-without-none": Trap(
        {"HOST-08": PUBLIC | {"chatgpt"}},
        {"authentication": PUBLIC | {"chatgpt"}},
        BEFORE_CLIENT,
    ),
    "private-key-jwt-only": Trap(
        {"HOST-08": PUBLIC | {"claude"}}, {"authentication": PUBLIC | {"claude"}}, BEFORE_CLIENT
    ),
    "registration-drops-schemes": Trap({"HOST-06": {"cursor"}}, {"registration": {"cursor"}}),
    "registration-rejects-schemes": Trap({"HOST-06": {"cursor"}}, {"registration": {"cursor"}}),
    "resource-trailing-slash": Trap(
        {"HOST-02": {"claude", "claude-code", "gemini-cli", "goose", "vscode", *TYPESCRIPT}},
        {"resource": {"claude", "claude-code", "gemini-cli", "goose", "vscode", *TYPESCRIPT}},
    ),
    # What only a login would tell is in no cell of the table.
    "token-201": Trap({"HOST-12": {"codex", "goose"}}),
    "null-refresh-token": Trap({"HOST-12": TYPESCRIPT}),
    "register-nulls": Trap(
        {"HOST-18": TYPESCRIPT, "HOST-07": {"microsoft-365-copilot"}},
        {"registration": TYPESCRIPT | {"microsoft-365-copilot"}},
    ),
    "resource-metadata-nulls": Trap(
        {"HOST-18": TYPESCRIPT | {"vscode"}}, {"metadata": TYPESCRIPT | {"vscode"}}
    ),
    "refresh-refused-otherwise": Trap({"HOST-15": {"claude"}}),
    "user-agent-blocked": Trap({"HOST-17": {"claude"}}, {"metadata": {"claude"}}),
    "host-refuses-token": Trap({"HOST-09": {"chatgpt"}, "HOST-11": {"chatgpt"}}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab() as running:
        yield running


async def walked(lab: Lab, host: str, hold: frozenset[StepId]) -> Walk:
    """As `authwalk run URL --as HOST --approve --refresh` walks."""
    walk = Walk(new_session(Target(lab.mcp_url, host=host)), Wire())
    while isinstance(move := await walk.run(hold=hold, remedies=True), Ask):
        if move.kind != "authorization-response" or await walk.approve():
            break
    if not hold and isinstance(refresh := walk.moves.get("refresh"), Send):
        await walk.perform(refresh)
    await ask_why(walk)
    await walk.close()
    return walk


async def judged(lab: Lab, hold: frozenset[StepId]) -> dict[str, set[str]]:
    """By check, the hosts for which it speaks. The verdict of a walk is of these."""
    found: dict[str, set[str]] = {}
    for name in hosts():
        walk = await walked(lab, name, hold)
        told = [one for one in walk.findings if one.host and one.speaks]
        assert {one.host for one in told} <= {name}
        assert all(" will " not in one.says for one in told)
        serious = [one for one in told if one.result in ("fail", "warn")]
        assert (walk.diagnosis.host is not None) is bool(serious)
        for one in serious:
            found.setdefault(one.check, set()).add(name)
    return found


async def tabled(lab: Lab) -> dict[str, set[str]]:
    """By column, the hosts that are refused, as `authwalk check URL --hosts --register` has it."""
    every = hosts().values()
    walk = Walk(new_session(Target(lab.mcp_url)), Wire())
    await walk.run(hold=BEFORE_CLIENT)
    prober = Prober(walk)
    await prober.send([user_agents(every), registrations(every)])
    await prober.send([redirects(walk.session, every)])
    await walk.close()
    assert not prober.enough
    rows = preflight(walk.session, walk.facts, every)
    cells = {(row.host.name, name): row.cells[name] for row in rows for name in COLUMNS}
    assert all(cell.says for cell in cells.values() if cell.state == "no")
    found = {
        column: {name for (name, of), cell in cells.items() if of == column and cell.state == "no"}
        for column in COLUMNS
    }
    return {column: names for column, names in found.items() if names}


@pytest.mark.parametrize("name", TRAPS)
async def test_a_trap_is_told_for_the_right_hosts_and_for_no_other(name: str, lab: Lab) -> None:
    assert name in FAULTS
    lab.set_faults([name])
    assert await judged(lab, TRAPS[name].hold) == TRAPS[name].verdict
    assert await tabled(lab) == TRAPS[name].table


async def test_without_a_trap_nobody_is_refused(lab: Lab) -> None:
    lab.set_faults(())
    assert await judged(lab, frozenset()) == {}
    assert await tabled(lab) == {}


async def test_a_host_that_goes_on_to_the_next_authorization_server_gets_through(lab: Lab) -> None:
    lab.set_faults(["first-server-dead"])
    walk = await walked(lab, "codex", frozenset())
    assert walk.facts.connection and walk.facts.tokens
    dead = [entry for entry in walk.facts.server_tried if entry.status is None]
    assert len(dead) == 2 and walk.facts.server_tried[-1].usable
