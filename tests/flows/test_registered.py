"""The clients that a walk leaves behind."""

from __future__ import annotations

import json

from flows.exchange import Exchange, Request, Response
from flows.preflight import REGISTRATION
from flows.registered import Registered, left_registered
from flows.session import Exchanged, Session
from tests.flows.world import ISSUER, NOW, World, answer

REGISTER = f"{ISSUER}/register"
MANAGE = f"{REGISTER}/client-1"


def managed(request: Request) -> Response:
    members = {"registration_client_uri": MANAGE, "registration_access_token": "reg-token"}
    return answer(201, {**json.loads(request.body), "client_id": "client-1", **members})


def with_event(session: Session, request: Request, given: Response, label: str = "") -> Session:
    exchange = Exchange("x", request, NOW, given)
    probe = REGISTRATION if label else ""
    return session.append(Exchanged(NOW, "client", exchange, label, probe=probe))


def walked(**routes: object) -> Session:
    world = World()
    world.routes.update(routes)  # type: ignore[arg-type]
    world.walk()
    return world.session


def test_the_client_of_the_walk_itself() -> None:
    left = left_registered(walked())
    assert left == (Registered("client-1", REGISTER, None, None),)


def test_one_that_can_be_deleted_and_one_that_was() -> None:
    session = walked(**{f"POST {REGISTER}": managed})
    assert left_registered(session) == (Registered("client-1", REGISTER, None, MANAGE),)
    refused = with_event(session, Request("DELETE", MANAGE), answer(401))
    assert left_registered(refused) == left_registered(session)
    assert left_registered(with_event(session, Request("DELETE", MANAGE), answer(204))) == ()


def test_one_for_each_host_that_was_registered_as() -> None:
    session = walked()
    request = Request("POST", REGISTER, body=b"{}")
    session = with_event(session, request, answer(201, {"client_id": "client-2"}), "chatgpt")
    session = with_event(session, request, answer(400, {"error": "x"}), "claude")
    assert left_registered(session)[1:] == (Registered("client-2", REGISTER, "chatgpt", None),)
