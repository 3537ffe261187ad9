from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.store.layout import document, string
from flows.text import visible
from tests.flows.store.strategies import ODD
from tests.hostile import HOSTILE

VALID = st.text(max_size=60) | st.text("'\"\\\r\n\t\x00 a\u202e", max_size=12)


def read(text: str) -> object:
    return tomllib.loads(f"x = {text}")["x"]


@given(VALID)
def test_every_string_is_read_back_exactly(text: str) -> None:
    assert read(string(text)) == text


@pytest.mark.parametrize("text", [t for t in (*ODD, *HOSTILE) if t.isascii() or "\ud800" not in t])
def test_odd_strings_are_read_back_and_safe_to_show(text: str) -> None:
    written = string(text)
    assert read(written) == text
    shown = written.replace("\t", " ")
    assert visible(shown, lines=True) == shown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain é 漢", '"plain é 漢"'),
        ('{"a": "b"}', '\'{"a": "b"}\''),
        ('{"a": "it\'s"}', "'''{\"a\": \"it's\"}'''"),
        ('{\n  "a": "\\n"\n}', "'''\n{\n  \"a\": \"\\n\"\n}'''"),
        ('data: {"a": 1}\r\n\r\n', '"""\ndata: {"a": 1}\\r\n\\r\n"""'),
        ("\x1b[31m\u202e\x9b", '"""\\u001b[31m\\u202e\\u009b"""'),
        ("tag \U000e0041", '"""tag \\U000e0041"""'),
    ],
)
def test_the_form_is_the_one_with_the_fewest_escapes(text: str, written: str) -> None:
    assert string(text) == written


def test_a_document_holds_strings_bytes_and_pairs() -> None:
    table = {
        "text": "\x000",  # looks like a placeholder
        "utf8": '{"ü": 1}'.encode(),
        "raw": b"\xff\x00",
        "lone": "\ud800",
        "headers": (("A", "1"), ("a", '"2"')),
        "none": (),
        "inner": {"n": 1},
    }
    text = document(table)
    assert tomllib.loads(text) == {
        "text": "\x000",
        "utf8": '{"ü": 1}',
        "raw": {"base64": "/wA=\n"},
        "lone": {"base64": "7aCA\n"},
        "headers": [["A", "1"], ["a", '"2"']],
        "none": [],
        "inner": {"n": 1},
    }
    assert '    ["A", "1"],\n' in text
