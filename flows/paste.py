"""Whatever a person pastes as an authorization response, as its parameters.

A full redirect URL, another host's callback URL, a bare query, a bare code; with quotes, angle
brackets, spaces or line breaks around or inside, as terminals and mail programs leave them.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from flows.frozen import frozen
from flows.oauth import error_text

Parameters = tuple[tuple[str, str], ...]
_WRAPPING = "\"'`<>()[]{} \t\r\n,;\u201c\u201d\u2018\u2019\u00ab\u00bb"
_MAX = 64 * 1024
KNOWN = frozenset({"code", "error", "state", "iss"})


@frozen
class Pasted:
    """What the text was taken for. `problem` says why it is of no use, else it is ""."""

    kind: Literal["url", "query", "code", "nothing"]
    parameters: Parameters = field(default=(), repr=False)
    url: str | None = field(default=None, repr=False)
    problem: str = ""


def response_in(text: str) -> Parameters:
    """The parameters of the authorization response that a text is for sure, as a URL or a query
    with `error`, or with `code` and `state`; () where it may be something else."""
    pasted = read_pasted(text)
    names = {name for name, _ in pasted.parameters}
    sure = "error" in names or names >= {"code", "state"}
    return pasted.parameters if pasted.kind in ("url", "query") and sure else ()


def came_back(response: Parameters) -> str:
    """What the parameters of an authorization response say, and what to do with it."""
    said = error_text(dict(response))
    if said:
        return (
            f"an authorization response that refuses: {said}. The authorization server's log says "
            "why; a walk shows the request that was refused."
        )
    return (
        "an authorization response with a code. Only the client that asked for it can exchange it: "
        "paste it at the step Response of that walk."
    )


def read_pasted(text: str) -> Pasted:
    """Never raises. A `form_post` body and a fragment response are read like a query."""
    if len(text) > _MAX:
        return Pasted("nothing", problem=f"{len(text):,} characters are no redirect URL")
    bare = text.strip(_WRAPPING)
    if not bare:
        return Pasted("nothing", problem="nothing was pasted")
    # A line break inside a URL is the terminal's wrapping, never part of it.
    joined = re.sub(r"\s*[\r\n]+\s*", "", bare)
    if "://" in joined.partition("?")[0]:
        return _read_url(joined)
    if re.match(r"[?#&]?[A-Za-z_]+=", joined) and not joined.endswith("=="):
        return _read_query(joined.lstrip("?#&"))
    if re.search(r"\s", joined):
        return Pasted("nothing", problem="neither a URL nor a code: it holds spaces")
    return Pasted("code", (("code", joined),))


def _read_url(text: str) -> Pasted:
    # What follows a space is not the URL: "https://… HTTP/1.1", "https://… (copied)".
    url = text.split()[0].rstrip(_WRAPPING)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return Pasted("nothing", problem=f"no URL: {error}")
    parameters = _pairs(parts.query) or _pairs(parts.fragment)
    if not KNOWN & {name for name, _ in parameters}:
        if "code_challenge" in dict(parameters) or "response_type" in dict(parameters):
            problem = "this is the authorization request; paste the address you end up at"
        else:
            problem = "the URL holds neither code nor error"
        return Pasted("nothing", parameters, url, problem)
    if "response_type" in dict(parameters) and "code" not in dict(parameters):
        problem = "this is the authorization request; paste the address you end up at"
        return Pasted("nothing", parameters, url, problem)
    return Pasted("url", parameters, url)


def _read_query(text: str) -> Pasted:
    parameters = _pairs(text.split()[0])
    if not {"code", "error"} & {name for name, _ in parameters}:
        return Pasted("nothing", parameters, problem="neither code nor error in it")
    return Pasted("query", parameters)


def _pairs(text: str) -> Parameters:
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
    except ValueError:
        return ()
