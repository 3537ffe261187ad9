"""A recorded world for the tests of pure steps: exchanges made by hand, no network.

`World` answers requests from a table and folds them through the real steps, so that a test says
only what is different about its server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.exchange import Exchange, Failure, Headers, Request, Response
from flows.facts import Facts
from flows.fold import Fold
from flows.mcp.validation import validate
from flows.moves import (
    Act,
    Ask,
    Blocked,
    Compose,
    Done,
    Listen,
    Make,
    Move,
    Remedy,
    Send,
    Skipped,
    Validate,
)
from flows.session import (
    Answered,
    Event,
    Exchanged,
    Made,
    Overrode,
    Reran,
    Session,
    StepId,
    Target,
)
from flows.steps import READERS, STEP, STEPS

MCP = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"
REDIRECT = "http://127.0.0.1:7777/callback"
NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)

Answer = Response | Failure
Route = Answer | Callable[[Request], Answer]


def answer(
    status: int = 200,
    body: Any = b"",
    media_type: str | None = "application/json",
    *headers: tuple[str, str],
    reason: str = "",
) -> Response:
    """A response; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: Headers = headers
    if media_type:
        fields = (("Content-Type", media_type), *headers)
    return Response(status, reason, fields, data, wire_size=len(data))


def challenge(parameters: str = "", status: int = 401) -> Response:
    named = f'resource_metadata="https://mcp.example.com{RESOURCE_PATH}"'
    text = f"Bearer {parameters or named}"
    return answer(status, {"error": "unauthorized"}, "application/json", ("WWW-Authenticate", text))


RESOURCE_PATH = "/.well-known/oauth-protected-resource/mcp"
RESOURCE = {
    "resource": MCP,
    "authorization_servers": [ISSUER],
    "scopes_supported": ["tools"],
}
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "registration_endpoint": f"{ISSUER}/register",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
    "authorization_response_iss_parameter_supported": True,
}
CODE = "SplxlOBeZQQYbYS6WxSbIA"
TOKEN = {"access_token": "opaque-token-0001", "token_type": "Bearer", "expires_in": 3600}
NO_STORE = ("Cache-Control", "no-store")
TOOLS = [{"name": "add", "inputSchema": {"type": "object"}}]


def register(request: Request) -> Response:
    return answer(201, {**json.loads(request.body), "client_id": "client-1"})


def mcp(request: Request) -> Response:
    """An MCP server of 2026-07-28 that wants a token."""
    if not any(name == "Authorization" for name, _ in request.headers):
        return challenge()
    message = json.loads(request.body)
    hints = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    results: Mapping[str, Any] = {
        "server/discover": {
            **hints,
            "supportedVersions": ["2026-07-28"],
            "capabilities": {"tools": {}},
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "world", "version": "3.1.1"}},
        },
        "tools/list": {**hints, "tools": TOOLS},
        "tools/call": {"resultType": "complete", "content": [{"type": "text", "text": "3"}]},
    }
    result = results[message["method"]]
    return answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})


def healthy() -> dict[str, Route]:
    """Routes by `METHOD URL` of a server pair that follows every rule."""
    return {
        f"POST {MCP}": mcp,
        f"GET https://mcp.example.com{RESOURCE_PATH}": answer(200, RESOURCE),
        f"GET {ISSUER}/.well-known/oauth-authorization-server": answer(200, METADATA),
        f"POST {ISSUER}/register": register,
        f"POST {ISSUER}/token": answer(200, TOKEN, "application/json", NO_STORE),
    }


