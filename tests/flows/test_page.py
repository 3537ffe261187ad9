import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.page import page_words
from tests.flows.world import answer


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "<h1>Bad Request</h1>\n <p>Unknown   client &amp; more",
            '"Bad Request Unknown client & more"',
        ),
        ("<title>Oops</title><script>alert(1)</script>", '"Oops"'),
        ("<head><title>Oops</title></head><body>It broke</body>", '"It broke"'),
        ("<head><meta charset=x><body>left open", '"left open"'),
        ("<p></p>", ""),
        ("<h1>Gone</h1><![x", '"Gone"'),
        ("\x1b]0;title\x07", '"\\x1b]0;title\\x07"'),
    ],
)
def test_the_words_of_a_page(body: str, words: str) -> None:
    assert page_words(answer(400, body.encode(), "text/html")) == words


def test_a_plain_text_is_taken_as_it_is_and_json_is_not() -> None:
    assert page_words(answer(400, b" <no> such\nclient", "text/plain")) == '"<no> such client"'
    assert page_words(answer(400, {"error": "x"})) == ""


PIECES = ["<", "<!", "<![", "]>", "--", ">", "/", "&#", "CDATA[", "title", "body", "script", " "]
PIECES += ["=", '"', "\x1b", "\u202e", "words"]


@given(st.lists(st.sampled_from(PIECES)), st.integers(0, 40))
def test_any_page_gives_few_safe_words(pieces: list[str], times: int) -> None:
    words = page_words(answer(200, ("".join(pieces) * times).encode(), "text/html"))
    assert len(words) < 1200 and "\x1b" not in words and "\u202e" not in words
