from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.lab.store import Bounded
from flows.wellknown import same_redirect


@pytest.mark.parametrize(
    ("registered", "requested", "same"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", True),
        ("http://[::1]:1/cb", "http://[::1]:2/cb", True),
        ("http://127.0.0.1/cb", "http://[::1]/cb", False),
        ("http://localhost/cb", "http://localhost:1/cb", False),
        ("https://127.0.0.1/cb", "https://127.0.0.1:1/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb/", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb?x=1", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb#x", False),
        ("http://127.0.0.1/cb", "http://a@127.0.0.1:1/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", False),
        ("https://client.example/cb", "https://client.example:443/cb", False),
    ],
)
def test_redirect_uris_are_compared_exactly_but_for_a_loopback_port(
    registered: str, requested: str, same: bool
) -> None:
    assert same_redirect(registered, requested) is same


@given(st.text())
def test_text_of_any_kind_is_only_the_same_as_itself(text: str) -> None:
    assert same_redirect(text, text)
    assert not same_redirect("http://127.0.0.1/callback", text)


def test_a_full_mapping_forgets_its_oldest_entry() -> None:
    kept: Bounded[int] = Bounded(2)
    for number, name in enumerate("abc"):
        kept[name] = number
    assert dict(kept) == {"b": 1, "c": 2}
