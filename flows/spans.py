"""Where secrets stand in a message, by name and by position.

A span marks a secret in the text as it is on the wire: a command puts a variable in its place,
redaction a mark, and what stands around it stays byte for byte. The scanners need no well-formed
body, so that a response cut in the middle of a token is still redacted.

A mark (`Sx9a..redacted-43-1a2b3c4d`: first characters, length, SHA-256) has only characters
that URLs, forms, JSON and header fields leave alone. The same secret gives the same mark.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from urllib.parse import unquote_plus

from flows.frozen import frozen

MARK = re.compile(r"(?:[A-Za-z0-9]{4}\.\.)?redacted-\d+-[0-9a-f]{8}")
PLACEHOLDER = re.compile(r"(?:[A-Za-z0-9]{4}\.\.)?redacted-(?:\d+|sha256)-[0-9a-f]{8}")
"""A mark, or what stands in place of a JWT's signature."""
FORM = "application/x-www-form-urlencoded"

VARIABLES = {
    "access_token": "ACCESS_TOKEN",
    "refresh_token": "REFRESH_TOKEN",
    "id_token": "ID_TOKEN",
    "code": "AUTH_CODE",
    "code_verifier": "CODE_VERIFIER",
    "client_secret": "CLIENT_SECRET",
    "client_assertion": "CLIENT_ASSERTION",
    "registration_access_token": "REGISTRATION_ACCESS_TOKEN",
    "subject_token": "SUBJECT_TOKEN",
    "actor_token": "ACTOR_TOKEN",
    "assertion": "ASSERTION",
    "device_code": "DEVICE_CODE",
    "id_token_hint": "ID_TOKEN",
    "token": "TOKEN",
    "password": "PASSWORD",
    "api_key": "API_KEY",
    "private_key": "PRIVATE_KEY",
    "dpop_proof": "DPOP_PROOF",
    "cookie": "COOKIE",
    "basic_credentials": "BASIC_CREDENTIALS",
    "credentials": "CREDENTIALS",
    "jwt": "JWT",
}
"""Every name a secret can have, and the environment variable that holds it in a command.

The names are those of the standards (RFC 6749, 7591, 7636, 8628, 8693, 9449); the last five are
of header fields and of JWTs found by their shape.
"""

_HEADERS = {
    "dpop": "dpop_proof",
    "x-api-key": "api_key",
    "api-key": "api_key",
    "x-auth-token": "access_token",
    "x-access-token": "access_token",
}
_SCHEMES = {"bearer": "access_token", "dpop": "access_token", "basic": "basic_credentials"}
_URL_HEADERS = frozenset({"location", "content-location", "referer", "refresh"})
_JWK_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})  # RFC 7518 section 6

_SHOW_HEAD = 24  # from this length on, four characters say nothing worth having

NO_SIGNATURE = re.compile(r"redacted-sha256-[0-9a-f]{8}")
# It starts a word, or follows a percent-encoded character or a JSON escape; a JWE has more parts.
_JWT = re.compile(
    r"(?:(?<![\w.-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
    r"(e[wy][\w-]{8,}+)\.([\w-]++)\.([\w-]++)(?!\.[\w-])",
    re.ASCII,
)
_JSON_TOKEN = re.compile(r'"((?:[^"\\]+|\\.)*+)"?|:|[^\s":]+', re.DOTALL)
_AUTHORIZATION = re.compile(r"\s*(\S+)\s+(\S.*)", re.DOTALL)
_COOKIE = re.compile(r"\s*(?:[^=;]*=)?([^;]*)")
_LOOKS_LIKE_A_FORM = re.compile(r"[\w.~%+-]+=[^\s<>{}\"]*\s*")


@frozen
class Secret:
    """A secret's name (a key of `VARIABLES`), its value without any encoding, and where it was."""

    name: str
    value: str = field(repr=False)
    where: str

    @property
    def variable(self) -> str:
        return VARIABLES[self.name]


@frozen
class Span:
    """Where a secret stands in a text, as offsets, and the mark that can stand there."""

    start: int
    end: int
    secret: Secret
    mark: str


