"""Evidence from a browser: the OAuth and MCP exchanges that it recorded, as a session.

    session_of(exchanges)  a session that starts where the browser's connection stood
    tries(exchanges)       how often that connection was tried

A hosted client exchanges the code on its own server: the browser then saw the authorization
request, the response to it, and what the client's callback answered. A client that runs in the
browser shows every step. What the client did is the record; what only the browser saw, such as
the answer of its callback, is kept beside it as a probe named BROWSER; what nothing can be read
from, such as an answer whose body the browser did not keep, as one named UNREAD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flows.documents import read_form, read_json, text_list, text_member
from flows.exchange import Exchange, Request, header, media_type
from flows.har import HarError
from flows.mcp.opening import sent
from flows.session import Answered, Event, Exchanged, Made, Pairs, Session, StepId, Target, value
from flows.spans import redact
from flows.wellknown import OAUTH, OPENID, RESOURCE, is_web_url, origin

BROWSER = "browser"
"""The name that marks what only the browser saw."""
UNREAD = "unread"
"""The name that marks what nothing can be read from."""
_UNKNOWN_VERIFIER = "code-verifier-of-the-client"
_OPENS = ("initialize", "server/discover", "notifications/initialized")
_LISTS = ("tools/list", "resources/list", "resources/templates/list", "prompts/list")
MCP_STEPS: tuple[StepId, ...] = ("challenge", "connect", "tools", "call")
CALLBACK = "the client's own callback"
PREFLIGHT = "the browser's preflight"
"""The labels of what only the browser saw."""


@dataclass(slots=True)
class _Reading:
    """What was recognised so far."""

    events: list[Event] = field(default_factory=list)
    redirect_uri: str = ""
    client_id: str = ""
    registered: str = ""
    resource: str = ""
    mcp_url: str = ""
    issuer: str = ""
    state: str = ""
    answered: bool = False
    token_sent: bool = False
    preflights: dict[str, Exchange] = field(default_factory=dict)


def session_of(exchanges: Iterable[Exchange]) -> Session:
    """The connection of a browser as a session. Raises HarError when there is none in it.

    A HAR may hold several tries: what is read is the last authorization request, what was
    discovered before the first, and every registration.
    """
    every = tuple(exchanges)
    wanted = _last_try(every)
    reading = _Reading()
    asked = [_query(one.request) for one in wanted if _is_authorization(one.request)]
    if asked:
        reading.redirect_uri = value(asked[0], "redirect_uri") or ""
        reading.state = value(asked[0], "state") or ""
    for exchange in wanted:
        reading.events += _events(exchange, reading)
    if not reading.events:
        raise HarError("there is no OAuth or MCP exchange in it")
    created = wanted[0].started if wanted else datetime.now(UTC)
    return Session(_target(reading), created, events=tuple(reading.events))


def tries(exchanges: Iterable[Exchange]) -> int:
    """How many authorization requests of the client are among `exchanges`."""
    return len(_own_starts(tuple(exchanges)))


def _own_starts(exchanges: tuple[Exchange, ...]) -> list[int]:
    """Where the client's own authorization requests stand. A server may send the person on to log
    in elsewhere, by OAuth too: its requests go to another endpoint, and after the client's."""
    starts = [n for n, one in enumerate(exchanges) if _is_authorization(one.request)]
    named = {text_member(_members(one), "authorization_endpoint") for one in exchanges}
    places = {n: exchanges[n].request.url.partition("?")[0] for n in starts}
    first = next((n for n in starts if places[n] in named), starts[0] if starts else None)
    return [n for n in starts if first is not None and places[n] == places[first]]


