import pytest

from flows.checks.kernel import Place
from flows.exchange import Response
from flows.session import Target
from tests.flows.checks.judging import only
from tests.flows.world import MCP, World, answer, challenge

WELL_KNOWN = "https://mcp.example.com/.well-known/oauth-protected-resource"


def challenged(given: Response) -> World:
    world = World(routes={f"POST {MCP}": given})
    world.perform(world.standing())  # type: ignore[arg-type]
    return world


@pytest.mark.parametrize(
    ("check", "given", "result", "said"),
    [
        ("CHAL-01", challenge(), "pass", ""),
        ("CHAL-01", challenge(status=403), "warn", "403 where 401 belongs"),
        ("CHAL-01", answer(500), "not-applicable", ""),
        ("CHAL-02", challenge(), "pass", ""),
        ("CHAL-02", answer(401, b"", None), "fail", "401 with no WWW-Authenticate"),
        (
            "CHAL-02",
            answer(401, b"", None, ("WWW-Authenticate", "Basic realm=x")),
            "fail",
            "WWW-Authenticate offers Basic",
        ),
        ("CHAL-03", challenge(), "pass", ""),
        ("CHAL-03", challenge("realm=x"), "info", "names no resource_metadata"),
        ("CHAL-03", challenge('resource_metadata="/here"'), "fail", "no absolute URL"),
        ("CHAL-04", challenge(f'resource_metadata="{WELL_KNOWN}/mcp"'), "pass", ""),
        ("CHAL-04", challenge(f'resource_metadata="{WELL_KNOWN}"'), "info", "clients that look"),
        ("CHAL-04", challenge('resource_metadata="https://x.example"'), "info", "another origin"),
        ("CHAL-07", challenge(), "pass", ""),
        ("CHAL-07", challenge('error="invalid_token"'), "warn", "no credentials were sent"),
    ],
)
def test_what_the_challenge_says(check: str, given: Response, result: str, said: str) -> None:
    found = only(challenged(given), check)
    assert (found.result, found.step) == (result, "challenge")
    assert said in found.says
    if result in ("fail", "warn"):
        assert found.party == "resource-server"
        assert found.fix and found.place


def test_the_evidence_is_the_header_field() -> None:
    found = only(challenged(challenge('error="x"')), "CHAL-07")
    assert found.place == Place("x1", "response", "header WWW-Authenticate")


def test_nothing_is_asked_of_a_server_that_got_a_token_at_once() -> None:
    world = World(Target(MCP, bearer="t"))
    world.walk()
    assert only(world, "CHAL-02").result == "not-applicable"