def marked(text: str, spans: Iterable[Span]) -> str:
    """`text` with every span's mark in its place. `spans` are in order and do not overlap."""
    parts: list[str] = []
    end = 0
    for span in spans:
        parts += (text[end : span.start], span.mark)
        end = span.end
    return "".join((*parts, text[end:]))


def redact(value: str) -> str:
    """The mark that stands for a secret; a mark stands for itself.

    A signed JWT keeps its header and claims, which no server accepts without the signature, and
    still decodes: the mark in the third place is valid base64url.
    """
    if MARK.fullmatch(value):
        return value
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if _is_jwt(value):
        claims, _, signature = value.rpartition(".")
        return value if NO_SIGNATURE.fullmatch(signature) else f"{claims}.redacted-sha256-{digest}"
    head = value[:4]
    shown = f"{head}.." if len(value) >= _SHOW_HEAD and head.isascii() and head.isalnum() else ""
    return f"{shown}redacted-{len(value)}-{digest}"


def redact_jwts(text: str) -> str:
    """`text` with the signature of every JWT in it marked."""
    return _JWT.sub(lambda match: redact(match[0]) if _is_jwt(match[0]) else match[0], text)


def header_spans(name: str, value: str) -> tuple[Span, ...]:
    """The secrets in one header field's value. Schemes, cookie names and URLs around stay."""
    field_name = name.lower()
    where = f"{name} header"
    found: list[Span] = []
    if field_name in ("authorization", "proxy-authorization"):
        found += _authorization(value, where)
    elif field_name in ("cookie", "set-cookie"):
        for match in _COOKIE.finditer(value):
            found += _whole(match, 1, "cookie", where)
            if field_name == "set-cookie":
                break  # attributes follow
    elif secret_name := _HEADERS.get(field_name):
        found += _whole(re.match(r"\s*(.*)", value, re.DOTALL), 1, secret_name, where)
    elif field_name in _URL_HEADERS:
        found += _in_url(value, where)
    return _with_jwts(value, found, where)


def url_spans(url: str, where: str = "URL") -> tuple[Span, ...]:
    """The secrets in a URL's user information, query and fragment."""
    return _with_jwts(url, _in_url(url, where), where)


def body_spans(body: str, media: str = "", where: str = "body") -> tuple[Span, ...]:
    """The secrets in a body: form fields by name, JSON members by name at any depth, and JWTs.

    `media` is a media type without parameters. JSON inside other text (SSE, HTML) is found too.
    """
    is_form = _LOOKS_LIKE_A_FORM.fullmatch(body) or (
        media == FORM and not body.lstrip().startswith(("{", "["))
    )
    found = _in_form(body, 0, len(body.rstrip()), where) if is_form else _in_json(body, where)
    return _with_jwts(body, found, where)


