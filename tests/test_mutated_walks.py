"""A clean walk whose servers' answers were changed in one place or a few: whatever they say, the
walk stands somewhere, and what is shown and reported of it is whole and safe."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.exchange import Exchange, Failure, Request, Response
from flows.moves import Ask, Blocked, Done, Move, Send, Skipped
from flows.outgoing import sent, target
from flows.session import Session, Target
from flows.steps.inspection import Use, inspect_of
from flows.store import decode, encode
from flows.text import visible
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.tokens import jwk, private_key, sign
from tests.flows.world import ISSUER, MCP, METADATA, NOW, TOKEN, TOOLS, World, answer, healthy
from tests.hostile import HOSTILE
from tui.console import Console
from tui.ending import ending_of
from tui.lines import Lines
from tui.record import rows
from tui.redaction import Redaction
from tui.report import print_document, report

CLAIMS = {"iss": ISSUER, "aud": MCP, "sub": "user-42", "exp": 1_800_000_000, "scope": "tools"}
USES: tuple[Use, ...] = ("access", "refresh", "id")


def modern() -> World:
    """2026-07-28, with a signed token, its keys, refreshing and an input round."""
    key = private_key("ES256")
    token = {
        **TOKEN,
        "access_token": sign("ES256", key, CLAIMS, kid="k1", typ="at+jwt"),
        "refresh_token": "refresh-token-0001",
        "scope": "tools",
    }
    routes = {
        **healthy(),
        f"GET {ISSUER}/.well-known/oauth-authorization-server": answer(
            200, {**METADATA, "jwks_uri": f"{ISSUER}/keys", "scopes_supported": ["tools"]}
        ),
        f"GET {ISSUER}/keys": answer(200, {"keys": [jwk(key, kid="k1", alg="ES256")]}),
        f"POST {ISSUER}/token": answer(200, token),
    }
    return World(routes=routes)


def legacy() -> World:
    """2025-11-25: a session, event streams, a second page of tools, a bound token, a pushed
    request."""
    routes = {
        **healthy(),
        f"GET {ISSUER}/.well-known/oauth-authorization-server": answer(
            200,
            {
                **METADATA,
                "require_pushed_authorization_requests": True,
                "pushed_authorization_request_endpoint": f"{ISSUER}/par",
            },
        ),
        f"POST {ISSUER}/par": answer(201, {"request_uri": "urn:example:1", "expires_in": 60}),
        f"POST {ISSUER}/token": answer(200, {**TOKEN, "token_type": "DPoP"}),
        f"POST {MCP}": _initialize,
    }
    return World(Target(MCP, dpop=True, declare=("elicitation",)), routes)


def _initialize(request: Request) -> Response:
    if not any(name == "Authorization" for name, _ in request.headers):
        return answer(401, b"", None, ("WWW-Authenticate", 'DPoP algs="ES256"'))
    message = json.loads(request.body)
    results: dict[str, Any] = {
        "initialize": {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "old", "version": "1"},
            "instructions": "Ask twice.",
        },
        "tools/list": {"tools": TOOLS, **({} if "cursor" in str(message) else {"nextCursor": "2"})},
        "tools/call": {"content": [{"type": "text", "text": "3"}], "structuredContent": {"n": 3}},
    }
    if message["method"] not in results:
        status = 202 if "id" not in message else 400
        return answer(status, b"", None)
    reply = {"jsonrpc": "2.0", "id": message["id"], "result": results[message["method"]]}
    asks = {"jsonrpc": "2.0", "id": "s1", "method": "elicitation/create", "params": {}}
    stream = "".join(
        f"id: {number}\nevent: message\ndata: {json.dumps(one)}\n\n"
        for number, one in enumerate((asks, reply))
    )
    return answer(200, stream.encode(), "text/event-stream", ("Mcp-Session-Id", "session-1"))


def machine() -> World:
    """Client credentials at an issuer whose metadata is OpenID's."""
    target = Target(
        MCP, grant="client-credentials", client_id="machine", client_secret="s3cret-of-ours"
    )
    routes = healthy()
    metadata = routes.pop(f"GET {ISSUER}/.well-known/oauth-authorization-server")
    return World(target, {**routes, f"GET {ISSUER}/.well-known/openid-configuration": metadata})


