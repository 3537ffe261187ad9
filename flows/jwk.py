"""Verifying a token's signature against the keys its issuer publishes (RFC 7515, RFC 7517).

Only the key set given is used: keys and addresses of keys inside the token (`jwk`, `jku`, `x5c`,
`x5u`) are named and never followed. Claims are not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from flows.frozen import frozen
from flows.json_text import Problem
from flows.jwt import Token
from flows.key_set import (
    ALGORITHMS,
    KeyRow,
    key_set_problems,
    load_public_key,
    summarize_keys,
)
from flows.spans import NO_SIGNATURE

__all__ = ["KeyRow", "Verification", "key_set_problems", "summarize_keys", "verify"]

Result = Literal["verified", "failed", "cannot"]
Code = Literal[
    "verified",
    "bad-signature",
    "unknown-kid",  # fetch the key set once more before believing it
    "no-key",  # no key of the set fits the algorithm
    "wrong-key",  # the key is of another type, or meant for another algorithm or use
    "malformed-key",
    "unsecured",  # alg none
    "symmetric",  # a client does not have the key; no fault
    "unsupported-alg",
    "critical",  # crit names extensions not implemented here
    "no-key-set",
    "not-signed",  # opaque, encrypted or cut short: nothing to verify
    "redacted",  # the signature was removed when the session was saved
]

_POINTERS = ("jku", "x5u", "jwk", "x5c")
_SYMMETRIC = ("HS256", "HS384", "HS512")
_EDWARDS = {"EdDSA", "Ed25519", "Ed448"}
# RFC 9864 gives JOSE only Ed25519 and Ed448: JOSE's own ECDSA names already fix the curve.
_COSE = {"ESP256": "ES256", "ESP384": "ES384", "ESP512": "ES512"}


@frozen
class Verification:
    """What became of verifying. `failed`: whoever keeps to the standards refuses this token;
    `cannot`: no verdict, which is no fault of the token. `notes` are worth saying either way."""

    result: Result
    code: Code
    reason: str
    alg: str = ""
    kid: str | None = None
    key: KeyRow | None = None
    notes: tuple[Problem, ...] = ()


def verify(token: Token, jwks: object) -> Verification:
    """Verify a token's signature with the keys of its issuer. Never raises.

    Without a `kid` every key that fits the algorithm is tried (RFC 7515 section 4.1.4 leaves
    `kid` optional). Where verification fails, the reason says what would have made it succeed.
    """
    header = token.header or {}
    alg = header["alg"] if isinstance(header.get("alg"), str) else ""
    kid = header["kid"] if isinstance(header.get("kid"), str) else None
    notes = [
        Problem(name, "warn", f"{name} in the header is not followed", "RFC 8725 §3.10")
        for name in _POINTERS
        if name in header
    ]

    def end(result: Result, code: Code, reason: str, key: KeyRow | None = None) -> Verification:
        return Verification(result, code, reason, alg, kid, key, tuple(notes))

    if token.kind != "jwt" or len(token.segments) != 3 or not alg:
        return end("cannot", "not-signed", _nothing_to_verify(token))
    if NO_SIGNATURE.fullmatch(token.segments[2]):
        return end("cannot", "redacted", "the signature was removed when the session was saved")
    if alg.lower() == "none":
        return end("failed", "unsecured", "alg none: unsigned, anyone can write such a token")
    if "crit" in header:
        return end("cannot", "critical", "crit demands extensions that authwalk does not know")
    if alg in _SYMMETRIC:
        says = f"{alg} is keyed with a secret that a client does not have; this is no fault"
        return end("cannot", "symmetric", says)
    if alg not in ALGORITHMS:
        return end("cannot", "unsupported-alg", _unsupported(alg))
    broken = [problem for problem in key_set_problems(jwks) if problem.mark == "error"]
    if broken:
        return end("cannot", "no-key-set", broken[0].text)

    rows = summarize_keys(jwks)
    leaked = ", ".join(row.name for row in rows if row.problem("private"))
    if leaked:
        says = f"the key set publishes private key material: {leaked}"
        notes.append(Problem("private", "error", says, "RFC 7517 §9.2"))
    fitting = tuple(row for row in rows if row.fits(alg))
    # A set may name none of its keys (RFC 7517 section 4.5): then each that fits is tried.
    nameless = all(row.kid is None for row in rows)
    named = rows if kid is None or nameless else tuple(row for row in rows if row.kid == kid)
    tried = tuple(row for row in fitting if row in named)
    if not named:
        kids = ", ".join(row.kid for row in rows if row.kid is not None)
        says = f"kid {kid} is not in the key set, which has {kids}"
        return end("failed", "unknown-kid", says + _other_key(token, alg, fitting))
    if not tried and kid is None:
        kinds = ", ".join(sorted({row.kind for row in rows}))
        return end("failed", "no-key", f"no key of the set fits {alg}: it has {kinds}")
    if not tried:
        row = named[0]
        malformed = row.problem("malformed-key")
        if malformed:
            return end("failed", "malformed-key", f"{row.name} {malformed.text}", row)
        says = f"{row.name} is {row.kind}, while {alg} needs {ALGORITHMS[alg].needs}"
        return end("failed", "wrong-key", says + _other_key(token, alg, fitting), row)
    if kid is None and len(tried) > 1:
        says = f"no kid in the header: {len(tried)} keys that fit {alg} were tried"
        notes.append(Problem("no-kid", "warn", says, "RFC 7515 §4.1.4"))

    for row in tried:
        if _matches(token, alg, row):
            weak = row.problem("weak")
            if weak:
                notes.append(weak)
            otherwise = _meant_otherwise(row, alg)
            if otherwise:
                says = f"the signature matches {row.name}, but that key {otherwise}"
                return end("failed", "wrong-key", says, row)
            return end("verified", "verified", f"{alg} with {row.name}", row)
    one = tried[0] if len(tried) == 1 else None
    says = f"the signature does not match {one.name if one else f'any of {len(tried)} keys'}"
    others = (row for row in fitting if row not in tried)
    why = _other_key(token, alg, others) or _why(token, alg, tried)
    return end("failed", "bad-signature", says + why, one)


def _nothing_to_verify(token: Token) -> str:
    if token.kind == "opaque":
        return "opaque: only its issuer can tell whether it is good; this is no fault"
    if token.kind == "jwe":
        return "encrypted: what it holds cannot be read or verified here"
    if token.kind == "jwt":
        return "not whole: a header with an alg, a payload and a signature are needed"
    return "no token"


def _unsupported(alg: str) -> str:
    if alg in _COSE:
        return f"{alg} is a name for COSE; in a JWT the algorithm is {_COSE[alg]} (RFC 9864 §2.1)"
    return f"authwalk cannot verify {alg}"


def _meant_otherwise(row: KeyRow, alg: str) -> str:
    """Why a key must not be used for this signature though it could, or ""."""
    operations = row.jwk.get("key_ops") if isinstance(row.jwk, Mapping) else None
    if row.use == "enc":
        return "is for encryption (use enc, RFC 7517 §4.2)"
    if isinstance(operations, list | tuple) and "verify" not in operations:
        return "is not for verifying (key_ops, RFC 7517 §4.3)"
    # EdDSA is Ed25519 and Ed448 by an older name; the curve was compared already.
    if row.alg and row.alg != alg and not {row.alg, alg} <= _EDWARDS:
        return f"is for {row.alg}, not {alg} (RFC 7517 §4.4, RFC 8725 §3.1)"
    return ""


def _other_key(token: Token, alg: str, rows: Iterable[KeyRow]) -> str:
    match = next((row for row in rows if _matches(token, alg, row)), None)
    return f"; {match.name} does verify it" if match else ""


def _why(token: Token, alg: str, rows: tuple[KeyRow, ...]) -> str:
    """A cause of a signature's not matching that can be shown, or ""."""
    wanted, got = ALGORITHMS[alg], len(token.signature)
    raw = replace(token, signature=_without_der(token.signature, wanted.size // 2))
    if wanted.kty == "EC" and any(_matches(raw, alg, row) for row in rows):
        return "; it does verify as ASN.1 DER, but JWS wants R and S alone (RFC 7518 §3.4)"
    if wanted.size and got != wanted.size:
        return f"; it has {got} bytes, {alg} has {wanted.size}"
    if wanted.kty == "RSA":
        others = [name for name in ALGORITHMS if ALGORITHMS[name].kty == "RSA" and name != alg]
        for row in rows:
            for name in others:
                if _matches(token, name, row):
                    return f"; it does verify as {name}"
    if "nonce" in (token.header or {}):
        return "; tokens of Microsoft with a nonce in the header verify only at its own APIs"
    return ""


def _without_der(signature: bytes, octets: int) -> bytes:
    """R and S, each of so many octets, of an ECDSA signature in ASN.1 DER; else b""."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        return b"".join(part.to_bytes(octets, "big") for part in decode_dss_signature(signature))
    except (ValueError, OverflowError):
        return b""


def _matches(token: Token, alg: str, row: KeyRow) -> bool:
    """Whether the signature over the first two parts, as they were given, is that key's."""
    import jwt
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm

    signed = ".".join(token.segments[:2]).encode("utf-8", "surrogatepass")
    try:
        algorithm: Any = jwt.get_algorithm_by_name(ALGORITHMS[alg].pyjwt)
        return bool(algorithm.verify(signed, load_public_key(row.jwk), token.signature))
    except (jwt.PyJWTError, ValueError, TypeError, InternalError, UnsupportedAlgorithm):
        return False