def basic_pair(credentials: str) -> tuple[str, str] | None:
    """The user and the password of Basic credentials (RFC 7617 section 2) as they were joined.

    For OAuth both are form-encoded (RFC 6749 section 2.3.1). None when it is not such a pair.
    """
    try:
        pair = b64decode(credentials, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return None
    user, colon, password = pair.partition(":")
    return (user, password) if colon else None


def _name(key: str) -> str | None:
    return _SQUEEZED.get(_squeeze(key))


def _squeeze(key: str) -> str:
    return re.sub(r"[-_.]", "", key.lower())


_SQUEEZED = {_squeeze(name): name for name in VARIABLES if name not in ("credentials", "jwt")}


def _whole(match: re.Match[str] | None, group: int, name: str, where: str) -> Iterator[Span]:
    """The text of a group, without white space at its end, as one secret."""
    if match and (value := match[group].rstrip()):
        start = match.start(group)
        yield _span(start, start + len(value), name, value, where)


def _span(start: int, end: int, name: str, value: str, where: str) -> Span:
    return Span(start, end, Secret(name, value, where), redact(value))


def _authorization(value: str, where: str) -> Iterator[Span]:
    match = _AUTHORIZATION.fullmatch(value)
    if match is None:
        if value.strip().lower() not in _SCHEMES:
            yield from _whole(re.match(r"\s*(.*)", value, re.DOTALL), 1, "credentials", where)
        return
    name = _SCHEMES.get(match[1].lower(), "credentials")
    for span in _whole(match, 2, name, where):
        pair = basic_pair(span.secret.value) if name == "basic_credentials" else None
        if pair:
            marked = f"{pair[0]}:{redact(pair[1])}".encode("utf-8", "surrogateescape")
            span = replace(span, mark=b64encode(marked).decode())
        yield span


def _in_url(url: str, where: str) -> list[Span]:
    found: list[Span] = []
    # The password, or all there is before the "@" when there is no colon: some put a token there.
    user = re.match(r"[^?#]*?://(?:[^/?#\s:@]*:)?([^/?#\s]+)@", url)
    if user:
        found.append(_span(*user.span(1), "password", unquote_plus(user[1]), where))
    hash_at = url.find("#") if "#" in url else len(url)
    question_at = url.find("?", 0, hash_at)
    if question_at >= 0:
        found += _in_form(url, question_at + 1, hash_at, f"{where} query")
    found += _in_form(url, hash_at + 1, len(url), f"{where} fragment")
    return found


def _in_form(text: str, start: int, end: int, where: str) -> list[Span]:
    found: list[Span] = []
    while start < end:
        stop = text.find("&", start, end)
        stop = end if stop < 0 else stop
        key, equals, value = text[start:stop].partition("=")
        name = _name(unquote_plus(key)) if value else None
        if name:
            at = start + len(key + equals)
            plain = unquote_plus(value, errors="surrogateescape")
            found.append(_span(at, stop, name, plain, f"{where}, {name}"))
        start = stop + 1
    return found


def _in_json(text: str, where: str) -> list[Span]:
    # Error bodies and tools have a "code" of their own: only a token request's is a credential.
    code = '"grant_type"' in text or '"code_verifier"' in text
    jwk = '"kty"' in text
    found: list[Span] = []
    key: str | None = None
    after_colon = False
    for token in _JSON_TOKEN.finditer(text):
        if token[0] == ":":
            after_colon = key is not None
            continue
        if token[1] is None:
            key, after_colon = None, False
        elif not after_colon:
            key = _json_string(token[1])
        else:
            name = _name(key or "") or ("private_key" if jwk and key in _JWK_PRIVATE else None)
            if name and token[1] and (name != "code" or code):
                value, at = _json_string(token[1]), f"{where}, {key}"
                found.append(_span(token.start(1), token.end(1), name, value, at))
            key, after_colon = None, False
    return found


def _json_string(inner: str) -> str:
    if "\\" not in inner:
        return inner
    try:
        value = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return inner  # a wrong escape, or the end of a body that was cut
    return value if isinstance(value, str) else inner


def pair_spans(name: str, value: str, where: str) -> tuple[Span, ...]:
    """The secrets in a named value: all of it, or what stands in the URL or text that it is."""
    if (secret := _name(name)) and value:
        return (_span(0, len(value), secret, value, where),)
    return url_spans(value, where) if "://" in value else body_spans(value, where=where)


def _with_jwts(text: str, found: list[Span], where: str) -> tuple[Span, ...]:
    jwts = [
        _span(match.start(), match.end(), "jwt", match[0], where)
        for match in _JWT.finditer(text)
        if _is_jwt(match[0])
    ]
    spans: list[Span] = []
    for span in sorted((*found, *jwts), key=lambda span: (span.start, -span.end)):
        if not spans or span.start >= spans[-1].end:
            spans.append(span)
    return tuple(spans)


def _is_jwt(value: str) -> bool:
    """Whether `value` has a signed JWT's shape (RFC 7515 section 7.1), its header an `alg`."""
    match = _JWT.fullmatch(value)
    if match is None:
        return False
    header = match[1].replace("-", "+").replace("_", "/")
    try:
        decoded = json.loads(b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(decoded, dict) and "alg" in decoded
