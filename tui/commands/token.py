"""`authwalk token`: what a token says, whether its form is sound, and who signed it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.audience import difference
from flows.claims import ClaimRow, Expected
from flows.documents import read_json, text_member
from flows.exchange import Exchange, Request
from flows.facts import Json, Tried
from flows.json_text import Problem
from flows.jwk import Verification
from flows.jwt import MAX_LENGTH
from flows.paste import Parameters, came_back, response_in
from flows.steps.discovery import fetch, first_usable, next_candidate, read_candidate
from flows.steps.inspection import Inspection, inspect
from flows.text import visible
from flows.wellknown import is_web_url, server_candidates
from flows.wire import Wire
from tui.commands import SOUND, STOPPED, UNREACHABLE, Failure, usage
from tui.commands.options import read_text, web_url, wire_options
from tui.console import Console, table
from tui.report import print_document

_TERMINAL_LINE = 4095
"""Characters at which a terminal cuts the line it reads."""
_NAME = 12


def main(args: argparse.Namespace) -> int:
    text = _given(args.token)
    if response := response_in(text):
        return _not_a_token(response, args.json)
    jwks = asyncio.run(_keys(args))
    expected = Expected(issuer=args.issuer)
    inspection = inspect(text, expected, jwks, datetime.now().astimezone())
    sound = is_sound(inspection, asked=jwks is not None)
    if args.json:
        print_document(_document(inspection))
    else:
        Console(sys.stdout).tell(*_lines(inspection, Console(sys.stdout)))
    return SOUND if sound else STOPPED


def _not_a_token(response: Parameters, as_json: bool) -> int:
    """A callback URL in place of a token: what it says. The code and the state stay untold."""
    told = {
        name: "" if name in ("code", "state") else visible(value, limit=500)
        for name, value in response
    }
    if as_json:
        print_document({"error": None, "kind": "authorization-response", "parameters": told})
        return STOPPED
    console = Console(sys.stdout)
    rows = [(name, told[name] or f"{len(value)} characters") for name, value in response]
    words = f"This is {visible(came_back(response), limit=600)}"
    console.tell(*console.wrapped(words, first="", rest=0), "", *table(rows, indent=2))
    return STOPPED


def is_sound(inspection: Inspection, *, asked: bool) -> bool:
    """A token of good form, and where verifying was `asked` for, verified and of that issuer."""
    token, verification = inspection.token, inspection.verification
    if token.kind in ("garbage", "empty") or not token.well_formed:
        return False
    if not asked:
        return True
    foreign = any(row.name == "iss" and row.mark == "error" for row in inspection.claims)
    return verification is not None and verification.result == "verified" and not foreign


def _given(argument: str | None) -> str:
    if argument not in (None, "-"):
        return str(argument)
    if argument is None and sys.stdin.isatty():
        from getpass import getpass

        text = getpass("Token (it is not shown): ")
        if len(text) >= _TERMINAL_LINE:
            raise usage("a terminal cuts such a long line: authwalk token - < FILE reads it whole")
        return text
    return sys.stdin.read(MAX_LENGTH + 1)


async def _keys(args: argparse.Namespace) -> Json | None:
    """The key set that was asked for; None when none was. Raises Failure."""
    if not args.jwks and not args.issuer:
        return None
    if args.jwks and "://" not in args.jwks:
        value, problem = read_json(read_text(Path(args.jwks)).encode())
        return _key_set(value, problem, args.jwks)
    wire = Wire(wire_options(args))
    try:
        url = web_url(args.jwks) if args.jwks else await _jwks_uri(wire, web_url(args.issuer))
        exchange = await wire.send(Request("GET", url, (("Accept", "application/json"),)))
    finally:
        await wire.close()
    response = _answered(exchange)
    if response.status != 200:
        raise Failure("no-keys", f"{visible(url)} answers {response.status}", STOPPED)
    return _key_set(*read_json(response.body), url)


def _key_set(value: Any, problem: str, source: str) -> Json:
    if problem or not isinstance(value, dict):
        raise Failure("no-keys", f"{visible(source)}: {problem or 'no JSON object'}", STOPPED)
    return value


async def _jwks_uri(wire: Wire, issuer: str) -> str:
    """Where the issuer's metadata says its keys are. An issuer without endpoints will do."""
    tried: tuple[Tried, ...] = ()

    def judge(document: Json) -> tuple[str, str, str]:
        named = text_member(document, "issuer") or ""
        if named != issuer:
            apart = difference(named, issuer) if named else f"asked for {issuer}"
            return f"issuer is {named or 'missing'}: {apart}", "mismatch", "ASM-03"
        if not is_web_url(text_member(document, "jwks_uri") or ""):
            return "the metadata names no jwks_uri", "no jwks_uri", "ASM-13"
        return "", "ok", ""

    while candidate := next_candidate(server_candidates(issuer), tried):
        exchange = await wire.send(fetch("server-metadata", candidate).request)
        tried = (*tried, read_candidate(exchange, candidate[1], judge, "ASM-02"))
        if (found := first_usable(tried, overridden=False)) and found.document:
            return text_member(found.document, "jwks_uri") or ""
    if all(entry.status is None for entry in tried):
        says = f"{visible(tried[-1].url)}: {visible(tried[-1].verdict)}"
        raise Failure("unreachable", says, UNREACHABLE)
    objections = [f"{entry.url}: {entry.objection}" for entry in tried if entry.objection]
    says = objections[0] if objections else f"no metadata at any well-known URL of {issuer}"
    raise Failure("no-keys", visible(says), STOPPED)


