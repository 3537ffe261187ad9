"""Client authentication at the token endpoint, read back as a server reads it."""

from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import unquote_plus

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.client_authentication import ASSERTION_TYPE, authenticated, client_assertion
from flows.documents import read_form
from flows.facts import Client
from flows.signing import read_key
from tests.flows.keys import key_for, pem

URL = "https://auth.example.com/token"
PAIRS = (("grant_type", "client_credentials"), ("scope", "tools"))
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


def client(method: str, secret: str | None = "s") -> Client:
    return Client("c", "pre-registered", method, secret)


@given(TEXT, TEXT)
def test_basic_credentials_come_back_whatever_they_hold(client_id: str, secret: str) -> None:
    """RFC 6749 section 2.3.1: both parts are form-encoded before they are joined."""
    given_client = Client(client_id, "pre-registered", "client_secret_basic", secret)
    request = authenticated(URL, given_client, PAIRS)
    scheme, _, credentials = dict(request.headers)["Authorization"].partition(" ")
    user, _, password = b64decode(credentials).decode().partition(":")
    assert (scheme, unquote_plus(user), unquote_plus(password)) == ("Basic", client_id, secret)
    assert read_form(request.body) == (PAIRS[0], ("client_id", client_id), PAIRS[1])


@pytest.mark.parametrize(
    ("method", "added"),
    [
        ("none", ()),
        ("client_secret_post", (("client_secret", "s"),)),
        (
            "private_key_jwt",
            (("client_assertion_type", ASSERTION_TYPE), ("client_assertion", "a.b.c")),
        ),
        ("tls_client_auth", ()),
    ],
)
def test_what_goes_into_the_body(method: str, added: tuple[tuple[str, str], ...]) -> None:
    request = authenticated(URL, client(method), PAIRS, "a.b.c")
    assert read_form(request.body) == (PAIRS[0], ("client_id", "c"), PAIRS[1], *added)
    assert "Authorization" not in dict(request.headers)


def test_a_grant_may_identify_itself() -> None:
    request = authenticated(URL, None, PAIRS)
    assert read_form(request.body) == PAIRS


def test_the_assertion() -> None:
    """RFC 7523 section 3; `aud` is the issuer and nothing else."""
    key = key_for("ES256")
    at = datetime(2026, 11, 23, 8, 15, 0, 900_000, tzinfo=UTC)
    token = client_assertion(read_key(pem(key)), "c", "https://auth.example.com", at, "jti-1")
    issued = 1795421700
    claims = jwt.decode(
        token,
        key.public_key(),
        algorithms=["ES256"],
        options={"verify_signature": True},
        audience="https://auth.example.com",
        leeway=10**10,
    )
    assert claims == {
        "iss": "c",
        "sub": "c",
        "aud": "https://auth.example.com",
        "iat": issued,
        "exp": issued + 300,
        "jti": "jti-1",
    }
