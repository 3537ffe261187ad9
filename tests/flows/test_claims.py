from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.claim_names import CLAIMS, PARAMETERS
from flows.claims import ClaimRow, Expected, describe, describe_header, half_hash
from flows.jwt import Token, read_token
from flows.text import visible
from tests.flows.tokens import b64
from tests.hostile import HOSTILE

NOW = datetime(2026, 11, 23, 14, 0, 0, tzinfo=timezone(timedelta(hours=1), "CET"))
STAMP = int(NOW.timestamp())
RESOURCE = "https://mcp.example.com/mcp"
ISSUER = "https://as.example"
EXPECTED = Expected(
    issuer=ISSUER,
    resource_sent=RESOURCE,
    resource_metadata=RESOURCE,
    server_url=RESOURCE + "/",
    client_id="client-1",
    scopes_requested=("read", "write"),
    scopes_granted=("read", "write"),
    access_token_profile=True,
)
SOUND: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user-42",
    "aud": RESOURCE,
    "client_id": "client-1",
    "scope": "read write",
    "exp": STAMP + 3254,
    "iat": STAMP - 720,
    "jti": "t1",
}


def token(claims: dict[str, Any], **header: Any) -> Token:
    head = {"alg": "RS256", "typ": "at+jwt"} | header
    return read_token(f"{b64(json.dumps(head))}.{b64(json.dumps(claims))}.AAAA")


def rows(
    claims: dict[str, Any], expected: Expected = EXPECTED, **header: Any
) -> dict[str, ClaimRow]:
    found = describe(token(claims, **header), now=NOW, expected=expected)
    return {row.name: row for row in found}


def row(name: str, value: Any, expected: Expected = EXPECTED, **others: Any) -> ClaimRow:
    return rows(SOUND | others | {name: value}, expected)[name]


def test_a_sound_access_token() -> None:
    found = describe(token(SOUND), now=NOW, expected=EXPECTED)
    assert [(r.name, r.mark, r.note) for r in found] == [
        ("iss", "ok", "the issuer of the metadata"),
        ("sub", "", ""),
        ("aud", "ok", "the resource sent, the resource of the metadata"),
        ("client_id", "ok", "this client"),
        ("scope", "ok", ""),
        ("exp", "ok", "in 54:14, 2026-11-23 14:54:14 CET"),
        ("iat", "ok", "12 min ago, 2026-11-23 13:48:00 CET"),
        ("jti", "", ""),
    ]
    assert {r.name: r.seconds_left for r in found if r.seconds_left is not None} == {"exp": 3254}
    assert all(r.meaning and r.standard and r.present for r in found)
    assert found[0].value == ISSUER
    assert found[5].value == str(STAMP + 3254)
    assert found[5].standard == "RFC 7519 §4.1.4"


def test_nothing_expected_nothing_judged() -> None:
    found = describe(token({"aud": "x", "iss": "y", "extra": [1, "é"]}), now=NOW)
    assert {r.mark for r in found} == {""}
    assert [r.name for r in found] == ["iss", "aud", "extra"]
    assert found[2].value == '[1, "é"]'
    assert found[2].standard == "RFC 7519 §4.3"


@pytest.mark.parametrize(
    ("typ", "mark"), [("at+jwt", "error"), ("application/AT+JWT", "error"), ("JWT", "warn")]
)
def test_what_rfc_9068_requires(typ: str, mark: str) -> None:
    found = rows({}, typ=typ)
    assert all(not r.present and r.value == "(missing)" for r in found.values())
    for name in ("iss", "exp", "sub", "client_id", "iat", "jti"):
        assert (found[name].mark, found[name].standard) == (mark, "RFC 9068 §2.2")
    assert found["aud"].mark == "error"
    assert found["aud"].standard.startswith("MCP")
    assert found["scope"].mark == "warn"


def test_what_has_not_been_typed_yet_is_not_missing() -> None:
    head, body, _ = token(SOUND).text.split(".")
    half = read_token(f"{head}.{body[: len(body) // 2]}")
    found = describe(half, now=NOW, expected=EXPECTED)
    assert found and all(r.present for r in found)
    assert describe(read_token(head), now=NOW, expected=EXPECTED) == ()


@pytest.mark.parametrize(
    ("aud", "mark", "note"),
    [
        ([RESOURCE, "x"], "ok", "the resource sent, the resource of the metadata"),
        (RESOURCE + "/", "ok", "the server URL"),
        (
            "https://mcp.example.com/mcpx",
            "error",
            f"not the resource sent {RESOURCE}: path /mcpx, not /mcp, from character 28 on",
        ),
        ("client-1", "error", "the client, not the MCP server: is this an ID token?"),
        ([], "error", "must be a string or an array of strings, and not empty"),
        (["x", 7], "error", "must be a string or an array of strings, and not empty"),
        (7, "error", "must be a string or an array of strings, and not empty"),
        (None, "error", "must be a string or an array of strings, and not empty"),
    ],
)
def test_audience(aud: Any, mark: str, note: str) -> None:
    found = row("aud", aud)
    assert (found.mark, found.note) == (mark, note)


