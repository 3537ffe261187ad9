import base64
from typing import Any

import pytest

from flows.exchange import Failure, Response
from tests.flows.checks.judging import assert_named, only, results
from tests.flows.tokens import jwk, private_key
from tests.flows.world import ISSUER, METADATA, World, answer

JWKS = f"{ISSUER}/jwks"


def public(alg_of_key: str = "RS256", **members: Any) -> dict[str, Any]:
    return jwk(private_key(alg_of_key), **members)


def served(given: Response | Failure) -> World:
    world = World()
    well_known = f"GET {ISSUER}/.well-known/oauth-authorization-server"
    world.routes[well_known] = answer(200, {**METADATA, "jwks_uri": JWKS})
    world.routes[f"GET {JWKS}"] = given
    world.walk("client")
    return world


def keys(*jwks: Any) -> World:
    return served(answer(200, {"keys": list(jwks)}))


def test_a_good_set_passes_every_check() -> None:
    world = keys(public(kid="a", use="sig"), public("ES256", kid="b"))
    for number in range(1, 9):
        assert set(results(world, f"JWK-0{number}")) == {"pass"}, number


def test_one_key_alone_needs_no_kid() -> None:
    assert only(keys(public()), "JWK-03").result == "pass"


@pytest.mark.parametrize(
    ("check", "given", "result", "words"),
    [
        ("JWK-01", answer(500), "fail", "answers 500"),
        ("JWK-01", answer(200, b"<html>", "text/html"), "fail", "HTML"),
        ("JWK-01", answer(200, []), "fail", "not a JWK Set"),
        ("JWK-01", answer(200, {"keys": {}}), "fail", "not a JWK Set"),
        ("JWK-02", answer(200, {"keys": []}), "fail", "no keys"),
        ("JWK-02", answer(200, {"keys": [7]}), "fail", "None of the keys"),
        ("JWK-02", answer(200, {"keys": [public(use="enc")]}), "fail", "RSA 2048 bits"),
        (
            "JWK-02",
            answer(200, {"keys": [public(kid="a"), {"kty": "RSA", "kid": "b"}]}),
            "warn",
            "Key b cannot be read",
        ),
        ("JWK-03", answer(200, {"keys": [public(kid="a")] * 2}), "warn", "have the kid a"),
        ("JWK-03", answer(200, {"keys": [public()] * 2}), "warn", "has no kid"),
        ("JWK-04", answer(200, {"keys": [public(d="AQAB")]}), "fail", "private key material (d)"),
        ("JWK-04", answer(200, {"keys": [{"kty": "oct", "k": "x"}]}), "fail", "symmetric"),
        (
            "JWK-05",
            answer(200, {"keys": [public("ES256", alg="ES384")]}),
            "warn",
            "its alg ES384 needs",
        ),
        ("JWK-06", answer(200, {"keys": [public(e="AQAB==")]}), "warn", "e:"),
        (
            "JWK-06",
            answer(200, {"keys": [public(e=base64.urlsafe_b64encode(b"\0\1\0\1").decode()[:6])]}),
            "warn",
            "zero octet",
        ),
        (
            "JWK-07",
            answer(200, {"keys": [public(use="sig", key_ops=["encrypt"])]}),
            "warn",
            "contradict",
        ),
        ("JWK-08", answer(200, {"keys": [public(x5c=["AAAA"])]}), "warn", "not a certificate"),
    ],
)
def test_a_bad_set(check: str, given: Response, result: str, words: str) -> None:
    finding = assert_named(served(given), check, result, words, "authorization-server")
    assert finding.step == "keys"


def test_the_key_is_the_evidence() -> None:
    finding = assert_named(
        keys(public(kid="a"), public("ES256", kid="b", d="AQAB")),
        "JWK-04",
        "fail",
        "Key b",
        "authorization-server",
    )
    assert finding.place and finding.place.field == "/keys/1"


def test_a_leaked_key_is_what_is_told() -> None:
    assert only(keys(public(d="AQAB")), "JWK-02").result == "skipped"


def test_what_did_not_arrive_is_the_networks() -> None:
    world = served(Failure("refused", "cannot be connected to"))
    assert only(world, "JWK-01").result == "not-applicable"
    # The host answered before, and does not now.
    assert_named(world, "NET-02", "fail", "Cannot be connected to", "network")


def test_without_a_jwks_uri_there_is_nothing_to_judge() -> None:
    world = World()
    world.walk("client")
    assert only(world, "JWK-01").result == "not-applicable"
