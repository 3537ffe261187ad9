from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.audience import audiences, compare_audience, difference, first_difference

RESOURCE = "https://mcp.example.com/mcp"


def test_equal_is_identical() -> None:
    (match,) = compare_audience(["x", RESOURCE], {"resource sent": RESOURCE})
    assert (match.label, match.equal, match.differs_at, match.hint) == (
        "resource sent",
        True,
        None,
        "",
    )


def test_the_deciding_character_is_marked() -> None:
    (match,) = compare_audience(RESOURCE + "/", {"resource sent": RESOURCE})
    assert not match.equal
    assert match.differs_at == len(RESOURCE)
    assert match.found[match.differs_at] == "/"
    assert match.hint == "trailing slash"


def test_the_closest_of_several_is_compared() -> None:
    aud = ["https://api.example", "https://mcp.example.com/mcP", "urn:x"]
    (match,) = compare_audience(aud, {"server URL": RESOURCE})
    assert match.found == "https://mcp.example.com/mcP"
    assert match.differs_at == len(RESOURCE) - 1


def test_every_candidate_gets_its_answer() -> None:
    wanted = {"resource sent": RESOURCE, "server URL": RESOURCE + "/"}
    sent, url = compare_audience(RESOURCE, wanted)
    assert (sent.equal, url.equal) == (True, False)
    assert url.hint == "no trailing slash"


@pytest.mark.parametrize("aud", [None, [], 7, {}, [7]])
def test_no_audience(aud: object) -> None:
    (match,) = compare_audience(aud, {"server URL": RESOURCE})
    assert (match.found, match.equal, match.differs_at) == ("", False, None)


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        (RESOURCE, ""),
        ("http://mcp.example.com/mcp", "scheme http, not https"),
        ("HTTPS://mcp.example.com/mcp", "scheme, in letter case"),
        ("https://MCP.example.com/mcp", "host, in letter case"),
        ("https://api.example.com/mcp", "host api.example.com, not mcp.example.com"),
        ("https://mcp.example.com:443/mcp", "default port 443 written"),
        ("https://mcp.example.com:8443/mcp", "port 8443, not 443"),
        ("https://mcp.example.com/MCP", "path, in letter case"),
        ("https://mcp.example.com/mcp/", "trailing slash"),
        ("https://mcp.example.com", "path stops at the host"),
        ("https://mcp.example.com/", "path stops at /"),
        ("https://mcp.example.com/sse", "path /sse, not /mcp"),
        ("https://mcp.example.com/mcp?x=1", "query"),
        ("https://mcp.example.com/mcp#x", "fragment"),
        ("http://mcp.example.com/mcp/", "scheme http, not https, trailing slash"),
        ("http://mcp.example.com:80/mcp", "scheme http, not https, default port 80 written"),
        (" https://mcp.example.com/mcp", "white space around it"),
        ("https://user@mcp.example.com/mcp", "spelling"),
        ("account", "an identifier that is not a URL"),
        ("https://[mcp", "not a URL"),
        ("https://mcp.example.com:x/mcp", "not a URL"),
    ],
)  # fmt: skip
def test_what_differs_in_words(found: str, hint: str) -> None:
    assert difference(found, RESOURCE) == hint


def test_identifiers_that_are_no_urls() -> None:
    assert difference("abc", "abd") == "another identifier"


@given(st.text(alphabet="ab/:"), st.text(alphabet="ab/:"))
def test_first_difference(one: str, other: str) -> None:
    at = first_difference(one, other)
    assert (at is None) == (one == other)
    if at is not None:
        assert one[:at] == other[:at]
        assert one[at : at + 1] != other[at : at + 1]


@given(
    st.text() | st.lists(st.text() | st.integers()) | st.none(),
    st.text() | st.text(alphabet="htps:/[]@?#.%a1", min_size=8),
)
def test_never_raises(aud: object, wanted: str) -> None:
    (match,) = compare_audience(aud, {"x": wanted})
    assert match.equal == (wanted in audiences(aud))
    assert match.equal == (match.hint == "")
