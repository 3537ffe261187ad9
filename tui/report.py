"""The JSON report of `run` and `show`: exactly one document, whatever the end.

    outcome      completed | stopped | needs-person | unreachable
    error        null, or {code, text}
    verdict      {step, party, cause, evidence, fix, standard, alternatives}; step and party are
                 null when the walk is sound
    target, authorization_url, connection {era, version, server {name, version}, capabilities}
    steps        [{id, title, phase, state, word, exchanges}]
    findings     [{check, result, severity, step, party, says, evidence, standard, host}]
    tools        the usable tools as the server listed them; unusable_tools [{name, reason}]
    calls        [{method, name, arguments, result, error}]; of resources/read the name is the URI
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
    from flows.exchange import Exchange
    from flows.facts import Facts, Tokens
    from flows.session import Session
    from tui.ending import Ending, Verdict
    from tui.record import Called, Moves, StepRow
    from tui.redaction import Redaction

_RESULTS = {"error": "fail", "warn": "warn", "info": "info", "ok": "pass"}


def _open(called: Called) -> dict[str, Any]:
    """The error of a call that gave nothing yet."""
    return {"code": None, "message": called.failed if called.exchanges else "not called"}


def report(
    session: Session, moves: Moves, facts: Facts, ending: Ending, redaction: Redaction
) -> dict[str, Any]:
    """The document of a walk that got as far as having a target."""
    from tui.record import calls, rows

    steps = rows(session, moves)
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
        },
        "authorization_url": facts.authorization_url,
        "connection": connection
        and {
            "era": connection.era,
            "version": connection.version,
            "server": {"name": connection.server_name, "version": connection.server_version},
            "capabilities": dict(connection.capabilities),
        },
        "steps": [_step(row, redaction) for row in steps],
        "findings": [finding for row in steps for finding in _findings(row, ending, redaction)],
        **_tools(facts),
        "calls": [
            {
                "method": called.method,
                "name": called.name,
                "arguments": called.arguments,
                "result": called.result,
                "error": called.error or (None if called.result else _open(called)),
            }
            for called in calls(session)
        ],
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
            "evidence": None,
            "fix": None,
            "standard": None,
            "alternatives": [],
        },
        "target": None,
        "authorization_url": None,
        "connection": None,
        **dict.fromkeys(("steps", "findings", "tools", "unusable_tools", "calls"), ()),
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
        "evidence": _evidence(verdict.evidence, redaction),
        "fix": verdict.fix or None,
        "standard": verdict.standard or None,
        "alternatives": [
            {
                "step": step,
                "party": remark.party,
                "cause": remark.text,
                "standard": remark.standard or None,
            }
            for step, remark in verdict.alternatives
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


def _findings(row: StepRow, ending: Ending, redaction: Redaction) -> Iterator[dict[str, Any]]:
    exchange = row.current[-1].exchange if row.current else None
    said = [(remark.level, remark.party, remark.text, remark.standard) for remark in row.remarks]
    verdict = ending.verdict
    if verdict.step == row.step.id and all(text != verdict.cause for _, _, text, _ in said):
        said.append(("error", verdict.party, verdict.cause, verdict.standard))
    for number, (level, party, text, standard) in enumerate(said, 1):
        yield {
            "check": f"{row.step.id}-{number}",
            "result": _RESULTS[level],
            "severity": level,
            "step": row.step.id,
            "party": party,
            "says": text,
            "evidence": _evidence(exchange, redaction),
            "standard": standard or None,
            "host": None,
        }


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
