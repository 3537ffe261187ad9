"""The checks of a host: they speak when it is chosen, with its evidence, and never else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flows.checks import all_checks, findings
from flows.checks.host_discovery import is_taken
from flows.checks.host_rules import HostCheck
from flows.diagnosis import diagnose
from flows.exchange import Timing
from flows.hosts import RULES, find
from flows.session import Exchanged, Target
from flows.steps import STEPS
from tests.flows.checks.judging import judged, only, record_of
from tests.flows.tokens import private_key, sign
from tests.flows.world import (
    ISSUER,
    MCP,
    METADATA,
    NO_STORE,
    NOW,
    REDIRECT,
    RESOURCE,
    RESOURCE_PATH,
    TOKEN,
    World,
    answer,
    healthy,
)

Change = Callable[[dict[str, Any]], None]
SERVER = f"GET {ISSUER}/.well-known/oauth-authorization-server"
RESOURCE_URL = f"GET https://mcp.example.com{RESOURCE_PATH}"


def walked(host: str | None, routes: dict[str, Any] | None = None, **target: Any) -> World:
    made = World(replace(Target(MCP, host=host), **target), {**healthy(), **(routes or {})})
    made.walk("connect")
    return made


def access_token(**changes: Any) -> str:
    """An RFC 9068 access token that no rule objects to; a claim that is None is left out."""
    now = int(NOW.timestamp())
    claims = {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": MCP,
        "exp": now + 3600,
        "iat": now,
        "client_id": "client-1",
        "jti": "1",
        "scope": "tools",
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return sign("ES256", private_key("ES256"), kept, typ="at+jwt", kid="k1")


def token(**members: Any) -> dict[str, Any]:
    return {f"POST {ISSUER}/token": answer(200, {**TOKEN, **members}, "application/json", NO_STORE)}


def without(name: str) -> dict[str, Any]:
    members = {key: value for key, value in TOKEN.items() if key != name}
    return {f"POST {ISSUER}/token": answer(200, members, "application/json", NO_STORE)}


def metadata(**members: Any) -> dict[str, Any]:
    return {SERVER: answer(200, {**METADATA, **members})}


def resource(**members: Any) -> dict[str, Any]:
    return {RESOURCE_URL: answer(200, {**RESOURCE, **members})}


def registration(**members: Any) -> dict[str, Any]:
    return {f"POST {ISSUER}/register": answer(201, {"client_id": "client-1", **members})}


def slow(world: World, step: str, seconds: float) -> World:
    """The same record, where the answers of one step took so long."""
    events = tuple(
        replace(event, exchange=replace(event.exchange, timing=Timing(total=seconds)))
        if isinstance(event, Exchanged) and event.step == step
        else event
        for event in world.session.events
    )
    world.session = replace(world.session, events=events)
    return world


REFUSED: list[tuple[str, str, World, str]] = [
    (
        "HOST-02",
        "vscode",
        walked("vscode", resource(resource="https://mcp.example.com")),
        "the URL dialled https://mcp.example.com/mcp",
    ),
    (
        "HOST-02",
        "claude-code",
        walked("claude-code", resource(resource="https://mcp.example.com")),
        "is reported to refuse that (2026-11-25)",
    ),
    (
        "HOST-03",
        "claude",
        walked(
            "claude",
            resource(authorization_servers=["https://other.example", ISSUER]),
            authorization_server=ISSUER,
        ),
        "names https://other.example first. Claude is documented to use only the first",
    ),
    (
        "HOST-05",
        "copilot-studio",
        walked("copilot-studio", metadata(registration_endpoint=None)),
        "have no other way than DCR",
    ),
    (
        "HOST-06",
        "cursor",
        walked("cursor", registration(redirect_uris=["http://localhost:8787/callback"])),
        "Left out of the registration: cursor://anysphere.cursor-mcp/oauth/callback",
    ),
    (
        "HOST-06",
        "cursor",
        walked("cursor", {f"POST {ISSUER}/register": answer(400, {"error": "invalid_client"})}),
        "The registration of its 3 redirect URIs is refused.",
    ),
    ("HOST-07", "microsoft-365-copilot", walked("microsoft-365-copilot"), "no client_secret"),
    (
        "HOST-08",
        "zed",
        walked("zed", metadata(token_endpoint_auth_methods_supported=["client_secret_basic"])),
        "takes client_secret_basic. Zed is documented to know no method but none",
    ),
    (
        "HOST-09",
        "chatgpt",
        walked("chatgpt", token(token_type="bearer")),
        '"Bearer" (2026-11-25). RFC 6749 §5.1 allows it: case does not matter.',
    ),
    (
        "HOST-10",
        "chatgpt",
        walked("chatgpt", without("expires_in")),
        "no expires_in. ChatGPT is reported to refuse it",
    ),
    ("HOST-10", "vscode", walked("vscode", without("token_type")), "no token_type. VS Code"),
    ("HOST-11", "chatgpt", walked("chatgpt"), "The access token is no JWT. ChatGPT is reported to"),
    (
        "HOST-11",
        "chatgpt",
        walked("chatgpt", token(access_token=access_token(aud=None))),
        "has no aud",
    ),
    (
        "HOST-12",
        "mcp-remote",
        walked("mcp-remote", token(refresh_token=None)),
        "refresh_token is null: @modelcontextprotocol/sdk 1.32.2 refuses it.",
    ),
    (
        "HOST-13",
        "claude",
        walked("claude", resource(authorization_servers=[f"{ISSUER}:8443"])),
        "auth.example.com is dialled at port 8443. Claude is reported to",
    ),
    ("HOST-14", "claude", slow(walked("claude"), "token", 10.5), "took 10.5 s"),
]


@pytest.mark.parametrize(
    ("check", "host", "world", "says"), REFUSED, ids=[f"{c}-{h}" for c, h, *_ in REFUSED]
)
def test_what_the_host_refuses_is_told_with_its_evidence(
    check: str, host: str, world: World, says: str
) -> None:
    found = [one for one in judged(world, check) if one.speaks]
    assert found, f"{check} says nothing"
    finding = found[0]
    assert says in finding.says
    assert " will " not in finding.says
    assert finding.host == host
    assert finding.place and record_of(world).exchange(finding.place.exchange)
    assert finding.fix and finding.party
    documented = finding.standard.startswith("documented by https://")
    assert documented or "reported by https://" in finding.standard
    assert finding.result == ("fail" if documented else "warn")


def test_a_good_server_is_refused_by_no_host() -> None:
    good = token(access_token=access_token())
    for host in ("chatgpt", "claude", "vscode", "cursor", "codex", "zed", "mcp-remote"):
        world = walked(host, good)
        told = [one for one in findings(record_of(world)) if one.host and one.speaks]
        assert not told, told
        assert any(one.host == host and one.result == "pass" for one in findings(record_of(world)))


@pytest.mark.parametrize("world", [one[2] for one in REFUSED])
def test_without_a_host_nobody_is_quoted(world: World) -> None:
    made = World(replace(world.target, host=None))
    made.session = replace(made.session, events=world.session.events)
    checks = [one for one in all_checks() if isinstance(one, HostCheck)]
    assert len(checks) == 18
    for check in checks:
        (finding,) = check.findings(record_of(made))
        assert (finding.result, finding.host) == ("not-applicable", None)


def test_several_authorization_servers_are_not_all_looked_at() -> None:
    world = walked("chatgpt", resource(authorization_servers=[ISSUER, "https://other.example"]))
    assert only(world, "HOST-04").result == "skipped"
    assert only(walked("chatgpt"), "HOST-04").result == "pass"


def test_an_issuer_with_a_slash_more_is_told_before_and_after_the_person_went_on() -> None:
    world = World(Target(MCP, host="chatgpt"), {**healthy(), **metadata(issuer=f"{ISSUER}/")})
    world.walk("connect")
    says = "ChatGPT is documented to refuse another than it asked for"
    assert says in only(world, "HOST-01").says
    world.override("server-metadata")
    world.walk("connect")
    assert says in only(world, "HOST-01").says
    assert only(walked("chatgpt"), "HOST-01").result == "pass"
    # Zed compares URLs, in which the slash of a bare origin makes no difference.
    assert only(walked("zed", metadata(issuer=f"{ISSUER}/")), "HOST-01").result == "pass"


@pytest.mark.parametrize(
    ("comparison", "taken", "refused"),
    [
        ("exact", [MCP], [f"{MCP}/", "https://mcp.example.com", "https://MCP.example.com/mcp"]),
        ("normalized", [MCP, "https://MCP.example.com:443/mcp"], [f"{MCP}/", f"{MCP}?a=1"]),
        ("without-query", [MCP, f"{MCP}?a=1"], [f"{MCP}/", "https://mcp.example.com"]),
        (
            "prefix",
            [MCP, "https://mcp.example.com", "https://mcp.example.com/"],
            [f"{MCP}/", "https://mcp.example.com/mc", "https://other.example/mcp"],
        ),
    ],
)
def test_a_host_compares_the_resource_its_own_way(
    comparison: str, taken: list[str], refused: list[str]
) -> None:
    assert all(is_taken(one, MCP, comparison) for one in taken)
    assert not any(is_taken(one, MCP, comparison) for one in refused)


def test_a_dead_refresh_token_is_to_be_refused_as_invalid_grant() -> None:
    for error, result in (("invalid_request", "fail"), ("invalid_grant", "pass")):
        world = World(Target(MCP, host="claude"), {**healthy(), **token(refresh_token="r1")})
        world.walk("connect")
        world.routes[f"POST {ISSUER}/token"] = answer(400, {"error": error})
        move = world.move("refresh")
        world.perform(move)  # type: ignore[arg-type]
        assert only(world, "HOST-15").result == result


def test_every_rule_of_a_host_file_is_judged() -> None:
    known = {demand.rule for name in ("chatgpt", "claude", "vscode") for demand in demands(name)}
    assert known | {"redirect-list", "client-secret"} == set(RULES)


def demands(name: str) -> tuple[Any, ...]:
    host = find(name)
    assert host
    return host.demands


def test_the_standards_come_first_and_the_host_has_a_verdict_of_its_own() -> None:
    good = token(access_token=access_token(), token_type="bearer")
    world = walked("chatgpt", good, redirect_uri=REDIRECT)
    moves = {step.id: step.next(world.facts) for step in STEPS}
    found = diagnose(world.session, moves, findings(record_of(world)))
    assert found.cause and found.cause.check == "HOST-09" and found.host is found.cause
    broken = {
        **good,
        RESOURCE_URL: answer(200, {**RESOURCE, "resource": "https://mcp.example.com"}),
    }
    world = walked("chatgpt", broken, redirect_uri=REDIRECT)
    moves = {step.id: step.next(world.facts) for step in STEPS}
    found = diagnose(world.session, moves, findings(record_of(world)))
    assert found.cause and found.cause.host is None
    assert found.host and found.host.check == "HOST-09"


def test_a_client_registered_by_hand_is_a_way_too() -> None:
    routes = metadata(registration_endpoint=None)
    found = only(walked("cursor", routes), "HOST-05")
    assert (found.result, found.party) == ("info", None)
    assert "take a client that a person registered, then" in found.says
    given = walked("cursor", routes, client_id="mine")
    assert only(given, "HOST-05").result == "not-applicable"
