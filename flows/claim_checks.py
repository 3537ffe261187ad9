"""How each claim of a token stands to what was expected: one function a claim."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flows.audience import audiences, compare_audience, difference, first_difference
from flows.documents import json_type
from flows.frozen import frozen
from flows.json_text import Mark
from flows.text import ago, countdown

SKEW = 60.0
"""Seconds by which clocks may differ."""
LONG_LIFE = 86_400.0
"""Seconds; an access token that lives longer is not short-lived."""

MCP_TOKEN_HANDLING = "MCP Authorization, Token Handling"
MCP_TOKEN_THEFT = "MCP Authorization Security, Token Theft"
ID_TOKEN_VALIDATION = "OIDC Core §3.1.3.7"


@frozen
class Expected:
    """What the walk knows and a token should agree with; None where it knows nothing.

    `access_token_profile` asks for what RFC 9068 requires of a JWT access token, `id_token` for
    what OIDC Core section 2 requires of an ID token; of any other token nothing is required.
    """

    issuer: str | None = None
    resource_sent: str | None = None
    resource_metadata: str | None = None
    server_url: str | None = None
    client_id: str | None = None
    scopes_requested: tuple[str, ...] | None = None
    scopes_granted: tuple[str, ...] | None = None
    nonce: str | None = None
    access_token_profile: bool = False
    id_token: bool = False
    access_token: str | None = field(default=None, repr=False)

    @property
    def audiences(self) -> dict[str, str]:
        """The values `aud` is compared with, by what they are called."""
        if self.id_token:
            named = {"client ID": self.client_id}
        else:
            named = {
                "resource sent": self.resource_sent,
                "resource of the metadata": self.resource_metadata,
                "server URL": self.server_url,
            }
        return {label: value for label, value in named.items() if value}


class Verdict(NamedTuple):
    """What is to be said of a claim; `standard` stands in for the section that defines it."""

    mark: Mark = ""
    note: str = ""
    seconds_left: float | None = None
    standard: str = ""


class Seen(NamedTuple):
    """All a check of one claim may look at."""

    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    now: datetime
    expected: Expected

    @property
    def stamp(self) -> float:
        return self.now.timestamp()


_Check = Callable[[Any, Seen], Verdict]

_HASHES = {
    "256": "sha256",
    "384": "sha384",
    "512": "sha512",
    "ES256K": "sha256",
    "EdDSA": "sha512",
    "Ed25519": "sha512",
}


def half_hash(value: str, alg: str) -> str | None:
    """What `at_hash` or `c_hash` must be for a token or code (OIDC Core section 3.1.3.6).

    None when `alg` does not say which hash function to use.
    """
    name = _HASHES.get(alg) or _HASHES.get(alg[-3:])
    if name is None:
        return None
    digest = hashlib.new(name, value.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def is_access_token_type(typ: object) -> bool:
    """Whether `typ` declares a JWT access token (RFC 9068 section 2.1)."""
    return isinstance(typ, str) and typ.lower() in ("at+jwt", "application/at+jwt")


def judge(name: str, seen: Seen) -> Verdict:
    """The verdict on a claim that is there."""
    check = _CHECKS.get(name)
    return check(seen.claims[name], seen) if check else Verdict()


def _string(value: object) -> Verdict | None:
    """What is wrong with a claim that must be a string, if anything."""
    if isinstance(value, str) and value:
        return None
    says = "is empty" if value == "" else f"is of type {json_type(value)}, must be a string"
    return Verdict("error", says, None, "RFC 7519 §2")


def _any_string(value: Any, seen: Seen) -> Verdict:
    return _string(value) or Verdict()


def _issuer(value: Any, seen: Seen) -> Verdict:
    wanted = seen.expected.issuer
    wrong = _string(value)
    if wrong or wanted is None:
        return wrong or Verdict()
    if value == wanted:
        return Verdict("ok", "the issuer of the metadata")
    says = f"not the issuer {wanted}: {difference(value, wanted)}{_at(value, wanted)}"
    return Verdict("error", says, None, _validation(seen))


def _validation(seen: Seen) -> str:
    return ID_TOKEN_VALIDATION if seen.expected.id_token else "RFC 9068 §4"


def _at(found: str, wanted: str) -> str:
    at = first_difference(found, wanted)
    return "" if at is None else f", from character {at + 1} on"


def _subject(value: Any, seen: Seen) -> Verdict:
    wrong = _string(value)
    if wrong:
        return wrong
    client = seen.claims.get("client_id", seen.expected.client_id)
    return Verdict("info", "the client itself, no user") if value == client else Verdict()


def _audience(value: Any, seen: Seen) -> Verdict:
    values = audiences(value)
    count = 1 if isinstance(value, str) else len(value) if isinstance(value, list) else -1
    if not values or len(values) != count:
        says = "must be a string or an array of strings, and not empty"
        return Verdict("error", says, None, "RFC 7519 §4.1.3")
    expected = seen.expected
    matches = compare_audience(value, expected.audiences)
    if not matches:
        return Verdict()
    equal = [match.label for match in matches if match.equal]
    if equal:
        return Verdict("ok", f"the {', the '.join(equal)}")
    standard = f"{ID_TOKEN_VALIDATION} (3)" if expected.id_token else MCP_TOKEN_HANDLING
    if not expected.id_token and expected.client_id in values:
        says = "the client, not the MCP server: is this an ID token?"
        return Verdict("error", says, None, standard)
    closest = max(matches, key=lambda match: match.differs_at or 0)
    says = f"not the {closest.label} {closest.wanted}: {closest.hint}"
    return Verdict("error", says + _at(closest.found, closest.wanted), None, standard)


def _client(value: Any, seen: Seen) -> Verdict:
    wanted = seen.expected.client_id
    wrong = _string(value)
    if wrong or wanted is None:
        return wrong or Verdict()
    if value == wanted:
        return Verdict("ok", "this client")
    return Verdict("error", f"another client: this one is {wanted}{_at(value, wanted)}")


def _scope(value: Any, seen: Seen) -> Verdict:
    if not isinstance(value, str):
        says = f"is of type {json_type(value)}, must be a string with spaces"
        return Verdict("warn", says, None, "RFC 8693 §4.2")
    return _scopes(value.split(), seen)


def _vendor_scope(value: Any, seen: Seen) -> Verdict:
    given = value.split() if isinstance(value, str) else audiences(value)
    verdict = _scopes(list(given), seen)
    if "scope" in seen.claims:
        return verdict
    says = "servers by the standard look for scope"
    if is_access_token_type(seen.header.get("typ")) and verdict.mark != "error":
        verdict = verdict._replace(mark="warn", standard="RFC 9068 §2.2.3")
    return verdict._replace(note="; ".join(filter(None, (verdict.note, says))))


def _scopes(given: list[str], seen: Seen) -> Verdict:
    asked, granted = seen.expected.scopes_requested, seen.expected.scopes_granted
    lacking = [scope for scope in granted or asked or () if scope not in given]
    if lacking:
        source = "granted in the response" if granted else "asked for"
        return Verdict("warn", f"lacks what was {source}: {' '.join(lacking)}")
    if asked is None:
        return Verdict()
    more = [scope for scope in given if scope not in asked]
    if more:
        return Verdict("info", f"more than was asked for: {' '.join(more)}")
    dropped = [scope for scope in asked if scope not in given]
    return Verdict("info", f"not granted: {' '.join(dropped)}") if dropped else Verdict("ok")


def _instant(value: object, seen: Seen) -> float | Verdict:
    """A NumericDate as seconds since 1970, or what is wrong with it (RFC 7519 section 2)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        says = f"is of type {json_type(value)}, must be a number of seconds since 1970"
        return Verdict("error", says, None, "RFC 7519 §2")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if -1e10 <= seconds <= 1e11:
        return seconds
    for factor, unit in ((1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")):
        if abs(seconds / factor - seen.stamp) < 1e9:
            says = f"{unit}, not seconds; meant is {_local(seconds / factor, seen)}"
            return Verdict("error", says, None, "RFC 7519 §2")
    return Verdict("error", "no date", None, "RFC 7519 §2")


def _local(seconds: float, seen: Seen) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment.astimezone(seen.now.tzinfo):%Y-%m-%d %H:%M:%S %Z}"


def _expiry(value: Any, seen: Seen) -> Verdict:
    at = _instant(value, seen)
    if isinstance(at, Verdict):
        return at
    left, when = at - seen.stamp, _local(at, seen)
    if left <= 0:
        return Verdict("error", f"expired {ago(-left)}, {when}", left)
    issued = _instant(seen.claims.get("iat"), seen)
    says = f"in {countdown(left)}, {when}"
    if isinstance(issued, float) and at <= issued:
        return Verdict("error", f"{says}; not after iat", left)
    life = at - (issued if isinstance(issued, float) else seen.stamp)
    if seen.expected.access_token_profile and life > LONG_LIFE:
        says = f"{says}; lives {countdown(life)}, should be short-lived"
        return Verdict("warn", says, left, MCP_TOKEN_THEFT)
    return Verdict("ok" if left > SKEW else "warn", says, left)


def _not_before(value: Any, seen: Seen) -> Verdict:
    at = _instant(value, seen)
    if isinstance(at, Verdict):
        return at
    left, when = at - seen.stamp, _local(at, seen)
    if left <= 0:
        return Verdict("ok", f"{ago(-left)}, {when}")
    mark: Mark = "error" if left > SKEW else "warn"
    return Verdict(mark, f"not yet valid: in {countdown(left)}, {when}", left)


def _past(value: Any, seen: Seen) -> Verdict:
    at = _instant(value, seen)
    if isinstance(at, Verdict):
        return at
    left, when = at - seen.stamp, _local(at, seen)
    if left > SKEW:
        return Verdict("warn", f"in the future by {countdown(left)}, {when}: clocks differ")
    return Verdict("ok", f"{ago(-left)}, {when}")


def _confirmation(value: Any, seen: Seen) -> Verdict:
    if not isinstance(value, dict):
        says = f"is of type {json_type(value)}, must be an object"
        return Verdict("error", says)
    if "jkt" in value:
        says = "bound to a DPoP key: refused when sent as a plain Bearer token"
        return Verdict("info", says, None, "RFC 9449 §6.1")
    if "x5t#S256" in value:
        says = "bound to a client certificate: refused without mutual TLS"
        return Verdict("info", says, None, "RFC 8705 §3.1")
    return Verdict("info", "bound to a key")


def _nonce(value: Any, seen: Seen) -> Verdict:
    wrong = _string(value)
    if wrong or not seen.expected.id_token:
        return wrong or _of_id_token(value, seen)
    if seen.expected.nonce is None:
        return Verdict()
    if value == seen.expected.nonce:
        return Verdict("ok", "as sent")
    return Verdict("error", "not the nonce that was sent", None, f"{ID_TOKEN_VALIDATION} (11)")


def _of_id_token(value: Any, seen: Seen) -> Verdict:
    if seen.expected.access_token_profile:
        says = "belongs in an ID token: is this one, used as an access token?"
        return Verdict("warn", says, None, "RFC 8725 §3.12")
    return Verdict()


def _access_token_hash(value: Any, seen: Seen) -> Verdict:
    access_token, alg = seen.expected.access_token, seen.header.get("alg")
    if not seen.expected.id_token or access_token is None or not isinstance(alg, str):
        return _of_id_token(value, seen)
    wanted = half_hash(access_token, alg)
    if wanted is None:
        return Verdict("info", f"cannot be checked: {alg} names no hash function")
    if value == wanted:
        return Verdict("ok", "the access token's")
    return Verdict("error", f"not the access token's, {wanted}", None, "OIDC Core §3.1.3.8")


_CHECKS: Mapping[str, _Check] = {
    "iss": _issuer,
    "sub": _subject,
    "aud": _audience,
    "client_id": _client,
    "azp": _client,
    "cid": _client,
    "appid": _client,
    "scope": _scope,
    "scp": _vendor_scope,
    "exp": _expiry,
    "nbf": _not_before,
    "iat": _past,
    "auth_time": _past,
    "updated_at": _past,
    "jti": _any_string,
    "cnf": _confirmation,
    "nonce": _nonce,
    "at_hash": _access_token_hash,
    "c_hash": _of_id_token,
}


def judge_parameter(name: str, value: Any, expected: Expected) -> Verdict:
    """The verdict on a header parameter that is there."""
    if name == "alg":
        return _algorithm(value)
    if name == "typ":
        return _type(value, expected)
    if name in ("jku", "x5u", "jwk", "x5c"):
        says = "the token's own word on its key: never trusted"
        return Verdict("warn", says, None, "RFC 8725 §3.10")
    if name == "crit":
        return Verdict("warn", "whoever does not know these extensions must refuse the token")
    return Verdict()


def _algorithm(value: Any) -> Verdict:
    if not isinstance(value, str):
        return Verdict("error", "must be a string")
    if value.lower() == "none":
        return Verdict("error", "unsigned: anyone can write it", None, "RFC 8725 §3.2")
    if value in ("HS256", "HS384", "HS512"):
        return Verdict("info", "keyed with a secret: a client cannot verify it")
    if value == "EdDSA":
        return Verdict("info", "deprecated for Ed25519 and Ed448", None, "RFC 9864 §2.2")
    return Verdict()


def _type(value: Any, expected: Expected) -> Verdict:
    is_access = is_access_token_type(value)
    if expected.access_token_profile:
        if is_access:
            return Verdict("ok", "an access token", None, "RFC 9068 §2.1")
        return Verdict("warn", "not at+jwt: strict servers refuse it", None, "RFC 9068 §2.1, §4")
    if expected.id_token and is_access:
        return Verdict("error", "an access token, not an ID token", None, "RFC 8725 §3.12")
    return Verdict()
