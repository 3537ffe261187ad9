"""A tool's arguments held against its inputSchema, or its result against its outputSchema (MCP
Tools; JSON Schema 2020-12).

The schema is a stranger's: a pattern can backtrack for years and `$ref` can double its work at
every level. `validate` itself has no deadline, so a program with a person at it runs this file as
a child process, which it can end:

    stdin   {"schema": ..., "value": ..., "name": "inputSchema"}
    stdout  [[["path", ...], "words", whether it was checked], ...]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import islice
from typing import Any

from flows.frozen import frozen

Path = tuple[str, ...]
"""Member names from the arguments object down; () is the whole object."""

MOST_PROBLEMS = 20
_MOST_WORDS = 300


@frozen
class Problem:
    """What is wrong with the member at `path`; when not `checked`, why that is not known. The
    words may quote the server."""

    path: Path
    text: str
    checked: bool = True


def validate(schema: Any, value: Any, name: str = "inputSchema") -> tuple[Problem, ...]:
    """What `schema` objects to in `value`; () when nothing. Never raises, may never end.

    The dialect is the one `$schema` names, else 2020-12. Other documents are not fetched. At most
    MOST_PROBLEMS are given.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, ValidationError
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import NoSuchResource, Unresolvable

    def refuse(uri: str) -> Any:
        raise NoSuchResource(uri)

    registry: Registry[Any] = Registry(retrieve=refuse)  # type: ignore[call-arg]
    try:
        dialect = validator_for(schema, default=Draft202012Validator)
        dialect.check_schema(schema)
        errors = dialect(schema, registry=registry).iter_errors(value)
        found: list[ValidationError] = list(islice(errors, MOST_PROBLEMS))
    except SchemaError as error:
        return (_about(name, f"is no valid JSON Schema: {error.message}"),)
    except Unresolvable as error:
        return (_about(name, f"refers to {error.ref}, which is not fetched", checked=False),)
    except RecursionError:
        return (
            _about(name, "is nested too deeply, or refers to itself without end", checked=False),
        )
    except Exception as error:  # the library raises whatever a malformed schema leads it to
        return (_about(name, f"cannot be applied: {type(error).__name__}: {error}", checked=False),)
    return tuple(_problem(error) for error in found)


def _about(name: str, words: str, *, checked: bool = True) -> Problem:
    return Problem((), f"the tool's {name} {words}"[:_MOST_WORDS], checked)


def _problem(error: Any) -> Problem:
    path = [str(part) for part in error.absolute_path]
    words = str(error.message)
    if error.validator == "required" and isinstance(error.validator_value, list):
        for name in error.validator_value:
            if words.startswith(f"{name!r} "):
                return Problem((*path, str(name)), "required")
    if len(words) > _MOST_WORDS:
        words = f"{words[:_MOST_WORDS]}…"
    return Problem(tuple(path), words)


def main() -> None:
    asked: Mapping[str, Any] = json.load(sys.stdin)
    problems = validate(asked["schema"], asked["value"], asked["name"])
    json.dump([[p.path, p.text, p.checked] for p in problems], sys.stdout)


if __name__ == "__main__":
    main()
