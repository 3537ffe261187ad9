"""Reading a token without trusting it: what it is, what it says, what is wrong with its form.

`read_token` takes whatever was pasted or received, at any stage of typing, and never raises.
Nothing here checks a signature: that is `flows.jwk`. What the claims mean is in `flows.claims`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import field, replace
from typing import Any, Literal

from flows.frozen import frozen
from flows.json_text import Problem, salvage_object
from flows.token_text import bearer_problem, name_opaque, not_a_token, unwrap

MAX_LENGTH = 1_000_000
"""Characters; a longer text is refused unread."""

Kind = Literal["jwt", "jwe", "opaque", "garbage", "empty"]


@frozen
class Token:
    """A token taken apart.

        jwt      JWS compact serialization: header.payload.signature (RFC 7515 section 7.1)
        jwe      JWE compact serialization: only its header can be read (RFC 7516 section 7.1)
        opaque   a string only its issuer understands; legal, not a fault
        garbage  no token: `looks` and `problems` say what it is instead
        empty    nothing there

    `looks` says in words what it is; `text` is the token itself, without what stood around it.
    `segments` are its parts as given. `header` and `claims` hold all that could be read, even of
    a token cut short, and are None when there was no JSON object; `signature` is b"" when absent.
    """

    kind: Kind
    looks: str
    text: str = field(default="", repr=False)
    problems: tuple[Problem, ...] = ()
    segments: tuple[str, ...] = field(default=(), repr=False)
    header: dict[str, Any] | None = None
    claims: dict[str, Any] | None = None
    signature: bytes = field(default=b"", repr=False)

    @property
    def well_formed(self) -> bool:
        """No error in form. Warnings, and what was pasted around it, do not count."""
        return not any(problem.mark == "error" for problem in self.problems)


def read_token(text: str) -> Token:
    """Take apart an access, refresh or ID token as received, pasted, or half typed.

    Codes of problems: those of `unwrap`, `not_a_token`, `bearer_problem`, `salvage_object` and
    `decode_segment`, and too-large, parts, header, crit, unencoded, nested-jwt, no-signature,
    utf-8, not-jwt. The text of one that is about a part starts with its name.
    """
    if len(text) > MAX_LENGTH:
        says = f"{len(text):,} characters; no token beyond {MAX_LENGTH:,} is read"
        return Token("garbage", says, problems=(Problem("too-large", "error", says),))
    token, found = unwrap(text)
    if not token:
        return Token("empty", "nothing there", problems=tuple(found))
    segments = tuple(token.split("."))
    if len(segments) <= 5:
        header, wrong = _read_segment(segments[0], "header")
        if _is_header(header, segments):
            found += wrong
            if len(segments) == 5:
                return _jwe(token, segments, header, found)
            return _jws(token, segments, header, found)
    return _opaque(token, segments, found)


def decode_segment(text: str) -> tuple[bytes, tuple[Problem, ...]]:
    """base64url without padding (RFC 7515 section 2), read leniently and judged strictly.

    Codes: padding, alphabet, length, trailing-bits.
    """
    found = []

    def wrong(code: str, says: str) -> None:
        found.append(Problem(code, "error", says, "RFC 7515 §2"))

    data = text.rstrip("=")
    if data != text:
        wrong("padding", "padded with '=', which base64url in a JWS leaves out")
    if "+" in data or "/" in data:
        wrong("alphabet", "has '+' or '/': the standard alphabet of base64, not base64url")
        data = data.replace("+", "-").replace("/", "_")
    stray = _NOT_BASE64URL.search(data)
    if stray:
        wrong("alphabet", f"has {stray[0]!a} at character {stray.start() + 1}: not base64url")
        data = data[: stray.start()]
    if len(data) % 4 == 1:
        wrong("length", "breaks off: no base64url has this length")
        data = data[:-1]
    raw = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != data:
        says = "its last character holds bits that are not zero, so two texts say the same"
        found.append(Problem("trailing-bits", "warn", says, "RFC 4648 §3.5"))
    return raw, tuple(found)


_NOT_BASE64URL = re.compile(r"[^A-Za-z0-9_-]")


def _read_segment(text: str, name: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """A part that should be base64url of a JSON object in UTF-8."""
    raw, problems = decode_segment(text)
    found = list(problems)
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        says = f"is not UTF-8: byte {raw[error.start]:#04x} at offset {error.start}"
        found.append(Problem("utf-8", "error", says, "RFC 7519 §7.2"))
        decoded = raw.decode("utf-8", "replace")
    value, wrong = salvage_object(decoded)
    return value, _named(name, (*found, *wrong))


def _named(part: str, problems: tuple[Problem, ...]) -> list[Problem]:
    return [replace(problem, text=f"{part}: {problem.text}") for problem in problems]


def _is_header(header: dict[str, Any] | None, segments: tuple[str, ...]) -> bool:
    """Whether this is a JOSE header, whole or on its way.

    One part alone that is a whole JSON object without `alg` is not: some opaque tokens are
    base64 of JSON.
    """
    first = segments[0]
    if header is None:
        return first in ("ey", "ew") or first.startswith(("eyJ", "eyA", "ewo", "ew0", "ewk"))
    return len(segments) > 1 or "alg" in header or not _reads_whole(first)


def _reads_whole(segment: str) -> bool:
    return not any(problem.mark == "error" for problem in _read_segment(segment, "")[1])


def _jwe(
    token: str, segments: tuple[str, ...], header: dict[str, Any] | None, found: list[Problem]
) -> Token:
    found += _header_problems(header or {}, ("alg", "enc"), "RFC 7516 §4.1")
    looks = "JWE: encrypted, only its recipient can read the claims"
    return Token("jwe", looks, token, tuple(found), segments, header)


def _jws(
    token: str, segments: tuple[str, ...], header: dict[str, Any] | None, found: list[Problem]
) -> Token:
    known = header or {}
    found += _header_problems(known, ("alg",), "RFC 7515 §4.1.1")
    parts = len(segments)
    if parts != 3:
        says = f"{parts} part{'s' if parts > 1 else ''} so far" if parts < 3 else f"{parts} parts"
        says = f"{says}; a JWS has three"
        found.append(Problem("parts", "error", says, "RFC 7515 §7.1"))
    claims = None
    if known.get("b64") is False:
        says = "the payload is not encoded ('b64': false), which a JWT must not use"
        found.append(Problem("unencoded", "error", says, "RFC 7797 §7"))
    elif str(known.get("cty")).upper() == "JWT":
        says = "the payload is a JWT again: paste it alone to read it"
        found.append(Problem("nested-jwt", "info", says, "RFC 7519 §5.2"))
    elif parts > 1:
        claims, wrong = _read_segment(segments[1], "payload")
        found += wrong
    signature = b""
    if parts > 2:
        signature, problems = decode_segment(segments[2])
        found += _named("signature", problems)
        if not segments[2] and known.get("alg") != "none":
            says = "signature: empty, though the header names an algorithm"
            found.append(Problem("no-signature", "error", says, "RFC 7515 §5.2"))
    looks = (
        "JWT" if parts == 3 else "the start of a JWT" if parts < 3 else "JWT with parts too many"
    )
    return Token("jwt", looks, token, tuple(found), segments, header, claims, signature)


def _header_problems(
    header: dict[str, Any], required: tuple[str, ...], standard: str
) -> list[Problem]:
    if not header:
        return []
    found = [
        Problem("header", "error", f"header: '{name}' must be there and a string", standard)
        for name in required
        if not isinstance(header.get(name), str)
    ]
    if "crit" in header:
        crit = header["crit"]
        names = crit if isinstance(crit, list) else []
        if not names or not all(isinstance(name, str) and name in header for name in names):
            says = "header: 'crit' must be a list of names that are in the header"
            found.append(Problem("crit", "error", says, "RFC 7515 §4.1.11"))
    return found


def _opaque(token: str, segments: tuple[str, ...], found: list[Problem]) -> Token:
    wrong = not_a_token(token)
    if wrong:
        return Token("garbage", wrong.text, token, (*found, wrong))
    unfit = bearer_problem(token)
    if unfit:
        found.append(unfit)
    name = name_opaque(token)
    if len(segments) in (3, 5) and not name.startswith("PASETO"):
        says = "as many parts as a JWT, but the first is no JSON object in base64url"
        found.append(Problem("not-jwt", "info", says, "RFC 7519 §7.2"))
    return Token("opaque", f"opaque: {name}", token, tuple(found))
