"""The JSON report of `run` and `show`: exactly one document, whatever the end.

    outcome      completed | stopped | needs-person | unreachable
    error        null, or {code, text}
    verdict      {step, party, cause, check, evidence, field, fix, standard, host, alternatives};
                 step and party are null when the walk is sound
    target       {url, kind, protocol, host}; `host` names the one that is walked as
    substituted  what of that host could not be imitated, a sentence each
    authorization_url, connection {era, version, server {name, version}, capabilities}
    steps        [{id, title, phase, state, word, exchanges}]
    findings     [{check, result, severity, step, party, says, evidence, field, fix, standard,
                 host}]; `check` is "" for what stopped the walk and no check is made for; `host`
                 is the one whose judgement it is, null where it is the standards'
    tools        the usable tools as the server listed them; unusable_tools [{name, reason}]
    resources, resource_templates, prompts
                 as the server listed them, where they were asked for
    calls        [{method, name, arguments, result, error, findings}]; of resources/read the name
                 is the URI; findings as above, those on this call
    notifications  [{at, step, method, params}]: what the server said without being asked
    tokens       {access, refresh, id}: kind, header, claims; raw only when asked for

An exchange is {id, at, method, url, status, ms, label, attempt, error}; `evidence` is one
without the last three. Texts are as the server sent them, secrets marked; JSON escapes whatever
is not ASCII, so the document is safe on a terminal too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.checks import Finding
    from flows.exchange import Exchange
    from flows.facts import Facts, Tokens
    from flows.session import Session
    from flows.walk import Walk
    from tui.ending import Ending, Verdict
    from tui.record import Called, StepRow
    from tui.redaction import Redaction

_LISTS = {
    "resources": "resources/list",
    "resource_templates": "resources/templates/list",
    "prompts": "prompts/list",
}
_EMPTY = (
    "steps",
    "findings",
    "tools",
    "unusable_tools",
    *_LISTS,
    "calls",
    "notifications",
)


def _open(called: Called) -> dict[str, Any]:
    """The error of a call that gave nothing yet."""
    return {"code": None, "message": called.failed if called.exchanges else "not called"}


def report(walk: Walk, ending: Ending, redaction: Redaction) -> dict[str, Any]:
    """The document of a walk that got as far as having a target."""
    from flows.steps.imitation import substitutes
    from tui.record import calls, rows

    session, facts = walk.session, walk.facts
    error = {"code": ending.code, "text": ending.verdict.cause} if ending.code else None
    connection = facts.connection
    document = {
        "outcome": ending.outcome,
        "error": error,
        "verdict": _verdict(ending.verdict, redaction),
        "target": {
            "url": session.target.url,
            "kind": session.target.kind,
            "protocol": session.target.protocol,
            "host": session.target.host,
        },
        "substituted": list(substitutes(facts)),
        "authorization_url": facts.authorization_url,
        "connection": connection
        and {
            "era": connection.era,
            "version": connection.version,
            "server": {"name": connection.server_name, "version": connection.server_version},
            "capabilities": dict(connection.capabilities),
        },
        "steps": [_step(row, redaction) for row in rows(walk)],
        "findings": [
            *_stop(ending.verdict, redaction),
            *(finding_of(one, session, redaction) for one in walk.findings),
        ],
        **_tools(facts),
        **{name: _listed(method, facts) for name, method in _LISTS.items()},
        "calls": [
            {
                "method": called.method,
                "name": called.name,
                "arguments": called.arguments,
                "result": called.result,
                "error": called.error or (None if called.result else _open(called)),
                "findings": [finding_of(one, session, redaction) for one in called.findings],
            }
            for called in calls(walk)
        ],
        "notifications": list(_notifications(session)),
        "tokens": _tokens(facts, redaction),
    }
    redacted: dict[str, Any] = redaction.json(document)
    return redacted


def failed(code: str, text: str, *, walk: bool = True) -> dict[str, Any]:
    """The document of a command that could not do its work."""
    error = {"code": code, "text": text}
    if not walk:
        return {"error": error}
    return {
        "outcome": "stopped",
        "error": error,
        "verdict": {
            "step": None,
            "party": None,
            "cause": text,
            "check": None,
            "evidence": None,
            "field": None,
            "fix": None,
            "standard": None,
            "host": None,
            "alternatives": [],
        },
        "target": None,
        "substituted": [],
        "authorization_url": None,
        "connection": None,
        **dict.fromkeys(_EMPTY, ()),
        "tokens": {},
    }


def print_document(document: dict[str, Any]) -> None:
    json.dump(_finite(document), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def _finite(value: Any) -> Any:
    """`value` as JSON can hold it: a broken token may say NaN."""
    match value:
        case float() if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value


def milliseconds(exchange: Exchange) -> float:
    return round(exchange.timing.total * 1000, 1)


def _verdict(verdict: Verdict, redaction: Redaction) -> dict[str, Any]:
    return {
        "step": verdict.step,
        "party": verdict.party,
        "cause": verdict.cause,
        "check": verdict.check or None,
        "evidence": _evidence(verdict.evidence, redaction),
        "field": verdict.field or None,
        "fix": verdict.fix or None,
        "standard": verdict.standard or None,
        "host": verdict.host,
        "alternatives": [
            {
                "step": other.step,
                "party": other.party,
                "cause": other.says,
                "check": other.check or None,
                "standard": other.standard or None,
                "host": other.host,
            }
            for other in verdict.alternatives
        ],
    }


def _evidence(exchange: Exchange | None, redaction: Redaction) -> dict[str, Any] | None:
    if exchange is None:
        return None
    return {
        "id": exchange.id,
        "at": exchange.started.isoformat(timespec="milliseconds"),
        "method": exchange.request.method,
        "url": redaction.url(exchange.request.url),
        "status": exchange.status,
        "ms": milliseconds(exchange),
    }


def _step(row: StepRow, redaction: Redaction) -> dict[str, Any]:
    last = {entry.exchange.id for entry in row.current}
    return {
        "id": row.step.id,
        "title": row.step.title,
        "phase": row.step.phase,
        "state": row.state,
        "word": row.word,
        "exchanges": [
            {
                **(_evidence(entry.exchange, redaction) or {}),
                "label": entry.label,
                "current": entry.exchange.id in last,
                "error": entry.exchange.error
                and {"code": entry.exchange.error.kind, "text": entry.exchange.error.text},
            }
            for entry in row.exchanges
        ],
    }


def _stop(verdict: Verdict, redaction: Redaction) -> Iterator[dict[str, Any]]:
    """What stopped the walk, as a finding, where no check says it."""
    if verdict.step and not verdict.check:
        yield {
            "check": "",
            "result": "fail",
            "severity": "error",
            "step": verdict.step,
            "party": verdict.party,
            "says": verdict.cause,
            "evidence": _evidence(verdict.evidence, redaction),
            "field": None,
            "fix": verdict.fix or None,
            "standard": verdict.standard or None,
            "host": None,
        }


def finding_of(finding: Finding, session: Session, redaction: Redaction) -> dict[str, Any]:
    """One finding as `findings` of the report has it."""
    place = finding.place
    return {
        "check": finding.check,
        "result": finding.result,
        "severity": finding.severity,
        "step": finding.step,
        "party": finding.party,
        "says": finding.says,
        "evidence": _evidence(session.exchange(place.exchange), redaction) if place else None,
        "field": (place.field if place else "") or None,
        "fix": finding.fix or None,
        "standard": finding.standard or None,
        "host": finding.host,
    }


def _notifications(session: Session) -> Iterator[dict[str, Any]]:
    from flows.mcp.notices import notification
    from flows.session import Received

    for event in session.events:
        if isinstance(event, Received) and (told := notification(event.event)):
            at = event.at.isoformat(timespec="milliseconds")
            yield {"at": at, "step": event.step, "method": told[0], "params": told[1]}


def _tools(facts: Facts) -> dict[str, Any]:
    usable: list[dict[str, Any]] = []
    unusable: list[dict[str, Any]] = [
        {"name": name, "reason": reason} for name, reason in facts.tool_list.dropped
    ]
    for tool in facts.tool_list.tools:
        schema = tool.get("inputSchema")
        if isinstance(schema, dict) and schema.get("type") == "object":
            usable.append(dict(tool))
        else:
            reason = "inputSchema is no JSON Schema of an object"
            unusable.append({"name": tool.get("name"), "reason": reason})
    return {"tools": usable, "unusable_tools": unusable}


def _listed(method: str, facts: Facts) -> list[dict[str, Any]]:
    pages = facts.listings.get(method)
    return [dict(entry) for entry in pages.items] if pages else []


def _tokens(facts: Facts, redaction: Redaction) -> dict[str, Any]:
    tokens = facts.current_tokens
    if tokens is None:
        return {}
    held = {
        "access": tokens.access_token,
        "refresh": tokens.refresh_token,
        "id": tokens.id_token,
    }
    found = {use: _token(text, redaction) for use, text in held.items() if text}
    found["access"] |= _response(tokens)
    return found


def _response(tokens: Tokens) -> dict[str, Any]:
    return {
        "token_type": tokens.token_type,
        "expires_in": tokens.expires_in,
        "scope": tokens.scope,
    }


def _token(text: str, redaction: Redaction) -> dict[str, Any]:
    from flows.jwt import read_token

    token = read_token(text)
    raw = {"raw": text} if redaction.keep else {}
    return {"kind": token.kind, "header": token.header, "claims": token.claims, **raw}
