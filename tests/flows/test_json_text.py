from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.json_text import MAX_DEPTH, pretty, salvage_object

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_sound_json_is_read_without_a_word(value: dict[str, object]) -> None:
    assert salvage_object(json.dumps(value)) == (value, ())


@given(st.dictionaries(st.text(), JSON_VALUES, min_size=1), st.data())
def test_a_beginning_gives_only_members_that_are_whole(
    value: dict[str, object], data: st.DataObject
) -> None:
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    members, problems = salvage_object(cut)
    assert (members or {}).items() <= value.items() or members == {
        name: value[name] for name in members or {}
    }
    assert [problem.code for problem in problems] == ["json"]


@given(st.text() | st.text(alphabet='{}[]",:0123456789.eE-+ \\untrlfasNI', max_size=60))
def test_never_raises(text: str) -> None:
    value, problems = salvage_object(text)
    assert value is not None or problems


def codes(text: str) -> list[str]:
    return [problem.code for problem in salvage_object(text)[1]]


def test_a_number_cut_short_is_not_taken_for_whole() -> None:
    assert salvage_object('{"iss":"a","exp":17')[0] == {"iss": "a"}
    assert salvage_object('{"iss":"a","exp":17,')[0] == {"iss": "a", "exp": 17}


@pytest.mark.parametrize("text", ["null", "[]", '"x"', "1", "true", "NaN"])
def test_not_an_object(text: str) -> None:
    value, problems = salvage_object(text)
    assert value is None
    assert problems[-1].code == "not-object"


def test_members_named_twice_are_named_and_the_last_counts() -> None:
    value, problems = salvage_object('{"a":1,"b":{"c":1,"c":2},"a":3}')
    assert value == {"a": 3, "b": {"c": 2}}
    assert [problem.code for problem in problems] == ["duplicate"]
    assert "a, c" in problems[0].text


def test_constants_and_numbers_without_end() -> None:
    assert codes('{"a":NaN,"b":-Infinity}') == ["constant", "constant"]
    assert codes('{"a":1,"exp":' + "9" * 5000 + "}") == ["number"]
    assert salvage_object('{"a":1,"exp":' + "9" * 5000 + "}")[0] == {"a": 1}


def test_deep_nesting_is_a_problem_and_not_a_crash() -> None:
    deep = "[" * 60 + "]" * 60
    value, problems = salvage_object('{"a":1,"b":' + deep + ',"c":2}')
    assert value == {"a": 1, "c": 2}
    assert problems[0].code == "nested" and "b" in problems[0].text
    fits = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert codes('{"b":' + fits + "}") == []
    assert "nested" in codes('{"a":1,"b":' + "[" * 200_000)


def test_pretty_keeps_letters() -> None:
    assert pretty({"name": "Zoë 日本"}) == '{\n  "name": "Zoë 日本"\n}'
