import pytest

from flows.client_document import (
    identity_problem,
    key_problem,
    methods_in_common,
    missing_members,
    secret_members,
    url_problem,
)
from tests.flows.tokens import jwk, private_key

URL = "https://app.example.com/oauth/client.json"


@pytest.mark.parametrize(
    "url", [URL, "https://app.example.com:8443/c?v=1", "https://a.example/..x"]
)
def test_identifiers(url: str) -> None:
    assert url_problem(url) == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("client-1", "https"),
        ("http://app.example.com/c", "https"),
        ("https:///c", "https"),
        ("https://[x/c", "no URL"),
        ("https://a.example:port/c", "no URL"),
        ("https://a.example", "path"),
        ("https://a.example/", "path"),
        (f"{URL}#", "fragment"),
        ("https://me@a.example/c", "user name"),
        ("https://a.example/b/../c", "dot segments"),
        ("https://a.example/b/%2e%2E/c", "dot segments"),
    ],
)
def test_urls_that_name_no_client(url: str, says: str) -> None:
    assert says in url_problem(url)


def test_the_document_names_itself_character_by_character() -> None:
    assert identity_problem({"client_id": URL}, URL) == ""
    assert "missing" in identity_problem({}, URL)
    assert "trailing slash" in identity_problem({"client_id": f"{URL}/"}, URL)


def test_members_that_must_and_must_not_be_there() -> None:
    assert missing_members({"client_name": "x", "redirect_uris": ["y"]}) == ()
    assert missing_members({"redirect_uris": "y"}) == ("client_name", "redirect_uris")
    assert secret_members({"token_endpoint_auth_method": "none"}) == ()
    assert secret_members(
        {"client_secret_expires_at": 0, "token_endpoint_auth_method": "client_secret_jwt"}
    ) == ("client_secret_expires_at", "token_endpoint_auth_method")


def test_the_key_of_private_key_jwt() -> None:
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    keys = {"keys": [jwk(private_key("ES256"))]}
    assert key_problem({}) == ""
    assert key_problem({**method, "jwks": keys}) == ""
    assert key_problem({**method, "jwks_uri": "https://a.example/jwks"}) == ""
    assert "nobody can verify" in key_problem(method)
    assert "both" in key_problem({**method, "jwks": keys, "jwks_uri": "https://a.example/jwks"})
    assert "no key" in key_problem({**method, "jwks": {"keys": []}})


@pytest.mark.parametrize(
    ("own", "listed", "shared"),
    [
        (None, None, ("none",)),
        ("private_key_jwt", ["none", "private_key_jwt"], ("private_key_jwt",)),
        ("private_key_jwt", ["none"], ()),
        (None, ["client_secret_basic"], ()),
    ],
)
def test_methods_in_common(
    own: str | None, listed: list[str] | None, shared: tuple[str, ...]
) -> None:
    metadata = {"token_endpoint_auth_methods_supported": listed} if listed else {}
    assert methods_in_common({"token_endpoint_auth_method": own}, metadata) == shared
