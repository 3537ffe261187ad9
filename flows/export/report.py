"""The report of a walk, fit to be sent to a host's support: what was done, what came of it, whose
fault that is, and what a log can be searched for. Secrets are redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from flows import __version__
from flows.checks import Finding, Record
from flows.diagnosis import Diagnosis, diagnose
from flows.exchange import Exchange, Headers
from flows.export.evidence import evidence
from flows.export.page import (
    Block,
    Diagram,
    Heading,
    Listing,
    Page,
    Table,
    Text,
    hypertext,
    mapped,
    markdown,
)
from flows.export.sequence import drawn, mermaid
from flows.health import health
from flows.hosts import host_of
from flows.secrets import Redactor
from flows.sequence import arrows
from flows.session import PARTIES, Exchanged, Session
from flows.spans import marked, url_spans
from flows.steps import STEP, STEP_ORDER, numbered
from flows.steps.imitation import substitutes
from flows.steps.server_metadata import expected_issuer, issuer
from flows.store.errors import SecretLeak
from flows.store.redaction import known_secrets
from flows.text import duration
from flows.walk import Walk

FORMATS: dict[str, Callable[[Page], str]] = {"markdown": markdown, "html": hypertext}
REQUEST_IDS = (
    "x-request-id",
    "x-correlation-id",
    "x-ms-request-id",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "x-oai-request-id",
    "request-id",
    "cf-ray",
    "traceparent",
)
"""Response fields by which a server's own people find the request again."""


def report(walk: Walk, form: str = "markdown") -> str:
    """The report as `form` of FORMATS. Raises SecretLeak when a known secret is in it all the
    same: then nothing must be written."""
    redactor = Redactor(set(known_secrets(walk.session)))
    text = FORMATS[form](mapped(_Report(walk, redactor).page(), redactor.text))
    if left := redactor.leaks(text):
        raise SecretLeak(left)
    return text


