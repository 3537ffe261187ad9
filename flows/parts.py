"""An event of the record taken apart into named values, so that two of them can be compared.

    request    method, url, query NAME, header NAME, form NAME, /json/pointer
    response   status, error, header NAME, /json/pointer, /access_token claim aud, ...
    values     what was computed here or given by a person, by name

Each part also says how far it may differ between two walks that are the same: not at all, made
anew each time (a code, a token), or not worth a word (a date, the length of a body).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from flows.authenticate import read_challenges
from flows.documents import FORM, json_type, read_form, read_json
from flows.exchange import Exchange, Headers, Request, Response, media_type
from flows.frozen import frozen
from flows.jwt import Token, read_token
from flows.network import reach_of
from flows.paste import read_pasted
from flows.session import Answered, Event, Exchanged, Made, Overrode, Pairs
from flows.sse import parse
from flows.text import size

Side = Literal["request", "response", "values"]
Bond = Literal["same", "fresh", "free", "loose"]
"""`fresh` values are made anew in each walk, and stand for each other wherever they reappear;
`free` ones may be any but must be there; `loose` ones never matter, nor does their absence."""
Key = tuple[Side, str]

MOST = 1_000_000
"""Bytes of a body beyond which it is compared as a whole."""
_DEEPEST = 100

_ANYWHERE = frozenset(
    "nonce code_verifier code_challenge client_secret access_token refresh_token id_token "
    "client_assertion subject_token actor_token assertion registration_access_token "
    "registration_client_uri jti sid at_hash c_hash s_hash session_state jkt dpop_jkt ath "
    "request_uri requestState progressToken nextCursor cursor mcp-session-id dpop-nonce dpop "
    "last-event-id device_code io.modelcontextprotocol/subscriptionId elicitationId".split()
)
_PARAMETERS = frozenset({"code", "state", "token"})
"""Fresh as parameters only: JSON has members of these names that mean something else."""
# Free, not fresh: which of its keys a server signs with, and when it changes them, is its affair.
_OF_KEYS = frozenset({"kid", "n", "x", "y", "x5c", "x5t", "x5t#S256", "jwk"})
_TIMES = frozenset(
    "iat exp nbf auth_time updated_at client_id_issued_at client_secret_expires_at".split()
)
_LOOSE_HEADERS = frozenset(
    "date content-length age expires last-modified etag via server server-timing alt-svc nel "
    "report-to keep-alive connection transfer-encoding content-encoding accept-ranges set-cookie "
    "cookie user-agent accept-encoding traceparent tracestate x-runtime x-response-time "
    "x-powered-by x-served-by x-timer x-cache request-id".split()
)
_LOOSE_PREFIXES = ("x-ratelimit", "ratelimit", "cf-", "x-amz", "x-request", "x-correlation", "x-b3")
_MINTED = frozenset({"client_assertion", "dpop"})
"""JWTs that a client makes for one request: what they claim is the client's own."""
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]*?)\s*</title>", re.IGNORECASE)


@frozen
class Part:
    """One named value. `type` is its JSON type, "string" where it has none."""

    value: str
    bond: Bond = "same"
    type: str = "string"


Parts: TypeAlias = Mapping[Key, Part]
_Named = Iterator[tuple[str, Part]]


def parts(event: Event) -> Parts:
    """Everything in an event that can be compared, in the order in which it stands there."""
    found: dict[Key, Part] = {}
    times: Counter[Key] = Counter()
    for side, name, part in _sides(event):
        times[side, name] += 1
        number = times[side, name]
        found[side, f"{name} #{number}" if number > 1 else name] = part
    return found


def _sides(event: Event) -> Iterator[tuple[Side, str, Part]]:
    match event:
        case Exchanged(exchange=exchange):
            yield from (("request", *one) for one in _request(exchange.request))
            yield from (("response", *one) for one in _response(event.step, exchange))
        case Made(values=values) | Answered(values=values):
            yield from (("values", *one) for one in _values(values))
        case Overrode(reason=reason):
            yield "values", "override", Part(reason)


