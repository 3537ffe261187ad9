"""NET: what happens to messages on their way: plain HTTP, redirects, proxies, time, encodings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from flows.checks.kernel import Outcomes, Place, Severity, at, check, failed, passed
from flows.checks.network import all_exchanges, host_of
from flows.checks.record import Record
from flows.checks.resource_metadata import resource_document
from flows.checks.server_metadata import ENDPOINTS, server_document
from flows.dead_ends import dead_end
from flows.documents import text_list, text_member
from flows.exchange import Exchange, header, media_type
from flows.network import edge_page, failing_check, failing_party, is_unreadable, reach_of
from flows.session import Exchanged, Party, StepId
from flows.steps.challenge import challenge_in, refusal
from flows.wellknown import is_web_url, resolve, same_origin

SLOW, TOO_SLOW = 5.0, 15.0
"""Seconds. Back ends of hosted clients give up somewhere above."""
APART, TOO_FAR_APART = timedelta(seconds=60), timedelta(seconds=300)
_RESOURCE_SERVER: frozenset[StepId] = frozenset(
    {"challenge", "resource-metadata", "connect", "tools", "call"}
)
_MACHINES: frozenset[StepId] = frozenset(
    {"resource-metadata", "server-metadata", "keys", "client", "token", "refresh"}
)
"""Steps in which a client's back end waits for a short answer."""
_METADATA: frozenset[StepId] = frozenset({"resource-metadata", "server-metadata", "keys"})
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s;"]+)', re.IGNORECASE)
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")


def server_of(step: StepId) -> Party:
    """Who answers the requests of a step."""
    return "resource-server" if step in _RESOURCE_SERVER else "authorization-server"


def _plain(url: str) -> bool:
    """Whether a URL sends what is secret over the network in the clear."""
    return is_web_url(url) and url[:5].lower() == "http:" and reach_of(url) != "loopback"


def _named_urls(record: Record) -> Iterator[tuple[str, str, Place, StepId]]:
    """`(what it is, URL, where it stands, step)` of every URL that a server named."""
    refused = refusal(record.facts) if record.is_mcp else None
    challenge = challenge_in(refused) if refused else None
    if refused and challenge and (url := challenge.get("resource_metadata")):
        place = at(refused, "header WWW-Authenticate")
        yield "resource_metadata", url, place, "challenge"
    if found := resource_document(record):
        servers = text_list(found.members, "authorization_servers") or ()
        for index, url in enumerate(servers):
            place = found.at("authorization_servers", index)
            yield "the authorization server", url, place, "resource-metadata"
    if found := server_document(record):
        for name in ("issuer", *ENDPOINTS):
            if url := text_member(found.members, name):
                yield name, url, found.at(name), "server-metadata"


@check(
    "NET-07",
    "challenge",
    "resource-server",
    "error",
    "every URL is https, but for loopback",
    "OAuth 2.1 §1.5; RFC 8414 §2; RFC 9728 §1.2; MCP Communication Security",
    "Serve it over https; behind a proxy that ends TLS, build URLs from X-Forwarded-Proto.",
)
def urls_are_https(record: Record) -> Outcomes:
    facts = record.facts
    for what, url, place, step in _named_urls(record):
        if _plain(url):
            yield failed(f"{what} is {url}: plain http.", place, party=server_of(step), step=step)
        else:
            yield passed(place)
    secret = facts.current_tokens is not None or refusal(facts) is not None
    for event in all_exchanges(record):
        url = event.exchange.request.url
        if record.is_mcp and secret and url == facts.target.url and _plain(url):
            words = f"The MCP server is at {url}: tokens would cross the network in plain http."
            yield failed(words, at(event.exchange, "url", "request"), step=event.step)
            return


@check(
    "NET-08",
    "challenge",
    "network",
    "error",
    "nothing that a client posts to is redirected",
    "RFC 9110 §15.4; RFC 6749 §3.2; Fetch, HTTP-redirect fetch",
    "Give clients the final URL: a redirect loses the token, the body, or the method.",
)
def nothing_is_redirected(record: Record) -> Outcomes:
    for event in all_exchanges(record):
        exchange = event.exchange
        status = exchange.status
        location = header(exchange.response.headers, "location") if exchange.response else None
        if status is None or not 300 <= status < 400 or not location or event.step == "callback":
            continue
        url = exchange.request.url
        target = resolve(url, location)
        there = target
        if is_web_url(target) and not same_origin(url, target):
            there += ", another origin"
        words = f"{exchange.request.method} {url} is redirected with {status} to {there}."
        place = at(exchange, "header Location")
        if event.step in _METADATA:  # which carry no credentials, and may be redirected
            yield failed(words, place, severity="info", step=event.step)
        else:
            upgraded = target == f"https:{url.removeprefix('http:')}"
            party = "network" if upgraded else server_of(event.step)
            yield failed(words, place, party=party, step=event.step)


