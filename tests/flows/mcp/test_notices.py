"""Notifications in few words."""

import json
from typing import Any

import pytest

from flows.mcp.notices import notice, notification
from flows.sse import ServerSentEvent


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("progress", {"progress": 3, "progressToken": 1}, ("progress", "3")),
        ("progress", {"progress": 0.5, "total": 2}, ("progress", "0.5 of 2")),
        (
            "progress",
            {"progress": 1, "total": 2, "message": "half"},
            ("progress", "1 of 2  half"),
        ),
        ("message", {"level": "error", "data": "broken"}, ("error", "broken")),
        (
            "message",
            {"level": "info", "logger": "db", "data": {"n": 1}},
            ("info", 'db: {"n": 1}'),
        ),
        ("resources/updated", {"uri": "note://1"}, ("updated", "note://1")),
        ("tools/list_changed", {"_meta": {}}, ("tools/list_changed", "")),
        ("cancelled", {"requestId": 4, "reason": "gone"}, ("cancelled", "gone")),
        (
            "subscriptions/acknowledged",
            {"notifications": {"toolsListChanged": True}},
            ("subscribed", '{"toolsListChanged": true}'),
        ),
        ("mine", {"a": 1}, ("mine", '{"a": 1}')),
    ],
)
def test_words(method: str, params: dict[str, Any], expected: tuple[str, str]) -> None:
    message = {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": params}
    told = notification(ServerSentEvent(data=json.dumps(message)))
    assert told == (f"notifications/{method}", params)
    assert notice(*told) == expected


@pytest.mark.parametrize(
    "data", ["", "[]", '{"id": 1, "method": "ping"}', '{"id": 1, "result": 1}']
)
def test_other_messages_are_none(data: str) -> None:
    assert notification(ServerSentEvent(data=data)) is None


def test_members_of_the_wrong_type_are_no_crash() -> None:
    assert notice("notifications/progress", {"progress": [1], "total": None}) == ("progress", "[1]")
    assert notice("notifications/message", {}) == ("null", "null")
    assert notice("notifications/resources/updated", {"uri": 3}) == ("updated", "3")
