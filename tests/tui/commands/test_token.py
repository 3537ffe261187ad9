"""`authwalk token`: what it says of a token, and when it ends with 0."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from flows.lab import Lab
from tests.hostile import HOSTILE
from tui.cli import main

Capture = pytest.CaptureFixture[str]
KEY = ec.generate_private_key(ec.SECP256R1())


def token(**claims: Any) -> str:
    return jwt.encode({"iss": "https://issuer.example", **claims}, KEY, "ES256", {"kid": "one"})


def key_set(path: Path, key: ec.EllipticCurvePrivateKey = KEY) -> str:
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    path.write_text(json.dumps({"keys": [{**jwk, "kid": "one"}]}))
    return str(path)


@pytest.fixture
def of_lab(lab: Lab, capsys: Capture) -> str:
    """An access token of the lab."""
    assert main(["run", lab.mcp_url, "--approve", "--with-secrets", "--json"]) == 0
    raw: str = json.loads(capsys.readouterr().out)["tokens"]["access"]["raw"]
    return raw


def test_claims_are_explained(capsys: Capture) -> None:
    assert main(["token", token(sub="ada", exp=1)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("JWT\n")
    assert "sub         ada\n                Who the token is about" in out
    assert "✗ exp         1  expired" in out
    assert "not verified; --issuer https://issuer.example would" in out


@pytest.mark.parametrize("text", ["hello world", "", "eyJhbGciOiJSUzI1NiJ9", token()[:-100]])
def test_what_is_no_token_ends_with_1(text: str, capsys: Capture) -> None:
    assert main(["token", text]) == 1
    assert capsys.readouterr().out


def test_an_opaque_token_is_no_fault(capsys: Capture) -> None:
    assert main(["token", "2YotnFZFEjr1zCsicMWpAA"]) == 0
    assert capsys.readouterr().out.startswith("opaque")


@pytest.mark.parametrize("words", [["token"], ["token", "-"]])
def test_stdin_is_read(words: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"Authorization: Bearer {token()}\n"))
    assert main(words) == 0
    assert "iss         https://issuer.example" in capsys.readouterr().out


def test_a_key_set_in_a_file_verifies(tmp_path: Path, capsys: Capture) -> None:
    keys = key_set(tmp_path / "keys.json")
    assert main(["token", token(), "--jwks", keys]) == 0
    assert "✓ verified: ES256 with key one" in capsys.readouterr().out


def test_a_foreign_key_does_not(tmp_path: Path, capsys: Capture) -> None:
    keys = key_set(tmp_path / "keys.json", ec.generate_private_key(ec.SECP256R1()))
    assert main(["token", token(), "--jwks", keys]) == 1
    assert "✗ does not verify" in capsys.readouterr().out


def test_an_opaque_token_cannot_be_verified(tmp_path: Path, capsys: Capture) -> None:
    assert main(["token", "2YotnFZFEjr1zCsicMWpAA", "--jwks", key_set(tmp_path / "k")]) == 1


def test_the_issuers_metadata_leads_to_its_keys(lab: Lab, of_lab: str, capsys: Capture) -> None:
    assert main(["token", of_lab, "--issuer", lab.issuer]) == 0
    assert "✓ verified: RS256" in capsys.readouterr().out


def test_a_key_set_by_its_url(lab: Lab, of_lab: str, capsys: Capture) -> None:
    assert main(["token", of_lab, "--jwks", f"{lab.issuer}/jwks.json", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verification"]["result"] == "verified"
    assert document["claims"]["iss"] == lab.issuer
    assert document["well_formed"] is True
    assert {"sub", "exp"} <= {row["name"] for row in document["described"]["claims"]}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("server-metadata-missing", "no metadata at any well-known URL"),
        ("issuer-mismatch", "issuer is"),
        ("jwks-500", "answers 500"),
    ],
)
def test_keys_that_cannot_be_had(lab: Lab, capsys: Capture, fault: str, says: str) -> None:
    lab.set_faults((fault,))
    assert main(["token", token(), "--issuer", lab.issuer, "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == "no-keys"
    assert says in err


@pytest.mark.parametrize("option", ["--issuer", "--jwks"])
def test_an_issuer_that_is_not_there(option: str, capsys: Capture) -> None:
    assert main(["token", token(), option, "http://127.0.0.1:9"]) == 4
    assert "Connection refused" in capsys.readouterr().err


def test_key_files_that_are_none(tmp_path: Path, capsys: Capture) -> None:
    assert main(["token", token(), "--jwks", str(tmp_path / "none")]) == 6
    (tmp_path / "html").write_text("<html>")
    assert main(["token", token(), "--jwks", str(tmp_path / "html")]) == 1
    assert "HTML" in capsys.readouterr().err


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_claims_are_harmless(text: str, capsys: Capture) -> None:
    safe = text.encode("utf-8", "replace").decode()
    assert main(["token", token(**{"sub": safe, f"x{safe[:40]}": safe})]) == 0
    out = capsys.readouterr().out
    assert not any(ord(char) < 32 and char != "\n" for char in out)
    assert "\u202e" not in out


def test_numbers_that_json_cannot_hold(capsys: Capture) -> None:
    import base64

    payload = base64.urlsafe_b64encode(b'{"exp":NaN,"iat":1e999}').rstrip(b"=").decode()
    header = token().partition(".")[0]
    assert main(["token", f"{header}.{payload}.AAAA", "--json"]) == 1
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert document["claims"]["exp"] == "nan"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_callback_url_is_told_for_what_it_is(form: list[str], capsys: Capture) -> None:
    said = "error=access_denied&error_description=No+way&state=of-the-walk"
    assert main(["token", f"http://127.0.0.1:7/cb?{said}", *form]) == 1
    out = capsys.readouterr().out
    assert "access_denied" in out and "No way" in out and "of-the-walk" not in out
    assert main(["token", "http://127.0.0.1:7/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=s", *form]) == 1
    assert "Splxl" not in capsys.readouterr().out
    assert main(["check", f"http://127.0.0.1:7/cb?{said}"]) == 2
    assert "an authorization response that refuses: access_denied" in capsys.readouterr().err
