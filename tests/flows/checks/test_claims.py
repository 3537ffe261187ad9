"""Access and ID tokens as JWTs. The judging itself is tested in tests/flows/test_claims.py and
test_jwk.py; here, that each check tells what is its own, with party and place."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flows import claim_checks
from flows.checks.kernel import Place
from flows.moves import Blocked
from flows.session import Party, Target
from flows.steps.claims import CHECKS, ID_TOKEN_CHECKS, cause_to_refuse
from tests.flows.checks.judging import CHECKS as ALL
from tests.flows.checks.judging import failing, judged, only, results, speaking
from tests.flows.tokens import b64, jwk, jwks, private_key, sign
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    NO_STORE,
    NOW,
    TOKEN,
    World,
    answer,
    challenge,
    mcp,
)

KEY = private_key("ES256")
ISSUED = int(NOW.timestamp()) + 10
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user-42",
    "aud": MCP,
    "client_id": "client-1",
    "exp": ISSUED + 3600,
    "iat": ISSUED,
    "jti": "t-1",
    "scope": "tools",
}
ID_CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user-42",
    "aud": "client-1",
    "exp": ISSUED + 300,
    "iat": ISSUED,
}


def token(claims: dict[str, Any] = CLAIMS, header: dict[str, Any] | None = None) -> str:
    """An access token of these claims; a header parameter that is None is left out."""
    head = {"typ": "at+jwt", "kid": "k-1", **(header or {})}
    return sign("ES256", KEY, claims, **{name: one for name, one in head.items() if one})


def changed(claims: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: one for name, one in {**claims, **changes}.items() if one is not None}


def issuing(access_token: str, target: Target | None = None, **members: Any) -> World:
    world = World(target or Target(MCP))
    server = {**METADATA, "jwks_uri": f"{ISSUER}/jwks"}
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(200, server)
    world.routes[f"GET {ISSUER}/jwks"] = answer(200, jwks(jwk(KEY, kid="k-1")))
    document = {**TOKEN, "access_token": access_token, **members}
    world.routes[f"POST {ISSUER}/token"] = answer(200, document, "application/json", NO_STORE)
    world.walk(until="connect")
    return world


def unsigned(claims: dict[str, Any] = CLAIMS) -> str:
    header = {"alg": "none", "typ": "at+jwt"}
    return f"{b64(json.dumps(header))}.{b64(json.dumps(claims))}."


def tampered(text: str) -> str:
    head, _, signature = text.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


GOOD = token()


def claim(**changes: Any) -> str:
    return token(changed(CLAIMS, **changes))


ACCESS = [
    ("JWT-01", GOOD, "pass", ""),
    ("JWT-01", f"{GOOD}=", "fail", "padded"),
    ("JWT-01", f"{GOOD}.x.y.z", "skipped", "opaque"),
    ("JWT-01", "opaque", "skipped", "only its issuer can read it"),
    ("JWT-01", claim(cnf="x"), "fail", "cnf: is of type string"),
    ("JWT-02", GOOD, "pass", ""),
    ("JWT-02", unsigned(), "fail", "alg none: unsigned"),
    ("JWT-03", GOOD, "pass", "ES256 with key k-1"),
    ("JWT-03", token(header={"kid": "gone"}), "fail", "kid gone is not in the key set"),
    ("JWT-04", GOOD, "pass", ""),
    ("JWT-04", tampered(GOOD), "fail", "does not match key k-1"),
    ("JWT-04", token(header={"crit": ["x"], "x": "1"}), "skipped", "crit"),
    ("JWT-05", GOOD, "pass", ""),
    ("JWT-05", token(header={"typ": "JWT"}), "warn", "not at+jwt"),
    ("JWT-05", token(header={"typ": None}), "warn", "missing"),
    ("JWT-06", GOOD, "pass", ""),
    ("JWT-06", claim(iss=f"{ISSUER}/"), "fail", f"iss {ISSUER}/: not the issuer {ISSUER}: t"),
    ("JWT-06", claim(iss=None), "fail", "an at+jwt must have it"),
    ("JWT-07", GOOD, "pass", ""),
    ("JWT-07", claim(aud=f"{MCP}/"), "fail", "trailing slash"),
    ("JWT-07", claim(aud="client-1"), "fail", "is this an ID token?"),
    ("JWT-07", claim(aud=None), "fail", "the MCP server cannot see"),
    ("JWT-08", GOOD, "pass", ""),
    ("JWT-08", claim(aud=[MCP, "https://*.example.com"]), "warn", "every server"),
    ("JWT-09", GOOD, "pass", ""),
    ("JWT-09", claim(exp=ISSUED - 60), "fail", "expired"),
    ("JWT-09", claim(exp=(ISSUED + 3600) * 1000), "fail", "milliseconds"),
    ("JWT-09", claim(exp=None), "fail", "must have it"),
    ("JWT-10", GOOD, "pass", ""),
    ("JWT-10", claim(iat=ISSUED + 600), "warn", "in the future"),
    ("JWT-10", claim(iat=None), "fail", "must have it"),
    ("JWT-11", GOOD, "not-applicable", ""),
    ("JWT-11", claim(nbf=ISSUED), "pass", ""),
    ("JWT-11", claim(nbf=ISSUED + 600), "fail", "not yet valid"),
    ("JWT-12", GOOD, "pass", ""),
    ("JWT-12", claim(exp=ISSUED + 600), "warn", "Clients refresh too late."),
    ("JWT-12", claim(exp=ISSUED + 7200), "info", "legal"),
    ("JWT-12", claim(iat=ISSUED - 1800), "pass", ""),
    ("JWT-13", GOOD, "pass", ""),
    ("JWT-13", claim(sub=7), "fail", "must be a string"),
    ("JWT-14", GOOD, "pass", ""),
    ("JWT-14", claim(client_id="other"), "fail", "another client"),
    ("JWT-14", claim(jti=None), "fail", "must have it"),
    ("JWT-14", token(changed(CLAIMS, jti=None), {"typ": "JWT"}), "warn", "RFC 9068 would"),
    ("JWT-15", GOOD, "pass", ""),
    ("JWT-15", claim(scope=["tools"]), "warn", "is of type array"),
    ("JWT-15", claim(scope=None, scp=["tools"]), "warn", "look for scope"),
    ("JWT-16", GOOD, "pass", ""),
    ("JWT-16", token(header={"jku": "https://x"}), "warn", "never trusted"),
    ("JWT-16", token(header={"crit": ["exp"]}), "fail", "'crit' must be a list"),
    ("JWT-17", GOOD, "not-applicable", ""),
    ("JWT-17", claim(exp=ISSUED + 90_000), "warn", "short-lived"),
    ("JWT-18", GOOD, "pass", ""),
    ("JWT-18", claim(nonce="n"), "warn", "belongs in an ID token"),
]


def names(table: list[tuple[str, str, str, str]]) -> list[str]:
    """Names that are the same in every process: signatures differ from one to the next."""
    return [f"{number}-{row[0]}-{row[2]}" for number, row in enumerate(table)]


@pytest.mark.parametrize(("check", "text", "result", "said"), ACCESS, ids=names(ACCESS))
def test_what_an_access_token_says(check: str, text: str, result: str, said: str) -> None:
    world = issuing(text)
    found = [one for one in judged(world, check) if one.result == result]
    assert found, results(world, check)
    assert any(said in one.says for one in found)
    for one in found:
        assert one.step == "claims"
        if result in ("fail", "warn"):
            assert one.party == "authorization-server"
            exchange = one.place and world.session.exchange(one.place.exchange)
            assert exchange and exchange.request.url == f"{ISSUER}/token"
            assert one.place and one.place.field == "/access_token"


def test_a_good_token_is_told_nothing() -> None:
    assert speaking(issuing(GOOD)) == []


def test_every_claim_that_is_judged_has_its_check() -> None:
    known = set(claim_checks._CHECKS) | {"alg", "typ", "crit", "jku", "x5u", "jwk", "x5c"}
    assert known - set(CHECKS) == {"cnf"}, "which is JWT-01"
    assert {*CHECKS.values(), *ID_TOKEN_CHECKS.values()} <= set(ALL)


def test_without_a_key_set_the_signature_is_not_judged() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = answer(200, {**TOKEN, "access_token": tampered(GOOD)})
    world.walk(until="connect")
    assert only(world, "JWT-04").result == "skipped"


def test_a_token_that_the_person_brought_has_no_exchange() -> None:
    world = World(Target(MCP, bearer=claim(aud="https://x.example")))
    world.walk()
    found = only(world, "JWT-07")
    assert (found.result, found.place) == ("fail", None)


def test_a_token_that_grew_old_in_our_hands_was_sound() -> None:
    """Who made it is not at fault; the refusal is the client's to mend."""
    brief = issuing(claim(exp=ISSUED + 61), expires_in=61)
    assert results(brief, "JWT-09") == ["pass"]
    later = replace(brief.facts, at=NOW + timedelta(hours=2))
    cause = cause_to_refuse(later, 401)
    assert cause and (cause.party, cause.check) == ("client", "")
    assert "expired" in cause.text


