"""NET: names, connections and TLS of every server the walk met. Checked from this machine: a
hosted client dials from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from flows.checks.kernel import Outcome, Outcomes, Severity, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.dead_ends import dead_end
from flows.exchange import Exchange
from flows.network import NO_TLS, failing_check, reach, reach_of
from flows.session import STEP_IDS, Exchanged

SOON = timedelta(days=14)
AT_ONCE = timedelta(days=2)
_CURRENT = ("TLSv1.2", "TLSv1.3")


def all_exchanges(record: Record) -> Iterator[Exchanged]:
    """Every exchange the facts rest on, in the order of the steps."""
    yield from record.exchanges(*STEP_IDS)


def host_of(exchange: Exchange) -> str:
    """`host` or `host:port` of the request."""
    try:
        return urlsplit(exchange.request.url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return exchange.request.url


def _by_host(record: Record) -> dict[str, Exchanged]:
    """The last exchange with each host: what a server was like is what it is now."""
    return {host_of(event.exchange): event for event in all_exchanges(record)}


def _told(record: Record, id: str, fix: str | None = None) -> Outcomes:
    """The hosts that the check `id` fails for want of an answer. An address that metadata names
    is its server's affair."""
    met = _by_host(record)
    for event in record.probes("token-get"):  # a walk without a login comes there in no other way
        met.setdefault(host_of(event.exchange), event)
    for event in met.values():
        exchange, failure = event.exchange, event.exchange.error
        if failure and failing_check(exchange) == id:
            words = f"{failure.text[:1].upper()}{failure.text[1:]}."
            outcome = failed(words, at(exchange, "url", "request"), step=event.step, fix=fix)
            if dead := dead_end(record.session, record.facts, event):
                says = f"{words} {dead.words}"
                outcome = replace(outcome, says=says, party="authorization-server")
            yield outcome


def _secured(record: Record) -> Iterator[Exchanged]:
    """The last exchange with each host that was met over TLS."""
    for event in _by_host(record).values():
        if event.exchange.tls and not event.exchange.error:
            yield event


@check(
    "NET-01",
    "challenge",
    "network",
    "error",
    "every host has an address, and one that others can reach too",
    "RFC 1034 §3.6; RFC 6890 §2.2",
    "Publish the name in the public DNS, with a public address.",
)
def hosts_resolve(record: Record) -> Outcomes:
    yield from _told(record, "NET-01")
    for event in _by_host(record).values():
        exchange = event.exchange
        address = (exchange.peer or "").rpartition(":")[0]
        if not address or exchange.response is None:
            continue
        kind = reach(address)
        if kind == "public" or reach_of(exchange.request.url) != "public":
            yield passed(at(exchange, "url", "request"))
        else:
            words = (
                f"{host_of(exchange)} was reached at {address}, a {kind} address (or a proxy's): "
                "a hosted client such as ChatGPT or Claude cannot go there."
            )
            place = at(exchange, "url", "request")
            yield failed(words, place, severity="info", step=event.step)


@check(
    "NET-02",
    "challenge",
    "network",
    "error",
    "every server takes the connection and answers in HTTP",
    "RFC 9110 §3.3; RFC 9293 §3.5",
    "Check that the server runs, its port, and the firewall before it.",
)
def servers_answer(record: Record) -> Outcomes:
    for outcome in _told(record, "NET-02"):
        yield _in_plain(record, outcome) if NO_TLS in outcome.says else outcome
    for event in _by_host(record).values():
        if event.exchange.response:
            yield passed(at(event.exchange, "status"))


def _in_plain(record: Record, outcome: Outcome) -> Outcome:
    """A URL of https where plain HTTP is spoken."""
    exchange = record.session.exchange(outcome.place.exchange) if outcome.place else None
    url = exchange.request.url if exchange else ""
    fix = f"Did you mean http:{url.partition(':')[2].partition('?')[0]}? Else speak TLS there."
    return replace(outcome, standard="RFC 9110 §4.2.2", fix=fix)


@check(
    "NET-03",
    "challenge",
    "network",
    "error",
    "the certificate chain leads to a root that is trusted",
    "RFC 5280 §6; OAuth 2.1 §1.5",
    "Send the intermediate certificates too, of an authority that clients trust.",
)
def chain_is_trusted(record: Record) -> Outcomes:
    for outcome in _told(record, "NET-03"):
        ours = "certificate of" in outcome.says
        yield outcome if ours else replace(outcome, fix="Check the TLS settings of the server.")
    for event in _secured(record):
        tls = event.exchange.tls
        if tls and tls.verified:
            yield passed(at(event.exchange, "url", "request"))
        elif tls:
            yield skipped("certificates were not verified, as asked")


@check(
    "NET-04",
    "challenge",
    "network",
    "error",
    "the certificate names the host",
    "RFC 9525 §6",
    "Get a certificate with this host name among its subjectAltNames.",
)
def certificate_names_the_host(record: Record) -> Outcomes:
    yield from _told(record, "NET-04")
    for event in _secured(record):
        if event.exchange.tls and event.exchange.tls.verified:
            yield passed(at(event.exchange, "url", "request"))


@check(
    "NET-05",
    "challenge",
    "network",
    "error",
    "the certificate is valid, and not about to expire",
    "RFC 5280 §4.1.2.5",
    "Renew the certificate, and let a machine do it from now on.",
)
def certificate_lasts(record: Record) -> Outcomes:
    yield from _told(record, "NET-05", "Renew the certificate; if it is new, check the clocks.")
    for event in _secured(record):
        end = event.exchange.tls.not_after if event.exchange.tls else None
        if end is None:
            continue
        place = at(event.exchange, "url", "request")
        left = end - event.exchange.started
        if left > SOON:
            yield passed(place)
        else:
            # Certificates that live for six days, and are renewed by a machine, are legal.
            words = f"The certificate of {host_of(event.exchange)} expires on {end:%Y-%m-%d %H:%M}"
            severity: Severity = "warn" if left < AT_ONCE else "info"
            yield failed(f"{words} UTC.", place, severity=severity, step=event.step)


@check(
    "NET-06",
    "challenge",
    "network",
    "warn",
    "TLS 1.2 or 1.3 is spoken",
    "RFC 9325 §3.1.1",
    "Turn TLS 1.2 and 1.3 on, and what is older off.",
)
def tls_is_current(record: Record) -> Outcomes:
    for outcome in _told(record, "NET-06"):
        yield replace(outcome, severity="error")
    for event in _secured(record):
        tls = event.exchange.tls
        place = at(event.exchange, "url", "request")
        if tls and tls.version in _CURRENT:
            yield passed(place)
        elif tls and tls.version:
            words = f"{host_of(event.exchange)} speaks {tls.version}, which must not be used."
            yield failed(words, place, step=event.step)
