"""MCP: what came of each call (MCP Tools, Multi Round-Trip Requests)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.checks.kernel import Outcomes, Place, check, failed, passed
from flows.checks.record import Record
from flows.facts import Call, Json
from flows.mcp.content import broken
from flows.mcp.notices import ACKNOWLEDGED, SUBSCRIPTION, notification
from flows.session import Received
from flows.steps.call import LISTEN

MOST = 10
"""Problems of one result that are told; a wrong schema makes as many as there are members."""


def _answered(record: Record) -> Iterator[tuple[Call, Json, Place]]:
    """The calls of the record that have a result, in order."""
    for call in _calls(record):
        if call.result is not None and call.exchange_id and call.method != LISTEN:
            yield call, call.result, Place(call.exchange_id, "response", "/result")


def _calls(record: Record) -> tuple[Call, ...]:
    facts = record.facts
    return (*facts.past_calls, facts.call) if facts.call else facts.past_calls


@check(
    "MCP-18",
    "call",
    "resource-server",
    "error",
    "the data of images, audio and blobs is Base64",
    "MCP Tools, Tool Result",
    "Encode binary data with Base64 (RFC 4648 section 4).",
)
def data_is_base64(record: Record) -> Outcomes:
    for _, result, place in _answered(record):
        wrong = dict.fromkeys(broken(result))
        for kind in wrong:
            yield failed(f"The data of {kind} is no Base64.", place)
        if not wrong:
            yield passed(place)


@check(
    "MCP-19",
    "call",
    "resource-server",
    "error",
    "structuredContent is as the tool's outputSchema says",
    "MCP Tools, Output Schema",
    "Answer with structuredContent that conforms to the tool's outputSchema.",
)
def result_fits_its_schema(record: Record) -> Outcomes:
    for call, result, place in _answered(record):
        if call.problems is None:
            continue
        for path, words, checked in call.problems[:MOST]:
            where = ".".join(("structuredContent", *path)) if checked else "structuredContent"
            severity = None if checked else "warn"
            yield failed(f"{where}: {words}.", place, severity=severity)  # type: ignore[arg-type]
        if not call.problems and "structuredContent" in result:
            yield passed(place)


@check(
    "MCP-20",
    "call",
    "resource-server",
    "error",
    "the server asks only for what the client declared",
    "MCP Multi Round-Trip Requests",
    "Ask for input only where the request's clientCapabilities allow it.",
)
def requests_are_declared(record: Record) -> Outcomes:
    for call in _calls(record):
        for exchange_id, method in call.undeclared:
            words = f"The server asks for {method}, which this client did not declare."
            yield failed(words, Place(exchange_id, "response", "/result/inputRequests"))


@check(
    "MCP-21",
    "call",
    "resource-server",
    "info",
    "the tool reports no error of its own",
    "MCP Tools, Error Handling",
    "See what the tool says; the protocol is sound.",
)
def tool_reports_no_error(record: Record) -> Outcomes:
    for call, result, place in _answered(record):
        if result.get("isError") is True:
            words = f"{call.name} reports an error of its own; the protocol is sound."
            yield failed(words, place)
        elif call.method == "tools/call":
            yield passed(place)


@check(
    "MCP-23",
    "call",
    "resource-server",
    "error",
    "a subscription is acknowledged first, by its id, and as it was asked for",
    "MCP 2026-07-28 Subscriptions",
    "Send notifications/subscriptions/acknowledged first, with the subscription's id in _meta.",
)
def subscription_is_acknowledged(record: Record) -> Outcomes:
    for call in _calls(record):
        if call.method != LISTEN or call.exchange_id is None:
            continue
        place = Place(call.exchange_id)
        heard = [
            told
            for event in record.session.events
            if isinstance(event, Received) and event.exchange_id == call.exchange_id
            if (told := notification(event.event))
        ]
        if not heard:
            continue
        if heard[0][0] != ACKNOWLEDGED:
            words = f"The subscription begins with {heard[0][0]}; its acknowledgment must come"
            yield failed(f"{words} first.", place)
        if call.result is not None:
            yield from _honoured(call, call.result, place)


def _honoured(call: Call, acknowledged: Json, place: Place) -> Outcomes:
    agreed = acknowledged.get("notifications")
    agreed = agreed if isinstance(agreed, dict) else {}
    missing = [name for name, wish in call.arguments.items() if agreed.get(name) != wish]
    meta = acknowledged.get("_meta")
    named = meta.get(SUBSCRIPTION) if isinstance(meta, dict) else None
    if missing:
        words = f"The server does not honour {', '.join(missing)} as it was asked for."
        yield failed(words, place, severity="warn")
    if named != call.rpc_id:
        words = f"The acknowledgment does not name its subscription, {call.rpc_id}, in _meta."
        yield failed(words, place)
    if not missing and named == call.rpc_id:
        yield passed(place)
