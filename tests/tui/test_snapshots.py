"""How whole screens look. Sessions are recorded by hand, so that nothing varies from run to run.

`pytest tests/tui/test_snapshots.py --snapshot-update` keeps the pictures as they are now.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from flows.session import StepId, Target
from flows.wire import WireOptions
from tests.flows.tokens import b64
from tests.flows.world import ISSUER, METADATA, TOKEN, World, answer
from tests.tui.walking import LOW, MEDIUM, WIDE
from tui.app import AuthwalkApp
from tui.screens.walk import WalkScreen
from tui.widgets.tool_form import ToolForm

SnapCompare = Callable[..., bool]


# Without times: how long ago they were is not the same in any two runs.
ACCESS = ".".join(
    (
        b64(json.dumps({"typ": "at+jwt", "alg": "RS256", "kid": "k1"})),
        b64(
            json.dumps({"iss": ISSUER, "sub": "user-1", "client_id": "client-1", "scope": "tools"})
        ),
        b64("no signature at all"),
    )
)


def exchanged() -> World:
    """A walk that holds a token without aud."""
    world = World()
    world.routes[f"POST {ISSUER}/token"] = answer(200, {**TOKEN, "access_token": ACCESS})
    world.walk(until="connect")
    return world


def awaiting() -> World:
    world = World()
    world.walk(until="callback")
    return world


def stopped() -> World:
    world = World()
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(
        200, {**METADATA, "issuer": f"{ISSUER}/"}
    )
    world.walk()
    return world


def showing(
    step: StepId, item: int = -1, theme: str = ""
) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def prepare(pilot: Pilot[None]) -> None:
        if theme:
            pilot.app.theme = theme
        while not pilot.app.screen.query(ToolForm):
            await pilot.pause(0.01)
        assert isinstance(pilot.app.screen, WalkScreen)
        pilot.app.screen.point_at(step, item)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return prepare


@pytest.mark.parametrize(
    ("world", "size", "prepare"),
    [
        (World(Target(ISSUER, kind="authorization-server")), WIDE, showing("server-metadata")),
        (exchanged(), WIDE, showing("token", 0)),
        (exchanged(), LOW, showing("token", 0)),
        (awaiting(), WIDE, showing("callback")),
        (stopped(), MEDIUM, showing("server-metadata")),
        (stopped(), WIDE, showing("server-metadata", theme="textual-light")),
    ],
    ids=["start", "token", "low", "response", "stopped", "light"],
)
def test_it_looks_as_it_did(
    snap_compare: SnapCompare,
    world: World,
    size: tuple[int, int],
    prepare: Callable[[Pilot[None]], Awaitable[None]],
) -> None:
    app = AuthwalkApp(WireOptions(), session=world.session)
    assert snap_compare(app, terminal_size=size, run_before=prepare)