@check(
    "NET-10",
    "challenge",
    "network",
    "error",
    "no proxy or firewall answers in a server's place",
    "RFC 6750 §3; RFC 6749 §5.1, §5.2",
    "Let programs through: turn bot protection off for the MCP endpoint, the metadata and the "
    "token endpoint.",
)
def nobody_answers_instead(record: Record) -> Outcomes:
    for event in all_exchanges(record):
        response = event.exchange.response
        if response is None or event.step == "callback":  # a browser can pass such a page
            continue
        if page := edge_page(response):
            words = f"{host_of(event.exchange)}: {response.status}, {page}."
            yield failed(words, at(event.exchange, "status"), step=event.step)
        else:
            yield passed(at(event.exchange, "status"))


@check(
    "NET-11",
    "token",
    "network",
    "warn",
    "the answers come before clients give up",
    "practice: hosted clients wait some seconds",
    "Find out what the server waits for; answer in less than five seconds.",
)
def answers_come_in_time(record: Record) -> Outcomes:
    for event in all_exchanges(record):
        exchange = event.exchange
        place = at(exchange, "", "response" if exchange.response else "request")
        took = exchange.timing.total
        if failing_check(exchange) == "NET-11" and exchange.error:
            words = f"No answer of {exchange.request.url}: {exchange.error.text}."
            blamed: Party | None = None
            if dead := dead_end(record.session, record.facts, event):
                words, blamed = f"{words} {dead.words}", "authorization-server"
            yield failed(words, place, severity="error", party=blamed, step=event.step)
        elif event.step in _MACHINES and exchange.response and took > SLOW:
            words = f"{exchange.request.url} took {took:.1f} s."
            weight: Severity = "error" if took > TOO_SLOW else "warn"
            party = server_of(event.step)
            yield failed(words, place, severity=weight, party=party, step=event.step)
        elif event.step in _MACHINES and exchange.response:
            yield passed(place)


def _offsets(record: Record) -> dict[str, tuple[timedelta, Exchanged]]:
    """How far each host's clock is ahead of ours, by the Date of its answers to a POST: answers
    to a GET may be old, from a cache."""
    found: dict[str, tuple[timedelta, Exchanged]] = {}
    for event in all_exchanges(record):
        exchange = event.exchange
        if exchange.request.method != "POST" or exchange.response is None:
            continue
        if date := _date(exchange):
            timing = exchange.timing
            headed = timing.total - (timing.body or 0.0)
            ours = exchange.started + timedelta(seconds=headed)
            found[host_of(exchange)] = (date - ours, event)
    return found


def _date(exchange: Exchange) -> datetime | None:
    text = header(exchange.response.headers, "date") if exchange.response else None
    try:
        date = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


@check(
    "NET-12",
    "token",
    "network",
    "warn",
    "the servers' clocks agree with ours",
    "RFC 9110 §6.6.1; RFC 7519 §4.1.4, §4.1.5",
    "Set the clock by NTP.",
)
def clocks_agree(record: Record) -> Outcomes:
    offsets = _offsets(record)
    apart = [offset for offset, _ in offsets.values()]
    # Where several servers agree with each other, it is our clock that is wrong.
    ours = len(apart) > 1 and max(apart) - min(apart) < APART
    for host, (offset, event) in offsets.items():
        place = at(event.exchange, "header Date")
        if abs(offset) <= APART:
            yield passed(place)
            continue
        seconds = abs(offset).total_seconds()
        direction = "ahead of" if offset > timedelta(0) else "behind"
        words = f"The clock of {host} is {seconds:,.0f} s {direction} this machine's."
        if ours:
            words += " All servers agree: this machine is wrong."
        weight: Severity = "error" if abs(offset) > TOO_FAR_APART else "warn"
        party: Party = "person" if ours else server_of(event.step)
        yield failed(words, place, severity=weight, party=party, step=event.step)


@check(
    "NET-14",
    "challenge",
    "network",
    "error",
    "bodies arrive whole and can be decoded",
    "RFC 9110 §8.4, §8.6; RFC 8259 §8.1",
    "Send the whole body, in a content coding that is registered, in UTF-8.",
)
def bodies_can_be_read(record: Record) -> Outcomes:
    for event in all_exchanges(record):
        exchange = event.exchange
        if event.step in _METADATA and is_unreadable(exchange):
            continue  # PRM-02, ASM-02 and JWK-01 say so
        if failing_check(exchange) == "NET-14" and exchange.error:
            words = f"{exchange.request.url}: {exchange.error.text}."
            party = failing_party(exchange, server_of(event.step))
            coded = exchange.error.kind == "bad-encoding"
            place = at(exchange, "header Content-Encoding" if coded else "")
            yield failed(words, place, party=party, step=event.step)
        elif exchange.response and exchange.response.body:
            kind = header(exchange.response.headers, "content-type") or ""
            charset = _CHARSET.search(kind)
            json = media_type(exchange.response.headers).endswith("json")
            if json and charset and charset[1].lower() not in _UTF8:
                words = f"The JSON of {exchange.request.url} is declared as {charset[1]}: "
                words += "JSON is always UTF-8."
                party, place = server_of(event.step), at(exchange, "header Content-Type")
                yield failed(words, place, severity="warn", party=party, step=event.step)
            else:
                yield passed(at(exchange))
