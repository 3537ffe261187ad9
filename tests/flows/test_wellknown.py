import pytest

from flows.wellknown import (
    canonical_resource,
    inserted,
    is_web_url,
    resource_candidates,
    same_origin,
    server_candidates,
)

A = "https://auth.example.com"


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (A, ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        (A + "/", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        # The example of MCP Authorization Server Metadata Discovery.
        (
            A + "/tenant1",
            [
                "/.well-known/oauth-authorization-server/tenant1",
                "/.well-known/openid-configuration/tenant1",
                "/tenant1/.well-known/openid-configuration",
            ],
        ),
        (
            A + "/tenant1/",
            [
                "/.well-known/oauth-authorization-server/tenant1",
                "/.well-known/openid-configuration/tenant1",
                "/tenant1/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_server_candidates(issuer: str, urls: list[str]) -> None:
    assert [url for url, _ in server_candidates(issuer)] == [A + url for url in urls]


@pytest.mark.parametrize(
    ("url", "urls"),
    [
        (
            "https://example.com/public/mcp",
            [
                "https://example.com/.well-known/oauth-protected-resource/public/mcp",
                "https://example.com/.well-known/oauth-protected-resource",
            ],
        ),
        ("https://example.com", ["https://example.com/.well-known/oauth-protected-resource"]),
        ("https://example.com/", ["https://example.com/.well-known/oauth-protected-resource"]),
    ],
)
def test_resource_candidates(url: str, urls: list[str]) -> None:
    assert [candidate for candidate, _ in resource_candidates(url)] == urls


def test_the_query_of_a_resource_stays() -> None:
    """RFC 9728 section 3: inserted before the path and the query."""
    url = inserted("https://resource.example.com/r1?k=v", "oauth-protected-resource")
    assert url == "https://resource.example.com/.well-known/oauth-protected-resource/r1?k=v"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://A.example:443/y", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example:8443", "https://a.example", False),
        ("https://a.example:x", "https://a.example", False),
    ],
)
def test_same_origin(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same


@pytest.mark.parametrize(
    "url", ["", "/token", "javascript:alert(1)", "file:///etc/passwd", "https://", "https://[::1"]
)
def test_what_is_no_web_url(url: str) -> None:
    assert not is_web_url(url)


def test_canonical_resource() -> None:
    assert canonical_resource("https://a.example/#x") == "https://a.example"
    assert canonical_resource("https://a.example/mcp/") == "https://a.example/mcp/"