@pytest.mark.parametrize(
    ("name", "value", "mark", "note"),
    [
        ("iss", ISSUER + "/", "error", "trailing slash, from character 19 on"),
        ("iss", 7, "error", "is of type number, must be a string"),
        ("sub", "", "error", "is empty"),
        ("sub", 42, "error", "must be a string"),
        ("sub", "client-1", "info", "the client itself"),
        ("client_id", "other", "error", "another client"),
        ("azp", "client-1", "ok", "this client"),
        ("scope", ["read", "write"], "warn", "is of type array"),
        ("scope", "read", "warn", "lacks what was granted in the response: write"),
        ("scope", "read write admin", "info", "more than was asked for: admin"),
        ("scp", ["read", "write"], "ok", ""),
        ("jti", 5, "error", "must be a string"),
        ("cnf", {"jkt": "x"}, "info", "DPoP"),
        ("cnf", {"x5t#S256": "x"}, "info", "certificate"),
        ("cnf", "x", "error", "must be an object"),
        ("nonce", "n", "warn", "belongs in an ID token"),
        ("at_hash", "h", "warn", "belongs in an ID token"),
    ],
)
def test_claims_against_what_was_expected(name: str, value: Any, mark: str, note: str) -> None:
    found = row(name, value)
    assert found.mark == mark
    assert note in found.note


@pytest.mark.parametrize(("typ", "mark"), [("at+jwt", "warn"), ("JWT", "ok")])
def test_scp_in_place_of_scope(typ: str, mark: str) -> None:
    """Only what declares to keep RFC 9068 breaks it."""
    claims = {name: value for name, value in SOUND.items() if name != "scope"}
    found = rows(claims | {"scp": ["read", "write"]}, typ=typ)["scp"]
    assert found.mark == mark
    assert "servers by the standard look for scope" in found.note


def test_scopes_against_the_request_when_the_response_named_none() -> None:
    asked = replace(EXPECTED, scopes_granted=None)
    assert row("scope", "read", asked).note == "lacks what was asked for: write"
    granted_less = replace(EXPECTED, scopes_granted=("read",))
    assert row("scope", "read", granted_less).note == "not granted: write"


@pytest.mark.parametrize(
    ("name", "value", "mark", "note", "left"),
    [
        ("exp", STAMP + 30, "warn", "in 0:30", 30),
        ("exp", STAMP, "error", "expired 0 s ago", 0),
        ("exp", STAMP - 720, "error", "expired 12 min ago", -720),
        ("exp", STAMP + 30.5, "warn", "in 0:30", 30.5),
        ("exp", STAMP + 90_000, "warn", "should be short-lived", 90_000),
        ("exp", (STAMP + 60) * 1000, "error", "milliseconds, not seconds; meant is 2026", None),
        ("exp", (STAMP + 60) * 10**6, "error", "microseconds", None),
        ("exp", (STAMP + 60) * 10**9, "error", "nanoseconds", None),
        ("exp", str(STAMP), "error", "is of type string, must be a number", None),
        ("exp", True, "error", "is of type boolean", None),
        ("exp", None, "error", "is of type null", None),
        ("exp", 10**400, "error", "no date", None),
        ("exp", -(10**12), "error", "no date", None),
        ("exp", math.nan, "error", "no date", None),
        ("exp", math.inf, "error", "no date", None),
        ("exp", -5, "error", "expired", -5 - STAMP),
        ("nbf", STAMP - 5, "ok", "5 s ago", None),
        ("nbf", STAMP + 30, "warn", "not yet valid: in 0:30", 30),
        ("nbf", STAMP + 300, "error", "not yet valid: in 5:00", 300),
        ("iat", STAMP + 30, "ok", "0 s ago", None),
        ("iat", STAMP + 300, "warn", "in the future by 5:00", None),
        ("auth_time", STAMP - 86_400, "ok", "1 d ago", None),
    ],
)
def test_times(name: str, value: Any, mark: str, note: str, left: float | None) -> None:
    found = row(name, value)
    assert found.mark == mark
    assert note in found.note
    assert found.seconds_left == left


def test_expiry_not_after_issue() -> None:
    found = row("exp", STAMP + 300, iat=STAMP + 300)
    assert (found.mark, "not after iat" in found.note) == ("error", True)


def test_times_are_told_in_the_zone_of_now() -> None:
    found = describe(token(SOUND), now=NOW.astimezone(UTC), expected=EXPECTED)
    assert "13:54:14 UTC" in next(r.note for r in found if r.name == "exp")