def _request(request: Request) -> _Named:
    yield "method", Part(request.method)
    yield from _url("url", request.url)
    yield from _headers(request.headers)
    yield from _body(request.headers, request.body)


def _response(step: str, exchange: Exchange) -> _Named:
    if exchange.error:
        yield "error", Part(exchange.error.kind)
    if (response := exchange.response) is None:
        return
    yield "status", Part(str(response.status))
    yield from _headers(response.headers)
    registered = step == "client"
    for name, part in _answer(response):
        # A registration makes an identifier; everywhere else it is one that was chosen.
        yield name, Part(part.value, "fresh", part.type) if registered and name == _ID else part


_ID = "/client_id"


def _answer(response: Response) -> _Named:
    if media_type(response.headers) != "text/event-stream":
        yield from _body(response.headers, response.body)
        return
    for event in parse(response.body):
        value, problem = read_json(event.data.encode("utf-8", "replace"))
        message = value if isinstance(value, dict) else {}
        if problem or not message:
            yield f"event {event.event}", Part(event.data)
        elif "result" in message or "error" in message:
            yield from _json(message, "")  # as it would stand in an answer that is no stream
        else:
            yield from _json(message, f"event {message.get('method', event.event)} ")


def _values(pairs: Pairs) -> _Named:
    for name, value in pairs:
        if name in ("via", "stream"):
            yield name, Part(value, "loose")
        elif name == "redirect":
            pasted = read_pasted(value)
            if pasted.url:
                yield name, _address(name, pasted.url.partition("?")[0].partition("#")[0])
            for key, text in pasted.parameters:
                yield f"query {key}", Part(text, _bond(key, parameter=True))
        elif name == "authorization_url":
            yield from _url(name, value)
        elif (read := _object(value)) is not None:
            yield from _json(read, f"{name} ")
        else:
            yield name, _address(name, value, _bond(name, parameter=True))


def _object(text: str) -> Any:
    if not text.startswith(("{", "[")) or len(text) > MOST:
        return None
    value, problem = read_json(text.encode("utf-8", "replace"))
    return None if problem else value


def _url(name: str, url: str) -> _Named:
    bare, _, fragment = url.partition("#")
    bare, _, query = bare.partition("?")
    yield name, _address(name, bare)
    for text in (query, fragment):
        for key, value in _pairs(text):
            yield f"query {key}", _address(key, value, _bond(key, parameter=True))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    try:
        return read_form(text.encode("utf-8", "surrogatepass"))
    except ValueError:  # more fields than anybody means
        return (("", text),) if text else ()


def _address(name: str, value: str, bond: Bond = "same") -> Part:
    """A value that may be a loopback redirect URI, whose port is another each time (RFC 8252
    section 7.3)."""
    loopback = name in ("redirect", "redirect_uri") and reach_of(value) == "loopback"
    return Part(value, "fresh" if loopback else bond)


def _headers(headers: Headers) -> _Named:
    challenges = read_challenges(headers)
    for name, value in headers:
        key = name.lower()
        field = f"header {key}"
        if key == "www-authenticate" and challenges:
            continue
        if key in ("authorization", "proxy-authorization"):
            scheme, _, rest = value.partition(" ")
            yield f"{field}, scheme", Part(scheme.lower())
            yield field, Part(rest or scheme, "fresh")
        elif key in ("location", "content-location"):
            yield from ((f"{field}, {at}" if at != key else field, p) for at, p in _url(key, value))
        elif key in _LOOSE_HEADERS or key.startswith(_LOOSE_PREFIXES):
            yield field, Part(value, "loose")
        else:
            yield field, Part(value, _bond(key))
            if key in _MINTED:
                yield from _token(field, value)
    for challenge in challenges:
        field = "header www-authenticate"
        yield field, Part(challenge.scheme.lower())
        for name, value in challenge.parameters:
            yield f"{field}, {name}", Part(value, _bond(name))


