"""A walk as a sequence of arrows between its parties, ready to be drawn anywhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal
from urllib.parse import urlsplit

from flows.checks import Finding
from flows.diagnosis import Diagnosis
from flows.exchange import Exchange
from flows.frozen import frozen
from flows.mcp.opening import sent
from flows.paste import read_pasted
from flows.session import Answered, Event, Exchanged, Made, Party, Session, StepId, attempts, value
from flows.text import duration

Lane = Literal["person", "client", "resource-server", "authorization-server"]
LANES: dict[Lane, str] = {
    "person": "Person",
    "client": "Client",
    "resource-server": "MCP server",
    "authorization-server": "Authorization server",
}
_TO_RESOURCE: frozenset[StepId] = frozenset(
    {"challenge", "resource-metadata", "connect", "tools", "call"}
)


@frozen
class Arrow:
    """A message from one lane to another. `status` is the answer's, or the kind of failure;
    `exchange` the id of what it stands for. `verdict` marks the one that the verdict is about,
    `past` those that the facts no longer rest on."""

    step: StepId
    source: Lane
    target: Lane
    label: str
    status: str = ""
    took: str = ""
    exchange: str | None = None
    state: Literal["ok", "warn", "fail"] = "ok"
    verdict: bool = False
    past: bool = False
    party: Party | None = None

    @property
    def said(self) -> str:
        """Status and time, as they stand beside the arrow."""
        return "  ".join(part for part in (self.status, self.took) if part)


def arrows(
    session: Session, findings: Iterable[Finding], diagnosis: Diagnosis
) -> tuple[Arrow, ...]:
    """Every message of a session in its order; probes are left out, but not what a browser saw."""
    current = {
        id(event)
        for tries in attempts(session.events).values()
        for attempt in tries
        if attempt.current
        for event in attempt.events
    }
    judged = tuple(findings)
    brought = {
        value(event.values, "redirect") for event in session.events if isinstance(event, Answered)
    }
    return tuple(
        arrow
        for event in session.events
        if not isinstance(event, Exchanged) or event.imported or not event.probe
        for arrow in _arrow(event, judged, diagnosis, brought, past=id(event) not in current)
    )


def _arrow(
    event: Event,
    findings: tuple[Finding, ...],
    diagnosis: Diagnosis,
    brought: Collection[str | None],
    *,
    past: bool,
) -> Iterator[Arrow]:
    match event:
        case Exchanged(exchange=exchange, step=step):
            cause = diagnosis.cause
            about = cause is not None and _about(cause, exchange)
            yield Arrow(
                step,
                "person" if step == "callback" else "client",
                _receiver(event, brought),
                _label(event),
                str(exchange.status or (exchange.error.kind if exchange.error else "none")),
                duration(exchange.timing.total),
                exchange.id,
                _state(exchange, findings),
                about and not past,
                past,
                cause.party if cause and about else None,
            )
        case Made(step="authorize", values=values) if value(values, "authorization_url"):
            yield Arrow("authorize", "client", "person", "authorization URL", past=past)
        case Answered(step="callback", values=values):
            pasted = read_pasted(value(values, "redirect") or "")
            names = [name for name, _ in pasted.parameters]
            said = "error" if "error" in names else "code" if "code" in names else "no code"
            via = value(values, "via") or "pasted"
            cause = diagnosis.cause
            # Where an exchange shows it, the arrow of that one is the verdict's.
            shown = cause is not None and cause.place is not None
            about = cause is not None and cause.step == "callback" and not (past or shown)
            yield Arrow(
                "callback",
                "person",
                "client",
                f"{said}, {via}",
                state="fail" if said != "code" else "ok",
                verdict=about,
                past=past,
                party=cause.party if cause and about else None,
            )


def _receiver(event: Exchanged, brought: Collection[str | None]) -> Lane:
    if event.exchange.request.url in brought:
        return "client"  # its own callback
    return "resource-server" if event.step in _TO_RESOURCE else "authorization-server"


def _about(finding: Finding, exchange: Exchange) -> bool:
    return finding.place is not None and finding.place.exchange == exchange.id


def _label(event: Exchanged) -> str:
    """The JSON-RPC method of an MCP message; else method and path."""
    request = event.exchange.request
    if event.step in ("challenge", "connect", "tools", "call") and request.method == "POST":
        if method := sent(request)[0]:
            return method
    try:
        path = urlsplit(request.url).path or "/"
    except ValueError:
        path = request.url
    return f"{request.method} {path}"


def _state(exchange: Exchange, findings: tuple[Finding, ...]) -> Literal["ok", "warn", "fail"]:
    results = {one.result for one in findings if _about(one, exchange)}
    if exchange.response is None or "fail" in results or (exchange.status or 0) >= 500:
        return "fail"
    return "warn" if "warn" in results else "ok"
