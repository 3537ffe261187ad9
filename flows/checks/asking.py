"""MCP: what the server asks of the client on its streams, and the tasks it makes of calls (MCP
Elicitation, Sampling, Roots, Tasks)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.documents import read_json
from flows.exchange import Exchange, media_type
from flows.mcp.opening import sent
from flows.mcp.task import EXTENSION, RELATED
from flows.sse import parse

ASKS = ("elicitation/create", "sampling/createMessage", "roots/list")


def _messages(exchange: Exchange) -> Iterator[Mapping[str, Any]]:
    """The JSON-RPC messages of an answer, be it JSON or an event stream."""
    response = exchange.response
    if response is None:
        return
    bodies = [response.body]
    if media_type(response.headers) == "text/event-stream":
        bodies = [event.data.encode("utf-8", "replace") for event in parse(response.body)]
    for body in bodies:
        value, problem = read_json(body)
        if not problem and isinstance(value, dict):
            yield value


@check(
    "ASK-01",
    "call",
    "resource-server",
    "error",
    "the server asks on its streams only for what this client declared",
    "MCP Lifecycle, Operation",
    "Look at the client's capabilities before asking it for anything.",
)
def asks_what_was_declared(record: Record) -> Outcomes:
    declared, told = record.facts.target.declare, set[str]()
    for event in record.exchanges("connect", "tools", "call"):
        for message in _messages(event.exchange):
            method = message.get("method")
            if method not in ASKS or "id" not in message:
                continue
            if method.partition("/")[0] in declared:
                yield passed(at(event.exchange))
            elif method not in told:
                told.add(method)
                words = f"The server asks for {method}, which this client did not declare."
                yield failed(words, at(event.exchange))


@check(
    "ASK-02",
    "call",
    "resource-server",
    "error",
    "only clients that declare the extension get a task",
    "MCP Tasks extension, Capability Negotiation",
    f"Answer with the result, or with -32021 where {EXTENSION} is not declared.",
)
def tasks_were_declared(record: Record) -> Outcomes:
    for event in record.exchanges("call"):
        for message in _messages(event.exchange):
            result = message.get("result")
            if isinstance(result, dict) and result.get("resultType") == "task":
                if sent(event.exchange.request)[0] != "tools/call":
                    continue
                if "tasks" in record.facts.target.declare:
                    yield passed(at(event.exchange))
                else:
                    words = "The server answers with a task, which this client did not declare."
                    yield failed(words, at(event.exchange, "/result/resultType"))


@check(
    "ASK-03",
    "call",
    "resource-server",
    "warn",
    "the result of a task names its task",
    "MCP Tasks, Related Task Metadata",
    f"Put {RELATED} in the _meta of the result of tasks/result.",
)
def results_name_their_task(record: Record) -> Outcomes:
    for event in record.exchanges("call"):
        method, _, rpc_id = sent(event.exchange.request)
        if method != "tasks/result":
            continue
        for message in _messages(event.exchange):
            result = message.get("result")
            if not isinstance(result, dict) or message.get("id") != rpc_id:
                continue
            meta = result.get("_meta")
            if isinstance(meta, dict) and RELATED in meta:
                yield passed(at(event.exchange))
            else:
                words = f"The result of the task has no {RELATED} in its _meta."
                yield failed(words, at(event.exchange, "/result/_meta"))
