from typing import Any

import pytest

from flows.exchange import Response
from tests.flows.checks.judging import failing, judged, only, results
from tests.flows.steps.test_grants import IDP_TOKEN, MANAGED, exchanged, id_jag, world_of
from tests.flows.world import ISSUER, World, answer


def managed(given: Response) -> World:
    world = world_of(MANAGED)
    world.routes[f"POST {IDP_TOKEN}"] = given
    world.walk(until="connect")
    return world


@pytest.mark.parametrize(
    ("check", "document", "result", "said", "field"),
    [
        ("EMA-01", {}, "pass", "", "/token_type"),
        ("EMA-01", {"token_type": "Bearer"}, "fail", "N_A belongs there", "/token_type"),
        ("EMA-01", {"token_type": "-"}, "fail", "is missing", ""),
        ("EMA-02", {}, "pass", "", "/access_token"),
        ("EMA-02", {"access_token": "opaque"}, "fail", "a JWT belongs there", "/access_token"),
        ("EMA-02", {"access_token": id_jag(typ="JWT")}, "fail", "is JWT", "/access_token"),
        ("EMA-02", {"access_token": id_jag(typ=None)}, "fail", "is missing", "/access_token"),
    ],
    ids=["issued", "bearer", "untyped", "jwt", "opaque", "typ", "no-typ"],
)
def test_the_answer_of_the_identity_provider(
    check: str, document: dict[str, Any], result: str, said: str, field: str
) -> None:
    world = managed(answer(200, exchanged(**document)))
    found = only(world, check)
    assert (found.result, found.step) == (result, "token")
    assert said in found.says
    exchange = found.place and world.session.exchange(found.place.exchange)
    assert exchange and exchange.request.url == IDP_TOKEN
    assert found.place and found.place.field == field


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aud": f"{ISSUER}/"}, f"aud of the ID-JAG is {ISSUER}/, not {ISSUER}."),
        ({"resource": None}, "resource of the ID-JAG is missing"),
        ({"client_id": "x"}, "client_id of the ID-JAG is x, not machine."),
    ],
)
def test_whom_the_id_jag_is_for(changes: dict[str, Any], said: str) -> None:
    world = managed(answer(200, exchanged(access_token=id_jag(**changes))))
    found = judged(world, "EMA-03")
    assert [one.result for one in found].count("fail") == 1
    assert any(said in one.says for one in found)


def test_a_good_id_jag() -> None:
    assert results(managed(answer(200, exchanged())), "EMA-03") == ["pass"] * 3


def test_a_refused_exchange() -> None:
    world = managed(answer(400, {"error": "invalid_grant"}))
    assert ("EMA-01", "authorization-server") in failing(world)
