"""Every host file that is shipped, and what a file must be to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from flows import hosts as known
from flows.hosts import SHIPPED, Host, HostFileError, Known, find, host_of, hosts
from flows.hosts.reading import read_host
from flows.session import PROTOCOLS, Target

NAMES = sorted(path.stem for path in SHIPPED.glob("*.toml"))
WANTED = {
    "chatgpt",
    "claude",
    "claude-code",
    "cursor",
    "vscode",
    "codex",
    "copilot-studio",
    "microsoft-365-copilot",
    "grok",
    "opencode",
    "gemini-cli",
    "antigravity",
    "mcp-remote",
    "mcp-inspector",
    "zed",
}
EVIDENCE = """
source = "https://example.com"
seen = 2026-11-25
status = "reported"
"""
NAMED = f'title = "Mine"\n[client_name]\nvalue = "Mine"\n{EVIDENCE}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A person's own folder of host files."""
    monkeypatch.setattr(known, "own_folder", lambda: tmp_path)
    find.cache_clear()
    yield tmp_path
    find.cache_clear()


def values(host: Host) -> Iterator[tuple[str, Known[object]]]:
    for field in fields(host):
        value = getattr(host, field.name)
        if isinstance(value, Known):
            yield field.name, value


def test_the_hosts_of_the_facts_page_are_there() -> None:
    assert set(NAMES) >= WANTED


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_evidence_that_was_looked_up(name: str) -> None:
    host = read_host((SHIPPED / f"{name}.toml").read_text("utf-8"), name)
    assert host.name == name and host.title
    found = dict(values(host))
    assert found or host.demands
    for evidence in (
        *(one.evidence for one in found.values()),
        *(one.evidence for one in host.demands),
    ):
        assert "https://" in evidence.source
        assert evidence.seen >= date(2026, 1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_values_fit_together(name: str) -> None:
    host = hosts()[name]
    listed = host.redirect_uris.value if host.redirect_uris else ()
    if host.redirect_uri:
        assert host.redirect_uri.value in listed
    if host.registration and "CIMD" in host.registration.value:
        assert host.client_metadata_url
    for version in host.protocol_versions.value if host.protocol_versions else ():
        assert version in PROTOCOLS
    rules = [demand.rule for demand in host.demands]
    assert len(rules) == len(set(rules))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "mine.toml: title is missing"),
        ("title = 3", "mine.toml: title must be a text"),
        ("title = [", "mine.toml: not TOML"),
        ('title = "M"\ncolour = 1', "colour is no key of a host file"),
        ('title = "M"\nclient_name = "Mine"', "client_name must be a table"),
        (NAMED.replace("status", "stage"), "client_name.status is missing"),
        (NAMED.replace("reported", "rumoured"), "client_name.status is none of documented"),
        (NAMED.replace("2026-11-25", '"2026-11-25"'), "client_name.seen must be a date"),
        (NAMED.replace('value = "Mine"', ""), "client_name.value is missing"),
        (NAMED.replace('value = "Mine"', "value = 3"), "client_name.value must be a text"),
        (f"{NAMED}\nby = 1", "client_name.by is no key of this table"),
        (NAMED.replace('[client_name]\nvalue = "Mine"', "[redirect_uris]\nvalue = []"), "is empty"),
        (
            NAMED.replace('[client_name]\nvalue = "Mine"', '[redirect_uris]\nvalue = ["/x"]'),
            "it is no absolute URI",
        ),
        (
            NAMED.replace('[client_name]\nvalue = "Mine"', '[redirect_uris]\nvalue = ["a:{b}"]'),
            "none of {port}, {id}, {server}",
        ),
        (
            NAMED.replace('[client_name]\nvalue = "Mine"', '[parser]\nvalue = "yacc"'),
            "parser.value is none of typescript-sdk",
        ),
        (f'title = "M"\n[[demands]]\n{EVIDENCE}', "demands[0].rule is missing"),
        (f'title = "M"\n[[demands]]\nrule = "port"\n{EVIDENCE}', "demands[0].value must be an"),
        (
            f'title = "M"\n[[demands]]\nrule = "token-seconds"\nvalue = 0\n{EVIDENCE}',
            "must be a number of seconds",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, says: str) -> None:
    with pytest.raises(HostFileError) as caught:
        read_host(text, "mine")
    assert says in str(caught.value)


def test_a_persons_own_file_is_a_host_and_may_replace_one(folder: Path) -> None:
    (folder / "mine.toml").write_text(NAMED)
    (folder / "zed.toml").write_text(NAMED.replace("Mine", "My Zed"))
    found = hosts()
    assert found["mine"].own and found["mine"].client_name
    assert found["mine"].client_name.value == "Mine"
    assert found["zed"].title == "My Zed"
    assert not found["chatgpt"].own


def test_a_broken_file_is_told_and_breaks_no_walk(folder: Path) -> None:
    (folder / "mine.toml").write_text("title = 3")
    with pytest.raises(HostFileError):
        hosts()
    assert host_of(Target("https://mcp.example.com/mcp", host="mine")) is None
    assert host_of(Target("https://mcp.example.com/mcp", host="nobody")) is None
    assert host_of(Target("https://mcp.example.com/mcp", host="../chatgpt")) is None
    assert host_of(Target("https://mcp.example.com/mcp")) is None
