"""Checks of what servers ask, and of tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.mcp.task import RELATED
from tests.flows.checks.judging import only, results
from tests.flows.steps.test_task import FETCHED, NEW, OLD, TEXT, Tasks, modern, task
from tests.flows.world import answer


def test_what_a_task_asks_has_to_be_declared() -> None:
    asks = modern("input_required", inputRequests={"a": {"method": "roots/list"}, "b": 7})
    tasks = Tasks(NEW, {**asks, "resultType": "task"}, asks)
    tasks.run()
    assert results(tasks.world, "MCP-20") == ["fail", "fail"]
    tasks = Tasks(NEW, {**modern(), "resultType": "task"}, modern("completed", result=TEXT))
    tasks.run()
    assert "fail" not in results(tasks.world, "MCP-20")


@pytest.mark.parametrize(
    ("declare", "found"), [((), "fail"), (("roots",), "fail"), (("elicitation",), "pass")]
)
def test_a_request_on_a_stream_is_judged_too(declare: Any, found: str) -> None:
    tasks = Tasks(OLD, {"task": task("completed")}, FETCHED, declare=declare)
    ask = {"id": "q", "method": "elicitation/create", "params": {"message": "Who?"}}
    given = tasks.serve

    def streaming(request: Any) -> Any:
        response = given(request)
        if b"tasks/result" not in request.body:
            return response
        events = b"".join(
            f"data: {text}\n\n".encode()
            for text in (json.dumps(ask), response.body.decode(), "{", "[]")  # type: ignore[union-attr]
        )
        return answer(200, events, "text/event-stream")

    (route,) = (key for key in tasks.world.routes if key.startswith("POST https://mcp"))
    tasks.world.routes[route] = streaming
    tasks.run()
    assert results(tasks.world, "ASK-01") == [found]


@pytest.mark.parametrize(("declare", "found"), [(("tasks",), "pass"), ((), "fail")])
def test_a_task_has_to_be_declared(declare: Any, found: str) -> None:
    created = {**modern("completed", result=TEXT), "resultType": "task"}
    tasks = Tasks(NEW, created, declare=declare)
    tasks.run()
    assert results(tasks.world, "ASK-02") == [found]


def test_a_result_names_its_task() -> None:
    tasks = Tasks(OLD, {"task": task("completed")}, FETCHED)
    tasks.run()
    assert results(tasks.world, "ASK-03") == ["pass"]
    assert results(tasks.world, "ASK-02") == ["not-applicable"]
    tasks = Tasks(OLD, {"task": task("completed")}, TEXT)
    tasks.run()
    found = only(tasks.world, "ASK-03")
    assert found.result == "warn" and RELATED in found.says
