from flows.checks import Record
from flows.exchange import Failure
from flows.har import read_har
from flows.health import Component, health
from flows.recorded import session_of
from flows.session import Target
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.test_har import from_world, story
from tests.flows.world import ISSUER, MCP, World, answer


def table(world: World) -> dict[str, Component]:
    walk = Walk(world.session, Wire())
    rows = health(Record(walk.session, walk.facts), walk.findings)
    return {row.name: row for row in rows}


def test_a_whole_walk() -> None:
    world = World()
    world.walk()
    rows = table(world)
    assert list(rows) == [
        "MCP server",
        "Resource metadata",
        "Server metadata",
        "Authorization",
        "Token",
        "Registration",
        "Signing keys",
        "Tools",
    ]
    assert rows["MCP server"].detail == "world 3.1.1, speaks 2026-07-28"
    assert rows["Server metadata"].detail == f"issuer {ISSUER}"
    assert (rows["Token"].state, rows["Token"].status) == ("ok", "200")
    assert rows["Tools"].detail == "1 tool"
    assert rows["Registration"].detail == "DCR, none"
    assert rows["Signing keys"].detail == "no jwks_uri is named"
    assert {row.state for row in rows.values()} <= {"ok", "unknown"}


def test_what_fails_is_told_by_its_words() -> None:
    world = World()
    world.routes[f"POST {MCP}"] = Failure("refused", "nobody listens there")
    world.walk()
    rows = table(world)
    server = rows["MCP server"]
    assert (server.state, server.status, server.detail) == (
        "fail",
        "refused",
        "nobody listens there",
    )
    assert rows["Token"].state == "unknown"


def test_an_error_found_in_an_answer_is_its_components() -> None:
    world = World()
    world.routes[f"POST {ISSUER}/token"] = answer(500)
    world.walk()
    assert table(world)["Token"].status == "500"


def test_a_server_that_was_never_asked_is_not_called_healthy() -> None:
    server = table(World())["MCP server"]
    assert (server.state, server.status, server.detail) == ("unknown", "", "not asked")


def test_of_a_browsers_record_only_what_is_in_it() -> None:
    walk = Walk(session_of(read_har(story())), Wire())
    (row,) = health(Record(walk.session, walk.facts), walk.findings)
    assert row.endpoint == f"{ISSUER}/oauth2/authorize"
    assert (row.name, row.status, row.detail) == ("Authorization", "302", "by the browser")
    world = World()
    world.walk()
    walk = Walk(session_of(read_har(from_world(world))), Wire())
    rows = {row.name: row for row in health(Record(walk.session, walk.facts), walk.findings)}
    assert (rows["Token"].status, rows["Token"].detail) == ("200", "by the browser")
    assert rows["MCP server"].state == "ok" and "Signing keys" not in rows


def test_an_issuer_alone_has_no_mcp_server() -> None:
    world = World(Target(ISSUER, kind="authorization-server"))
    world.walk("callback")
    assert "MCP server" not in table(world) and "Tools" not in table(world)
