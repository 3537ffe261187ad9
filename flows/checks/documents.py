"""What the checks of JSON documents share: metadata, key sets, registration responses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flows import wellknown
from flows.checks.kernel import Outcome, Outcomes, Place, Severity, at, failed, passed, skipped
from flows.checks.record import Record
from flows.documents import json_type, read_object
from flows.exchange import Exchange, media_type
from flows.facts import Json, Tried
from flows.frozen import frozen
from flows.json_text import salvage_object
from flows.network import edge_page, is_unreadable
from flows.text import size

LARGE = 256 * 1024
"""Bytes of a document beyond which clients are known to give up; metadata has a few thousand."""
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@frozen
class Found:
    """A document with the exchange that brought it."""

    exchange: Exchange
    members: Json

    def at(self, *names: str | int) -> Place:
        """The member that a JSON Pointer of these names leads to (RFC 6901)."""
        return at(self.exchange, pointer(*names))

    def place(self, name: str) -> Place:
        """The member, or the message where it is missing."""
        return self.at(name) if name in self.members else at(self.exchange)


def pointer(*names: str | int) -> str:
    return "".join(f"/{str(name).replace('~', '~0').replace('/', '~1')}" for name in names)


def found_of(record: Record, tried: Tried | None) -> Found | None:
    exchange = record.exchange(tried.exchange_id) if tried else None
    if tried is None or exchange is None or tried.document is None:
        return None
    return Found(exchange, tried.document)


def weight(candidates: Iterable[Tried]) -> Severity:
    """Of several candidates one that is broken stops some clients only, when another is usable."""
    return "warn" if any(tried.usable for tried in candidates) else "error"


def is_found(record: Record, candidates: tuple[Tried, ...], what: str) -> Outcomes:
    """One of the candidate URLs has the document: it answers 200, whatever it holds."""
    tried = [
        (entry, exchange)
        for entry in candidates
        if (exchange := record.exchange(entry.exchange_id))
    ]
    good = [exchange for entry, exchange in tried if entry.status == 200]
    others = [pair for pair in tried if pair[0].status is not None and not pair[0].check]
    if good:
        yield passed(at(good[-1], "status"))
    elif others:
        entry, exchange = others[-1]
        if entry.location:
            words = f"No {what}: {entry.url} redirects to {entry.location}, which leads nowhere."
            yield failed(words, at(exchange, "header Location"))
        else:
            more = f", the last of {len(tried)} URLs," if len(tried) > 1 else ""
            words = f"No {what}: {entry.url}{more} answers {entry.status}."
            yield failed(words, at(exchange, "status"))
    elif tried:
        yield skipped("the network let no answer through")


def answered(record: Record, candidates: Iterable[Tried]) -> Iterator[Exchange]:
    """The exchanges that said 200, without those in which a proxy did."""
    for tried in candidates:
        exchange = record.exchange(tried.exchange_id)
        response = exchange.response if exchange else None
        if exchange and response and response.status == 200 and not edge_page(response):
            yield exchange


def holds_json(record: Record, candidates: tuple[Tried, ...]) -> Outcomes:
    """A success is a JSON object, and is said to be one by its media type."""
    for exchange in answered(record, candidates):
        yield json_outcome(exchange, weight(candidates))


def json_outcome(exchange: Exchange, severity: Severity) -> Outcome:
    assert exchange.response is not None
    kind = media_type(exchange.response.headers)
    if exchange.error and not is_unreadable(exchange):
        return skipped("the answer did not arrive whole")
    if exchange.error:
        return failed(f"{_url(exchange)}: {exchange.error.text}.", at(exchange), severity=severity)
    document, problem = read_object(exchange.response)
    where = at(exchange, "header Content-Type")
    if document is None:
        misnamed = bool(kind) and "json" not in kind
        place = where if misnamed else at(exchange)
        return failed(f"{_url(exchange)}: {problem}.", place, severity=severity)
    if kind != "application/json":
        words = f"The JSON of {_url(exchange)} is sent as {kind or 'no media type at all'}."
        return failed(words, where if kind else at(exchange), severity="warn")
    return passed(where)


def named_once(record: Record, exchanges: Iterable[Exchange]) -> Outcomes:
    """No object names a member twice: readers differ on which of them counts."""
    for exchange in exchanges:
        document = record.document(exchange)
        if document is None or document.members is None:
            continue
        if len(document.response.body) > LARGE:
            yield skipped(f"more than {size(LARGE)}: not searched for repeated names")
            continue
        _, problems = salvage_object(document.response.body.decode("utf-8", "replace"))
        twice = [problem.text for problem in problems if problem.code == "duplicate"]
        if twice:
            yield failed(f"The document of {_url(exchange)} {twice[0]}.", at(exchange))
        else:
            yield passed(at(exchange))


def of_sane_size(record: Record, exchanges: Iterable[Exchange]) -> Outcomes:
    for exchange in exchanges:
        if exchange.response is None or exchange.error:
            continue
        length = max(len(exchange.response.body), exchange.response.wire_size)
        if length > LARGE:
            words = f"The document of {_url(exchange)} has {size(length)}: clients set limits."
            yield failed(words, at(exchange))
        else:
            yield passed(at(exchange))


def without_empty(found: Found, kept: Iterable[str] = (), *, arrays: bool = True) -> Outcomes:
    """No member is null or empty, but those in `kept`; what has no value is left out."""
    empty: list[object] = [None, ""]
    names = [
        name
        for name, value in found.members.items()
        if name not in kept and (value in empty or (arrays and value == []))
    ]
    if not names:
        yield passed(at(found.exchange))
    for name in names:
        value = found.members[name]
        kind = "null" if value is None else "an empty array" if value == [] else "empty"
        yield failed(f"{name} is {kind}: strict clients refuse the whole document.", found.at(name))


def illegal_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that break the grammar of a scope token (RFC 6749 section 3.3)."""
    return [scope for scope in scopes if not _SCOPE_TOKEN.fullmatch(scope)]


def url_problem(value: Any) -> str:
    """Why a member is no URL of an endpoint: absolute, without fragment (RFC 6749 section 3.1);
    "" when it is."""
    if not isinstance(value, str):
        return f"is a JSON {json_type(value)}, not a URL"
    if problem := wellknown.url_problem(value):
        return f"is {value}: {problem}"
    return f"is {value}: a fragment has no place there" if "#" in value else ""


def array_problem(members: Mapping[str, Any], name: str) -> str:
    """Why a member is no array of strings; "" where it is one, or is absent or null."""
    value = members.get(name)
    if value is None:
        return ""
    if not isinstance(value, list):
        return f"{name} is a JSON {json_type(value)} where an array belongs."
    wrong = [json_type(item) for item in value if not isinstance(item, str)]
    return f"{name} holds a JSON {wrong[0]} among its strings." if wrong else ""


def _url(exchange: Exchange) -> str:
    return exchange.request.url
