"""Reading JSON and form bodies that a stranger sent: a value, or words for what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flows.exchange import Response, media_type

_HALF = r"[\ud800-\udfff]"


def read_json(body: bytes) -> tuple[Any, str]:
    """A JSON text (RFC 8259) as `(value, "")`, or `(None, what is wrong)`.

    A byte order mark is refused, as section 8.1 lets a parser do: strict clients do refuse it.
    """
    if body.startswith(b"\xef\xbb\xbf"):
        return None, "starts with a byte order mark"
    if not body.strip():
        return None, "empty body"
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse), ""
    except UnicodeDecodeError as error:
        return None, f"not UTF-8: byte {error.start}"
    except json.JSONDecodeError as error:
        if body.lstrip()[:1] == b"<":
            return None, "HTML or XML where JSON belongs"
        return None, f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
    except RecursionError:
        return None, "JSON nested too deeply"
    except ValueError as error:
        return None, f"not JSON: {error}"


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def read_object(response: Response) -> tuple[Mapping[str, Any] | None, str]:
    """The JSON object in a response's body as `(object, "")`, or `(None, what is wrong)`."""
    value, problem = read_json(response.body)
    if problem:
        from flows.page import page_words  # it takes a parser of HTML, which few walks need

        kind, said = media_type(response.headers), page_words(response)
        problem = f"{problem} ({kind})" if kind and "json" not in kind else problem
        return None, f"{problem}: {said}" if said else problem
    if not isinstance(value, dict):
        return None, f"a JSON {json_type(value)} where an object belongs"
    return value, ""


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case _:
            return "object"


def text_member(document: Mapping[str, Any], name: str) -> str | None:
    """A member that is a non-empty string, else None."""
    value = document.get(name)
    return value if isinstance(value, str) and value else None


def value_member(document: Mapping[str, Any], name: str) -> str | None:
    """A member that will be sent on: a non-empty string that can be, else None; `flaw` says
    what it is instead."""
    text = text_member(document, name)
    return text if text and is_whole(text) else None


def is_whole(text: str) -> bool:
    """Whether no half of a surrogate pair is in the text. JSON can name one (RFC 8259 section
    8.2), but no request can hold it."""
    return text.isascii() or not re.search(_HALF, text)


def flaw(document: Mapping[str, Any], name: str) -> str:
    """What a member is where a text to be sent on belongs: "missing", "a JSON number", ..."""
    value = document.get(name)
    if not isinstance(value, str):
        return "missing" if name not in document else f"a JSON {json_type(value)}"
    return "half of a surrogate pair (RFC 8259 §8.2)" if value else "empty"


def text_list(document: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """A member that is an array, as the strings in it; None when it is absent or no array."""
    value = document.get(name)
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, str))


FORM = "application/x-www-form-urlencoded"


def form(pairs: list[tuple[str, str]]) -> bytes:
    """A form body, spaces as "+" (RFC 6749 appendix B)."""
    return urlencode(pairs).encode("ascii")


def read_form(body: bytes) -> tuple[tuple[str, str], ...]:
    """The pairs of a form body or query, in order, blank values kept."""
    text = body.decode("utf-8", "replace")
    return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=1000))
