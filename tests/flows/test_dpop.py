"""Proofs against the examples of RFC 9449, and nonces."""

from dataclasses import replace
from typing import Any

import pytest

from flows.dpop import (
    credentials,
    key_thumbprint,
    proof,
    proof_key,
    proven_thumbprint,
    public_jwk,
    thumbprint,
    token_hash,
    with_nonce,
)
from flows.exchange import Exchange, Headers, Request, Response
from flows.facts import Facts, Tokens
from flows.session import Target
from tests.flows.keys import verified
from tests.flows.tokens import private_key, sign
from tests.flows.world import ISSUER, MCP, NOW, answer

# Figures 2, 8 and 13 of RFC 9449.
RFC_JWK = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}
RFC_JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RFC_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo"
    "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW"
    "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh"
    "0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8"
    "v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
SEED = b"\x01" * 32
FACTS = Facts(Target(MCP), NOW, SEED, SEED)
TOKENS = Tokens("t", "DPoP", NOW, bound=True)


def test_the_examples_of_the_standard() -> None:
    assert thumbprint(RFC_JWK) == RFC_JKT == proven_thumbprint(RFC_PROOF)
    assert token_hash(RFC_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_a_proof_has_the_parts_of_the_standards_example() -> None:
    theirs, their_claims = verified(RFC_PROOF)
    ours, our_claims = verified(proof(FACTS, "POST", "https://server.example.com/token"))
    assert ours.keys() == theirs.keys()
    assert (ours["typ"], ours["alg"]) == ("dpop+jwt", "ES256")
    assert ours["jwk"].keys() == RFC_JWK.keys(), "and so no private part"
    assert our_claims.keys() == their_claims.keys()
    assert (our_claims["htm"], our_claims["htu"]) == (their_claims["htm"], their_claims["htu"])
    assert our_claims["iat"] == int(NOW.timestamp())


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        ("https://mcp.example.com/mcp?a=b#c", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com", "https://mcp.example.com/"),
        ("http://[::1]:8080/a%20b", "http://[::1]:8080/a%20b"),
    ],
)
def test_htu_is_the_uri_without_query_and_fragment(url: str, htu: str) -> None:
    assert verified(proof(FACTS, "GET", url))[1]["htu"] == htu


def test_the_token_is_presented_with_its_hash_and_the_nonce_of_its_server() -> None:
    facts = replace(FACTS, tokens=TOKENS, dpop_nonces={"https://mcp.example.com": "n-1"})
    fields = dict(credentials(facts, "POST", MCP, b"{}"))
    assert fields["Authorization"] == "DPoP t"
    _, claims = verified(fields["DPoP"])
    assert (claims["ath"], claims["nonce"]) == (token_hash("t"), "n-1")
    assert "nonce" not in verified(proof(facts, "POST", f"{ISSUER}/token"))[1]


def test_a_token_bound_to_nothing_goes_as_bearer() -> None:
    facts = replace(FACTS, tokens=replace(TOKENS, bound=False))
    assert credentials(facts, "POST", MCP) == (("Authorization", "Bearer t"),)
    assert credentials(FACTS, "POST", MCP) == ()


def test_every_request_has_an_identifier_of_its_own() -> None:
    later = replace(FACTS, at=NOW.replace(microsecond=1))
    noncing = replace(FACTS, dpop_nonces={"https://mcp.example.com": "n"})
    anew = replace(FACTS, seed=b"\x02" * 32)
    made = [proof(facts, "POST", MCP, b"1") for facts in (FACTS, later, noncing, anew)]
    made += [proof(FACTS, "GET", MCP, b"1"), proof(FACTS, "POST", MCP, b"2")]
    assert len({verified(token)[1]["jti"] for token in made}) == len(made)
    assert proof(FACTS, "POST", MCP, b"1") == made[0], "and asking twice changes nothing"


def test_the_key_is_the_sessions_whatever_the_attempt() -> None:
    anew = replace(FACTS, seed=b"\x02" * 32)
    assert key_thumbprint(anew) == key_thumbprint(FACTS)
    other = replace(FACTS, session_seed=b"\x02" * 32)
    assert key_thumbprint(other) != key_thumbprint(FACTS)
    assert key_thumbprint(FACTS) == thumbprint(public_jwk(proof_key(SEED)))


@pytest.mark.parametrize("jwk", [None, [], {}, {"kty": "EC"}])
def test_a_proof_without_a_key_that_can_be_read(jwk: Any) -> None:
    assert proven_thumbprint(sign("ES256", private_key("ES256"), jwk=jwk)) is None
    assert proven_thumbprint("") is None


# Nonces


def exchange(response: Response | None, *headers: tuple[str, str], url: str = MCP) -> Exchange:
    return Exchange("x", Request("POST", url, headers), NOW, response)


PROVEN: Headers = (("DPoP", "p"),)
NONCE = ("DPoP-Nonce", "n-1")
CHALLENGE = ("WWW-Authenticate", 'DPoP error="use_dpop_nonce", algs="ES256"')
ERROR = {"error": "use_dpop_nonce"}


@pytest.mark.parametrize(
    "response",
    [
        answer(400, ERROR, "application/json", NONCE),
        answer(401, ERROR, "application/json", NONCE),
        answer(401, b"", None, NONCE, CHALLENGE),
        answer(401, b"", None, NONCE, ("WWW-Authenticate", "Bearer"), CHALLENGE),
    ],
)
def test_a_server_that_wants_a_nonce_is_asked_again_once(response: Response) -> None:
    facts, again = with_nonce(FACTS, exchange(response, *PROVEN))
    assert again
    assert facts.dpop_nonces == {"https://mcp.example.com": "n-1"}
    assert facts.rpc_sent == FACTS.rpc_sent + 1, "an id is not used twice"
    facts, again = with_nonce(facts, exchange(response, *PROVEN))
    assert not again, "the second time it is for the step to judge"
    facts, _ = with_nonce(facts, exchange(answer(200)))
    assert with_nonce(facts, exchange(response, *PROVEN))[1], "a nonce may expire later"


@pytest.mark.parametrize(
    ("response", "headers"),
    [
        (answer(400, ERROR, "application/json", NONCE), ()),
        (answer(400, ERROR), PROVEN),
        (answer(200, {"error": "use_dpop_nonce"}, "application/json", NONCE), PROVEN),
        (answer(400, {"error": "invalid_grant"}, "application/json", NONCE), PROVEN),
        (answer(401, [ERROR], "application/json", NONCE), PROVEN),
        (None, PROVEN),
    ],
)
def test_everything_else_is_an_answer(response: Response | None, headers: Headers) -> None:
    assert not with_nonce(FACTS, exchange(response, *headers))[1]


def test_the_newest_nonce_of_each_server_counts() -> None:
    facts = FACTS
    for url, nonce in ((MCP, "m-1"), (f"{ISSUER}/token", "a-1"), (MCP, "m-2")):
        response = answer(200, b"", None, ("DPoP-Nonce", nonce))
        facts, again = with_nonce(facts, exchange(response, url=url))
        assert not again
    assert facts.dpop_nonces == {"https://mcp.example.com": "m-2", ISSUER: "a-1"}