ID_EXPECTED = Expected(
    issuer=ISSUER,
    resource_sent=RESOURCE,
    client_id="client-1",
    nonce="n-1",
    id_token=True,
    access_token="jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
)
# The at_hash of OIDC Core appendix A.3 for the access token above
AT_HASH = "77QmUPtjPfzWtF2AnpK9RQ"


def test_a_sound_id_token() -> None:
    claims = {
        "iss": ISSUER,
        "sub": "user-42",
        "aud": "client-1",
        "nonce": "n-1",
        "exp": STAMP + 300,
        "iat": STAMP,
        "at_hash": AT_HASH,
    }
    found = rows(claims, ID_EXPECTED, typ="JWT")
    assert {name: r.mark for name, r in found.items()} == {
        "iss": "ok",
        "sub": "",
        "aud": "ok",
        "exp": "ok",
        "iat": "ok",
        "nonce": "ok",
        "at_hash": "ok",
    }


def test_an_id_token_gone_wrong() -> None:
    claims = {"aud": ["other", "another"], "nonce": "n-2", "at_hash": "x", "iss": ISSUER + "x"}
    found = rows(claims, ID_EXPECTED)
    for name in ("iss", "aud", "nonce", "at_hash", "sub", "exp", "iat"):
        assert found[name].mark == "error", name
    assert found["azp"].mark == "warn"
    assert found["nonce"].standard == "OIDC Core §3.1.3.7 (11)"
    assert found["aud"].standard == "OIDC Core §3.1.3.7 (3)"
    assert rows({}, ID_EXPECTED)["nonce"].mark == "error"


@pytest.mark.parametrize(
    ("alg", "length"),
    [("RS256", 22), ("PS384", 32), ("ES512", 43), ("ES256K", 22), ("EdDSA", 43), ("Ed25519", 43)],
)
def test_half_hash_takes_the_hash_of_the_algorithm(alg: str, length: int) -> None:
    made = half_hash("token", alg)
    assert made is not None and len(made) == length


def test_half_hash_of_an_algorithm_without_one() -> None:
    assert half_hash("token", "Ed448") is None
    assert half_hash("token", "none") is None


@pytest.mark.parametrize(
    ("name", "value", "expected", "mark"),
    [
        ("alg", "RS256", EXPECTED, ""),
        ("alg", "none", EXPECTED, "error"),
        ("alg", 5, EXPECTED, "error"),
        ("alg", "HS256", EXPECTED, "info"),
        ("alg", "EdDSA", EXPECTED, "info"),
        ("typ", "at+jwt", EXPECTED, "ok"),
        ("typ", "JWT", EXPECTED, "warn"),
        ("typ", "JWT", ID_EXPECTED, ""),
        ("typ", "at+jwt", ID_EXPECTED, "error"),
        ("jku", "https://evil.example", EXPECTED, "warn"),
        ("crit", ["exp"], EXPECTED, "warn"),
        ("x-own", {"a": 1}, EXPECTED, ""),
    ],
)
def test_header_parameters(name: str, value: Any, expected: Expected, mark: str) -> None:
    found = describe_header(token({}, **{name: value}), expected=expected)
    assert {r.name: r.mark for r in found}[name] == mark


def test_a_missing_typ() -> None:
    bare = read_token(b64('{"alg":"RS256"}') + ".e30.AAAA")
    assert [r.name for r in describe_header(bare)] == ["alg"]
    typ = describe_header(bare, expected=EXPECTED)[-1]
    assert (typ.name, typ.present, typ.mark) == ("typ", False, "warn")


def test_every_meaning_is_one_sentence_with_its_source() -> None:
    for meaning in (*CLAIMS.values(), *PARAMETERS.values()):
        assert meaning.text.endswith(".") and meaning.standard


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_claims_are_rows_like_others(text: str) -> None:
    claims = dict.fromkeys((*SOUND, "nonce", "cnf", text or "x"), text)
    found = describe(token(claims), now=NOW, expected=EXPECTED)
    assert {r.name for r in found if r.present} == set(claims)
    assert {r.value for r in found} == {text}
    assert not any("\x1b" in visible(r.note) for r in found)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*CLAIMS, "x"]), JSON_VALUES, max_size=12),
    st.dictionaries(st.sampled_from([*PARAMETERS]), JSON_VALUES, max_size=6),
    st.sampled_from([EXPECTED, ID_EXPECTED, Expected()]),
)
def test_never_raises(claims: dict[str, Any], header: dict[str, Any], expected: Expected) -> None:
    made = Token("jwt", "JWT", header=header, claims=claims)
    assert len(describe(made, now=NOW, expected=expected)) >= len(claims)
    assert len(describe_header(made, expected=expected)) >= len(header)
