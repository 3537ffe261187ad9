"""A token refused in the middle: refresh, authorize again, step up; and an end to it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flows.documents import read_form
from flows.exchange import Request, Response, header
from flows.moves import Blocked, Done, Remedy
from flows.session import Target
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    RESOURCE,
    RESOURCE_PATH,
    TOKEN,
    World,
    answer,
    challenge,
    mcp,
)

OTHER = "https://new.example.com"


def bearer(request: Request) -> str:
    return (header(request.headers, "authorization") or "").removeprefix("Bearer ")


def refusing(wanted: Callable[[str, str], Response | None]) -> Callable[[Request], Response]:
    """An MCP server that refuses where `wanted(token, method)` gives an answer."""

    def server(request: Request) -> Response:
        token = bearer(request)
        refusal = wanted(token, json.loads(request.body)["method"]) if token else None
        return refusal or mcp(request)

    return server


def numbered(**more: Any) -> Callable[[Request], Response]:
    """A token endpoint whose tokens are a-1, a-2, ..."""
    issued: list[str] = []

    def token(request: Request) -> Response:
        issued.append(dict(read_form(request.body))["grant_type"])
        return answer(200, {**TOKEN, "access_token": f"a-{len(issued)}", **more})

    return token


def expired(token: str, method: str) -> Response | None:
    """a-1 dies before tools/call."""
    dead = token == "a-1" and method == "tools/call"
    return challenge('error="invalid_token"') if dead else None


def grants(world: World, host: str = ISSUER) -> list[str]:
    tokens = world.requests(f"{host}/token")
    return [dict(read_form(request.body))["grant_type"] for request in tokens]


def test_a_dead_token_is_refreshed_and_the_request_sent_again() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = refusing(expired)
    world.routes[f"POST {ISSUER}/token"] = numbered(refresh_token="r")
    move = world.walk()
    assert isinstance(move, Blocked) and move.remedy == Remedy("refresh", "refresh the token")
    assert world.mended() == Done("call", "add")
    assert grants(world) == ["authorization_code", "refresh_token"]
    methods = [
        json.loads(request.body)["method"] for request in world.requests("/mcp") if request.body
    ]
    assert methods[-2:] == ["tools/call", "tools/call"], "the connection stands, the call repeats"
    assert bearer(world.sent[-1]) == "a-2"


def test_without_a_refresh_token_the_client_authorizes_again() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = refusing(expired)
    world.routes[f"POST {ISSUER}/token"] = numbered()
    assert world.mended() == Done("call", "add")
    assert grants(world) == ["authorization_code", "authorization_code"]
    assert len(world.requests("/register")) == 1, "this issuer knows the client"
    assert len(world.requests(RESOURCE_PATH)) == 2, "the authorization server may have moved"


def test_a_refresh_that_fails_ends_in_a_new_authorization() -> None:
    world = World()
    tokens = numbered(refresh_token="r")

    def token(request: Request) -> Response:
        if dict(read_form(request.body))["grant_type"] == "refresh_token":
            return answer(400, {"error": "invalid_grant"})
        return tokens(request)

    world.routes[f"POST {MCP}"] = refusing(expired)
    world.routes[f"POST {ISSUER}/token"] = token
    assert world.mended() == Done("call", "add")
    assert grants(world) == ["authorization_code", "refresh_token", "authorization_code"]


def test_a_new_authorization_server_never_sees_the_old_client() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = numbered()
    moved = {key: str(text).replace(ISSUER, OTHER) for key, text in METADATA.items()}
    document = {**METADATA, **{key: text for key, text in moved.items() if OTHER in text}}
    world.routes[f"GET {OTHER}/.well-known/oauth-authorization-server"] = answer(200, document)
    world.routes[f"POST {OTHER}/register"] = answer(
        201, {"client_id": "client-2", "redirect_uris": ["http://127.0.0.1:7777/callback"]}
    )
    world.routes[f"POST {OTHER}/token"] = answer(200, {**TOKEN, "access_token": "b-1"})

    def wanted(token: str, method: str) -> Response | None:
        if method == "tools/call" and token == "a-1":
            resource = {**RESOURCE, "authorization_servers": [OTHER]}
            world.routes[f"GET https://mcp.example.com{RESOURCE_PATH}"] = answer(200, resource)
            return challenge('error="invalid_token"')
        return None

    world.routes[f"POST {MCP}"] = refusing(wanted)
    world.walk("call")
    world.answer("call", name="add", arguments="{}")
    move = world.walk()
    assert isinstance(move, Blocked) and move.remedy
    world.remedy(move.remedy)
    world.walk("callback")
    world.respond(code="c", state=world.state, iss=OTHER)
    assert world.walk() == Done("call", "add")
    assert bearer(world.sent[-1]) == "b-1"
    (exchange,) = world.requests(f"{OTHER}/token")
    assert dict(read_form(exchange.body))["client_id"] == "client-2"


def test_a_pre_registered_client_does_not_follow_to_another_server() -> None:
    world = World(Target(MCP, client_id="mine"))
    world.walk("call")
    document = {**RESOURCE, "authorization_servers": [OTHER]}
    world.routes[f"GET https://mcp.example.com{RESOURCE_PATH}"] = answer(200, document)
    metadata = {**METADATA, "issuer": OTHER}
    world.routes[f"GET {OTHER}/.well-known/oauth-authorization-server"] = answer(200, metadata)
    world.remedy(Remedy("resource-metadata", ""))
    move = world.walk("pkce")
    assert isinstance(move, Blocked)
    assert (move.step, move.word, move.can_override) == ("client", "moved", True)


def stepping(*scopes: str) -> Callable[[str, str], Response | None]:
    """tools/call wants one more scope each time."""
    wanted = list(scopes)

    def refuse(token: str, method: str) -> Response | None:
        if method != "tools/call" or not wanted:
            return None
        return challenge(f'error="insufficient_scope", scope="{wanted.pop(0)}"', 403)

    return refuse


def scopes(world: World) -> list[str]:
    urls = [
        dict(event.values)["authorization_url"]
        for event in world.session.events
        if event.step == "authorize" and hasattr(event, "values")
    ]
    return [parse_qs(urlsplit(url).query)["scope"][0] for url in urls]


def test_a_step_up_asks_for_the_union() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = refusing(stepping("tools:write"))
    assert world.mended() == Done("call", "add")
    assert scopes(world) == ["tools", "tools tools:write"]
    assert world.move("challenge") == Done("challenge", "401"), "a 403 later is another matter"
    assert len(world.requests("/register")) == 1


def test_step_ups_come_to_an_end() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = refusing(stepping(*(f"s{number}" for number in range(9))))
    move = world.mended()
    assert isinstance(move, Blocked) and move.step == "call" and move.word == "403"
    assert scopes(world)[-1] == "tools s0 s1 s2"


def test_a_challenge_that_asks_no_more_is_the_end() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = refusing(stepping("tools", "tools"))
    move = world.mended()
    assert isinstance(move, Blocked) and move.remedy is None
    assert scopes(world) == ["tools"]


def test_a_token_the_person_brought_has_no_remedy() -> None:
    world = World(Target(MCP, bearer="a-1"))
    world.routes[f"POST {MCP}"] = challenge('error="invalid_token"')
    move = world.walk()
    assert isinstance(move, Blocked) and move.remedy is None


def test_the_record_of_a_mended_walk_folds_to_the_same_facts() -> None:
    from flows.fold import Fold
    from flows.session import Session
    from flows.steps import READERS

    world = World()
    world.routes[f"POST {MCP}"] = refusing(stepping("x", "y"))
    world.mended()
    world.rerun("connect")
    world.walk()
    one_by_one = Fold(Session(world.target, world.session.created, world.seed), READERS)
    for event in world.session.events:
        one_by_one.add(event)
    assert one_by_one.facts == world.facts
    assert world.facts.tokens and world.facts.scope_asked == "tools x y"


def test_a_server_that_asks_only_where_it_matters() -> None:
    """Open to everybody until tools/list: the authorization starts in the middle."""
    world = World()

    def server(request: Request) -> Response:
        method = json.loads(request.body)["method"]
        if not bearer(request) and method != "server/discover":
            url = f"https://mcp.example.com{RESOURCE_PATH}"
            return challenge(f'resource_metadata="{url}", scope="late"')
        return mcp(Request(request.method, request.url, (("Authorization", "x"),), request.body))

    world.routes[f"POST {MCP}"] = server
    assert world.mended() == Done("call", "add")
    assert scopes(world) == ["late"]
    assert len(world.requests(RESOURCE_PATH)) == 1