def _last_try(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """Without earlier authorization requests and what they led to, and without those of others."""
    own = _own_starts(exchanges)
    if not own:
        return exchanges
    first, last = own[0], own[-1]
    return tuple(
        one
        for n, one in enumerate(exchanges)
        if n == last
        or (
            (not first <= n < last or _step_of(one, _Reading()) == "client")
            and not _is_authorization(one.request)
        )
    )


def _target(reading: _Reading) -> Target:
    client_id = reading.client_id or None
    redirect_uri = reading.redirect_uri or None
    url = reading.mcp_url or reading.resource
    if is_web_url(url):
        return Target(url, client_id=client_id, redirect_uri=redirect_uri)
    if not is_web_url(reading.issuer):
        raise HarError("it names neither an MCP server nor an authorization server")
    kind: Any = "authorization-server"
    return Target(reading.issuer, kind=kind, client_id=client_id, redirect_uri=redirect_uri)


def _events(exchange: Exchange, reading: _Reading) -> Iterator[Event]:
    """What one exchange of the browser is in the words of the record."""
    request, at = exchange.request, exchange.started
    if _is_authorization(request):
        yield from _authorization(exchange, reading)
    elif _is_response(request, reading):
        if not reading.answered:
            yield Answered(at, "callback", (("redirect", request.url), ("via", BROWSER)))
        reading.answered = True
        reading.issuer = reading.issuer or value(_query(request), "iss") or ""
        yield Exchanged(at, "callback", exchange, CALLBACK, probe=BROWSER)
    elif request.method == "OPTIONS":
        reading.preflights[request.url] = exchange
    elif step := _step_of(exchange, reading):
        yield from _before(step, exchange, reading)
        if not exchange.error or exchange.error.kind != "cancelled":
            yield Exchanged(at, step, exchange, _label(step, exchange))
        elif _told_by_status(step, exchange):
            yield Exchanged(at, step, replace(exchange, error=None), _label(step, exchange))
        else:
            yield from _unread(step, exchange, reading)


def _told_by_status(step: StepId, exchange: Exchange) -> bool:
    """Whether an answer says what it has to say without its body."""
    challenged = step in MCP_STEPS and exchange.status in (401, 403)
    return exchange.status is not None and (challenged or exchange.status >= 500)


def _unread(step: StepId, exchange: Exchange, reading: _Reading) -> Iterator[Event]:
    """What says nothing of the server: kept to be looked at, with the preflight that may be the
    reason."""
    at = exchange.started
    preflight = reading.preflights.get(exchange.request.url)
    if preflight and exchange.response is None:
        yield Exchanged(preflight.started, step, preflight, PREFLIGHT, probe=BROWSER)
    yield Exchanged(at, step, exchange, _label(step, exchange), probe=UNREAD)


def _is_authorization(request: Request) -> bool:
    """RFC 6749 section 4.1.1, or RFC 9126 section 4."""
    names = {name for name, _ in _query(request)}
    return request.method == "GET" and (
        {"response_type", "client_id"} <= names or {"request_uri", "client_id"} <= names
    )


def _is_response(request: Request, reading: _Reading) -> bool:
    """The browser at the redirect URI, with a code or an error. Where the redirect URI is not in
    the record, a page with both parameters and our state is taken for it."""
    pairs = _query(request)
    names = {name for name, _ in pairs}
    if not names & {"code", "error"} or "state" not in names:
        return False
    if reading.redirect_uri:
        return request.url.partition("?")[0] == reading.redirect_uri.partition("?")[0]
    wanted = header(request.headers, "sec-fetch-dest") or "document"
    ours = not reading.state or value(pairs, "state") == reading.state
    return ours and request.method == "GET" and wanted == "document"


def _query(request: Request) -> Pairs:
    try:
        return tuple(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    except ValueError:
        return ()


def _authorization(exchange: Exchange, reading: _Reading) -> Iterator[Event]:
    pairs, at = _query(exchange.request), exchange.started
    reading.redirect_uri = value(pairs, "redirect_uri") or reading.redirect_uri
    reading.client_id = value(pairs, "client_id") or reading.client_id
    reading.resource = value(pairs, "resource") or reading.resource
    reading.issuer = reading.issuer or origin(exchange.request.url)
    if reading.redirect_uri:
        yield Made(at, "client", (("redirect_uri", reading.redirect_uri),))
    if reading.client_id != reading.registered:
        source = "CIMD" if is_web_url(reading.client_id) else "pre-registered"
        yield Made(at, "client", (("client_id", reading.client_id), ("source", source)))
    made = {
        # Only the client knows it; its mark stands for that it is not known here.
        "code_verifier": redact(_UNKNOWN_VERIFIER),
        "code_challenge": value(pairs, "code_challenge"),
        "code_challenge_method": value(pairs, "code_challenge_method"),
        "state": value(pairs, "state"),
        "nonce": value(pairs, "nonce"),
    }
    yield Made(at, "pkce", tuple((name, text) for name, text in made.items() if text))
    yield Made(at, "authorize", (("authorization_url", exchange.request.url),))
    yield Exchanged(at, "callback", exchange, "as the browser, hop 1")


def _step_of(exchange: Exchange, reading: _Reading) -> StepId | None:
    request = exchange.request
    if request.method == "GET":
        for suffix, step in (
            (RESOURCE, "resource-metadata"),
            (OAUTH, "server-metadata"),
            (OPENID, "server-metadata"),
        ):
            if f"/.well-known/{suffix}" in request.url or request.url.endswith(f"/{suffix}"):
                return step  # type: ignore[return-value]
        return "keys" if _members(exchange).get("keys") else None
    if request.method != "POST":
        return None
    if value(read_form(request.body), "grant_type"):
        refresh = value(read_form(request.body), "grant_type") == "refresh_token"
        return "refresh" if refresh else "token"
    message, _ = read_json(request.body)
    if not isinstance(message, dict):
        return None
    if text_list(message, "redirect_uris") is not None:
        return "client"
    method = sent(request)[0]
    if message.get("jsonrpc") != "2.0" or not method:
        return None
    if method in _LISTS:
        return "tools"
    # Chrome leaves the token out of what it calls sanitised.
    has_token = reading.token_sent or header(request.headers, "authorization") is not None
    if not has_token:
        return "challenge"
    return "connect" if method in _OPENS else "call"


def _members(exchange: Exchange) -> Mapping[str, Any]:
    response = exchange.response
    if response is None or "json" not in media_type(response.headers):
        return {}
    document, _ = read_json(response.body)
    return document if isinstance(document, dict) else {}


def _before(step: StepId, exchange: Exchange, reading: _Reading) -> Iterator[Event]:
    """What the record needs ahead of an exchange, and what is learnt from it."""
    members, at = _members(exchange), exchange.started
    match step:
        case "challenge" | "connect" | "tools" | "call":
            reading.mcp_url = reading.mcp_url or exchange.request.url
        case "resource-metadata":
            reading.resource = text_member(members, "resource") or reading.resource
        case "server-metadata":
            reading.issuer = text_member(members, "issuer") or reading.issuer
        case "client":
            reading.registered = text_member(members, "client_id") or ""
            document, _ = read_json(exchange.request.body)
            uris = text_list(document, "redirect_uris") if isinstance(document, dict) else None
            if uris:
                reading.redirect_uri = uris[0]
                yield Made(at, "client", (("redirect_uri", uris[0]),))
        case "token":
            verifier = value(read_form(exchange.request.body), "code_verifier")
            first, reading.token_sent = not reading.token_sent, True
            if verifier and first:
                reading.events[:] = [_with_verifier(event, verifier) for event in reading.events]


def _with_verifier(event: Event, verifier: str) -> Event:
    if not isinstance(event, Made) or event.step != "pkce":
        return event
    pairs = tuple(
        (name, verifier if name == "code_verifier" else text) for name, text in event.values
    )
    return replace(event, values=pairs)


def _label(step: StepId, exchange: Exchange) -> str:
    if step in MCP_STEPS:
        method, version, _ = sent(exchange.request)
        return f"{method}, {version}" if version else method
    return "from the browser"
