"""The keys an issuer publishes: a JWK Set (RFC 7517), looked at key by key."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from flows.frozen import frozen
from flows.json_text import Problem
from flows.jwt import decode_segment

MAX_KEYS = 100
"""Keys of a set that are looked at."""
MIN_RSA_BITS = 2048
"""RFC 7518 section 3.3."""


class Algorithm(NamedTuple):
    """A JWS algorithm: the keys it takes, PyJWT's name for it, and the octets of a signature
    where the algorithm alone fixes them."""

    kty: str
    curves: tuple[str, ...]
    pyjwt: str
    size: int = 0

    @property
    def needs(self) -> str:
        return f"{self.kty} {' or '.join(self.curves)}".strip()


ALGORITHMS: Mapping[str, Algorithm] = {
    **{name: Algorithm("RSA", (), name) for name in ("RS256", "RS384", "RS512")},
    **{name: Algorithm("RSA", (), name) for name in ("PS256", "PS384", "PS512")},
    "ES256": Algorithm("EC", ("P-256",), "ES256", 64),
    "ES384": Algorithm("EC", ("P-384",), "ES384", 96),
    "ES512": Algorithm("EC", ("P-521",), "ES512", 132),
    "ES256K": Algorithm("EC", ("secp256k1",), "ES256K", 64),  # RFC 8812
    "EdDSA": Algorithm("OKP", ("Ed25519", "Ed448"), "EdDSA"),  # RFC 8037; RFC 9864 deprecates it
    "Ed25519": Algorithm("OKP", ("Ed25519",), "EdDSA", 64),  # RFC 9864 section 2.2
    "Ed448": Algorithm("OKP", ("Ed448",), "EdDSA", 114),
}
"""The asymmetric algorithms authwalk verifies (RFC 7518 section 3.1 unless said otherwise)."""

_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_LOADS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")


@frozen
class KeyRow:
    """One key of a set. `detail` is its size or curve: "2048 bits", "P-256"; `jwk` the key as
    published."""

    index: int
    kid: str | None = None
    kty: str = ""
    alg: str = ""
    use: str = ""
    detail: str = ""
    problems: tuple[Problem, ...] = ()
    jwk: object = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return f"key {self.kid}" if self.kid is not None else f"key number {self.index + 1}"

    @property
    def kind(self) -> str:
        """ "RSA 2048 bits", "EC P-256"."""
        return f"{self.kty} {self.detail}".strip() or "of no known type"

    @property
    def usable(self) -> bool:
        """A sound public key that may verify signatures."""
        wrong = any(problem.mark == "error" for problem in self.problems)
        return self.kty in _PUBLIC and self.use != "enc" and not wrong

    def problem(self, code: str) -> Problem | None:
        return next((problem for problem in self.problems if problem.code == code), None)

    def fits(self, alg: str) -> bool:
        """Whether the key can be read and is of the type and curve that `alg` takes."""
        wanted = ALGORITHMS[alg]
        curve = not wanted.curves or self.detail in wanted.curves
        return self.kty == wanted.kty and curve and self.problem("malformed-key") is None


def summarize_keys(jwks: object) -> tuple[KeyRow, ...]:
    """A row for each of the first MAX_KEYS keys of a JWK Set (RFC 7517 section 5), in order.

    Problem codes: malformed-key, unknown-kty, private, symmetric, weak, encoding, leading-zero,
    alg-mismatch, use-mismatch, no-kid, certificate.
    """
    keys = _keys(jwks)
    return tuple(_row(index, key, len(keys)) for index, key in enumerate(keys[:MAX_KEYS]))


def key_set_problems(jwks: object) -> tuple[Problem, ...]:
    """What is wrong with a JWK Set as a whole. Codes: not-a-set, empty, too-many, same-kid."""
    if not isinstance(jwks, Mapping) or not isinstance(jwks.get("keys"), list | tuple):
        says = "not a JWK Set: no JSON object with an array 'keys'"
        return (Problem("not-a-set", "error", says, "RFC 7517 §5"),)
    keys = _keys(jwks)
    found = []
    if not keys:
        found.append(Problem("empty", "error", "the key set holds no key", "RFC 7517 §5.1"))
    if len(keys) > MAX_KEYS:
        says = f"{len(keys):,} keys; only the first {MAX_KEYS} are looked at"
        found.append(Problem("too-many", "warn", says))
    kids = Counter(_text(key, "kid") for key in keys if isinstance(key, Mapping))
    for kid, times in kids.items():
        if kid and times > 1:
            says = f"{times} keys have the kid {kid}"
            found.append(Problem("same-kid", "warn", says, "RFC 7517 §4.5"))
    return tuple(found)


def load_public_key(jwk: object) -> Any:
    """The public key of a JWK, for PyJWT's algorithms. Raises ValueError with the reason.

    Private members are left behind, so that a leaked private key is never built.
    """
    kty = jwk.get("kty") if isinstance(jwk, Mapping) else None
    if not isinstance(jwk, Mapping) or not isinstance(kty, str) or kty not in _PUBLIC:
        raise ValueError("no public key of a known type")
    public = {"kty": kty} | {name: jwk[name] for name in _PUBLIC[kty] if name in jwk}
    try:
        text = json.dumps(public, sort_keys=True)
    except RecursionError:
        raise ValueError("members inside each other without end") from None
    return _load(text)


@lru_cache(maxsize=128)  # every judgement of a walk looks at its keys again
def _load(text: str) -> Any:
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm

    public = json.loads(text)
    try:
        return jwt.get_algorithm_by_name(_LOADS[public["kty"]]).from_jwk(public)
    except (jwt.PyJWTError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error


def _keys(jwks: object) -> Sequence[object]:
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    return keys if isinstance(keys, list | tuple) else ()


def _text(key: Mapping[str, Any], name: str) -> str:
    value = key.get(name)
    return value if isinstance(value, str) else ""


def _row(index: int, key: object, among: int) -> KeyRow:
    if not isinstance(key, Mapping):
        wrong = Problem("malformed-key", "error", "is not a JSON object", "RFC 7517 §5")
        return KeyRow(index, problems=(wrong,), jwk=key)
    kty, alg, use, detail = (_text(key, name) for name in ("kty", "alg", "use", "crv"))
    found: list[Problem] = []
    if kty in _PUBLIC:
        found += _encoding_problems(key, kty)
        try:
            public = load_public_key(key)
        except ValueError as error:
            says = f"cannot be read: {str(error)[:120]}"
            found.append(Problem("malformed-key", "error", says, "RFC 7518 §6"))
        else:
            if kty == "RSA":
                detail = f"{public.key_size} bits"
                if public.key_size < MIN_RSA_BITS:
                    says = f"has {detail}; RSA keys must have {MIN_RSA_BITS} or more"
                    found.append(Problem("weak", "warn", says, "RFC 7518 §3.3"))
            found += _certificate_problems(key, public)
    elif kty != "oct":
        says = f"has a kty authwalk does not know: {kty}" if kty else "has no kty"
        found.append(Problem("unknown-kty", "info" if kty else "error", says, "RFC 7517 §4.1"))
    kid = key["kid"] if isinstance(key.get("kid"), str) else None
    row = KeyRow(index, kid, kty, alg, use, detail, tuple(found), key)
    return replace(row, problems=(*found, *_secret_problems(key), *_use_problems(row, among)))


def _encoding_problems(key: Mapping[str, Any], kty: str) -> list[Problem]:
    found = []
    for name in _PUBLIC[kty]:
        value = _text(key, name)
        if name == "crv" or not value:
            continue
        raw, wrong = decode_segment(value)
        found += [Problem("encoding", "warn", f"{name}: {p.text}", "RFC 7518 §2") for p in wrong]
        if kty == "RSA" and raw[:1] == b"\0":
            says = f"{name}: starts with a zero octet, which must be left out"
            found.append(Problem("leading-zero", "warn", says, "RFC 7518 §6.3.1"))
    return found


def _secret_problems(key: Mapping[str, Any]) -> list[Problem]:
    if key.get("kty") == "oct":
        says = "is a symmetric key: whoever reads it can sign tokens"
        return [Problem("symmetric", "error", says, "RFC 7517 §9.2")]
    leaked = [name for name in _PRIVATE if name in key]
    if not leaked:
        return []
    says = f"holds private key material ({', '.join(leaked)}): whoever reads it can sign tokens"
    return [Problem("private", "error", says, "RFC 7517 §9.2")]


def _use_problems(row: KeyRow, among: int) -> list[Problem]:
    found = []
    if row.kid is None and among > 1:
        says = "has no kid, though it is one of several keys"
        found.append(Problem("no-kid", "warn", says, "RFC 7517 §4.5"))
    malformed = row.problem("malformed-key")
    if row.alg in ALGORITHMS and row.kty and not malformed and not row.fits(row.alg):
        says = f"is {row.kind}, while its alg {row.alg} needs {ALGORITHMS[row.alg].needs}"
        found.append(Problem("alg-mismatch", "warn", says, "RFC 7518 §3.1"))
    operations = row.jwk.get("key_ops") if isinstance(row.jwk, Mapping) else None
    if isinstance(operations, list | tuple) and row.use in ("sig", "enc"):
        signs = "verify" in operations or "sign" in operations
        if signs != (row.use == "sig"):
            says = f"use {row.use} and key_ops contradict each other"
            found.append(Problem("use-mismatch", "warn", says, "RFC 7517 §4.3"))
    return found


def _certificate_problems(key: Mapping[str, Any], public: object) -> list[Problem]:
    """The first certificate of `x5c` must carry the same key (RFC 7517 section 4.7)."""
    chain = key.get("x5c")
    if not isinstance(chain, list | tuple) or not chain:
        return []
    import base64

    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with warnings.catch_warnings():  # odd serial numbers would be told on stderr
            warnings.simplefilter("ignore")
            der = base64.b64decode(chain[0], validate=True)
            same = x509.load_der_x509_certificate(der).public_key() == public
        says = "" if same else "x5c: the first certificate carries another key"
    except (ValueError, TypeError, UnsupportedAlgorithm):
        says = "x5c: the first entry is not a certificate in base64"
    return [Problem("certificate", "warn", says, "RFC 7517 §4.7")] if says else []
