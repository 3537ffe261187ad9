"""`authwalk client-document`: a document made, judged, and served to a server on this machine."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flows.client_document import client_document, key_problem
from flows.document_server import DocumentServer
from flows.lab import Lab
from tests.flows.tokens import private_key
from tui.cli import main

Capture = pytest.CaptureFixture[str]
URL = "https://app.example.com/client.json"


def told(capsys: Capture, *arguments: str, status: int = 0) -> str:
    assert main(["client-document", *arguments]) == status
    return " ".join(capsys.readouterr().out.split())


def document(capsys: Capture, *arguments: str, status: int = 0) -> Any:
    return json.loads(told(capsys, *arguments, "--json", status=status))


def results(capsys: Capture, *arguments: str, status: int) -> dict[str, str]:
    found = document(capsys, "--check", *arguments, status=status)
    assert found["sound"] is (status == 0)
    return {one["check"]: one["result"] for one in found["findings"]}


def test_a_document_is_made_and_is_sound(capsys: Capture, tmp_path: Path) -> None:
    made = json.loads(told(capsys, URL, "--name", "Mine", "--scope", "a b"))
    assert made == {
        "client_id": URL,
        "client_name": "Mine",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "a b",
    }
    assert document(capsys, URL, "--name", "Mine", "--scope", "a b")["document"] == made
    path = tmp_path / "client.json"
    assert told(capsys, URL, "--save", str(path)) == ""
    found = results(capsys, str(path), status=0)
    assert found.pop("CIMD-09") == "skipped"
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_a_key_stands_in_it_by_its_public_part_alone(
    alg: str, capsys: Capture, tmp_path: Path
) -> None:
    secret = private_key(alg).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = tmp_path / "key.pem"
    key.write_bytes(secret)
    made = json.loads(told(capsys, URL, "--client-key", str(key)))
    assert made["token_endpoint_auth_method"] == "private_key_jwt"
    (public,) = made["jwks"]["keys"]
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(public)
    assert public["alg"] == alg and key_problem(made) == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "wants the URL"),
        (["http://app.example.com/client.json"], "absolute https URL"),
        (["https://app.example.com"], "needs a path"),
        ([URL, "--redirect-uri", "http://app.example/cb"], "loopback addresses alone"),
        ([URL, "--name", " "], "--name is empty"),
        ([URL, "--server", "https://a.example"], "are for --check"),
        ([URL, "--serve"], "a URL of its own"),
        (["--check", "https://app.example.com:port/c"], "is not usable"),
    ],
)
def test_wrong_usage(arguments: list[str], says: str, capsys: Capture) -> None:
    assert main(["client-document", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_file_is_judged_as_it_would_stand(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    made = client_document(URL, "Mine")
    path.write_text(json.dumps({**made, "client_secret": "x", "client_name": None}))
    found = results(capsys, str(path), status=1)
    assert (found["CIMD-03"], found["CIMD-04"], found["CIMD-05"]) == ("pass", "fail", "fail")
    moved = results(capsys, str(path), "--published", f"{URL}x", status=1)
    assert moved["CIMD-03"] == "fail"
    path.write_text("{")
    assert main(["client-document", "--check", str(path)]) == 2
    assert results(capsys, str(path), "--published", URL, status=1)["CIMD-02"] == "fail"
    assert main(["client-document", "--check", str(tmp_path / "none.json")]) == 6
    path.write_text(json.dumps(client_document("https://app.example.com/../c", "\x1b[31mMine")))
    assert "\x1b" not in told(capsys, "--check", str(path), status=1)


def test_the_server_that_is_to_take_it_is_asked(lab: Lab, capsys: Capture) -> None:
    with DocumentServer(lambda url: client_document(url, "Mine")) as server:
        lab.set_faults(("supports-cimd",))
        found = results(capsys, server.url, "--server", lab.issuer, status=0)
        assert found.pop("CIMD-01") == "info"
        assert set(found.values()) == {"pass"} and {"CIMD-07", "CIMD-09", "CIMD-10"} <= set(found)
        lab.set_faults(("cimd-without-none",))
        text = told(capsys, "--check", server.url, "--server", lab.issuer, status=1)
        assert "client's document says none, the server client_secret_basic" in text
        lab.set_faults(())
        assert results(capsys, server.url, "--server", lab.issuer, status=0)["CIMD-10"] == "warn"


def test_what_is_not_there_is_unreachable(capsys: Capture) -> None:
    with DocumentServer(lambda url: client_document(url, "Mine")) as server:
        url = server.url
        assert results(capsys, f"{url}x", status=1)["CIMD-02"] == "fail"
    assert results(capsys, url, status=4)["CIMD-02"] == "skipped"


def test_a_walk_names_itself_by_a_document_on_this_machine(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("supports-cimd",))
    with DocumentServer(lambda url: client_document(url, "Mine")) as server:
        named = ("--client-metadata-url", server.url)
        assert main(["run", lab.mcp_url, "--approve", *named, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "completed" and found["verdict"]["step"] is None


def test_a_walk_that_is_refused_looks_at_the_document(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("supports-cimd",))
    away = ["https://app.example.com/callback"]
    with DocumentServer(lambda url: client_document(url, "Mine", away)) as server:
        named = ("--client-metadata-url", server.url)
        assert main(["run", lab.mcp_url, "--approve", *named, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (finding,) = [one for one in found["findings"] if one["check"] == "CIMD-04"]
    assert finding["result"] == "fail" and "which this walk uses" in finding["says"]


def test_the_document_is_served_under_its_own_name_alone() -> None:
    seen: list[tuple[str, int]] = []
    with DocumentServer(
        lambda url: client_document(url, "Mine"), on_fetch=lambda *one: seen.append(one)
    ) as server:
        parts = urlsplit(server.url)
        for host, path, status in (
            (parts.netloc, parts.path, 200),
            (parts.netloc, "/", 404),
            ("rebound.example", parts.path, 404),
        ):
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
            connection.request("GET", path, headers={"Host": host})
            response = connection.getresponse()
            body = json.loads(response.read())
            connection.close()
            assert response.status == status
            assert body == (server.document if status == 200 else {})
            assert response.headers["Content-Type"] == "application/json"
    assert [status for _, status in seen] == [200, 404, 404]
