"""`authwalk check URL --hosts`: who would get through, and why not; for the right hosts alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

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
        assert [row[column]["state"] for column in COLUMNS[2:]] == ["ok", "ok", "ok", "unknown"]


def test_the_clients_that_stay_registered_are_told(lab: Lab, capsys: Capture) -> None:
    words = ["check", lab.mcp_url, "--hosts", "--register"]
    main([*words, "--json"])
    left = json.loads(capsys.readouterr().out)["checks"][0]["registered"]
    assert [one["host"] for one in left] == list(hosts())
    assert {one["endpoint"] for one in left} == {f"{lab.issuer}/register"}
    main(words)
    told = capsys.readouterr().out
    assert f"Left registered at {lab.issuer}/register:" in told
    assert len([line for line in told.splitlines() if line.startswith("    client-")]) == len(left)
    assert "Only its operator can delete that" in told
    main(["check", lab.mcp_url, "--hosts"])
    assert "Left registered" not in capsys.readouterr().out


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
        main(["check", lab.mcp_url, "--hosts", "--fail-on", "never"])
    told = capsys.readouterr().out
    assert "register redirect auth metadata resource token" in told
    assert "✓ would pass   ✗ would refuse   ? not known" in told
    assert told.count("✗ resource: ") == 1, "one cause is told once"
    assert "    VS Code is documented to" in told
    assert "documented by https://github.com/microsoft/vscode/" in " ".join(told.split())
    assert "? registration: only a registration would tell (all 21)" in told
    assert "--register registers as each host" in told and "--approve makes" in told
    assert not [line for line in told.splitlines() if len(line) > 80 and "http" not in line]


def test_the_verdict_tells_of_the_hosts_and_so_does_the_status(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "registration-drops-schemes"):
        arguments = ["check", lab.mcp_url, "--hosts", "--register"]
        assert main([*arguments, "--quiet"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "! No rule is broken, and 1 of 21 hosts would refuse: Cursor." in told
        assert "Sound" not in told and "--register" not in told
        assert "ChatGPT" not in told, "the verdict alone"
        assert main([*arguments, "--fail-on", "warn", "--json"]) == 1
        rows = json.loads(capsys.readouterr().out)["checks"][0]["hosts"]
        assert [row["host"] for row in rows if row["refuses"]] == ["cursor"]


def test_the_token_is_judged_once_there_is_one(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "host-refuses-token"):
        assert not refused(table(lab, capsys), "token")
        found = table(lab, capsys, "--approve")
        assert "chatgpt" in refused(found, "token") and found["claude"]["token"]["state"] == "ok"


def test_what_kept_the_registrations_from_being_made_is_told(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "issuer-mismatch"):
        main(["check", lab.mcp_url, "--hosts", "--register"])
        told = capsys.readouterr().out
    assert "  Not registered: " in told and "--register registers" not in told
    assert "--approve" not in told, "it would go no further"


def test_of_a_server_that_does_not_answer_there_is_no_table(capsys: Capture) -> None:
    assert main(["check", "http://127.0.0.1:9/mcp", "--hosts"]) == 4
    assert "ChatGPT" not in capsys.readouterr().out


def test_all_hosts_are_not_named_one_by_one(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "registration-rejects-redirect"):
        main(["check", lab.mcp_url, "--hosts", "--register", "--quiet"])
    assert "all 21 hosts would refuse" in " ".join(capsys.readouterr().out.split())


def test_of_a_server_that_was_not_asked_nothing_is_said(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "resource-mismatch"):
        found = table(lab, capsys)
    says = {row["registration"]["says"] for row in found.values()}
    assert says == {"the walk ended before the authorization server was asked"}


def test_junit_has_a_case_for_each_host(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    with faults(lab, "registration-drops-schemes"):
        main(["check", lab.mcp_url, "--hosts", "--register", "--quiet", "--junit", str(path)])
    cases = [case for case in ElementTree.parse(path).iter("testcase")]
    told = {case.get("name") for case in cases if case.get("classname", "").endswith("/mcp.hosts")}
    assert told == set(hosts())
    (cursor,) = (case for case in cases if case.get("name") == "cursor")
    assert "would refuse" in (cursor.findtext("system-out") or "")


def test_registering_is_part_of_the_table_alone(capsys: Capture) -> None:
    assert main(["check", "https://mcp.example.com/mcp", "--register"]) == 2
    assert "--register needs --hosts" in capsys.readouterr().err


def test_a_token_that_the_server_refuses_is_good_for_no_host(lab: Lab, capsys: Capture) -> None:
    with faults(lab, "mcp-rejects-token"):
        found = table(lab, capsys, "--approve")
    assert refused(found, "token") == set(found)
    assert "the MCP server refuses it with 401" in found["chatgpt"]["token"]["says"]


def test_that_hosts_elsewhere_cannot_reach_this_machine_is_told(lab: Lab, capsys: Capture) -> None:
    main(["check", lab.mcp_url, "--hosts", "--fail-on", "never"])
    told = " ".join(capsys.readouterr().out.split())
    assert f"cannot reach {lab.mcp_url.removesuffix('/mcp')}: the marks are for the day" in told


@pytest.mark.parametrize("width", [50, 60, 71, 80])
def test_in_a_narrow_terminal_every_word_is_whole(
    width: int, lab: Lab, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.console.WIDTH", width)
    with faults(lab, "resource-trailing-slash"):
        main(["check", lab.mcp_url, "--hosts", "--fail-on", "never"])
    told = capsys.readouterr().out
    assert "register redirect auth metadata resource token" in told
    # The health table, the marks and the findings need so much at least.
    room = max(width, 51)
    too_long = [line for line in told.splitlines() if len(line) > room]
    assert not [line for line in too_long if len(line.split()) > 1], too_long
