"""A session without its secrets: the same types, so that it still folds and stands where it did.

Secrets are marked by name and position (`flows.secrets`), then every text of the record once
more by value: equal secrets have equal marks, so what was compared still compares. The entropy
goes, the user's own header values go, JWTs keep header and claims. A nonce stays: it is no
credential, and the ID token that it is compared with keeps it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from flows.exchange import Exchange, Headers, Request
from flows.paste import read_pasted
from flows.secrets import (
    Redactor,
    redact,
    redact_exchange,
    redact_pairs,
    redact_request,
    secrets_in,
    secrets_of,
)
from flows.session import Answered, Event, Exchanged, Made, Pairs, Received, Reran, Session, Target
from flows.spans import body_spans, header_spans, marked, url_spans
from flows.store.tables import map_text, texts

_USERINFO = re.compile(r"://[^/?#\s:@\"'<>\\]*:([^/?#\s@\"'<>\\]+)@")
_PARAMETER = re.compile(
    r"(?:^|[?&#;]|\\u0026|%26|%3[fF])"
    r"(?:state|code|code_verifier|client_secret|(?:access_|refresh_|id_)?token)"
    r"(?:=|\\u003d|%3[dD])([^&#\s\"'<>\\]+)"
)
_NESTED = re.compile(r'"((?:[^"\\]|\\.)*+)"?', re.DOTALL)  # also one that was cut
_MAX_NESTING = 3
_STATE = 16  # a shorter one, such as "undefined", tells more than it gives away
_SECRETS = ("bearer", "client_secret", "client_key", "assertion", "idp_client_secret", "id_token")
"""The members of a target that are secret from end to end."""


def redactor_of(session: Session) -> Redactor:
    """Knows every secret of the session."""
    return Redactor(known_secrets(session))


def redact_session(session: Session, redactor: Redactor | None = None) -> Session:
    """A copy of the session without its secrets."""
    redactor = redactor or redactor_of(session)
    names = frozenset(name.lower() for name, _ in session.target.headers)
    marked_by_name = Session(
        _redact_target(session.target),
        session.created,
        events=tuple(_redact_event(event, redactor, names) for event in session.events),
    )
    return map_text(marked_by_name, marker(redactor))


def marker(redactor: Redactor) -> Callable[[str], str]:
    """Marks known secrets by value and JWTs by shape; what is left of UTF-16 or UTF-32 with a
    secret in it is marked whole, as such text hides from every pattern."""

    @cache
    def mark(text: str) -> str:
        text = redactor.text(text)
        bare = text.replace("\0", "")
        return text if len(bare) == len(text) or redactor.text(bare) == bare else redact(text)

    return mark


def known_secrets(session: Session) -> Iterator[str]:
    """Every secret of the session, as it is without any encoding; some more than once."""
    yield from _of_target(session.target)
    for event in session.events:
        match event:
            case Exchanged(exchange=exchange, draft=draft):
                yield from (secret.value for secret in secrets_of(exchange))
                if draft:
                    yield from (secret.value for secret in secrets_of(draft))
            case Received(event=sent):
                yield from (span.secret.value for span in body_spans(sent.data))
            case Made(values=values, draft=former):
                yield from _of_pairs((*values, *(former or ())))
            case Answered(values=values):
                yield from _of_pairs(values)
    for text in set(texts(session)):
        yield from _hidden(text)


def _of_target(target: Target) -> Iterator[str]:
    yield from (value for name in _SECRETS if (value := getattr(target, name)))
    for name, value in target.headers:
        yield from (span.secret.value for span in header_spans(name, value))
        # By value only what looks made: "application/json" or a host's name stand everywhere.
        yield from (
            word
            for word in (value, *value.split())
            if _looks_made(word) and word not in target.url and not re.match(r"[a-z]+/", word)
        )


def _of_pairs(pairs: Pairs) -> Iterator[str]:
    yield from (secret.value for secret in secrets_in(pairs))
    for name, value in pairs:
        if name == "redirect":
            yield from _of_pairs(read_pasted(value).parameters)
        elif name == "state" and len(value) >= _STATE:
            yield value


def _hidden(text: str, depth: int = 0) -> Iterator[str]:
    """Secrets where no header or member names them: in JSON inside a string, as a tool's result
    is, in a URL inside text, in UTF-16."""
    for match in _PARAMETER.finditer(text):
        value = unquote_plus(match[1])
        if _looks_made(value, 16):
            yield value
    yield from (unquote(match[1]) for match in _USERINFO.finditer(text))
    if "\0" in text:
        yield from _hidden(text.replace("\0", ""), depth + 1)
    if depth:
        yield from (span.secret.value for span in body_spans(text))
    if depth >= _MAX_NESTING or '\\"' not in text:
        return
    for match in _NESTED.finditer(text):
        if '\\"' in match[1]:
            try:
                inner = json.loads(f'"{match[1]}"', strict=False)
            except ValueError:
                continue
            yield from _hidden(inner, depth + 1)


def _looks_made(value: str, least: int = 8) -> bool:
    """Whether a value could be a key rather than a word."""
    return len(value) >= least and bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


def _redact_target(target: Target) -> Target:
    marks: dict[str, Any] = {
        name: redact(value) for name in _SECRETS if (value := getattr(target, name))
    }
    return replace(
        target,
        url=_redact_url(target.url),
        redirect_uri=target.redirect_uri and _redact_url(target.redirect_uri),
        resource=target.resource and _redact_url(target.resource),
        authorization_server=target.authorization_server
        and _redact_url(target.authorization_server),
        headers=tuple((name, _redact_header(name, value)) for name, value in target.headers),
        idp_token_url=target.idp_token_url and _redact_url(target.idp_token_url),
        **marks,
    )


def _redact_url(url: str) -> str:
    return marked(url, url_spans(url))


def _redact_header(name: str, value: str) -> str:
    spans = header_spans(name, value)
    return marked(value, spans) if spans else redact(value)


def _redact_event(event: Event, redactor: Redactor, names: frozenset[str]) -> Event:
    match event:
        case Exchanged(exchange=exchange, draft=draft):
            return replace(
                event,
                exchange=_redact_exchange(exchange, redactor, names),
                draft=draft and _redact_request(draft, redactor, names),
            )
        case Received(event=sent):
            return replace(
                event, event=replace(sent, data=marked(sent.data, body_spans(sent.data)))
            )
        case Made(values=values, draft=former):
            return replace(
                event,
                values=redact_pairs(values, redactor),
                draft=None if former is None else redact_pairs(former, redactor),
            )
        case Answered(values=values):
            return replace(event, values=redact_pairs(_unwrapped(values), redactor))
        case Reran():
            return replace(event, seed=b"")
        case _:
            return event


def _unwrapped(values: Pairs) -> Pairs:
    """Pasted text without the line breaks of a terminal, which would cut a code in two; a bare
    code, which nothing names, as its mark."""

    def one(name: str, value: str) -> str:
        if name != "redirect":
            return value
        pasted = read_pasted(value)
        if pasted.kind == "code":
            return redact(pasted.parameters[0][1])
        return re.sub(r"\s*[\r\n]+\s*", "", value) if pasted.kind != "nothing" else value

    return tuple((name, one(name, value)) for name, value in values)


def _redact_exchange(exchange: Exchange, redactor: Redactor, names: frozenset[str]) -> Exchange:
    redacted = redact_exchange(exchange, redactor)
    headers = _without_own(exchange.request.headers, redacted.request.headers, names)
    return replace(redacted, request=replace(redacted.request, headers=headers))


def _redact_request(request: Request, redactor: Redactor, names: frozenset[str]) -> Request:
    redacted = redact_request(request, redactor)
    return replace(redacted, headers=_without_own(request.headers, redacted.headers, names))


def _without_own(was: Headers, redacted: Headers, names: frozenset[str]) -> Headers:
    """The header fields that the user's own stand among, those marked whole."""
    return tuple(
        (name, redact(value) if name.lower() in names and value == before else value)
        for (_, before), (name, value) in zip(was, redacted, strict=True)
    )