@dataclass
class World:
    """A walk against routes. What is not routed answers 404."""

    target: Target = field(default_factory=lambda: Target(MCP))
    routes: dict[str, Route] = field(default_factory=healthy)
    seed: bytes = b"\x01" * 32
    session: Session = field(init=False)
    sent: list[Request] = field(default_factory=list)
    _folded: tuple[Session, Facts] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.session = Session(self.target, NOW, self.seed)

    @property
    def facts(self) -> Facts:
        if self._folded is None or self._folded[0] is not self.session:
            self._folded = self.session, Fold(self.session, READERS).facts
        return self._folded[1]

    def move(self, step: StepId) -> Move:
        return STEP[step].next(self.facts)

    def standing(self) -> Move:
        """The first move that is not done; the last Done when all is."""
        move: Move = Done("call", "")
        for step in STEPS:
            move = step.next(self.facts)
            optional = isinstance(move, Send) and move.optional
            if not isinstance(move, Done | Skipped) and not optional:
                return move
        return move

    def record(self, *events: Event) -> None:
        self.session = self.session.append(*events)

    def exchange(self, request: Request) -> Exchange:
        self.sent.append(request)
        route = self.routes.get(f"{request.method} {request.url}", answer(404, b"", None))
        found = route(request) if callable(route) else route
        number = f"x{len(self.sent)}"
        at = NOW + timedelta(seconds=len(self.sent))
        if isinstance(found, Failure):
            return Exchange(number, request, at, error=found)
        return Exchange(number, request, at, found)

    def perform(self, move: Act) -> None:
        at = NOW + timedelta(seconds=len(self.session.events))
        match move:
            case Send():
                exchange = self.exchange(move.request)
                self.record(Exchanged(at, move.step, exchange, move.label))
            case Listen():
                self.record(Made(at, move.step, (("redirect_uri", REDIRECT),)))
            case Make():
                self.record(Made(at, move.step, move.values))
            case Compose():
                pairs = (("authorization_url", move.request.url),)
                self.record(Made(at, move.step, pairs))
            case Validate():
                found = validate(move.schema, move.value, move.name)
                text = json.dumps([[p.path, p.text, p.checked] for p in found])
                self.record(Made(at, move.step, (("problems", text),)))
            case Ask(kind="authorization-response"):
                self.respond(code=CODE, state=self.state, iss=ISSUER)
            case Ask(kind="tool"):
                self.answer("call", name="add", arguments='{"a": 1, "b": 2}')
            case Ask():
                self.answer(move.step, client_id="entered-1")

    def answer(self, step: StepId, **values: str) -> None:
        self.record(Answered(NOW, step, tuple(values.items())))

    def respond(self, **parameters: str) -> None:
        """The browser comes back to the redirect URI with these parameters."""
        from urllib.parse import urlencode

        self.answer("callback", redirect=f"{REDIRECT}?{urlencode(parameters)}", via="listener")

    @property
    def state(self) -> str:
        pkce = self.facts.pkce
        assert pkce
        return pkce.state

    def override(self, step: StepId) -> None:
        self.record(Overrode(NOW, step, "the test says so"))

    def rerun(self, step: StepId) -> None:
        self.record(Reran(NOW, step, b"\x02" * 32))

    def remedy(self, remedy: Remedy) -> None:
        at = NOW + timedelta(seconds=len(self.session.events))
        self.record(Reran(at, remedy.step, b"\x03" * 32, "refresh", remedy.scope))

    def mended(self) -> Move:
        """Walk on, taking up every remedy that is offered."""
        for _ in range(20):
            move = self.walk()
            if not (isinstance(move, Blocked) and move.remedy):
                return move
            self.remedy(move.remedy)
        raise AssertionError("there is no end of remedies")

    def walk(self, until: StepId | None = None) -> Move:
        """Perform moves until `until` is up, the walk is blocked, or all is done."""
        for _ in range(60):
            move = self.standing()
            if isinstance(move, Done | Skipped | Blocked) or move.step == until:
                return move
            self.perform(move)
        raise AssertionError(f"the walk does not end: {self.standing()}")

    def requests(self, path: str) -> list[Request]:
        """What was sent to URLs that hold `path`."""
        return [request for request in self.sent if path in request.url]
