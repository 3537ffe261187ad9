"""The options of the grants: what they give, and what is said when something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.keys import key_for, pem
from tui import arguments
from tui.commands import UNREADABLE, USAGE, Failure
from tui.commands.options import target_of, web_url, wire_options

URL = "https://mcp.example.com/mcp"


def parsed(*words: str) -> object:
    args = arguments.parse(["run", URL, *words])
    return target_of(args, args.url)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("key.pem").write_text(pem(key_for("ES256")))
    Path("token").write_text("  eyJ.hush.x\n")
    Path("empty").write_text("\n")
    return tmp_path


def test_the_options_of_the_grants(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_SECRET", "hush")
    args = arguments.parse(
        f"run {URL} --grant id-jag --client-id c --client-key key.pem --client-key-alg ES256 "
        "--idp-token-url https://login.example.com/token --idp-client-id i "
        "--idp-client-secret-env IDP_SECRET --id-token-file token --dpop --par".split()
    )
    target = target_of(args, args.url)
    assert (target.grant, target.client_id, target.client_key_alg) == ("id-jag", "c", "ES256")
    assert target.client_key == Path("key.pem").read_text()
    assert target.idp_token_url == "https://login.example.com/token"
    assert (target.idp_client_id, target.idp_client_secret) == ("i", "hush")
    assert target.id_token == "eyJ.hush.x", "without the white space around it"
    assert target.dpop and target.par


def test_the_assertion_comes_out_of_a_file(files: Path) -> None:
    args = arguments.parse(["run", URL, "--grant", "jwt-bearer", "--assertion-file", "token"])
    assert target_of(args, args.url).assertion == "eyJ.hush.x"


def test_a_person_approves_where_nothing_else_is_said() -> None:
    args = arguments.parse(["run", URL])
    target = target_of(args, args.url)
    assert target.grant == "authorization-code"
    assert not target.dpop and not target.par


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--grant client-credentials", "needs --client-id"),
        ("--grant jwt-bearer", "needs --assertion-file"),
        ("--grant id-jag --client-id c", "needs --idp-token-url"),
        ("--grant id-jag --client-id c --idp-token-url https://i/t", "needs --idp-client-id"),
        (
            "--grant id-jag --client-id c --idp-token-url https://i/t --idp-client-id i",
            "needs --id-token-file",
        ),
        ("--client-key key.pem", "needs --client-id or --client-metadata-url"),
        ("--client-id c --auth-method private_key_jwt", "needs --client-key"),
        ("--grant jwt-bearer --assertion-file token --idp-token-url ftp://x", "no http or https"),
    ],
)
def test_wrong_usage(files: Path, words: str, says: str) -> None:
    with pytest.raises(Failure, match=says) as raised:
        parsed(*words.split())
    assert raised.value.status == USAGE


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--redirect-uri", "http://[", "Invalid IPv6 URL"),
        ("--redirect-uri", "http://127.0.0.1:99999/", "Port out of range"),
        ("--redirect-uri", "callback", "no absolute URI"),
        ("--redirect-uri", "https://a/#f", "fragment"),
        ("--redirect-uri", "http://a/\n", "control character"),
        ("--client-id", "", "is empty"),
        ("--client-id", "\udcff", "not UTF-8"),
        ("--scope", "a \udcff", "not UTF-8"),
        ("--resource", "\udcff", "not UTF-8"),
        ("--client-metadata-url", "", "no http or https URL"),
        ("--authorization-server", "https://a:99999", "Port out of range"),
        ("--header", "a b: c", "no header field name"),
        ("--header", "X: a\nY: b", "line break"),
        ("--header", "Content-Length: 1", "set by itself"),
        ("--bearer-env", "TWO_LINES", "line break"),
        ("--proxy", "http://[", "Invalid IPv6 URL"),
        ("--proxy", "socks5://a", "http:// or https://"),
        ("--proxy", "http://user:hush@a:99999", "Port out of range"),
    ],
)
def test_a_value_that_cannot_be_sent_is_wrong_usage(
    option: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWO_LINES", "a\nb")
    args = arguments.parse(["run", URL, option, value])
    with pytest.raises(Failure, match=says) as raised:
        wire_options(args)
        target_of(args, args.url)
    assert raised.value.status == USAGE
    assert "hush" not in str(raised.value)


def test_a_password_in_the_url_is_not_repeated() -> None:
    with pytest.raises(Failure, match="user name or password") as raised:
        web_url("https://user:hush@example.com/")
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_bundle_without_certificates_cannot_be_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle.pem"
    path.write_text(text)
    with pytest.raises(Failure, match="no certificate that can be read") as raised:
        wire_options(arguments.parse(["run", URL, "--ca-bundle", str(path)]))
    assert raised.value.status == UNREADABLE


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--client-id c --client-key none.pem", "none.pem cannot be read"),
        ("--client-id c --client-key token", "token cannot be used: it is no private key"),
        (
            "--client-id c --client-key key.pem --client-key-alg RS256",
            "key.pem cannot be used: it signs with ES256",
        ),
        ("--grant jwt-bearer --assertion-file empty", "--assertion-file: empty is empty"),
        ("--grant jwt-bearer --assertion-file none", "none cannot be read"),
    ],
)
def test_unusable_files_are_named_and_not_repeated(files: Path, words: str, says: str) -> None:
    with pytest.raises(Failure, match=says) as raised:
        parsed(*words.split())
    assert raised.value.status == UNREADABLE
    assert "hush" not in str(raised.value)