WORLDS: dict[str, Callable[[], World]] = {"modern": modern, "legacy": legacy, "machine": machine}

BAD_URLS = (
    "https://auth.example.com:99999/x",
    "https://auth.example.com:port/x",
    "https://auth.example.com/\nx",
    "https://[::1/x",
    "http://[",
    "https://user:pass@auth.example.com/",
    "https://\ud800.example.com/",
    "https:///x",
    "//auth.example.com",
    "javascript:alert(1)",
    "https://auth.example.com/" + "a" * 5000,
    "https://xn--.example/",
    "https://a..b/",
    f"https://{'a' * 300}.example/",
    "https://ex%61mple.com/",
    "https://auth.example.com/?code=1#frag",
)
NUMBERS = (0, -1, 1e308, 10**400, -(10**400), 0.5, 1e400, float("nan"), float("-inf"), 2**63)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(HOSTILE),
    st.sampled_from(BAD_URLS),
    st.sampled_from(
        ("", "S256", "none", "DPoP", "input_required", "client_secret_basic", "private_key_jwt")
    ),
    st.text(st.characters(), max_size=12),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("a", "name", "", "\ud800")), inner),
    ),
    max_leaves=5,
)
BODIES = (
    b"",
    b" ",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"[]",
    b"null",
    b"{",
    b'{"a": NaN}',
    b"<!doctype html><title>no</title>",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"error": "invalid_grant", "error": 1}',
    b"access_token=form&token_type=bearer",
    b"data: {}\n\n",
    b"1" * 5000,
)
HEADERS = (
    "content-type",
    "www-authenticate",
    "location",
    "mcp-session-id",
    "dpop-nonce",
    "content-encoding",
)
HEADER_VALUES = (
    "",
    "text/event-stream",
    "application/json; charset=utf-16",
    "Bearer",
    'Bearer resource_metadata="https://x:99999/"',
    'Bearer scope="\x80\xff", error="insufficient_scope"',
    'Bearer scope="more", error="insufficient_scope"',
    "Basic realm=, DPoP , ,,",
    "/relative",
    "https://evil.example:0/",
    "http://[",
    "\x00\x1b[2J",
    "a" * 9000,
)
FAILURES = (
    Failure("timeout", "nothing came"),
    Failure("protocol", "broke off"),
    Failure("too-large", "too large"),
    Failure("bad-request", "cannot be sent"),
)


