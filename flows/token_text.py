"""What stands around a token when it is pasted, and what a token that is no JWT may be.

A name is given only where its issuer documents the form; all else is plainly opaque.
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from flows.json_text import Problem

_PREFIX = re.compile(
    r"(?:authorization\s*[:=]\s*)?(?:bearer|dpop)\s+|authorization\s*[:=]\s*", re.IGNORECASE
)
_MEMBERS = ("access_token", "id_token", "refresh_token")
_MEMBER = re.compile(r"\b(access_token|id_token|refresh_token)[\"']?\s*[:=]\s*[\"']?([^\"'&,\s}]+)")
_QUOTES = "\"'`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
_WRAP = 20
"""A line of at least so many characters is a piece of a wrapped token, not a word of prose."""


def unwrap(text: str) -> tuple[str, list[Problem]]:
    """The token inside a paste, and what was left out, each a problem marked `info`.

    Codes: member (of JSON or a form), quotes, prefix, whitespace.
    """
    found: list[Problem] = []
    token = text.strip()
    member = _member(token)
    if member:
        name, token = member
        found.append(Problem("member", "info", f"more was pasted: this is its {name}"))
    bare = token.strip(_QUOTES).strip()
    if bare != token:
        found.append(Problem("quotes", "info", "the quotes around it were left out"))
        token = bare
    prefix = _PREFIX.match(token)
    if prefix:
        says = f"'{' '.join(prefix[0].split())}' before it was left out"
        found.append(Problem("prefix", "info", says))
        token = token[prefix.end() :].strip()
    pieces = token.split()
    if len(pieces) > 1 and (token.startswith("eyJ") or max(map(len, pieces)) >= _WRAP):
        joined = "".join(pieces)
        if _B64TOKEN.fullmatch(joined):
            says = "the spaces or line breaks inside it were left out"
            found.append(Problem("whitespace", "info", says))
            token = joined
    return token, found


def _member(text: str) -> tuple[str, str] | None:
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            for name in _MEMBERS:
                if isinstance(value.get(name), str) and value[name]:
                    return name, value[name]
            return None
    found = _MEMBER.search(text)
    return (found[1], found[2]) if found else None


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}|(?:[0-9A-F]{2}){8,}")
_PASETO = re.compile(r"(v[1-4])\.(local|public)\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?")
_PREFIXES = (
    ("gho_", "GitHub OAuth access token"),
    ("ghu_", "GitHub App user access token"),
    ("ghs_", "GitHub App installation access token"),
    ("ghr_", "GitHub App refresh token"),
    ("ghp_", "GitHub personal access token (classic)"),
    ("github_pat_", "GitHub fine-grained personal access token"),
    ("glpat-", "GitLab personal access token"),
    ("ya29.", "Google OAuth access token"),
    ("xoxb-", "Slack bot token"),
    ("xoxp-", "Slack user token"),
)
_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_NOT_B64TOKEN = re.compile(r"[^A-Za-z0-9._~+/=-]|^=|=(?=[^=])")
_NOT_VSCHAR = re.compile(r"[^!-~]")


def not_a_token(text: str) -> Problem | None:
    """What `text` is instead of a token; None when it may be one (RFC 6749 A.12: 1*VSCHAR).

    Codes: json, pem, markup, url, characters.
    """
    if text.startswith(("{", "[")):
        says = "JSON without an access_token, id_token or refresh_token"
        return Problem("json", "error", says)
    if text.startswith("-----BEGIN"):
        return Problem("pem", "error", "PEM: a key or a certificate, not a token")
    if text.startswith("<"):
        return Problem("markup", "error", "XML or HTML, not a token")
    if text[:8].lower().startswith(("http://", "https://")):
        return Problem("url", "error", "a URL, not a token")
    odd = _NOT_VSCHAR.search(text)
    if odd:
        says = f"no token: {odd[0]!a} at character {odd.start() + 1}"
        return Problem("characters", "error", says, "RFC 6749 A.12")
    return None


def bearer_problem(text: str) -> Problem | None:
    """What keeps `text` from being sent as a Bearer token (RFC 6750 section 2.1, b64token)."""
    if _B64TOKEN.fullmatch(text):
        return None
    odd = _NOT_B64TOKEN.search(text)
    says = f"has {odd[0]!a}, which a Bearer token cannot have there" if odd else "is empty"
    return Problem("b64token", "error", says, "RFC 6750 §2.1")


def name_opaque(token: str) -> str:
    """What an opaque token looks like, in words; its length when it looks like nothing known."""
    paseto = _PASETO.fullmatch(token)
    if paseto:
        return f"PASETO {paseto[1]}.{paseto[2]}"
    for prefix, name in _PREFIXES:
        if token.startswith(prefix) and len(token) > len(prefix):
            return name
    if _UUID.fullmatch(token):
        return "UUID"
    if _HEX.fullmatch(token):
        return f"{len(token) // 2} bytes in hexadecimal"
    if _is_macaroon(token):
        return "macaroon"
    return f"{len(token):,} character{'' if len(token) == 1 else 's'}"


def _is_macaroon(token: str) -> bool:
    """A version 1 macaroon is packets: four hex digits of length, a field name, its value."""
    start = token[:24].replace("+", "-").replace("/", "_")
    try:
        packet = base64.urlsafe_b64decode(start)
    except (binascii.Error, ValueError):
        return False
    return re.match(rb"[0-9a-f]{4}(?:location|identifier) ", packet) is not None
