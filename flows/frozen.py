"""`@frozen`: what `@dataclass(frozen=True, slots=True)` gives, made in a tenth of the time.

For every such class `dataclasses` compiles six methods, and some eighty classes are made before the
first screen, most of which it has no instance of. Here `__init__` alone is compiled, with the first
instance; the other methods are the same functions for all classes. That nobody assigns to a field
is held by the type checker, not while the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """The class as a dataclass with slots that is compared, hashed and shown by its fields.

    A method that the class defines itself stays. `replace`, `fields`, `match` and pickle work as
    with any dataclass; `__post_init__`, `InitVar` and fields by keyword alone are not known here.
    """
    if cls.__doc__ is None:  # else `dataclass` writes one, which takes longer than all the rest
        cls.__doc__ = cls.__name__
    own = vars(cls).keys() & _SHARED.keys()
    made: type[T] = dataclass(init=False, repr=False, eq=False, slots=True)(cls)

    def first(self: object, *args: object, **named: object) -> None:
        made.__init__ = _constructor(made)  # type: ignore[method-assign]
        made.__init__(self, *args, **named)

    made.__init__ = first  # type: ignore[method-assign]
    for name in _SHARED.keys() - own:
        setattr(made, name, _SHARED[name])
    return made


def _constructor(cls: type) -> Callable[..., None]:
    """`__init__` for the fields of a class."""
    names: dict[str, Any] = {"_LEFT_OUT": object()}
    parameters, lines = ["self"], ["    pass"]
    for each in fields(cls):
        name = value = each.name
        if each.default_factory is not MISSING:
            names[f"_make_{name}"] = each.default_factory
            parameters.append(f"{name}=_LEFT_OUT")
            value = f"_make_{name}() if {name} is _LEFT_OUT else {name}"
        elif each.default is not MISSING:
            names[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        lines.append(f"    self.{name} = {value}")
    exec("\n".join((f"def __init__({', '.join(parameters)}):", *lines)), names)
    init: Callable[..., None] = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _nothing(value: object) -> tuple[()]:
    return ()


def _getter(names: Iterable[str]) -> Callable[[object], object]:
    named = tuple(names)
    return attrgetter(*named) if named else _nothing


@cache
def _values(cls: type) -> Callable[[object], object]:
    return _getter(each.name for each in fields(cls) if each.compare)


@cache
def _key(cls: type) -> Callable[[object], object]:
    return _getter(each.name for each in fields(cls) if each.compare and each.hash is not False)


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _values(self.__class__)
    return values(self) == values(other)


def _hashed(self: Any) -> int:
    return hash(_key(self.__class__)(self))


def _represented(self: Any) -> str:
    shown = (each.name for each in fields(self) if each.repr)
    said = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({said})"


_SHARED = {"__eq__": _equal, "__hash__": _hashed, "__repr__": _represented}