@dataclass(frozen=True)
class Change:
    """What happens to the answer of the exchange with this number, counted from 0."""

    number: int
    how: str
    where: int = 0
    value: Any = None

    def __call__(self, found: Response | Failure) -> tuple[Response | None, Failure | None]:
        if isinstance(found, Failure):
            return None, found
        match self.how:
            case "fail":
                return None, self.value
            case "cut":
                body = found.body[: self.where % (len(found.body) + 1)]
                return replace(found, body=body), self.value
            case "status":
                return replace(found, status=self.value), None
            case "body":
                return replace(found, body=self.value), None
            case "header":
                name = HEADERS[self.where % len(HEADERS)]
                kept = tuple(pair for pair in found.headers if pair[0].lower() != name)
                return replace(found, headers=(*kept, (name, self.value))), None
            case _:
                return replace(found, body=self._edited(found.body)), None

    def _edited(self, body: bytes) -> bytes:
        """JSON, or the JSON in an event stream, with one value of it another."""
        lines = body.split(b"\n")
        for at, line in enumerate(lines):
            start = 6 if line.startswith(b"data: ") else 0
            try:
                document = json.loads(line[start:])
            except ValueError:
                continue
            places = list(_places(document))
            if places and (self.how != "stream" or start):
                _change(document, places[self.where % len(places)], self.how, self.value)
            lines[at] = line[:start] + json.dumps(document).encode()
        return b"\n".join(lines)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and item."""
    inner: Any = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _change(document: Any, path: tuple[Any, ...], how: str, value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    if how == "remove":
        del document[path[-1]]
    else:
        document[path[-1]] = deepcopy(value)


numbers = st.integers(0, 14)
places = st.integers(0, 60)
CHANGES = st.one_of(
    st.builds(Change, numbers, st.just("replace"), places, VALUES),
    st.builds(Change, numbers, st.just("remove"), places),
    st.builds(Change, numbers, st.just("body"), st.just(0), st.sampled_from(BODIES)),
    st.builds(Change, numbers, st.just("header"), places, st.sampled_from(HEADER_VALUES)),
    st.builds(Change, numbers, st.just("fail"), st.just(0), st.sampled_from(FAILURES)),
    st.builds(Change, numbers, st.just("cut"), places, st.sampled_from(FAILURES)),
    st.builds(
        Change,
        numbers,
        st.just("status"),
        st.just(0),
        st.sampled_from((101, 204, 302, 401, 403, 500)),
    ),
)


@dataclass
class Mutated:
    """A world whose answers pass the changes, walked as far as a stubborn person could."""

    world: World
    changes: tuple[Change, ...]
    stops: list[Move] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._honest = self.world.exchange
        self.world.exchange = self._exchange  # type: ignore[method-assign]

    def _exchange(self, request: Request) -> Exchange:
        exchange = self._honest(request)
        number = len(self.world.sent) - 1
        for change in self.changes:
            if change.number == number:
                found = exchange.response or exchange.error
                assert found
                response, error = change(found)
                exchange = replace(exchange, response=response, error=error)
        return exchange

    def walk(self) -> Move:
        """Overrides what can be overridden, takes up every remedy, refreshes once."""
        for _ in range(150):
            move = self.world.standing()
            self.stops.append(move)
            match move:
                case Done() | Skipped():
                    return move
                case Blocked(remedy=remedy) if remedy:
                    self.world.remedy(remedy)
                case Blocked(can_override=True) if move.step not in self.world.facts.overridden:
                    self.world.override(move.step)
                case Blocked():
                    return move
                case Send(request=request):
                    target(request.url)
                    sent(request, "host", "authwalk")
                    self.world.perform(move)
                case Ask(kind="input"):
                    self.world.answer("call", inputResponses="{}")
                case _:
                    self.world.perform(move)
            optional = self.world.move("refresh") if self.world.facts.tokens else None
            if isinstance(optional, Send) and not self.world.facts.refreshed:
                self.world.perform(optional)
        raise AssertionError(f"the walk does not end: {self.stops[-3:]}")


def shown(session: Session) -> str:
    """The lines of `show`."""
    out = io.StringIO()
    console = Console(out)
    lines = Lines(console, Redaction(session))
    walk = Walk(session, Wire())
    for row in rows(walk):
        console.say(*lines.step(row))
    console.say(*lines.catalogue(walk.facts))
    console.tell(*lines.ending(walk, ending_of(walk)))
    return out.getvalue()


def reported(session: Session) -> dict[str, Any]:
    walk = Walk(session, Wire())
    out = io.StringIO()
    with redirect_stdout(out):
        print_document(report(walk, ending_of(walk), Redaction(session)))
    found: dict[str, Any] = json.loads(out.getvalue())
    says = [finding["says"] for finding in found["findings"]]
    assert not [words for words in says if "could not be judged" in words]
    return found


@pytest.mark.parametrize("kind", WORLDS)
@given(changes=st.lists(CHANGES, min_size=1, max_size=3))
@settings(max_examples=100)
def test_whatever_a_server_says_the_walk_stands_somewhere(kind: str, changes: list[Change]) -> None:
    walked = Mutated(WORLDS[kind](), tuple(changes))
    walked.walk()
    session = walked.world.session
    text = shown(session)
    assert visible(text, lines=True) == text
    assert reported(session)["outcome"] in ("completed", "stopped", "needs-person", "unreachable")
    for use in USES:
        inspect_of(walked.world.facts, use, NOW)
    kept = decode(encode(session))
    assert reported(kept)["outcome"]


@pytest.mark.parametrize("kind", WORLDS)
def test_the_walks_are_clean_before_they_are_changed(kind: str) -> None:
    walked = Mutated(WORLDS[kind](), ())
    end = walked.walk()
    assert isinstance(end, Done)
    assert not [move for move in walked.stops if isinstance(move, Blocked)]
