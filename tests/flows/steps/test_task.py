"""Tasks: started, polled, answered, cancelled, their result fetched, in both eras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from flows.exchange import Failure, Request, header
from flows.mcp.task import EXTENSION, RELATED, Task, task_of
from flows.moves import Ask, Blocked, Done, Move, Send
from flows.session import Capability, Target
from tests.flows.world import MCP, Answer, World, answer

TEXT = {"content": [{"type": "text", "text": "done"}]}
FETCHED = {**TEXT, "_meta": {RELATED: {"taskId": "t-1"}}}
CALLS: dict[str, Any] = {"tools": {"call": {}}}
WHO = {"method": "elicitation/create", "params": {"message": "Who?"}}


def task(status: str = "working", **more: Any) -> dict[str, Any]:
    return {"taskId": "t-1", "status": status, "createdAt": "x", "lastUpdatedAt": "x", **more}


def modern(status: str = "working", **more: Any) -> dict[str, Any]:
    return {"resultType": "complete", **task(status, pollIntervalMs=250, **more)}


def error(message: str, code: int = -32602) -> dict[str, Any]:
    return {"code": code, "message": message}


class Tasks:
    """A world whose server answers what follows tools/list with the next of `results`; one with a
    `code` is an error."""

    def __init__(
        self,
        protocol: str,
        *results: Mapping[str, Any] | Failure,
        support: str | None = "required",
        serves: Any = CALLS,
        declare: tuple[Capability, ...] = ("elicitation", "tasks"),
        wanted: bool = False,
    ) -> None:
        self.left = list(results)
        self.protocol, self.serves = protocol, serves
        self.tool: dict[str, Any] = {"name": "slow", "inputSchema": {"type": "object"}}
        if support is not None:
            self.tool["execution"] = {"taskSupport": support}
        target = Target(MCP, protocol=protocol, bearer="b", declare=declare, task=wanted)  # type: ignore[arg-type]
        self.world = World(target)
        self.world.routes[f"POST {MCP}"] = self.serve
        self.world.walk("call")
        self.world.answer("call", name="slow", arguments='{"n": 1}')

    def serve(self, request: Request) -> Answer:
        message = json.loads(request.body)
        result: Any
        match message["method"]:
            case "server/discover":
                result = {"supportedVersions": [self.protocol], "capabilities": {"tools": {}}}
            case "initialize":
                capabilities = {"tools": {}, "tasks": {"requests": self.serves}}
                result = {"protocolVersion": self.protocol, "capabilities": capabilities}
            case "notifications/initialized":
                return answer(202, b"", None)
            case "tools/list":
                result = {"tools": [self.tool]}
            case _:
                result = self.left.pop(0)
        if isinstance(result, Failure):
            return result
        kind = "error" if "code" in result else "result"
        return answer(200, {"jsonrpc": "2.0", "id": message["id"], kind: result})

    def run(self) -> Move:
        """Walk until somebody must act or all is done."""
        for _ in range(40):
            move = self.world.standing()
            if not isinstance(move, Send):
                return move
            self.world.perform(move)
        raise AssertionError(f"the walk does not end: {self.world.standing()}")

    @property
    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        """Method and params, without `_meta`, of what followed tools/list."""
        found = [json.loads(request.body) for request in self.world.sent if request.body]
        at = next(n for n, message in enumerate(found) if message["method"] == "tools/list")
        for message in found:
            message.get("params", {}).pop("_meta", None)
        return [(message["method"], message.get("params", {})) for message in found[at + 1 :]]

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.sent]

    def cancel(self) -> None:
        self.world.answer("call", cancel="tasks/cancel")


OLD, NEW = "2025-11-25", "2026-07-28"


def test_a_tool_that_requires_a_task_is_polled_and_its_result_fetched() -> None:
    tasks = Tasks(
        OLD,
        {"task": task(pollInterval=2500, ttl=60000)},
        task("working", statusMessage="half way", pollInterval=500),
        task("completed"),
        FETCHED,
    )
    first = tasks.world.standing()
    assert isinstance(first, Send)
    tasks.world.perform(first)
    poll = tasks.world.standing()
    assert isinstance(poll, Send) and (poll.label, poll.delay) == ("tasks/get", 2.5)
    tasks.world.perform(poll)
    call = tasks.world.facts.call
    assert call and call.task and call.task.words == "working: half way"
    poll = tasks.world.standing()
    assert isinstance(poll, Send) and poll.delay == 0.5
    assert tasks.run() == Done("call", "slow")
    assert tasks.sent == [
        ("tools/call", {"name": "slow", "arguments": {"n": 1}, "task": {}}),
        ("tasks/get", {"taskId": "t-1"}),
        ("tasks/get", {"taskId": "t-1"}),
        ("tasks/result", {"taskId": "t-1"}),
    ]
    call = tasks.world.facts.call
    assert call and call.result == FETCHED


@pytest.mark.parametrize(
    ("support", "wanted", "serves", "asked"),
    [
        ("required", False, CALLS, True),
        ("optional", False, CALLS, False),
        ("optional", True, CALLS, True),
        ("forbidden", True, CALLS, False),
        (None, True, CALLS, False),
        ("required", True, {}, False),
        ("required", True, {"tools": None}, False),
    ],
)
def test_when_a_call_asks_for_a_task(
    support: str | None, wanted: bool, serves: Any, asked: bool
) -> None:
    tasks = Tasks(OLD, TEXT, support=support, wanted=wanted, serves=serves)
    assert tasks.run() == Done("call", "slow"), "an ordinary answer is the result"
    assert ("task" in tasks.sent[0][1]) == asked


def test_input_is_asked_for_on_the_stream_of_the_result() -> None:
    closed = Failure("cancelled", "cancelled while receiving")
    tasks = Tasks(
        OLD,
        {"task": task()},
        task("input_required"),
        closed,
        task("working"),
        task("completed"),
        FETCHED,
    )
    assert tasks.run() == Done("call", "slow")
    assert tasks.methods[1:] == [
        "tasks/get",
        "tasks/result",
        "tasks/get",
        "tasks/get",
        "tasks/result",
    ]


def test_a_failed_task_gives_what_the_request_would_have_given() -> None:
    tasks = Tasks(OLD, {"task": task("failed")}, error("no such city", -32603))
    move = tasks.run()
    assert isinstance(move, Blocked) and "no such city" in move.reason


def test_a_task_is_cancelled_as_the_person_wishes() -> None:
    tasks = Tasks(OLD, {"task": task()}, task("cancelled"))
    tasks.world.perform(tasks.world.standing())  # type: ignore[arg-type]
    tasks.cancel()
    move = tasks.run()
    assert isinstance(move, Done) and move.word == "cancelled"
    assert tasks.sent[-1] == ("tasks/cancel", {"taskId": "t-1"})
    tasks.cancel()
    assert isinstance(tasks.world.standing(), Send), "to wish it again sends it again"


def test_a_task_that_is_over_already_is_not_cancelled() -> None:
    tasks = Tasks(OLD, {"task": task()}, error("already completed"), task("completed"), FETCHED)
    tasks.world.perform(tasks.world.standing())  # type: ignore[arg-type]
    tasks.cancel()
    assert tasks.run() == Done("call", "slow")
    tasks.cancel()
    assert tasks.run() == Done("call", "slow"), "a result stays a result"


def test_a_task_that_the_server_cancels_is_a_stop() -> None:
    tasks = Tasks(OLD, {"task": task()}, task("cancelled", statusMessage="too busy"))
    move = tasks.run()
    assert isinstance(move, Blocked) and (move.party, move.word) == ("resource-server", "cancelled")
    assert "too busy" in move.reason


def test_a_server_of_today_makes_a_task_where_it_likes() -> None:
    tasks = Tasks(
        NEW,
        {**modern(), "resultType": "task"},
        modern(),
        modern("completed", result=TEXT),
        support=None,
    )
    assert tasks.run() == Done("call", "slow")
    assert tasks.methods == ["tools/call", "tasks/get", "tasks/get"]
    assert "task" not in tasks.sent[0][1]
    poll = tasks.world.sent[-1]
    assert header(poll.headers, "mcp-name") == "t-1", "intermediaries route by it"
    meta = json.loads(tasks.world.sent[0].body)["params"]["_meta"]
    declared = meta["io.modelcontextprotocol/clientCapabilities"]
    assert declared["extensions"] == {EXTENSION: {}}
    call = tasks.world.facts.call
    assert call and call.result == TEXT and call.task and call.task.interval == 0.25


def test_the_extension_is_declared_by_who_wants_it_only() -> None:
    tasks = Tasks(NEW, {**modern("completed", result=TEXT), "resultType": "task"}, declare=())
    meta = json.loads(tasks.world.sent[0].body)["params"]["_meta"]
    assert meta["io.modelcontextprotocol/clientCapabilities"] == {}
    assert tasks.run() == Done("call", "slow")


def test_what_a_task_asks_is_answered_once() -> None:
    asks = modern("input_required", inputRequests={"who": WHO})
    tasks = Tasks(
        NEW,
        {**modern(), "resultType": "task"},
        asks,
        {"resultType": "complete"},
        asks,  # it takes a while until the answer shows
        modern("input_required", inputRequests={"who": WHO, "sure": WHO}),
        {"resultType": "complete"},
        modern("completed", result=TEXT),
    )
    ask = tasks.run()
    assert isinstance(ask, Ask) and (ask.kind, ask.requests) == ("input", {"who": WHO})
    tasks.world.answer("call", inputResponses='{"who": {"action": "decline"}}')
    ask = tasks.run()
    assert isinstance(ask, Ask) and ask.requests == {"sure": WHO}
    tasks.world.answer("call", inputResponses='{"sure": {"action": "cancel"}}')
    assert tasks.run() == Done("call", "slow")
    updates = [params for method, params in tasks.sent if method == "tasks/update"]
    assert updates == [
        {"taskId": "t-1", "inputResponses": {"who": {"action": "decline"}}},
        {"taskId": "t-1", "inputResponses": {"sure": {"action": "cancel"}}},
    ]


def test_what_a_task_asks_can_be_met_with_cancelling_it() -> None:
    asks = modern("input_required", inputRequests={"who": WHO})
    acknowledged = {"resultType": "complete"}
    tasks = Tasks(NEW, {**asks, "resultType": "task"}, acknowledged, asks, modern("cancelled"))
    assert isinstance(tasks.run(), Ask)
    tasks.cancel()
    move = tasks.run()
    assert isinstance(move, Done) and move.word == "cancelled"
    assert tasks.methods == ["tools/call", "tasks/cancel", "tasks/get", "tasks/get"]


def test_a_cancelled_task_may_be_forgotten_or_done_all_the_same() -> None:
    created, acknowledged = {**modern(), "resultType": "task"}, {"resultType": "complete"}
    tasks = Tasks(NEW, created, acknowledged, error("no such task"))
    tasks.world.perform(tasks.world.standing())  # type: ignore[arg-type]
    tasks.cancel()
    move = tasks.run()
    assert isinstance(move, Done) and move.word == "cancelled"
    tasks = Tasks(NEW, created, acknowledged, modern("completed", result=TEXT))
    tasks.world.perform(tasks.world.standing())  # type: ignore[arg-type]
    tasks.cancel()
    assert tasks.run() == Done("call", "slow")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (modern("completed"), "without an object `result`"),
        (modern("failed"), "without an object `error`"),
        (modern("failed", error=error("it broke")), "it broke"),
        (modern("input_required"), "no JSON object"),
        (modern("asleep"), "unknown status 'asleep'"),
        ({**modern(), "taskId": "t-2"}, "'t-2', not of 't-1'"),
        (error("no such task"), "no such task"),
    ],
)
def test_what_a_poll_must_not_say(told: dict[str, Any], said: str) -> None:
    tasks = Tasks(NEW, {**modern(), "resultType": "task"}, told)
    move = tasks.run()
    assert isinstance(move, Blocked) and said in move.reason


def test_a_poll_that_was_given_up_is_made_again_and_one_that_failed_is_a_stop() -> None:
    given_up = Failure("cancelled", "cancelled while waiting")
    created = {**modern(), "resultType": "task"}
    tasks = Tasks(NEW, created, given_up, modern("completed", result=TEXT))
    assert tasks.run() == Done("call", "slow")
    tasks = Tasks(NEW, created, Failure("refused", "nobody is there"))
    move = tasks.run()
    assert isinstance(move, Blocked) and move.party == "network"


def test_a_task_that_never_stops_asking_is_stopped() -> None:
    rounds = []
    for number in range(30):
        rounds += [
            modern("input_required", inputRequests={f"q{number}": WHO}),
            {"resultType": "complete"},
        ]
    tasks = Tasks(NEW, {**modern(), "resultType": "task"}, *rounds)
    move = tasks.run()
    while isinstance(move, Ask):
        tasks.world.answer("call", inputResponses=json.dumps({key: {} for key in move.requests}))
        move = tasks.run()
    assert isinstance(move, Blocked) and "more than 20 times" in move.reason


@pytest.mark.parametrize(
    ("document", "interval", "ttl"),
    [
        (task(), 1.0, None),
        (task(pollInterval=0), 0.05, None),
        (task(pollInterval=3000, ttl=None), 3.0, None),
        (task(pollIntervalMs=3000, ttlMs=5000), 3.0, 5.0),
        (task(pollInterval="soon", ttl=-1), 1.0, None),
        (task(pollInterval=True, ttl=1e300), 1.0, None),
        (task(pollInterval=float("inf"), ttl=float("nan")), 1.0, None),
    ],
)
def test_times_are_read_in_milliseconds(
    document: dict[str, Any], interval: float, ttl: float | None
) -> None:
    assert task_of(document) == Task("t-1", "working", interval=interval, ttl=ttl)


@pytest.mark.parametrize("document", [None, [], {}, {"taskId": 1, "status": "working"}])
def test_what_is_no_task(document: object) -> None:
    assert isinstance(task_of(document), str)