@pytest.mark.parametrize(
    ("text", "status", "check"),
    [
        (claim(aud="https://x.example"), 401, "JWT-07"),
        (claim(sub=7, iss="https://x.example"), 401, "JWT-06"),
        (claim(sub=7), 401, "JWT-13"),
        (tampered(GOOD), 401, "JWT-04"),
        (token(header={"typ": "JWT"}), 401, "JWT-05"),
        (claim(iat=ISSUED + 600), 401, "JWT-10"),
        (claim(scope=None), 403, "JWT-15"),
        (claim(aud="https://x.example"), 403, None),
        (claim(scope=None), 401, None),
        (GOOD, 401, None),
        (GOOD, 403, None),
        ("opaque", 401, None),
    ],
    ids=[str(number) for number in range(12)],
)
def test_the_cause_of_a_refusal(text: str, status: int, check: str | None) -> None:
    world = issuing(text)
    cause = cause_to_refuse(world.facts, status)
    assert (cause and cause.check) == check

    world.routes[f"POST {MCP}"] = lambda request: (
        challenge(status=status)
        if any(name == "Authorization" for name, _ in request.headers)
        else mcp(request)
    )
    move = world.walk()
    assert isinstance(move, Blocked) and move.step == "connect"
    party = "authorization-server" if check else "resource-server"
    assert (move.check, move.party) == (check or "MCP-04", party)
    found = only(world, move.check)
    assert found.party == party and found.result in ("fail", "warn")
    assert only(world, "MCP-04").result == ("info" if check else "fail")


