import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from flows.frozen import frozen


@frozen
class Point:
    """A value of three fields, one of them neither compared nor shown."""

    x: int
    y: int = 2
    note: str = field(default="", compare=False, repr=False)
    parts: tuple[int, ...] = field(default_factory=tuple)


@frozen
class Deep(Point):
    """With one field more."""

    z: int = 0


@frozen
class Named:
    """Says itself what it is."""

    name: str

    def __repr__(self) -> str:
        return f"<{self.name}>"


@frozen
class Keyed:
    """Hashed by the first field alone, compared by both."""

    key: str
    entry: dict[str, int] = field(hash=False)


@frozen
class Nothing:
    """No fields at all."""


@dataclass(frozen=True, slots=True)
class Model:
    """What the standard library makes of the fields of Point."""

    x: int
    y: int = 2
    note: str = field(default="", compare=False, repr=False)
    parts: tuple[int, ...] = field(default_factory=tuple)


def test_it_is_compared_and_hashed_by_its_fields() -> None:
    assert Point(1) == Point(1, 2, "other") != Point(2)
    assert hash(Point(1)) == hash(Point(1, note="other"))
    assert {Point(1), Point(1, 2), Point(3)} == {Point(1), Point(3)}
    assert Nothing() == Nothing() and hash(Nothing()) == hash(Nothing())


def test_another_class_is_never_equal() -> None:
    assert Point(1) != Deep(1)
    assert Point(1) != (1, 2)
    assert Named("a") != Nothing()


def test_it_is_shown_as_a_dataclass_is() -> None:
    assert repr(Point(1)) == repr(Model(1)).replace("Model", "Point")
    assert repr(Deep(1)) == "Deep(x=1, y=2, parts=(), z=0)"


def test_a_method_of_its_own_stays() -> None:
    assert repr(Named("a")) == "<a>"


def test_it_is_a_dataclass_with_slots() -> None:
    assert replace(Point(1), y=5) == Point(1, 5)
    assert [each.name for each in fields(Deep)] == ["x", "y", "note", "parts", "z"]
    assert not hasattr(Deep(1), "__dict__")
    match Point(1, 7):
        case Point(x, y):
            assert (x, y) == (1, 7)


def test_a_field_may_be_compared_and_not_hashed() -> None:
    assert hash(Keyed("a", {"n": 1})) == hash(Keyed("a", {}))
    assert Keyed("a", {"n": 1}) != Keyed("a", {})


def test_an_unhashable_field_cannot_be_hashed() -> None:
    with pytest.raises(TypeError):
        hash(Named([]))  # type: ignore[arg-type]


def test_it_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Deep(1, z=4))) == Deep(1, z=4)


def test_the_type_checker_alone_holds_that_nobody_assigns() -> None:
    point, model = Point(1), Model(1)
    point.x = 2  # type: ignore[misc]
    assert point.x == 2
    with pytest.raises(FrozenInstanceError):
        model.x = 2  # type: ignore[misc]


def test_it_is_made_of_what_was_given_or_left_out() -> None:
    assert Point(1, parts=(2,)) == Point(y=2, x=1, parts=(2,))
    assert Point(1).parts is not None and Point(1, 2, "n", (3,)).note == "n"
    with pytest.raises(TypeError, match=r"Point.__init__\(\) missing 1 required .* 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'w'"):
        Point(1, w=2)  # type: ignore[call-arg]
