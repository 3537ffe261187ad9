from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.mcp_config import ConfigError, read_config
from flows.session import Target

URL = "https://mcp.example.com/mcp"


def one(entry: object, name: str = "mcpServers") -> Target:
    (server,) = read_config(json.dumps({name: {"it": entry}}))
    assert server.target, server.problem
    return server.target


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ({"url": URL}, Target(URL)),
        ({"type": "http", "url": URL}, Target(URL)),
        ({"type": "sse", "url": URL}, Target(URL, protocol="2024-11-05")),
        ({"serverUrl": URL}, Target(URL)),
        ({"httpUrl": URL, "headers": {"X-A": "b"}}, Target(URL, headers=(("X-A", "b"),))),
        ({"url": URL, "headers": ["X-A: b: c"]}, Target(URL, headers=(("X-A", "b: c"),))),
        ({"url": URL, "headers": {"authorization": "bearer abc"}}, Target(URL, bearer="abc")),
        (
            {"url": URL, "headers": {"Authorization": "Basic YTpi"}},
            Target(URL, headers=(("Authorization", "Basic YTpi"),)),
        ),
        ({"command": "npx", "args": ["-y", "mcp-remote", URL]}, Target(URL)),
        (
            {"command": "npx", "args": ["mcp-remote@0.1.29", URL, "--header", "X-A:b"]},
            Target(URL, headers=(("X-A", "b"),)),
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["mcpServers", "servers"])
def test_an_entry_is_a_target(entry: object, target: Target, name: str) -> None:
    assert one(entry, name) == target


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"url": URL}),
        json.dumps({"it": {"type": "http", "url": URL}}),
        json.dumps({"mcp": {"servers": {"it": {"url": URL}}}}),
        '{ // "mine"\n "servers": { /* one */ "it": {"url": "URL", "headers": {},},\n},}'.replace(
            "URL", URL
        ),
    ],
)
def test_the_shapes_of_configurations(text: str) -> None:
    assert [server.target for server in read_config(text)] == [Target(URL)]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"command": "npx", "args": ["-y", "server-everything"]}, "stdio"),
        ({"command": "sh", "args": "mcp-remote"}, "stdio"),
        ({"url": "ftp://a.example"}, "not usable"),
        ({"url": "https://${HOST}/mcp"}, r"has ${HOST} in it"),
        ({"url": 1, "command": "x"}, "stdio"),
    ],
)
def test_what_cannot_be_walked_says_why(entry: object, says: str) -> None:
    (server,) = read_config(json.dumps({"servers": {"it": entry}}))
    assert server.target is None and says in server.problem


def test_what_only_the_client_knows_is_left_out_and_told() -> None:
    headers = {"Authorization": "Bearer ${input:token}", "X-Key": "$API_KEY", "X-A": "b", "é": "x"}
    entry = {"url": URL, "headers": headers, "oauth": {}, "timeout": 3}
    (server,) = read_config(json.dumps({"servers": {"it": entry}}))
    assert server.target == Target(URL, headers=(("X-A", "b"),))
    assert server.remarks == (
        "Authorization is left out: it needs ${input:token}; --bearer-env gives it",
        "X-Key is left out: it needs $API_KEY; --header gives it",
        "é is left out: no request can hold it",
        "oauth is left out: it is not understood here",
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"servers": []}', '{"a": {"b": 1}}', "[" * 9999])
def test_what_is_no_configuration(text: str) -> None:
    with pytest.raises(ConfigError):
        read_config(text)


VALUE: st.SearchStrategy[object] = st.recursive(
    st.none() | st.text() | st.integers() | st.just(URL),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["servers", "url", "headers", "args", "command", "type", "x"]), inner
        )
    ),
)


@given(st.text() | VALUE.map(json.dumps))
def test_anything_is_servers_or_words(text: str) -> None:
    try:
        assert all(server.target or server.problem for server in read_config(text))
    except ConfigError as error:
        assert str(error)
