from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.export.shell import comment, printf, quote
from flows.export.words import Pieces, Unquotable, Variable, Variables
from flows.secrets import Secret
from flows.spans import body_spans
from flows.text import visible
from tests.hostile import HOSTILE

SHELLS = ("dash", "bash")


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def output(shell: str, script: str, environment: dict[str, str] | None = None) -> bytes:
    assert visible(script) == script
    variables = {as_bytes(k): as_bytes(v) for k, v in (environment or {}).items()}
    done = subprocess.run(
        [shell, "-s"],
        input=script.encode(),
        env={b"PATH": os.environb[b"PATH"], b"LC_ALL": b"C.UTF-8", **variables},
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert done.stderr == b""
    return done.stdout


any_bytes = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
text = st.one_of(
    any_bytes,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(st.sampled_from("'\"\\$`!%-\n\t #~*?[]{}()<>|&;=@^0a\u202e\x9b\u00e9"), max_size=20),
    st.sampled_from([text for text in HOSTILE if "\ud800" not in text and len(text) < 200]),
)
value = text.map(lambda text: text.replace("\0", ""))
pieces = st.lists(st.one_of(text, st.sampled_from([Variable("A"), Variable("B")])), max_size=5)


def expected(pieces: Pieces, variables: dict[str, str]) -> bytes:
    return b"".join(
        as_bytes(variables[piece.name] if isinstance(piece, Variable) else piece)
        for piece in pieces
    )


@settings(max_examples=150, deadline=None)
@given(pieces.map(tuple), value, value, st.sampled_from(SHELLS))
def test_words_and_pipes_give_their_bytes(pieces: Pieces, a: str, b: str, shell: str) -> None:
    variables = {"A": a, "B": b}
    wanted = expected(pieces, variables)
    assert output(shell, printf(pieces), variables) == wanted
    try:
        word = quote(pieces)
    except Unquotable:
        assert any(isinstance(piece, str) and ("\0" in piece or "\n" in piece) for piece in pieces)
    else:
        assert output(shell, f"printf %s {word}", variables) == wanted


@given(text)
def test_a_comment_is_one_line_that_does_nothing(note: str) -> None:
    line = comment(note)
    assert line.startswith("#") and visible(line) == line
    # Where "#" starts no comment the line is a command with at most one harmless word.
    rest = line[1:].strip()
    assert "\n" not in line
    if not rest.startswith(("'", '"$(printf ')):
        assert not set(rest) & set("$`\\;&|<>*?[]{}()~!^\"'#")


def test_hostile_comments_do_not_run() -> None:
    for note in HOSTILE:
        for shell in SHELLS:
            assert output(shell, ": " + comment(note)[1:] + " && echo done") == b"done\n"


def test_simple_words_stay_as_they_are() -> None:
    assert quote(("https://h/a-b_c%20",)) == "https://h/a-b_c%20"
    assert quote(("it's",)) == "'it'\\''s'"
    assert quote(("Bearer ", "", Variable("T"), "")) == "'Bearer '\"$T\""
    assert quote(()) == quote(("",)) == "''"
    assert printf(("-%\n", Variable("T"))) == "printf '\\055%%\\n%s' \"$T\""


@pytest.mark.parametrize("text", ["a\0b", "a\n", "\n"])
def test_what_no_argument_can_be_is_refused(text: str) -> None:
    with pytest.raises(Unquotable):
        quote((text,))


def test_variables_are_named_after_the_secret_and_numbered() -> None:
    variables = Variables(True)
    body = "token=one-secret&token=two-secret&token=one-secret&x=two-secret"
    split = variables.split(body, body_spans(body))
    one, two = Variable("TOKEN"), Variable("TOKEN_2")
    assert split == ("token=", one, "&token=", two, "&token=", one, "&x=two-secret")
    assert variables.values == {"TOKEN": "one-secret", "TOKEN_2": "two-secret"}
    assert quote(variables.hide(("x=two-secret",))) == quote(("x=", two))
    secret = Secret("code", "a/b", "URL")
    assert variables.piece(secret, "a%2Fb") == (Variable("AUTH_CODE"),)
    assert variables.encoded == {"AUTH_CODE"}
    assert Variables(False).piece(secret, "a/b") == ("a/b",)
    with pytest.raises(Unquotable):
        variables.piece(secret, "a\0b")
