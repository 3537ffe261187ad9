from __future__ import annotations

from flows.compare import compare
from flows.har import read_har
from flows.recorded import session_of
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.test_har import story
from tests.flows.world import World
from tui.comparison import summary, unreached


def test_a_browsers_record_without_the_first_steps_ends_where_it_ends() -> None:
    world = World()
    world.walk()
    recorded = Walk(session_of(read_har(story())), Wire())
    comparison = compare(recorded, Walk(world.session, Wire()))
    told = summary(comparison)
    assert told.startswith("They differ at 7 Authorization URL: authorization_url, and")
    assert told.endswith(" A ends at 8 Response.")
    missing = [step.step for step in comparison.steps if unreached(step) == "A"]
    assert "callback" not in missing and {"challenge", "server-metadata", "token"} <= {*missing}
