"""What a name on the wire means, wherever it may stand, and where that is written.

terms(name)       every meaning of a name: scope is asked for, granted, and demanded
names(where)      every name of one kind of message: "token request", "header field"
near(name)        names that look alike, for one that nobody knows
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from flows.claim_names import CLAIMS, PARAMETERS
from flows.frozen import frozen

_FILE = Path(__file__).with_name("meanings.toml")


@frozen
class Term:
    """One meaning. `where` is the kind of message or document; `need` is what the standard says
    of whoever sends it, "" where it says nothing."""

    where: str
    name: str
    text: str
    standard: str
    need: str = ""


def terms(name: str, first: str = "") -> tuple[Term, ...]:
    """Every meaning of a name, that of `first` before the others; none where it is unknown. Header
    fields are known in any case of letters."""
    known = _known()
    found = known.get(name) or known.get(name.lower(), ())
    return tuple(sorted(found, key=lambda term: term.where != first))


def names(where: str) -> tuple[str, ...]:
    """Every name known of one kind of message or document, in its order there."""
    return tuple(name for name, found in _known().items() if any(t.where == where for t in found))


def near(name: str) -> tuple[str, ...]:
    """Known names that look like this one, the likest first."""
    known = _known()
    # Nothing twice as long as the longest is like it, and of a megabyte that takes seconds to say.
    return tuple(get_close_matches(name, known, 3)) if len(name) < 2 * _longest() else ()


@cache
def _longest() -> int:
    return max(map(len, _known()))


@cache
def _known() -> Mapping[str, tuple[Term, ...]]:
    found: dict[str, tuple[Term, ...]] = {}
    tables = tomllib.loads(_FILE.read_text("utf-8"))
    listed = [
        Term(where, name, *texts)
        for where, names in tables.items()
        for name, texts in names.items()
    ]
    for where, names in (("claim of a JWT", CLAIMS), ("header of a JWT", PARAMETERS)):
        listed += [Term(where, name, *meaning) for name, meaning in names.items()]
    for term in listed:
        found[term.name] = (*found.get(term.name, ()), term)
    return found
