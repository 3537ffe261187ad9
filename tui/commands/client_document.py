"""`authwalk client-document`: a Client ID Metadata Document, made, checked or served."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.checks import Finding, Record, findings
from flows.client_document import (
    REDIRECT_URI,
    client_document,
    redirect_problems,
    url_problem,
)
from flows.documents import read_json, text_member
from flows.exchange import Exchange, Request, Response
from flows.probes.discovery import CLIENT_DOCUMENT, FETCH_CLIENT_DOCUMENT
from flows.probing import Prober
from flows.session import PARTIES, Exchanged, Target
from flows.text import visible
from flows.walk import Walk, new_session
from flows.wire import Wire
from tui.commands import SOUND, STOPPED, UNREACHABLE, Failure, usage
from tui.commands.options import client_key, not_listening, read_text, web_url, wire_options
from tui.console import Console
from tui.output import STDOUT, write
from tui.redaction import Redaction
from tui.report import finding_of, print_document

_MARKS = {"pass": "ok", "fail": "error", "warn": "warn", "info": "info"}


def main(args: argparse.Namespace) -> int:
    if args.check:
        return _check(args)
    if args.server or args.published:
        raise usage("--server and --published are for --check")
    build = _builder(args)
    if args.serve is not None:
        if args.url:
            raise usage("--serve serves it on this machine, where it has a URL of its own")
        return _serve(build, args)
    if not args.url:
        raise usage("client-document wants the URL that it will stand at, or --check or --serve")
    if problem := url_problem(args.url):
        raise usage(f"{visible(args.url, limit=200)} can be no client identifier: {problem}")
    document = build(args.url)
    if args.save:
        write(args.save, _text(document))
    if args.json:
        print_document({"error": None, "url": args.url, "document": document})
    elif not args.save:
        print(_text(document), end="")
    return SOUND


def _builder(args: argparse.Namespace) -> Callable[[str], dict[str, Any]]:
    """Makes the document for a URL, as the options have it. Raises Failure."""
    uris = args.redirect_uri or [REDIRECT_URI]
    if problems := redirect_problems({"redirect_uris": uris}):
        raise usage(f"--redirect-uri {visible(problems[0], limit=300)}")
    if not args.name.strip():
        raise usage("--name is empty")
    key = client_key(args.client_key, args.client_key_alg)
    uri = web_url(args.client_uri) if args.client_uri else None
    return lambda url: client_document(
        url, args.name, uris, key=key, client_uri=uri, scope=args.scope
    )


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _serve(build: Callable[[str], dict[str, Any]], args: argparse.Namespace) -> int:
    from flows.document_server import DocumentServer

    def fetched(path: str, status: int) -> None:
        at = datetime.now().astimezone()
        print(
            f"{at:%H:%M:%S}  GET {visible(path, limit=200)} {status}", file=sys.stderr, flush=True
        )

    try:
        with DocumentServer(build, port=args.serve, on_fetch=fetched) as server:
            if args.save:
                write(args.save, _text(server.document))
            if args.json:
                ready = {"error": None, "url": server.url, "document": server.document}
                print(json.dumps(ready, ensure_ascii=False), flush=True)
            else:
                told = sys.stderr if args.save == STDOUT else sys.stdout
                if args.save != STDOUT:
                    print(_text(server.document))
                use = f"authwalk run URL --client-metadata-url {server.url}"
                print(use, file=told, flush=True)
                print(
                    "Only servers on this machine can fetch it, and only such as take http there, "
                    "the lab among them (--fault supports-cimd). Ctrl-C ends it.",
                    file=sys.stderr,
                )
            with suppress(KeyboardInterrupt):
                asyncio.run(_until_stopped())
    except OSError as error:
        says = not_listening(args.serve, "--serve", error)
        raise Failure("listen", says, UNREACHABLE) from error
    return SOUND


async def _until_stopped() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def _check(args: argparse.Namespace) -> int:
    local = "://" not in args.check
    body = _read(Path(args.check)) if local else b""
    url = args.published or (_named(body) if local else args.check)
    if url is None:
        raise usage(f"{visible(args.check)} has no client_id: --published says where it will stand")
    if not local:
        web_url(url)
    walk = asyncio.run(_asked(args, url, body if local else None))
    redaction = Redaction(walk.session, keep=False)
    told = [
        one
        for one in findings(Record(walk.session, walk.facts), "client_document")
        if one.result != "not-applicable"
    ]
    refused = any(one.result == "fail" for one in told)
    fetched = [event.exchange for event in walk.session.exchanges if event.probe == CLIENT_DOCUMENT]
    unreachable = bool(fetched) and fetched[-1].response is None
    if args.json:
        print_document(
            {
                "error": None,
                "url": url,
                "server": args.server,
                "sound": not refused and not unreachable,
                "findings": [finding_of(one, walk.session, redaction) for one in told],
            }
        )
    else:
        console = Console(sys.stdout)
        console.tell(*_lines(told, fetched, url, args.server, console))
    return UNREACHABLE if unreachable else STOPPED if refused else SOUND


def _read(path: Path) -> bytes:
    read_text(path)
    return path.read_bytes()


def _named(body: bytes) -> str | None:
    document, _ = read_json(body)
    return text_member(document, "client_id") if isinstance(document, dict) else None


async def _asked(args: argparse.Namespace, url: str, body: bytes | None) -> Walk:
    """A walk as far as the metadata of the authorization server, where one is named, and the
    document beside it: fetched, or `body` as it would be served."""
    server = web_url(args.server) if args.server else url
    target = Target(server, kind="authorization-server", client_metadata_url=url)
    walk = Walk(new_session(target), Wire(wire_options(args)))
    try:
        if args.server:
            await walk.run(hold=frozenset({"keys"}))
        if body is None:
            await Prober(walk).send([FETCH_CLIENT_DOCUMENT])
        else:
            walk.record(_as_served(url, body))
    finally:
        await walk.close()
    return walk


def _as_served(url: str, body: bytes) -> Exchanged:
    now = datetime.now(UTC)
    response = Response(200, "OK", (("Content-Type", "application/json"),), body)
    exchange = Exchange("file", Request("GET", url), now, response)
    return Exchanged(now, "client", exchange, "the file as it would be", probe=CLIENT_DOCUMENT)


def _lines(
    told: Iterable[Finding],
    fetched: Iterable[Exchange],
    url: str,
    server: str | None,
    console: Console,
) -> Iterator[str]:
    yield console.paint("bold", visible(url, limit=300))
    if server:
        yield f"  for {visible(server, limit=300)}"
    for exchange in fetched:
        if exchange.error:
            mark = console.mark("error")
            yield from console.wrapped(visible(exchange.error.text), first=f"  {mark} ", rest=4)
    for one in told:
        mark = console.mark(_MARKS.get(one.result, "skipped"))
        yield from console.wrapped(visible(one.says, limit=1000), first=f"  {mark} ", rest=4)
        if one.result in ("fail", "warn"):
            party = PARTIES[one.party] if one.party else ""
            words = " · ".join(filter(None, (party, one.standard)))
            yield from console.wrapped(visible(one.fix), first=" " * 4, rest=4)
            yield from console.wrapped(words, first=" " * 4, rest=4, style="dim")
