"""What both metadata steps share: candidate URLs tried in order, each kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from flows.documents import read_object
from flows.exchange import Exchange, Request, header, media_type
from flows.facts import Json, Tried
from flows.moves import Blocked, Send
from flows.session import StepId
from flows.wellknown import resolve, url_problem

MAX_REDIRECTS = 5
_REDIRECT = "redirect from "

Judge = Callable[[Json], tuple[str, str]]
Candidate = tuple[str, str]


def fetch(step: StepId, candidate: Candidate) -> Send:
    """The GET of a metadata document: no credentials, JSON asked for."""
    url, rule = candidate
    return Send(step, Request("GET", url, (("Accept", "application/json"),)), rule)


def next_candidate(candidates: Iterable[Candidate], tried: tuple[Tried, ...]) -> Candidate | None:
    """The first candidate not tried yet; before it, the next hop of a redirect.

    Metadata may follow redirects: it carries no credentials. Each hop is an exchange of its own.
    """
    if tried and tried[-1].location:
        hops = [entry for entry in tried if entry.rule.startswith(_REDIRECT)]
        target = tried[-1].location
        if len(hops) < MAX_REDIRECTS and target not in {entry.url for entry in tried}:
            return target, f"{_REDIRECT}{tried[-1].url}"
    rules = {entry.rule for entry in tried}
    return next((candidate for candidate in candidates if candidate[1] not in rules), None)


def read_candidate(exchange: Exchange, rule: str, judge: Judge) -> Tried:
    """One tried URL: its status, type, verdict, and the document when it is a JSON object."""
    url = exchange.request.url
    response = exchange.response
    if response is None:
        words = exchange.error.text if exchange.error else "no answer"
        return Tried(url, rule, exchange.id, None, "", words)
    base = Tried(url, rule, exchange.id, response.status, media_type(response.headers), "")
    if 300 <= response.status < 400:
        named = header(response.headers, "location")
        if named is None:
            return replace(base, verdict="redirects without a Location")
        location = resolve(url, named)
        if problem := url_problem(location):
            return replace(base, verdict=f"redirects to {location}: {problem}")
        return replace(base, verdict=f"redirects to {location}", location=location)
    if response.status != 200:
        return replace(base, verdict=response.reason or "not 200")
    if exchange.error:
        return replace(base, verdict=exchange.error.kind, objection=exchange.error.text)
    document, problem = read_object(response)
    if document is None:
        return replace(base, verdict=problem, objection=problem)
    objection, verdict = judge(document)
    return replace(
        base, verdict=verdict, document=document, objection=objection, usable=not objection
    )


def first_usable(tried: tuple[Tried, ...], overridden: bool) -> Tried | None:
    """The document in use: the first without objection, or, where the person overrode, the
    first document at all."""
    usable = next((entry for entry in tried if entry.usable), None)
    if usable is None and overridden:
        usable = next((entry for entry in tried if entry.document is not None), None)
    return usable


def why_none(tried: tuple[Tried, ...]) -> tuple[str, Tried]:
    """Why no candidate gave a document to use, and the one that decides: a document that was
    read says more than a page that is none. Without one, each has its reason."""
    objected = [one for one in tried if one.objection]
    if objected:
        worst = next((one for one in objected if one.document is not None), objected[0])
        return f"{worst.url}: {worst.objection}.", worst
    return f"{'; '.join(f'{one.url}: {one.outcome}' for one in tried)}.", tried[-1]


def unreachable(step: StepId, tried: tuple[Tried, ...]) -> Blocked | None:
    """The stop when no candidate answered at all."""
    if not tried or any(entry.status is not None for entry in tried):
        return None
    return Blocked(step, f"{tried[-1].url}: {tried[-1].verdict}", "network", "unreachable")