def _answered(exchange: Exchange) -> Any:
    if exchange.response is None or exchange.error:
        says = exchange.error.text if exchange.error else "no answer"
        raise Failure("unreachable", f"{visible(exchange.request.url)}: {says}", UNREACHABLE)
    return exchange.response


def _document(inspection: Inspection) -> dict[str, Any]:
    token, verification = inspection.token, inspection.verification
    return {
        "error": None,
        "kind": token.kind,
        "looks": token.looks,
        "well_formed": token.well_formed and token.kind not in ("garbage", "empty"),
        "header": token.header,
        "claims": token.claims,
        "described": {
            "header": [asdict(row) for row in inspection.header],
            "claims": [asdict(row) for row in inspection.claims],
        },
        "problems": [asdict(problem) for problem in token.problems],
        "verification": verification
        and {
            "result": verification.result,
            "code": verification.code,
            "reason": verification.reason,
            "alg": verification.alg,
            "kid": verification.kid,
            "notes": [asdict(note) for note in verification.notes],
        },
    }


def _lines(inspection: Inspection, console: Console) -> Iterator[str]:
    token = inspection.token
    yield console.paint("bold", visible(token.looks))
    yield from _section("Problems", _problems(token.problems, console), console)
    yield from _section("Header", _rows(inspection.header, console), console)
    yield from _section("Claims", _rows(inspection.claims, console), console)
    if token.kind == "jwt":
        yield from _section("Signature", _signature(inspection, console), console)


def _section(title: str, lines: Iterable[str], console: Console) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
            yield console.paint("bold", title)
        yield line


def _rows(rows: Iterable[ClaimRow], console: Console) -> Iterator[str]:
    """Name and value; what it amounts to, beside it where there is room; what it means."""
    indent = _NAME + 4
    for row in rows:
        mark = console.mark(row.mark) if row.mark else " "
        name = visible(row.name, limit=40)
        first = f"  {mark} {name}{' ' * max(2, _NAME - len(name))}"
        value, note = visible(row.value, limit=2000), visible(row.note, limit=500)
        if indent + len(value) + len(note) + 2 <= console.width:
            value, note = f"{value}  {note}".rstrip(), ""
        yield from console.wrapped(value, first=first, rest=indent)
        if note:
            yield from console.wrapped(note, first=" " * indent, rest=indent)
        yield from console.wrapped(row.meaning, first=" " * indent, rest=indent, style="dim")


def _problems(problems: Iterable[Problem], console: Console) -> Iterator[str]:
    for problem in problems:
        first = f"  {console.mark(problem.mark or 'info')} "
        standard = f" ({problem.standard})" if problem.standard else ""
        yield from console.wrapped(visible(problem.text + standard), first=first, rest=4)


def _signature(inspection: Inspection, console: Console) -> Iterator[str]:
    verification = inspection.verification
    if verification is None:
        issuer = text_member(inspection.token.claims or {}, "iss") or ""
        known = is_web_url(issuer)
        hint = f"--issuer {visible(issuer)}" if known else "--issuer URL or --jwks FILE"
        yield from console.wrapped(
            f"not verified; {hint} would", first=f"  {console.mark('skipped')} ", rest=4
        )
        return
    first = f"  {console.mark(_mark(verification))} "
    yield from console.wrapped(visible(_words(verification)), first=first, rest=4)
    yield from _problems(verification.notes, console)


def _mark(verification: Verification) -> str:
    return {"verified": "ok", "failed": "error", "cannot": "skipped"}[verification.result]


def _words(verification: Verification) -> str:
    words = {"verified": "verified", "failed": "does not verify", "cannot": "cannot be verified"}
    return f"{words[verification.result]}: {verification.reason}"
