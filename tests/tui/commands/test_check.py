"""`authwalk check` on the live lab."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flows.lab import Lab
from tui.cli import main

Capture = pytest.CaptureFixture[str]


def checked(lab: Lab, capsys: Capture, *options: str, code: int = 0) -> dict[str, Any]:
    assert main(["check", lab.mcp_url, "--json", *options]) == code
    (one,) = json.loads(capsys.readouterr().out)["checks"]
    assert isinstance(one, dict)
    return one


def spoken(document: dict[str, Any]) -> list[str]:
    return [f["check"] for f in document["findings"] if f["result"] in ("fail", "warn", "info")]


def test_a_healthy_lab_is_sound(lab: Lab, capsys: Capture) -> None:
    for options in ((), ("--approve",)):
        document = checked(lab, capsys, *options)
        assert document["sound"] and document["verdict"] is None
        assert spoken(document) == []
        states = {row["component"]: row["state"] for row in document["health"]}
        assert set(states.values()) <= {"ok", "unknown"}
        assert all(
            f["result"] != "skipped" or "judged" not in f["says"] for f in document["findings"]
        )


def test_the_health_table_says_what_the_report_asked_for(lab: Lab, capsys: Capture) -> None:
    assert main(["check", lab.mcp_url, "--approve"]) == 0
    out = capsys.readouterr().out
    for words in (
        "Server metadata    200",
        "400        without parameters, as expected",
        "405        for GET, as expected",
        "1 public key",
        "authwalk-lab",
        "17 tools",
        "✓ Sound",
    ):
        assert words in out


@pytest.mark.parametrize(
    ("fault", "check", "party"),
    [
        ("waf-block", "NET-10", "network"),
        ("introspect-open", "INT-01", "authorization-server"),
        ("no-pkce-advertised", "ASM-07", "authorization-server"),
        ("authorize-500", "AZ-18", "authorization-server"),
    ],
)
def test_faults_that_a_check_finds_without_a_login(
    lab: Lab, capsys: Capture, fault: str, check: str, party: str
) -> None:
    lab.set_faults((fault,))
    document = checked(lab, capsys, code=1)
    assert (document["verdict"]["check"], document["verdict"]["party"]) == (check, party)


@pytest.mark.parametrize("fault", ["wrong-aud", "aud-client-id", "wrong-iss"])
def test_a_token_that_is_refused_is_told_by_its_claim(
    fault: str, lab: Lab, capsys: Capture
) -> None:
    lab.set_faults((fault,))
    assert main(["check", lab.mcp_url, "--approve", "--json"]) == 1
    verdict = json.loads(capsys.readouterr().out)["checks"][0]["verdict"]
    assert (verdict["step"], verdict["party"]) == ("claims", "authorization-server")


def test_nothing_that_creates_state_is_sent(lab: Lab, capsys: Capture) -> None:
    document = checked(lab, capsys)
    (row,) = [row for row in document["health"] if row["component"] == "Registration"]
    assert (row["state"], row["status"], row["detail"]) == ("unknown", None, "dynamic registration")
    sent = {(f["evidence"] or {}).get("url", "") for f in document["findings"]}
    assert any(url.endswith("/token") for url in sent), "the token endpoint was asked for errors"


def test_what_counts_as_a_failure_is_for_the_caller_to_say(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("challenge-error",))
    checked(lab, capsys, code=0)
    checked(lab, capsys, "--fail-on", "warn", code=1)
    lab.set_faults(("introspect-open",))
    checked(lab, capsys, "--fail-on", "never", code=0)


def test_several_urls_side_by_side(lab: Lab, capsys: Capture) -> None:
    nowhere = "http://127.0.0.1:1/mcp"
    assert main(["check", lab.mcp_url, nowhere, "--json"]) == 4
    one, other = json.loads(capsys.readouterr().out)["checks"]
    assert (one["url"], one["sound"]) == (lab.mcp_url, True)
    assert (other["url"], other["verdict"]["party"]) == (nowhere, "network")


def test_junit(lab: Lab, capsys: Capture, tmp_path: Path) -> None:
    lab.set_faults(("introspect-open",))
    path = tmp_path / "report.xml"
    checked(lab, capsys, "--junit", str(path), code=1)
    root = ElementTree.parse(path).getroot()
    (suite,) = root
    assert suite.get("failures") == "1"
    failures = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failures == ["INT-01"]
    (case,) = (case for case in suite if case.get("name") == "INT-01")
    server = lab.mcp_url.removeprefix("http://")
    assert case.get("classname") == f"{server}.token"
    assert float(case.get("time") or 0) > 0 and float(suite.get("time") or 0) > 0
    reason = case.findtext("failure") or ""
    assert f"POST {lab.issuer}/introspect 200, response /active: false" in reason.splitlines()


def test_junit_says_why_a_check_was_skipped(lab: Lab, capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    checked(lab, capsys, "--junit", str(path))
    cases = {case.get("name"): case for case in ElementTree.parse(path).iter("testcase")}
    skipped = cases["NET-04"].find("skipped")
    assert skipped is not None and skipped.text == "the certificate names the host"
    assert (skipped.get("message") or "").startswith("does not apply")
    judged = cases["TOK-01"].find("skipped")
    assert judged is not None and (judged.get("message") or "") != judged.text


@pytest.mark.parametrize(
    ("level", "code", "failures"), [("error", 0, 0), ("warn", 1, 1), ("never", 0, 0)]
)
def test_junit_fails_where_the_exit_code_does(
    lab: Lab, capsys: Capture, tmp_path: Path, level: str, code: int, failures: int
) -> None:
    lab.set_faults(("expires-in-string",))
    path = tmp_path / "report.xml"
    words = ["check", lab.mcp_url, "--approve", "--fail-on", level, "--junit", str(path)]
    assert main(words) == code
    (suite,) = ElementTree.parse(path).getroot()
    assert suite.get("failures") == str(failures)


def test_a_walk_that_needs_a_person_is_not_called_sound(
    lab: Lab, capsys: Capture, tmp_path: Path
) -> None:
    lab.set_faults(("no-registration",))
    path = tmp_path / "report.xml"
    assert main(["check", lab.mcp_url, "--approve", "--junit", str(path)]) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "No rule is broken, and a person is needed at Client:" in told and "Sound" not in told
    (suite,) = ElementTree.parse(path).getroot()
    assert [case.get("name") for case in suite if case.find("failure") is not None] == [
        "unattended"
    ]
    assert main(["check", lab.mcp_url, "--approve", "--json"]) == 3
    (document,) = json.loads(capsys.readouterr().out)["checks"]
    assert document["sound"] is False and "at Client" in document["needs"]


def test_without_a_token_sound_is_said_of_what_was_looked_at(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(())
    assert main(["check", lab.mcp_url]) == 0
    assert "No token was asked for; --approve" in capsys.readouterr().out


def test_quiet_is_the_verdict_alone(lab: Lab, capsys: Capture) -> None:
    assert main(["check", lab.mcp_url, "--hosts", "--quiet"]) == 0
    assert capsys.readouterr().out == "✓ Sound\n"
    lab.set_faults(("introspect-open",))
    assert main(["check", lab.mcp_url, "http://127.0.0.1:9/mcp", "--quiet"]) == 4
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if line.startswith("authwalk ")]
    assert heads == [f"authwalk  {lab.mcp_url}", "authwalk  http://127.0.0.1:9/mcp"], "whose it is"


def test_it_says_what_sound_rests_on(lab: Lab, capsys: Capture) -> None:
    assert main(["check", lab.mcp_url]) == 0
    out = " ".join(capsys.readouterr().out.split())
    found = re.search(r"(\d+) requests, (\d+) of them probes; (\d+) checks passed, ", out)
    assert found and all(int(number) for number in found.groups())
    assert "had nothing to judge; --verbose names them." in out
    assert main(["check", lab.mcp_url, "--verbose"]) == 0
    assert "--verbose names them" not in capsys.readouterr().out


def test_a_mark_in_the_health_table_says_what_it_stands_for(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("missing-aud",))
    assert main(["check", lab.mcp_url, "--approve"]) == 1
    line = next(one for one in capsys.readouterr().out.splitlines() if "✗ Token" in one)
    assert line.split(maxsplit=3)[2:] == ["200", "what the walk had from it is found wrong"]


def test_what_deep_asked_is_told(lab: Lab, capsys: Capture) -> None:
    assert main(["check", lab.mcp_url, "--approve", "--deep"]) == 0
    out = capsys.readouterr().out
    asked = out[out.index("Asked with codes and tokens of its own:") :].splitlines()[1:8]
    assert all(re.fullmatch(r"    [A-Z].*\?", line) for line in asked)
    assert "    Does a code work once?" in asked
