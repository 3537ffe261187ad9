"""DPoP: access tokens bound to a key, and a proof of that key with each request (RFC 9449).

The key is derived from the session's entropy: one key for all of its attempts, as a token of an
earlier one may still be in use. Nonces are kept by origin; a server that asks for one is asked
again, once, with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flows.documents import read_json
from flows.entropy import base64url, derived, digest
from flows.exchange import Exchange, Headers, Response, header
from flows.wellknown import origin

if TYPE_CHECKING:
    from flows.facts import Facts
    from flows.signing import SigningKey

ALGORITHM = "ES256"
HEADER = "DPoP"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def proof(
    facts: Facts, method: str, url: str, body: bytes = b"", access_token: str | None = None
) -> str:
    """The value of the DPoP header field (section 4.2) for a request at `facts.at`.

    `access_token` is the one sent to a resource server. The body is not signed; it makes `jti`
    another for every request of one moment.
    """
    key = proof_key(facts.session_seed)
    parts = urlsplit(url)
    nonce = facts.dpop_nonces.get(origin(url))
    content = sha256(body).hexdigest()
    names = ("jti", method, url, content, facts.at.isoformat(), nonce or "")
    claims: dict[str, Any] = {
        "jti": derived(facts.seed, "\x00".join(names)),
        "htm": method,
        "htu": f"{origin(url)}{parts.path or '/'}",
        "iat": int(facts.at.timestamp()),
    }
    if access_token is not None:
        claims["ath"] = token_hash(access_token)
    if nonce:
        claims["nonce"] = nonce
    from flows.signing import sign

    return sign(key, {"typ": "dpop+jwt", "jwk": public_jwk(key)}, claims)


def credentials(facts: Facts, method: str, url: str, body: bytes = b"") -> Headers:
    """The header fields that present the access token to the resource server, if there is one:
    Authorization, and with a token that is bound to our key a proof (section 7.1)."""
    tokens = facts.current_tokens
    if tokens is None:
        return ()
    token = tokens.access_token
    if not tokens.bound:
        # The scheme is written `Bearer` whatever case token_type came in: RFC 6750 section 2.1.
        return (("Authorization", f"Bearer {token}"),)
    shown = proof(facts, method, url, body, token)
    return (("Authorization", f"DPoP {token}"), (HEADER, shown))


def proof_key(seed: bytes) -> SigningKey:
    """The session's ES256 key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from flows.signing import SigningKey

    number = int.from_bytes(digest(seed, "dpop_key"), "big") % (_P256_ORDER - 1) + 1
    return SigningKey(ec.derive_private_key(number, ec.SECP256R1()), ALGORITHM)


def public_jwk(key: SigningKey) -> dict[str, str]:
    """The public part of an ES256 key (RFC 7518 section 6.2.1)."""
    point = key.private.public_key().public_numbers()
    x, y = (base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """`jkt` of an elliptic curve key (section 6.1, RFC 7638). Raises KeyError."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return base64url(sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def proven_thumbprint(proof: str) -> str | None:
    """`jkt` of the key that a proof carries; None where there is none to be read."""
    from flows.jwt import read_token

    jwk = (read_token(proof).header or {}).get("jwk")
    try:
        return thumbprint(jwk) if isinstance(jwk, dict) else None
    except KeyError:
        return None


def key_thumbprint(facts: Facts) -> str:
    """`dpop_jkt` of the session's key (section 10)."""
    return thumbprint(public_jwk(proof_key(facts.session_seed)))


def token_hash(access_token: str) -> str:
    """`ath` (section 4.2)."""
    return base64url(sha256(access_token.encode("utf-8", "surrogatepass")).digest())


def with_nonce(facts: Facts, exchange: Exchange) -> tuple[Facts, bool]:
    """The facts with the nonce an answer brought (sections 8.2 and 9), and whether the answer
    only asks for it: then the step has learnt nothing else, and its next move is the same
    request with the nonce. A second such answer in a row is for the step to judge."""
    nonce = header(exchange.response.headers, "dpop-nonce") if exchange.response else None
    if nonce is None:
        return (replace(facts, nonce_asked=False) if facts.nonce_asked else facts), False
    proven = header(exchange.request.headers, HEADER) is not None
    asked = proven and exchange.response is not None and _asks(exchange.response)
    again = asked and not facts.nonce_asked
    learnt = replace(
        facts,
        dpop_nonces={**facts.dpop_nonces, origin(exchange.request.url): nonce},
        nonce_asked=asked,
        # An id that was sent is used up (JSON-RPC, and MCP Requests); skipping one harms nobody.
        rpc_sent=facts.rpc_sent + again,
    )
    return learnt, again


def _asks(response: Response) -> bool:
    """`use_dpop_nonce`: a token error (section 8) or a challenge (section 9)."""
    from flows.authenticate import read_challenges

    if response.status not in (400, 401):
        return False
    challenges = read_challenges(response.headers)
    if any(challenge.get("error") == "use_dpop_nonce" for challenge in challenges):
        return True
    document, _ = read_json(response.body)
    return isinstance(document, dict) and document.get("error") == "use_dpop_nonce"
