"""Which acts have a server say what changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.facts import Connection, Era, Facts
from flows.session import Target
from tui.commands.acts import subscriptions

CHANGING = {"tools": {"listChanged": True}, "prompts": {}, "resources": {"listChanged": True}}


def facts(era: Era, capabilities: dict[str, Any]) -> Facts:
    connection = Connection(era, "any", capabilities=capabilities)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Facts(Target("https://mcp.example.com"), at, connection=connection)


def test_an_older_server_is_asked_for_each_resource() -> None:
    assert list(subscriptions(facts("legacy", CHANGING), ["a:1", "a:2"], True)) == [
        {"method": "resources/subscribe", "uri": "a:1"},
        {"method": "resources/subscribe", "uri": "a:2"},
    ]


@pytest.mark.parametrize(
    ("capabilities", "uris", "listen", "wishes"),
    [
        (CHANGING, [], True, {"toolsListChanged": True, "resourcesListChanged": True}),
        ({}, ["a:1", "a:2"], False, {"resourceSubscriptions": ["a:1", "a:2"]}),
        ({"tools": []}, ["a:1"], True, {"resourceSubscriptions": ["a:1"]}),
    ],
)
def test_a_newer_one_is_asked_once(
    capabilities: dict[str, Any], uris: list[str], listen: bool, wishes: dict[str, Any]
) -> None:
    (act,) = subscriptions(facts("modern", capabilities), uris, listen)
    assert act["method"] == "subscriptions/listen"
    assert json.loads(act["arguments"]) == wishes


@pytest.mark.parametrize(("capabilities", "listen"), [(CHANGING, False), ({}, True)])
def test_nothing_is_asked_for_where_nobody_listens(
    capabilities: dict[str, Any], listen: bool
) -> None:
    assert list(subscriptions(facts("modern", capabilities), [], listen)) == []