class _Report:
    def __init__(self, walk: Walk, redactor: Redactor) -> None:
        self._session: Session = walk.session
        self._facts = walk.facts
        self._findings: tuple[Finding, ...] = walk.findings
        self._moves = walk.moves
        self._current = walk.current
        self._diagnosis: Diagnosis = diagnose(walk.session, walk.moves, walk.findings)
        self._redactor = redactor

    def page(self) -> Page:
        target = self._session.target
        title = f"OAuth and MCP connection report: {self._url(target.url)}"
        return Page(title, tuple(self._blocks()))

    def _blocks(self) -> Iterator[Block]:
        yield Text(self._sentence())
        yield from self._verdict()
        yield from self._exchange_of_the_verdict()
        yield Heading("Health")
        yield self._health()
        yield Heading("Sequence")
        found = arrows(self._session, self._findings, self._diagnosis)
        yield Diagram("\n".join(drawn(found, 100)), mermaid(found))
        yield Heading("Findings")
        yield self._table_of_findings()
        yield from self._notes()
        yield Heading("Exchanges")
        yield self._exchanges()
        yield Heading("To find this in a log")
        yield self._correlation()
        yield Heading("About this report")
        yield Listing(tuple(self._about()))

    def _sentence(self) -> str:
        cause = self._diagnosis.cause
        move = self._current
        if cause is None and move and STEP_ORDER[move.step] < STEP_ORDER["tools"]:
            subject = "record" if self._session.imported else "walk"
            where = f"step {numbered(move.step)}"
            return f"No rule was found broken so far; the {subject} has not come to {where}."
        if cause is None:
            return "Sound: everything that was asked for worked, and no rule was found broken."
        if cause.host and (host := host_of(self._session.target)):
            place = f"step {numbered(cause.step)}"
            return f"No rule of the standards is found broken; {host.title} stumbles at {place}."
        who = f", at fault {PARTIES[cause.party]}" if cause.party else ""
        stopped, went_on = "The walk stopped", "The walk found a fault"
        if self._session.imported:
            stopped, went_on = "The connection stopped", "The connection has a fault"
        what = stopped if self._diagnosis.stopped else went_on
        where = f"step {numbered(cause.step)}"
        if stop := self._diagnosis.elsewhere:
            where = f"step {numbered(stop)}, for what is wrong at {where}"
        return f"{what} at {where}{who}."

    def _verdict(self) -> Iterator[Block]:
        cause = self._diagnosis.cause
        if cause is None:
            return
        yield Heading("Verdict")
        rows = [
            ("Step", numbered(cause.step)),
            ("At fault", PARTIES[cause.party] if cause.party else "nobody"),
            ("Cause", cause.says),
            ("Evidence", self._evidence(cause)),
            ("To mend", cause.fix),
            ("Source" if cause.host else "Standard", cause.standard),
        ]
        told = self._diagnosis.host
        if told and told is not cause:
            rows.append(("The host", told.says))
        rows += [
            ("Or", f"{STEP[o.step].title}: {o.says}") for o in self._diagnosis.alternatives[:3]
        ]
        yield Table(("", ""), tuple(row for row in rows if row[1]))

    def _evidence(self, finding: Finding) -> str:
        place = finding.place
        exchange = self._session.exchange(place.exchange) if place else None
        if place is None or exchange is None:
            return ""
        where = f", {place.part} {place.field}" if place.field else ""
        return f"{self._request(exchange)} {_came(exchange)}, {_when(exchange)}{where}"

    def _exchange_of_the_verdict(self) -> Iterator[Block]:
        """The exchange that the verdict rests on: whoever gets the report asks for it."""
        cause = self._diagnosis.cause
        place = cause.place if cause else None
        for event in self._session.exchanges:
            if place and event.exchange.id == place.exchange:
                yield Heading("Request and answer")
                yield from evidence(self._session, event, self._redactor)

    def _health(self) -> Table:
        record = Record(self._session, self._facts)
        rows = tuple(
            (one.name, self._url(one.endpoint), one.status, one.state, one.detail)
            for one in health(record, self._findings)
        )
        return Table(("Component", "Endpoint", "Status", "State", "Detail"), rows)

    def _table_of_findings(self) -> Block:
        told = [one for one in self._findings if one.speaks]
        cause = self._diagnosis.cause
        if cause and not cause.check:
            told.insert(0, cause)
        if not told:
            passed = sum(one.result == "pass" for one in self._findings)
            return Text(f"None: {passed} checks passed.")
        told.sort(key=lambda one: ("fail", "warn", "info").index(one.result))
        rows = tuple(
            (
                one.result,
                one.check,
                STEP[one.step].title,
                PARTIES[one.party] if one.party else "",
                one.says,
                one.fix,
                one.standard,
            )
            for one in told
        )
        head = ("Result", "Check", "Step", "At fault", "What was found", "To mend", "Standard")
        return Table(head, rows)

    def _notes(self) -> Iterator[Block]:
        notes = self._session.notes
        if notes:
            yield Heading("Notes")
            order = sorted(notes, key=lambda step: STEP_ORDER[step])
            yield Table(("Step", "Note"), tuple((STEP[step].title, notes[step]) for step in order))

    def _exchanges(self) -> Table:
        rows = tuple(
            (
                _when(event.exchange),
                _step(event),
                self._request(event.exchange),
                _came(event.exchange),
                duration(event.exchange.timing.total),
                _request_ids(event.exchange),
            )
            for event in self._session.exchanges
        )
        return Table(
            ("Time (UTC)", "Step", "Request", "Answer", "Took", "Server's request id"), rows
        )

    def _correlation(self) -> Table:
        facts = self._facts
        response = facts.response
        code = response.get("code") if response else None
        # Of a browser's record it would be a guess: nobody looked there.
        expected = "" if self._session.imported else expected_issuer(facts)
        rows = [
            ("MCP server", self._url(facts.target.url) if facts.target.kind == "mcp" else ""),
            ("Issuer", self._url(issuer(facts) or expected)),
            ("client_id", facts.client.client_id if facts.client else ""),
            ("redirect_uri", self._url(facts.redirect_uri or "")),
            ("SHA-256 of state", _hash(facts.pkce.state) if facts.pkce else ""),
            ("SHA-256 of code", _hash(code) if code else ""),
            ("code_challenge", facts.pkce.code_challenge if facts.pkce else ""),
        ]
        return Table(("", ""), tuple(row for row in rows if row[1]))

    def _about(self) -> Iterator[str]:
        yield self._origin()
        yield (
            "Tokens, codes, verifiers, secrets and cookies are replaced by marks of the form "
            "redacted-LENGTH-HASH; equal values have equal marks."
        )
        if self._session.imported:
            yield (
                "The client is the one that the browser was used with. What it did on a server of "
                "its own is not in the record."
            )
            if own := [event for event in self._session.exchanges if not event.imported]:
                yield f"What was sent from {own[0].at:%F %T} UTC on was sent by authwalk."
        elif host := host_of(self._session.target):
            yield f"The client was authwalk, walking as {host.title} from the machine it ran on."
            yield from substitutes(self._facts)
        else:
            yield (
                "The client was authwalk, from the machine it ran on: a hosted client dials from "
                "other addresses, with its own User-Agent, redirect URI and time limits."
            )
        if any(event.draft for event in self._session.exchanges):
            yield "Some requests were edited by hand before they were sent."
        if any(event.probe and not event.imported for event in self._session.exchanges):
            yield "Requests marked as probes were sent to find out more; no client sends them."

    def _origin(self) -> str:
        seen = [event.at for event in self._session.exchanges if event.imported]
        if seen:
            times = f"from {seen[0]:%F %T} to {seen[-1]:%T} UTC"
            return (
                f"Recorded by a browser {times}, and read from its HAR by authwalk {__version__}."
            )
        first, last = self._session.created, self._facts.at
        return f"Walked from {first:%F %T} to {last:%T} UTC by authwalk {__version__}."

    def _url(self, url: str) -> str:
        return self._redactor.text(marked(url, url_spans(url)))

    def _request(self, exchange: Exchange) -> str:
        return f"{exchange.request.method} {self._url(exchange.request.url)}"


def _step(event: Exchanged) -> str:
    if event.probe and event.imported:
        return f"{STEP[event.step].title}: {event.label}"
    return f"probe: {event.label}" if event.probe else STEP[event.step].title


def _when(exchange: Exchange) -> str:
    return f"{exchange.started:%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _came(exchange: Exchange) -> str:
    return str(exchange.status or (exchange.error.kind if exchange.error else "no answer"))


def _request_ids(exchange: Exchange) -> str:
    headers: Headers = exchange.response.headers if exchange.response else ()
    return ", ".join(f"{name}: {value}" for name, value in headers if name.lower() in REQUEST_IDS)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
