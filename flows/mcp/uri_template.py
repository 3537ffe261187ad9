"""URI templates (RFC 6570, all four levels), as MCP names families of resources by them.

expand("lab://notes/{name}{?q*}", {"name": "a b", "q": ["1", "2"]})
-> "lab://notes/a%20b?q=1&q=2"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from flows.frozen import frozen

_RESERVED = ":/?#[]@!$&'()*+,;="
_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(
    r"((?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*)"
    r"(?:(\*)|:([1-9][0-9]{0,3}))?"
)
_TRIPLET = re.compile(r"%[0-9A-Fa-f]{2}")


class InvalidTemplate(ValueError):
    """Why a text is no URI template."""


@frozen
class Variable:
    """One variable of an expression (section 2.4): `*` explodes it, `:n` takes n characters."""

    name: str
    explode: bool = False
    prefix: int | None = None


@frozen
class _Operator:
    """How an expression is put together (section 3.2.1, appendix A)."""

    first: str = ""
    separator: str = ","
    named: bool = False
    if_empty: str = ""
    reserved: bool = False


_OPERATORS: Mapping[str, _Operator] = {
    "": _Operator(),
    "+": _Operator(reserved=True),
    "#": _Operator("#", reserved=True),
    ".": _Operator(".", "."),
    "/": _Operator("/", "/"),
    ";": _Operator(";", ";", named=True),
    "?": _Operator("?", "&", named=True, if_empty="="),
    "&": _Operator("&", "&", named=True, if_empty="="),
}


def variables(template: str) -> tuple[Variable, ...]:
    """The variables in their order, each once. Raises InvalidTemplate."""
    found: dict[str, Variable] = {}
    for part in _parts(template):
        for variable in part[1] if isinstance(part, tuple) else ():
            found.setdefault(variable.name, variable)
    return tuple(found.values())


def expand(template: str, values: Mapping[str, Any]) -> str:
    """The URI for these values: texts, numbers, arrays or objects of them. What is not there, is
    null or an empty array is undefined and leaves nothing behind (section 2.3). Raises
    InvalidTemplate."""
    return "".join(
        part if isinstance(part, str) else _expression(*part, values) for part in _parts(template)
    )


def _parts(template: str) -> Iterator[str | tuple[_Operator, tuple[Variable, ...]]]:
    """Literals, spelled as a URI has them, and expressions."""
    at = 0
    for found in _EXPRESSION.finditer(template):
        yield _literal(template[at : found.start()])
        yield _parsed(found[1])
        at = found.end()
    yield _literal(template[at:])


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise InvalidTemplate("a brace without its other half")
    return _spelled(text, reserved=True)


def _parsed(expression: str) -> tuple[_Operator, tuple[Variable, ...]]:
    mark = expression[:1] if expression[:1] in _OPERATORS else ""
    found = []
    for text in expression[len(mark) :].split(","):
        match = _VARIABLE.fullmatch(text)
        if match is None:
            raise InvalidTemplate(f"{{{expression}}} is no expression")
        prefix = int(match[3]) if match[3] else None
        found.append(Variable(match[1], match[2] is not None, prefix))
    return _OPERATORS[mark], tuple(found)


def _expression(
    operator: _Operator, wanted: tuple[Variable, ...], values: Mapping[str, Any]
) -> str:
    parts = [
        text
        for variable in wanted
        if (text := _variable(operator, variable, values.get(variable.name))) is not None
    ]
    return operator.first + operator.separator.join(parts) if parts else ""


def _variable(operator: _Operator, variable: Variable, value: Any) -> str | None:
    """One variable's part of an expression; None when it is undefined."""
    if value is None or value == [] or value == {}:
        return None

    def spelled(part: Any) -> str:
        return _spelled(_text(part), reserved=operator.reserved)

    if not isinstance(value, list | dict):
        text = spelled(_text(value)[: variable.prefix])
        return _named(operator, variable.name, text) if operator.named else text
    pairs = (
        [(spelled(key), spelled(part)) for key, part in value.items()]
        if isinstance(value, dict)
        else None
    )
    if variable.explode:
        if pairs is not None:
            return operator.separator.join(f"{key}={text}" for key, text in pairs)
        texts = [spelled(part) for part in value]
        if operator.named:
            texts = [_named(operator, variable.name, text) for text in texts]
        return operator.separator.join(texts)
    flat = [text for pair in pairs for text in pair] if pairs is not None else map(spelled, value)
    text = ",".join(flat)
    return _named(operator, variable.name, text) if operator.named else text


def _named(operator: _Operator, name: str, text: str) -> str:
    return f"{name}={text}" if text else f"{name}{operator.if_empty}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _spelled(text: str, *, reserved: bool) -> str:
    """`text` percent-encoded but for what may stand in a URI (section 3.2.1)."""
    if not reserved:
        return quote(text, safe="", errors="surrogatepass")
    at, found = 0, []
    for triplet in _TRIPLET.finditer(text):
        found += [quote(text[at : triplet.start()], safe=_RESERVED, errors="surrogatepass")]
        found.append(triplet[0])
        at = triplet.end()
    return "".join(found) + quote(text[at:], safe=_RESERVED, errors="surrogatepass")
