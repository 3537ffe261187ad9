"""Walking a server from the challenge to a tool result, and what the walk says of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.moves import Ask, Blocked, Done, Send, Skipped
from flows.session import StepId, Target
from flows.walk import Walk, new_session
from flows.wire import Wire

Person = Callable[[Walk], Awaitable[None]]
Said = tuple[str, str, str]
"""A finding: its check, its result, and words of it."""


@dataclass(frozen=True)
class Call:
    name: str
    arguments: Mapping[str, Any]


ADD = Call("add", {"a": 2, "b": 3})


async def approve(walk: Walk) -> None:
    """A person who approves everything, for servers that ask nothing of one."""
    why = await walk.approve()
    assert not why, why


async def walk(target: Target, *, call: Call = ADD, person: Person = approve) -> Walk:
    """Walk `target` until nothing is left to do or a step is blocked; at the end, refresh."""
    walked = Walk(new_session(target), Wire())
    try:
        while move := await walked.run():
            match move:
                case Ask(kind="authorization-response"):
                    await person(walked)
                case Ask(kind="tool"):
                    arguments = json.dumps(call.arguments)
                    walked.answer("call", name=call.name, arguments=arguments)
                case Ask() | Blocked():
                    return walked
        if isinstance(refresh := walked.moves["refresh"], Send):
            await walked.perform(refresh)
    finally:
        await walked.close()
    return walked


def words(walked: Walk) -> dict[StepId, str]:
    """Each step that is not skipped, with its one word; a blocked one with `!` before it."""
    said: dict[StepId, str] = {}
    for step, move in walked.moves.items():
        match move:
            case Done(word=word):
                said[step] = word
            case Blocked(word=word):
                said[step] = f"! {word}"
            case Skipped():
                pass
            case _:
                said[step] = f"? {type(move).__name__}"
    return said


def assert_findings(walked: Walk, expected: Sequence[Said]) -> None:
    """Every finding that a person is told is expected, by its check, its result and a part of its
    words, and there is no other."""
    found = [(one.check, one.result, one.says) for one in walked.findings if one.speaks]
    assert len(found) == len(expected), found
    for (check, result, says), said in zip(found, expected, strict=True):
        assert (check, result) == said[:2], found
        assert said[2] in says


def result_text(walked: Walk) -> str:
    """The text of the tool's result."""
    assert walked.facts.call and walked.facts.call.result
    text = walked.facts.call.result["content"][0]["text"]
    assert isinstance(text, str)
    return text
