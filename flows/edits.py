"""What a person changed in a move, made again in another: the proposal of today gets the same
changes, with fresh values in the places of the old ones.

Only what was changed is carried over. A value that a session file no longer has, as it was saved
without secrets, cannot be: then the proposal's own stays, and its name is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from flows.documents import FORM, read_form, read_json
from flows.exchange import Headers, Request, media_type
from flows.session import Pairs
from flows.spans import PLACEHOLDER

BY_THE_WIRE = frozenset(
    {"host", "content-length", "user-agent", "accept-encoding", "connection", "transfer-encoding"}
)
"""What the wire adds where a request has none: it adds it again."""


@dataclass
class Edits:
    """Carries changes over. `text` puts fresh values in the places of old ones; `lost` are the
    names of what could not be carried over."""

    text: Callable[[str], str]
    lost: list[str] = field(default_factory=list)

    def request(self, draft: Request, sent: Request, fresh: Request) -> Request:
        """`fresh` with what the person had made of `draft` when they sent `sent`."""
        return Request(
            self._value("method", draft.method, sent.method, fresh.method),
            self.url(draft.url, sent.url, fresh.url),
            self._headers(draft.headers, sent.headers, fresh.headers),
            self._body(draft, sent, fresh),
        )

    def pairs(self, draft: Pairs, sent: Pairs, fresh: Pairs) -> Pairs:
        """Named values in the order of `fresh`; those that were added come last."""
        was, became, now = dict(draft), dict(sent), dict(fresh)
        if (len(was), len(became), len(now)) != (len(draft), len(sent), len(fresh)):
            return self._repeated(draft, sent, fresh)
        found: dict[str, str] = {}
        for name, own in now.items():
            if name in became:
                found[name] = self._value(name, was.get(name), became[name], own)
            elif name not in was:
                found[name] = own
        for name in became:
            if name not in was and name not in now:
                found[name] = self._value(name, None, became[name], None)
        return tuple((name, text) for name, text in found.items())

    def _repeated(self, draft: Pairs, sent: Pairs, fresh: Pairs) -> Pairs:
        """Where a name stands twice, what was sent is carried over as a whole."""
        if draft == sent:
            return fresh
        now = dict(fresh)
        return tuple((name, self._value(name, None, text, now.get(name))) for name, text in sent)

    def url(self, draft: str, sent: str, fresh: str) -> str:
        if draft == sent:
            return fresh
        (was, old), (became, new), (own, now) = map(_split, (draft, sent, fresh))
        bare = self._value("url", was, became, own)
        query = self.pairs(old, new, now)
        return bare + (f"?{urlencode(query, quote_via=quote, safe='')}" if query else "")

    def _headers(self, draft: Headers, sent: Headers, fresh: Headers) -> Headers:
        was = {name.lower() for name, _ in draft}
        chosen = tuple(
            (name, text)
            for name, text in sent
            if name.lower() in was or name.lower() not in BY_THE_WIRE
        )
        return self.pairs(_lowered(draft, draft), _lowered(chosen, draft), _lowered(fresh, draft))

    def _body(self, draft: Request, sent: Request, fresh: Request) -> bytes:
        if draft.body == sent.body:
            return fresh.body
        if media_type(draft.headers) == media_type(sent.headers) == FORM:
            bodies = (read_form(one.body) for one in (draft, sent, fresh))
            return urlencode(self.pairs(*bodies)).encode("ascii")
        (was, _), (became, wrong), (own, _) = (read_json(r.body) for r in (draft, sent, fresh))
        if not wrong and isinstance(was, dict) and isinstance(own, dict):
            merged = self._json("body", was, became, own)
            return json.dumps(merged, ensure_ascii=False).encode("utf-8", "surrogatepass")
        text = sent.body.decode("utf-8", "surrogateescape")
        return self._value(
            "body", None, text, fresh.body.decode("utf-8", "surrogateescape")
        ).encode("utf-8", "surrogateescape")

    def _json(self, name: str, was: Any, became: Any, own: Any) -> Any:
        if was == became:
            return own
        match became:
            case dict() if isinstance(was, dict) and isinstance(own, dict):
                return self._object(was, became, own)
            case str():
                return self._value(name, None, became, own if isinstance(own, str) else None)
            case dict():
                return {key: self._json(key, None, item, None) for key, item in became.items()}
            case list():
                return [self._json(name, None, item, None) for item in became]
            case _:
                return became

    def _object(
        self, was: Mapping[str, Any], became: Mapping[str, Any], own: Mapping[str, Any]
    ) -> dict[str, Any]:
        found = {}
        for key, item in own.items():
            if key in became:
                found[key] = self._json(key, was.get(key, _MISSING), became[key], item)
            elif key not in was:
                found[key] = item
        for key in became:
            if key not in was and key not in own:
                found[key] = self._json(key, _MISSING, became[key], None)
        return found

    def _value(self, name: str, was: str | None, became: str, own: str | None) -> str:
        """One value: the proposal's own where the person left it, else theirs."""
        if was == became and own is not None:
            return own
        text = self.text(became)
        if own is not None and PLACEHOLDER.search(text):
            self.lost.append(name)
            return own
        return text


_MISSING = object()


def _split(url: str) -> tuple[str, Pairs]:
    bare, _, query = url.partition("?")
    return bare, read_form(query.encode("utf-8", "surrogatepass"))


def _lowered(headers: Headers, spelled: Headers) -> Headers:
    """Names as `spelled` has them, so that one field keeps one name."""
    names = {name.lower(): name for name, _ in spelled}
    return tuple((names.get(name.lower(), name), text) for name, text in headers)
