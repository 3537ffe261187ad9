from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.token_text import bearer_problem, name_opaque, not_a_token, unwrap

JWT = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ."
LONG = "SlAV32hkKG9vbmx5Zm9ydGVzdGluZw"


@pytest.mark.parametrize(
    ("pasted", "token", "codes"),
    [
        (JWT, JWT, []),
        (f"  {JWT}\n", JWT, []),
        (f"Bearer {JWT}", JWT, ["prefix"]),
        (f"Authorization: bearer  {JWT}", JWT, ["prefix"]),
        (f"authorization: {JWT}", JWT, ["prefix"]),
        (f"DPoP {JWT}", JWT, ["prefix"]),
        (f'"{JWT}"', JWT, ["quotes"]),
        (f"\N{LEFT DOUBLE QUOTATION MARK}Bearer {JWT}\N{RIGHT DOUBLE QUOTATION MARK}", JWT,
         ["quotes", "prefix"]),
        (f"{JWT[:10]}\r\n  {JWT[10:30]}\n{JWT[30:]}", JWT, ["whitespace"]),
        (f"{LONG}\n{LONG}\nab", f"{LONG}{LONG}ab", ["whitespace"]),
        (f'{{"access_token": "{JWT}", "id_token": "x"}}', JWT, ["member"]),
        ('{"id_token": "x.y.z", "token_type": "Bearer"}', "x.y.z", ["member"]),
        (f'  "access_token": "{JWT}",', JWT, ["member"]),
        (f"token_type=bearer&access_token={LONG}&expires_in=1", LONG, ["member"]),
        (f"https://app.example/cb#access_token={LONG}&state=x", LONG, ["member"]),
        ("the quick brown fox", "the quick brown fox", []),
        ('{"token_type": "Bearer"}', '{"token_type": "Bearer"}', []),
        ("", "", []),
    ],
)  # fmt: skip
def test_unwrap(pasted: str, token: str, codes: list[str]) -> None:
    found, problems = unwrap(pasted)
    assert found == token
    assert [problem.code for problem in problems] == codes
    assert {problem.mark for problem in problems} <= {"info"}


MACAROON = base64.urlsafe_b64encode(b"0021location https://x.example\n0012identifier a\n").decode()


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("gho_16C7e42F292c6912E7710c838347Ae178B4a", "GitHub OAuth access token"),
        ("github_pat_11AAAAAAA0", "GitHub fine-grained personal access token"),
        ("gho_", "4 characters"),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "UUID"),
        ("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "20 bytes in hexadecimal"),
        ("A94A8fe5ccb19ba61c4c0873d391e987982fbbd3", "40 characters"),
        ("v4.public.eyJkYXRhIjoieCJ9.Zm9vdGVy", "PASETO v4.public"),
        ("v4.local.AAAA", "PASETO v4.local"),
        ("v9.local.AAAA", "13 characters"),
        (MACAROON, "macaroon"),
        ("x", "1 character"),
    ],
)
def test_names_only_what_is_well_founded(token: str, name: str) -> None:
    assert name_opaque(token) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"token_type": "Bearer"}', "json"),
        ("-----BEGIN PUBLIC KEY-----", "pem"),
        ("<html>", "markup"),
        ("HTTPS://app.example/cb?code=1", "url"),
        ("two words", "characters"),
        ("caf\xe9", "characters"),
        ("\x1b[2J", "characters"),
    ],
)
def test_what_is_no_token(text: str, code: str) -> None:
    problem = not_a_token(text)
    assert problem is not None
    assert (problem.code, problem.mark) == (code, "error")


def test_opaque_strings_may_be_tokens() -> None:
    assert not_a_token("SlAV32hkKG") is None
    assert not_a_token("with!odd:but$legal") is None


@pytest.mark.parametrize("token", ["abc", "a.b~c+d/e-f_", "YWJj==", "A="])
def test_legal_bearer_tokens(token: str) -> None:
    assert bearer_problem(token) is None


@pytest.mark.parametrize(("token", "char"), [("a:b", ":"), ("a=b", "="), ("=", "="), ("a b", " ")])
def test_illegal_bearer_tokens(token: str, char: str) -> None:
    problem = bearer_problem(token)
    assert problem is not None and repr(char) in problem.text


@given(st.text(), st.sampled_from(["", "Bearer ", '{"access_token":"', "eyJ", "access_token="]))
def test_never_raises(text: str, before: str) -> None:
    token, _ = unwrap(before + text)
    if token and not_a_token(token) is None:
        assert name_opaque(token)
        bearer_problem(token)
