"""The fold: attempts, reruns, and no second truth."""

import pytest

from flows.fold import Fold
from flows.session import STEP_IDS, Session, StepId, attempts
from flows.steps import READERS, STEPS
from tests.flows.world import World


def test_the_steps_stand_in_the_order_of_their_ids() -> None:
    assert tuple(step.id for step in STEPS) == STEP_IDS


def test_folding_one_by_one_equals_folding_at_once() -> None:
    world = World()
    world.walk()
    world.rerun("authorize")
    world.walk()
    one_by_one = Fold(Session(world.target, world.session.created, world.seed), READERS)
    for event in world.session.events:
        one_by_one.add(event)
    assert one_by_one.facts == Fold(world.session, READERS).facts == world.facts


@pytest.mark.parametrize("step", [step for step in STEP_IDS if step not in ("keys", "claims")])
def test_a_rerun_forgets_what_the_step_led_to(step: StepId) -> None:
    world = World()
    world.walk()
    events = world.session.events
    world.rerun(step)
    if step != "refresh":
        assert world.standing().step == step
    world.walk()
    assert world.session.events[: len(events)] == events, "the record only grows"


def test_attempts_stay_in_the_record() -> None:
    world = World()
    world.walk()
    world.rerun("callback")
    world.walk()
    found = attempts(world.session.events)
    assert [attempt.current for attempt in found["token"]] == [False, True]
    assert [attempt.current for attempt in found["authorize"]] == [True]
    assert len(found["token"][0].exchanges) == len(found["token"][1].exchanges) == 1