def _body(headers: Headers, body: bytes) -> _Named:
    kind = media_type(headers)
    if not body:
        return
    if len(body) > MOST:
        whole = f"{size(len(body))}, SHA-256 {sha256(body).hexdigest()}"
        yield "body", Part(whole)
        return
    value, problem = read_json(body)
    if not problem and isinstance(value, dict | list):
        yield from _json(value, "")
    elif kind == FORM:
        for name, text in _pairs(body.decode("utf-8", "replace")):
            yield f"form {name}", _address(name, text, _bond(name, parameter=True))
            if name in _MINTED:
                yield from _token(f"form {name}", text)
    elif kind == "text/html":
        if title := _TITLE.search(body):
            yield "title", Part(title[1].decode("utf-8", "replace"))
        yield "body", Part(body.decode("utf-8", "replace"), "loose")  # a page is never twice alike
    else:
        yield "body", Part(body.decode("utf-8", "backslashreplace"))


def _json(value: Any, at: str) -> list[tuple[str, Part]]:
    """The leaves of a JSON value by their pointers, of JSON in a string too. A list of objects
    goes by their names, so that one more in it does not move the others; a list without objects is
    one leaf."""
    found: list[tuple[str, Part]] = []

    def visit(value: Any, at: str, name: str, depth: int) -> None:
        match value:
            case dict() if value and depth < _DEEPEST:
                for key, member in value.items():
                    visit(member, f"{at}/{_escaped(key)}", key, depth + 1)
            case list() if depth < _DEEPEST and any(isinstance(one, dict | list) for one in value):
                for place, item in _places(value):
                    visit(item, f"{at}/{place}", place, depth + 1)
            case str() if depth < _DEEPEST and (read := _object(value)) is not None:
                visit(read, f"{at} ", "", depth + 1)  # what a tool says is often JSON again
            case str():
                found.append((at, Part(value, _json_bond(at, name))))
                if value.startswith("ey") and value.count(".") > 1:
                    found.extend(_token(at, value))
            case _:
                found.append((at, Part(_dumped(value), _json_bond(at, name), json_type(value))))

    visit(value, at, at.rpartition("/")[2] if "/" in at else "", 0)
    return found


def _places(items: list[Any]) -> Iterable[tuple[str, Any]]:
    for member in ("name", "uri", "uriTemplate"):
        names = [item.get(member) if isinstance(item, dict) else None for item in items]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return [(_escaped(str(name)), item) for name, item in zip(names, items, strict=True)]
    return [(str(number), item) for number, item in enumerate(items)]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _dumped(value: Any) -> str:
    if value is True or value is False or value is None:
        return "null" if value is None else str(value).lower()
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return str(type(value).__name__)


def _json_bond(at: str, name: str) -> Bond:
    if at in ("/id", "/params/requestId"):
        return "loose"
    if name in _OF_KEYS and at.startswith("/keys/"):
        return "free"
    return _bond(name)


def _bond(name: str, *, parameter: bool = False) -> Bond:
    if name in _TIMES:
        return "free"
    return "fresh" if name in _ANYWHERE or (parameter and name in _PARAMETERS) else "same"


def _token(at: str, text: str) -> _Named:
    """What a JWT says: its header, its claims, and how long it lives."""
    token = read_token(text)
    yield f"{at}, kind", Part(token.kind)
    for part, members in (("header", token.header), ("claim", token.claims)):
        for name, value in (members or {}).items():
            for pointer, leaf in _json(value, f"/{_escaped(name)}"):
                bond: Bond = "free" if name in _OF_KEYS else leaf.bond
                yield f"{at}, {part} {pointer[1:]}", Part(leaf.value, bond, leaf.type)
    if lifetime := _lifetime(token):
        yield f"{at}, lifetime", Part(lifetime)


def _lifetime(token: Token) -> str:
    claims = token.claims or {}
    issued, expires = claims.get("iat"), claims.get("exp")
    if isinstance(issued, int | float) and isinstance(expires, int | float):
        return f"{expires - issued:g} s"
    return ""
