"""`authwalk run` against the lab: what it prints, what it reports, how it ends."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from flows.lab import Lab
from tui.cli import main

Capture = pytest.CaptureFixture[str]
OUTCOMES = {"completed", "stopped", "needs-person", "unreachable"}
URI = "lab://about"
PROMPT = 'explain_token={"claim": "aud"}'
JWT = re.compile(r"eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{80,}")


def report(*words: str, capsys: Capture, code: int) -> dict[str, Any]:
    """Run with --json; the one document on stdout."""
    assert main(["run", *words, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["outcome"] in OUTCOMES
    assert set(document) >= {"error", "verdict", "findings", "tools", "calls", "steps", "tokens"}
    return document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["state"] for step in document["steps"]}


def test_a_sound_walk_is_printed_step_by_step(lab: Lab, capsys: Capture) -> None:
    assert main(["run", lab.mcp_url, "--approve", "--list"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out
    numbers = [int(n) for n in re.findall(r"^ *(\d+) [✓!✗–] ", out, re.MULTILINE)]
    assert numbers == list(range(1, 14))
    assert "  9 ✓ Exchange code         200" in out
    assert " 11 – Refresh               not asked for" in out
    assert re.search(r"^      200 +[\d.]+ ms  POST \S+/token  authorization code", out, re.M)
    assert re.search(r"^      echo +Say the text back\.$", out, re.M)
    assert out.rstrip().splitlines()[-2].startswith("✓ Sound")


def test_quiet_asks_for_nothing_where_nobody_can_answer(lab: Lab, capsys: Capture) -> None:
    assert main(["run", lab.mcp_url, "--quiet"]) == 3
    out = capsys.readouterr().out
    assert out.startswith("… A person is needed at Response\n") and "/authorize?" not in out


def test_quiet_prints_the_verdict_alone(lab: Lab, capsys: Capture) -> None:
    assert main(["run", lab.mcp_url, "--approve", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "✓ Sound"


def test_the_report_of_a_sound_walk(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--approve", capsys=capsys, code=0)
    assert document["outcome"] == "completed"
    assert document["error"] is None
    assert document["verdict"]["step"] is document["verdict"]["party"] is None
    assert states(document)["token"] == "ok"
    assert document["connection"]["version"] == "2026-07-28"
    assert {tool["name"] for tool in document["tools"]} >= {"echo", "add"}
    assert all(tool["inputSchema"]["type"] == "object" for tool in document["tools"])
    assert document["tokens"]["access"]["kind"] == "jwt"
    assert document["tokens"]["access"]["claims"]["iss"] == lab.issuer
    exchange = document["steps"][0]["exchanges"][0]
    assert exchange["status"] == 401
    assert exchange["method"] == "POST"


def test_no_secret_is_reported_unless_asked_for(lab: Lab, capsys: Capture, tmp_path: Path) -> None:
    saved, trace = tmp_path / "walk.toml", tmp_path / "trace.jsonl"
    words = ["run", lab.mcp_url, "--approve", "--refresh", "--save", str(saved)]
    assert main([*words, "--trace", str(trace), "--json"]) == 0
    out, err = capsys.readouterr()
    for text in (out, err, saved.read_text(), trace.read_text()):
        assert not JWT.search(text)
        assert "redacted" in text or text is err

    keeping = report(lab.mcp_url, "--approve", "--with-secrets", capsys=capsys, code=0)
    assert JWT.search(keeping["tokens"]["access"]["raw"])


def test_the_trace_is_private_and_holds_every_exchange(
    lab: Lab, capsys: Capture, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("an old one\n")
    trace.chmod(0o644)
    document = report(lab.mcp_url, "--approve", "--trace", str(trace), capsys=capsys, code=0)
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    reported = [e["id"] for step in document["steps"] for e in step["exchanges"]]
    assert [line["id"] for line in lines] == reported
    assert lines[0]["response"]["status"] == 401
    assert lines[0]["request"]["headers"][0][0] == "Host"
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600


def test_calls_happen_in_order_on_one_connection(lab: Lab, capsys: Capture) -> None:
    words = ("--call", 'add={"a": 2, "b": 3}', "--call", 'echo={"text": "hi"}')
    document = report(lab.mcp_url, "--approve", *words, capsys=capsys, code=0)
    assert [call["name"] for call in document["calls"]] == ["add", "echo"]
    texts = [call["result"]["content"][0]["text"] for call in document["calls"]]
    assert texts == ["5", "hi"]
    opened = [e for s in document["steps"] if s["id"] == "connect" for e in s["exchanges"]]
    assert len(opened) == 1


def test_results_are_printed_and_harmless(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("hostile-text",))
    assert main(["run", lab.mcp_url, "--approve", "--list", "--call", 'echo={"text":"x"}']) == 0
    out = capsys.readouterr().out
    assert "\\x1b" in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", out)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--call", "fail"], "tool-error"),
        (["--call", "nosuch"], "unknown-tool"),
        (["--call", "fail", "--call", 'echo={"text":"x"}'], "tool-error"),
    ],
)
def test_a_failed_call(lab: Lab, capsys: Capture, words: list[str], code: str) -> None:
    document = report(lab.mcp_url, "--approve", *words, capsys=capsys, code=5)
    assert document["error"]["code"] == code
    assert document["verdict"]["step"] == "call"
    assert len(document["calls"]) == len(words) // 2
    assert states(document)["connect"] == "ok"


def test_a_tool_that_is_not_listed_is_told_with_those_that_are(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--approve", "--call", "ecko", capsys=capsys, code=5)
    fix = document["verdict"]["fix"]
    assert fix.startswith("Call a tool that is listed (did you mean echo?): echo, add, ")


def test_a_dead_end_of_the_metadata_is_a_fault_of_its_server(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("first-server-dead",))
    document = report(lab.mcp_url, "--approve", capsys=capsys, code=1)
    verdict = document["verdict"]
    assert (document["outcome"], verdict["party"]) == ("stopped", "authorization-server")
    assert "authorization_servers of http" in verdict["cause"]


def test_a_call_where_there_are_no_tools(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("tools-empty",))
    document = report(lab.mcp_url, "--approve", "--call", "echo", capsys=capsys, code=5)
    assert document["verdict"]["fix"] == "The server lists no tools."
    assert document["error"]["code"] == "unknown-tool"
    assert document["calls"][0]["result"]["isError"] is True


def test_a_tool_that_asks_for_input_needs_a_person(lab: Lab, capsys: Capture) -> None:
    words = ("--call", 'book_table={"day": "2026-12-24"}')
    assert main(["run", lab.mcp_url, "--approve", *words, "--json"]) in (3, 5)
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"]["step"] == "call"


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25"])
def test_a_tool_that_asks_is_answered_by_elicit(lab: Lab, capsys: Capture, protocol: str) -> None:
    words = ("--call", 'book_table={"day": "2026-12-24"}', "--protocol", protocol)
    form = ("--elicit", '{"guests": 4, "outside": true}')
    document = report(lab.mcp_url, "--approve", *words, *form, capsys=capsys, code=0)
    (call,) = document["calls"]
    assert call["result"]["content"][0]["text"] == "A table for 4 in the garden on 2026-12-24"

    document = report(
        lab.mcp_url, "--approve", *words, "--elicit", "decline", capsys=capsys, code=5
    )
    assert document["error"]["code"] == "tool-error"


def test_what_nobody_said_how_to_answer_needs_a_person(lab: Lab, capsys: Capture) -> None:
    words = ("--call", 'book_table={"day": "2026-12-24"}', "--declare", "elicitation")
    document = report(lab.mcp_url, "--approve", *words, capsys=capsys, code=3)
    assert document["verdict"]["step"] == "call"
    assert "--elicit" in document["verdict"]["fix"]


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25"])
def test_acts_of_every_kind_keep_their_order(lab: Lab, capsys: Capture, protocol: str) -> None:
    acts = ("--read", URI, "--call", 'echo={"text": "hi"}', "--prompt", PROMPT)
    words = (*acts, "--protocol", protocol, "--declare", "roots,elicitation")
    document = report(lab.mcp_url, "--approve", *words, capsys=capsys, code=0)
    assert [(call["method"], call["name"]) for call in document["calls"]] == [
        ("resources/read", URI),
        ("tools/call", "echo"),
        ("prompts/get", PROMPT.partition("=")[0]),
    ]
    read, called, prompt = (call["result"] for call in document["calls"])
    assert read["contents"] and called["content"] and prompt["messages"]


def test_a_failed_act_does_not_keep_the_next_from_its_turn(lab: Lab, capsys: Capture) -> None:
    words = ("--read", "lab://nosuch", "--call", 'echo={"text": "hi"}')
    document = report(lab.mcp_url, "--approve", *words, capsys=capsys, code=5)
    failed, called = document["calls"]
    assert failed["error"]["code"] and called["result"]
    assert document["verdict"]["party"] == "resource-server"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--read", ""], "--read wants a URI"),
        (["--prompt", "=x"], "--prompt wants NAME"),
        (["--prompt", "a=[1]"], "no JSON object"),
        (["--call", "a={"], "not JSON"),
        (["--elicit", "perhaps"], "--elicit"),
        (["--elicit", "[]"], "accept, decline, cancel"),
        (["--declare", "tea"], "'tea' is none of"),
        (["--issuer-only", "--read", "x:y"], "--read needs an MCP server"),
    ],
)
def test_acts_that_cannot_be_understood(capsys: Capture, words: list[str], says: str) -> None:
    assert main(["run", "http://127.0.0.1:9/mcp", *words]) == 2
    assert says in capsys.readouterr().err


def test_listing_tools_that_never_ends_is_a_failed_act(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("tools-endless",))
    document = report(lab.mcp_url, "--approve", capsys=capsys, code=5)
    assert document["verdict"]["step"] == "tools"


@pytest.mark.parametrize(
    ("fault", "step", "party"),
    [
        ("challenge-login-redirect", "challenge", "resource-server"),
        ("waf-block", "challenge", "network"),
        ("resource-mismatch", "resource-metadata", "resource-server"),
        ("issuer-mismatch", "server-metadata", "authorization-server"),
        ("no-pkce-advertised", "server-metadata", "authorization-server"),
        ("register-fails", "client", "authorization-server"),
        ("authorize-500", "authorize", "authorization-server"),
        ("consent-denied", "callback", "person"),
        ("wrong-state", "callback", "authorization-server"),
        ("token-500", "token", "authorization-server"),
        ("refresh-fails", "refresh", "authorization-server"),
        ("no-refresh-token", "refresh", "client"),
        ("mcp-rejects-token", "connect", "resource-server"),
    ],
)
def test_a_stop_names_step_and_party(
    lab: Lab, capsys: Capture, fault: str, step: str, party: str
) -> None:
    lab.set_faults((fault,))
    document = report(lab.mcp_url, "--approve", "--refresh", capsys=capsys, code=1)
    assert document["outcome"] == "stopped"
    assert (document["verdict"]["step"], document["verdict"]["party"]) == (step, party)
    assert document["error"]["text"] == document["verdict"]["cause"] != ""
    assert any(f["result"] == "fail" and f["step"] == step for f in document["findings"])


def test_a_stop_is_explained(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("no-pkce-advertised",))
    assert main(["run", lab.mcp_url, "--approve"]) == 1
    out = capsys.readouterr().out
    tail = out[out.index("✗ Stopped at PKCE for what is wrong at Server metadata") :]
    for label in ("party", "cause", "fix", "standard"):
        assert re.search(rf"^  {label:<9} \S", tail, re.MULTILINE)
    assert max(map(len, tail.splitlines())) <= 80


def test_remarks_show_without_stopping(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("expires-in-string",))
    assert main(["run", lab.mcp_url, "--approve"]) == 0
    out = capsys.readouterr().out
    assert "  9 ! Exchange code" in out
    assert "! Completed, with " in out


def test_refreshing_happens_before_connecting(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--approve", "--refresh", capsys=capsys, code=0)
    assert states(document)["refresh"] == "ok"
    at = [e["at"] for s in document["steps"] for e in s["exchanges"]]
    assert at == sorted(at)


def test_nobody_there_to_approve(lab: Lab, capsys: Capture) -> None:
    assert main(["run", lab.mcp_url]) == 3
    out = capsys.readouterr().out
    assert f"\n{lab.issuer}/authorize?response_type=code&" in out
    assert "A person is needed at Response" in out


def test_nobody_there_as_a_document(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, capsys=capsys, code=3)
    assert document["outcome"] == "needs-person"
    assert document["verdict"]["step"] == "callback"
    assert document["verdict"]["party"] == "person"


def test_no_registration_needs_a_person(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("no-registration",))
    document = report(lab.mcp_url, "--approve", capsys=capsys, code=3)
    assert document["verdict"]["step"] == "client"


def test_a_wait_ends(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--wait", "0.05", capsys=capsys, code=3)
    assert "in time" in document["verdict"]["cause"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/mcp", "http://nosuch.invalid/mcp"])
def test_unreachable(url: str, capsys: Capture) -> None:
    document = report(url, capsys=capsys, code=4)
    assert document["outcome"] == "unreachable"
    assert document["error"]["code"] in ("refused", "dns")
    assert document["verdict"]["party"] == "network"


def test_an_unused_proxy_is_mentioned(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    assert main(["run", "http://127.0.0.1:9/mcp"]) == 4
    assert "HTTPS_PROXY is set and was not used" in capsys.readouterr().out


def test_a_page_where_a_server_should_be(html_server: str, capsys: Capture) -> None:
    document = report(html_server, "--approve", capsys=capsys, code=1)
    assert document["verdict"]["step"] == "challenge"
    assert document["verdict"]["evidence"]["status"] == 200


def test_a_bearer_from_the_environment_skips_the_authorization(
    lab: Lab, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = report(lab.mcp_url, "--approve", "--with-secrets", capsys=capsys, code=0)
    monkeypatch.setenv("THE_TOKEN", first["tokens"]["access"]["raw"])
    document = report(lab.mcp_url, "--bearer-env", "THE_TOKEN", capsys=capsys, code=0)
    assert states(document)["token"] == "skipped"
    assert states(document)["tools"] == "ok"


def test_an_issuer_on_its_own(lab: Lab, capsys: Capture) -> None:
    document = report(lab.issuer, "--issuer-only", "--approve", capsys=capsys, code=0)
    assert states(document)["challenge"] == "skipped"
    assert states(document)["token"] == "ok"
    assert document["connection"] is None


def test_headers_go_out_and_stay_unprinted(lab: Lab, capsys: Capture, tmp_path: Path) -> None:
    header, trace = tmp_path / "headers", tmp_path / "trace"
    header.write_text("X-Api-Key: hush-0123456789\n")
    words = ["--header", f"@{header}", "--header", "X-Plain: yes", "--trace", str(trace)]
    report(lab.mcp_url, "--approve", *words, capsys=capsys, code=0)
    first = json.loads(trace.read_text().splitlines()[0])
    names = [name for name, _ in first["request"]["headers"]]
    assert {"X-Api-Key", "X-Plain"} <= set(names)
    assert "hush-0123456789" not in trace.read_text()


@pytest.mark.parametrize("option", ["--save", "--trace", "--ca-bundle"])
def test_files_that_cannot_be_used(lab: Lab, capsys: Capture, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "below")
    assert main(["run", lab.mcp_url, "--approve", option, path]) == 6
    assert path in capsys.readouterr().err


def test_a_file_that_cannot_be_written_still_prints_one_document(
    lab: Lab, capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "below")
    assert main(["run", lab.mcp_url, "--approve", "--save", path, "--json"]) == 6
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["code"] == "file"
    assert states(document)["tools"] == "ok"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_trace_on_a_full_disk(lab: Lab, capsys: Capture) -> None:
    assert main(["run", lab.mcp_url, "--trace", "/dev/full", "--json"]) == 6
    document = json.loads(capsys.readouterr().out)
    assert "No space left" in document["error"]["text"]


def test_a_call_is_printed_once_it_is_over(lab: Lab, capsys: Capture) -> None:
    """One that steps up, and one that asks back: all their exchanges, and what came in the end."""
    calls = ['wipe_notes={"confirm": true}', 'book_table={"day": "2026-12-01"}']
    words = [f"--call={call}" for call in calls]
    assert main(["run", lab.mcp_url, "--approve", *words, "--elicit", '{"guests": 3}']) == 0
    out = capsys.readouterr().out
    said = [" ".join(line.split()[:3]) for line in out.splitlines() if "tools/call  " in line]
    assert said == ["14 ✓ tools/call"] * 2
    assert len(re.findall(r"403 .*/mcp  tools/call wipe_notes", out)) == 1
    assert "All notes are gone" in out and "A table for 3 inside" in out


def test_a_list_is_all_that_the_server_offers(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--approve", "--list", capsys=capsys, code=0)
    assert [entry["uri"] for entry in document["resources"]] == ["lab://about", "lab://logo.png"]
    templates = [entry["uriTemplate"] for entry in document["resource_templates"]]
    assert templates == ["lab://notes/{name}"]
    assert [entry["name"] for entry in document["prompts"]] == ["explain_token", "greeting"]
    assert document["calls"] == []

    plain = report(lab.mcp_url, "--approve", capsys=capsys, code=0)
    assert plain["resources"] == plain["resource_templates"] == plain["prompts"] == []
    assert [e["label"] for s in plain["steps"] if s["id"] == "tools" for e in s["exchanges"]] == [
        "tools/list"
    ]


def test_lists_and_results_are_printed_in_words(lab: Lab, capsys: Capture) -> None:
    words = ["run", lab.mcp_url, "--approve", "--list", "--call", 'chart={"values": [1, 2]}']
    assert main([*words, "--read", "lab://logo.png", "--call", 'weather={"region":"north"}']) == 0
    out = capsys.readouterr().out
    assert re.search(r"^      2 resources\n      lab://about +What this server is for", out, re.M)
    assert "explain_token(claim, audience?)" in out
    assert re.search(r"^      \[image  image/png  \d+ B\]$", out, re.M)
    assert re.search(r"^      \[resource  lab://logo\.png  image/png  \d+ B\]$", out, re.M)
    assert "iVBOR" not in out


def test_arguments_are_completed_and_any_method_is_sent(lab: Lab, capsys: Capture) -> None:
    words = (
        *("--complete", 'explain_token={"claim": "a"}'),
        *("--complete", 'explain_token={"claim": "sub", "audience": "a p"}'),
        *("--complete", 'lab://notes/{name}={"name": ""}'),
        *("--send", "prompts/list={}"),
    )
    document = report(lab.mcp_url, "--approve", *words, capsys=capsys, code=0)
    results = [call["result"] for call in document["calls"]]
    values = [result["completion"]["values"] for result in results[:3]]
    assert values == [["aud"], ["a privacy officer"], ["welcome", "pkce", "aud"]]
    assert [call["name"] for call in document["calls"]] == [
        "explain_token claim",
        "explain_token audience",
        "lab://notes/{name} name",
        "",
    ]
    assert len(results[3]["prompts"]) == 2


def test_a_method_that_the_server_lacks_fails_the_run(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--approve", "--send", "x/y", capsys=capsys, code=5)
    assert document["error"]["code"] == "act-failed"
    assert document["verdict"]["cause"].startswith("x/y: ")


@pytest.mark.parametrize(
    "words",
    [
        ("--complete", "explain_token"),
        ("--complete", "explain_token={}"),
        ("--complete", 'explain_token={"claim": 7}'),
        ("--complete", '={"claim": "a"}'),
        ("--send", ""),
        ("--send", "x/y=[1]"),
    ],
)
def test_acts_that_cannot_be_meant_are_refused_at_once(
    words: tuple[str, ...], capsys: Capture
) -> None:
    assert main(["run", "http://127.0.0.1:1/mcp", *words]) == 2
    assert words[0] in capsys.readouterr().err


def test_what_comes_of_a_remedy_is_told(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("wrong-aud",))
    assert main(["run", lab.mcp_url, "--approve"]) == 1
    out = capsys.readouterr().out
    first, refreshed, again, *more = re.split(r"^Again from +", out, flags=re.MULTILINE)
    assert " 12 ✗ Connect" in first and "11 – Refresh" in first
    assert refreshed.startswith("11 Refresh") and "11 ✓ Refresh" in refreshed
    assert again.startswith("2 Resource metadata") and "  9 ✓ Exchange code" in again
    assert " 1 ✓ Challenge" not in "".join((refreshed, again, *more)), "it stands as it was"
    assert out.count("✗ Stopped at Connect for what is wrong at Claims") == 1