OLD = Target(MCP, protocol="2025-03-26", authorization_server=ISSUER)


@pytest.mark.parametrize(
    ("target", "text", "party"),
    [
        (OLD, "opaque", "client"),
        (Target(MCP, resource=""), "opaque", "client"),
        (Target(MCP), "opaque", "resource-server"),
        (OLD, GOOD, "resource-server"),
        (Target(MCP, bearer="opaque"), "", "person"),
    ],
    ids=[str(number) for number in range(5)],
)
def test_a_token_that_no_resource_was_asked_for(target: Target, text: str, party: Party) -> None:
    """A server of 2025-06-18 and later must refuse what was not issued for it."""
    world = World(target) if target.bearer else issuing(text, target)
    world.routes[f"POST {MCP}"] = challenge()
    move = world.walk()
    assert isinstance(move, Blocked) and (move.step, move.party) == ("connect", party)
    refused = party != "client"
    assert ("no resource was asked for" in move.reason) is not refused
    assert only(world, "MCP-04").result == ("fail" if refused else "info")


def test_a_token_that_the_person_gave_is_the_persons_to_choose() -> None:
    other = claim(aud="https://other.example")
    assert only(issuing(other), "JWT-07").party == "authorization-server"
    given = World(Target(MCP, bearer=other))
    given.routes[f"POST {MCP}"] = challenge()
    move = given.walk()
    assert isinstance(move, Blocked) and (move.check, move.party) == ("JWT-07", "person")
    found = only(given, "JWT-07")
    assert (found.result, found.party, found.fix) == ("fail", "person", move.fix)
    unnamed = World(Target(MCP, bearer=claim(sub=None)))
    assert only(unnamed, "JWT-13").party == "authorization-server", "no other token would have it"


@pytest.mark.parametrize(
    ("check", "changes", "result", "said"),
    [
        ("IDT-01", {}, "pass", ""),
        ("IDT-01", {"aud": "other"}, "fail", "not the client ID"),
        ("IDT-01", {"sub": None}, "fail", "an ID token must have it"),
        ("IDT-02", {}, "pass", ""),
        ("IDT-02", {"nonce": "other"}, "fail", "not the nonce that was sent"),
        ("IDT-02", {"nonce": None}, "fail", "the request sent one"),
        ("IDT-03", {}, "not-applicable", ""),
        ("IDT-03", {"at_hash": "other"}, "fail", "not the access token's"),
    ],
)
def test_what_an_id_token_says(check: str, changes: dict[str, Any], result: str, said: str) -> None:
    target = Target(MCP, scope="openid")
    nonce = issuing(GOOD, target).facts.pkce
    assert nonce
    claims = changed(ID_CLAIMS, **{"nonce": nonce.nonce, **changes})
    world = issuing(GOOD, target, id_token=token(claims, {"typ": "JWT"}))
    found = only(world, check)
    assert (found.result, found.step) == (result, "claims")
    assert said in found.says
    if result == "fail":
        assert (check, "authorization-server") in failing(world)
        assert found.place and found.place.field == "/id_token"


def test_without_an_id_token_there_is_nothing_to_judge() -> None:
    world = issuing(GOOD)
    for check in ("IDT-01", "IDT-02", "IDT-03"):
        assert results(world, check) == ["not-applicable"]


def test_evidence_of_a_refreshed_token_is_its_own_exchange() -> None:
    world = issuing(GOOD, refresh_token="r-1")
    world.rerun("refresh")
    world.perform(world.move("refresh"))  # type: ignore[arg-type]
    place = only(world, "JWT-07").place
    assert place == Place(world.session.events[-1].exchange.id, "response", "/access_token")  # type: ignore[union-attr]
