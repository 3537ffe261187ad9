"""What both metadata steps share: candidate URLs tried in order, each kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from flows.documents import read_object
from flows.exchange import Exchange, Request, header, media_type
from flows.facts import Json, Tried
from flows.moves import Blocked, Send
from flows.network import edge_page, failing_check, is_unreadable, leads_inside
from flows.session import StepId
from flows.wellknown import resolve, url_problem

MAX_REDIRECTS = 5
_REDIRECT = "redirect from "

Judge = Callable[[Json], tuple[str, str, str]]
"""`(objection, verdict, check)` of a document: an objection forbids its use, and is what the check
of that id finds too."""
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


def read_candidate(exchange: Exchange, rule: str, judge: Judge, unreadable: str) -> Tried:
    """One tried URL: its status, type, verdict, and the document when it is a JSON object.
    `unreadable` is the check of a 200 without one."""
    url = exchange.request.url
    response = exchange.response
    if response is None:
        words = exchange.error.text if exchange.error else "no answer"
        return Tried(url, rule, exchange.id, None, "", words, check=failing_check(exchange))
    base = Tried(url, rule, exchange.id, response.status, media_type(response.headers), "")
    if page := edge_page(response):
        return replace(base, verdict=page, objection=page, check="NET-10")
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
    # What came before a failure may be half of it, and is not read.
    failure = exchange.error
    document, problem = (None, failure.text) if failure else read_object(response)
    if document is None:
        lost = failure is not None and not is_unreadable(exchange)
        check = failing_check(exchange) if lost else unreadable
        return replace(base, verdict=problem, objection=problem, check=check)
    objection, verdict, check = judge(document)
    return replace(
        base,
        verdict=verdict,
        document=document,
        objection=objection,
        check=check,
        usable=not objection,
    )


def first_usable(tried: tuple[Tried, ...], overridden: bool) -> Tried | None:
    """The document in use: the first without objection, or, where the person overrode, the
    first document at all."""
    usable = next((entry for entry in tried if entry.usable), None)
    if usable is None and overridden:
        usable = next((entry for entry in tried if entry.document is not None), None)
    return usable


def judged(tried: tuple[Tried, ...]) -> Tried | None:
    """The document that rules are held against: the usable one, else the first there is."""
    usable = next((entry for entry in tried if entry.usable), None)
    return usable or next((entry for entry in tried if entry.document is not None), None)


def why_none(tried: tuple[Tried, ...]) -> tuple[str, Tried]:
    """Why no candidate gave a document to use, and the one that decides: a document that was
    read says more than a page that is none. Without one, each has its reason."""
    objected = [one for one in tried if one.objection]
    if objected:
        worst = next((one for one in objected if one.document is not None), objected[0])
        return f"{worst.url}: {worst.objection}.", worst
    return f"{'; '.join(f'{one.url}: {one.outcome}' for one in tried)}.", tried[-1]


def unreachable(
    step: StepId, tried: tuple[Tried, ...], source: str | None, check: str
) -> Blocked | None:
    """The stop when no candidate answered at all. `source` is the MCP server that named the URL,
    and `check` fails where it names one of its own network."""
    if not tried or any(entry.status is not None for entry in tried):
        return None
    last = tried[-1]
    words = f"{last.url}: {last.verdict}"
    if source and leads_inside(last.url, source):
        return Blocked(
            step,
            f"{words}. Only the MCP server's own network can reach this address.",
            "resource-server",
            "unreachable",
            fix="Put the public host name in its place: the configuration has a local one.",
            check=check,
        )
    return Blocked(step, words, "network", "unreachable", check=last.check)
