"""`authwalk check URL --hosts`: who would get through, and why not; for the right hosts alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.hosts import hosts
from flows.lab import Lab
from flows.preflight import COLUMNS
from flows.store import load
from tui.cli import main

Capture = pytest.CaptureFixture[str]
Table = dict[str, dict[str, Any]]


@contextmanager
def faults(lab: Lab, *names: str) -> Iterator[None]:
    lab.set_faults(names)
    yield
    lab.set_faults(())


def table(lab: Lab, capsys: Capture, *options: str) -> Table:
    main(["check", lab.mcp_url, "--hosts", *options, "--json", "--fail-on", "never"])
    rows = json.loads(capsys.readouterr().out)["checks"][0]["hosts"]
    assert [row["host"] for row in rows] == list(hosts())
    return {row["host"]: row for row in rows}


def refused(found: Table, column: str) -> set[str]:
    return {name for name, row in found.items() if row[column]["state"] == "no"}


def test_a_clean_server_refuses_nobody_and_registers_nobody_unasked(
    lab: Lab, capsys: Capture, tmp_path: Path
) -> None:
    lab.set_faults(())
    path = tmp_path / "walk.toml"
    found = table(lab, capsys, "--save", str(path))
    assert not any(refused(found, column) for column in COLUMNS)
    assert {row["registration"]["state"] for row in found.values()} == {"unknown"}
    assert {row["redirect"]["state"] for row in found.values()} == {"unknown"}
    sent = [event.exchange.request for event in load(path).exchanges]
    assert sent and not [
        one for one in sent if one.method == "POST" and one.url.endswith("/register")
    ]
    for name in ("chatgpt", "claude", "vscode"):
        row = found[name]
        assert [row[column]["state"] for column in COLUMNS[2:]] == ["ok", "ok", "ok"]


def test_registering_tells_the_rest(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(())
    found = table(lab, capsys, "--register")
    assert {row["registration"]["state"] for row in found.values()} == {"ok"}
    assert {row["redirect"]["state"] for row in found.values()} == {"ok"}
    assert found["vscode"]["redirect"]["says"] == "4 taken"


@pytest.mark.parametrize(
    ("fault", "column", "hosts_refused", "says"),
    [
        (
            "registration-drops-schemes",
            "registration",
            {"cursor"},
            "left out of the registration: cursor://anysphere.cursor-mcp/oauth/callback",
        ),
        (
            "registration-rejects-redirect",
            "registration",
            set(hosts()),
            "refused with 400: invalid_redirect_uri",
        ),
        ("redirect-uri-mismatch", "redirect", set(hosts()), "is refused with 400"),
    ],
)
def test_a_trap_is_told_for_the_hosts_that_step_into_it(
    fault: str, column: str, hosts_refused: set[str], says: str, lab: Lab, capsys: Capture
) -> None:
    with faults(lab, fault):
        found = table(lab, capsys, "--register")
    assert refused(found, column) == hosts_refused
    assert any(says in found[name][column]["says"] for name in hosts_refused)


def test_a_document_needs_no_registration(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "supports-cimd", "no-registration"):
        found = table(lab, capsys)
    named = found["claude"]["registration"]
    assert named["state"] == "ok" and "https://claude.ai/oauth/" in named["says"]
    assert found["copilot-studio"]["registration"]["state"] == "no"


def test_metadata_of_another_issuer_is_read_on(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "issuer-mismatch"):
        found = table(lab, capsys)
    assert refused(found, "metadata") == {"chatgpt", "goose", "mcp-inspector", "zed"}
    assert found["claude"]["metadata"]["state"] == "unknown"
    assert "how it compares that is not known" in found["claude"]["metadata"]["says"]
    assert found["claude"]["authentication"]["state"] == "ok"


def test_a_host_whose_user_agent_is_blocked_is_told_so(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "user-agent-blocked"):
        found = table(lab, capsys)
        assert refused(found, "metadata") == {"claude"}
        assert "A request as Claude-User is answered 403" in found["claude"]["metadata"]["says"]
        assert main(["run", lab.mcp_url, "--approve", "--as", "claude"]) == 1
        told = " ".join(capsys.readouterr().out.split())
        assert "A request as Claude-User is answered 403, the same one as authwalk 401." in told
        assert main(["run", lab.mcp_url, "--approve", "--as", "chatgpt", "--quiet"]) == 0


def test_without_metadata_nothing_is_known(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "server-metadata-missing"):
        found = table(lab, capsys)
    columns = [name for name in COLUMNS if name != "resource"]
    assert {row[column]["state"] for row in found.values() for column in columns} == {"unknown"}


def test_the_table_is_told_with_its_reasons(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "resource-trailing-slash"):
        main(["check", lab.mcp_url, "--hosts", "--quiet", "--fail-on", "never"])
    told = capsys.readouterr().out
    assert "registration  redirect  authentication  metadata  resource" in told
    assert "✗ resource: " in told and "(VS Code)" in told
    assert "documented by https://github.com/microsoft/vscode/" in told
    assert "(Antigravity, ChatGPT, Claude and" in " ".join(told.split())
    assert all(len(line) <= 100 or "https://" in line for line in told.splitlines())


def test_registering_is_part_of_the_table_alone(capsys: Capture) -> None:
    assert main(["check", "https://mcp.example.com/mcp", "--register"]) == 2
    assert "--register needs --hosts" in capsys.readouterr().err
