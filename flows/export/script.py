"""A whole walk as one POSIX script: the recorded requests once more, with values of its own.

It needs sh, curl and openssl, and shows JSON with jq where there is one. It makes its own PKCE and
state, asks for the redirect (`--approve` follows the authorization URL without a person), and
takes every value from the answer that brings it. It stops at the first answer that is not of the
recorded kind, and where the recorded walk stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus
from urllib.parse import quote as percent_encode

from flows import __version__
from flows.documents import read_json, text_member
from flows.exchange import Exchange, header
from flows.export.curl import curl_words, fits
from flows.export.curl_options import Option, tell
from flows.export.draft import Draft
from flows.export.shell import comment, printf, quote
from flows.export.words import Pieces, Unquotable, Variable, Variables
from flows.mcp.opening import sent
from flows.moves import Blocked
from flows.secrets import Redactor
from flows.session import Exchanged, StepId
from flows.spans import MARK
from flows.steps import STEP, STEP_ORDER
from flows.steps.callback import promises_issuer
from flows.steps.server_metadata import issuer
from flows.store.errors import SecretLeak
from flows.store.redaction import known_secrets
from flows.text import visible
from flows.walk import Walk

LIBRARY = Path(__file__).with_name("walk.sh")

_BROUGHT = {
    "client_id": "CLIENT_ID",
    "client_secret": "CLIENT_SECRET",
    "access_token": "ACCESS_TOKEN",
    "refresh_token": "REFRESH_TOKEN",
    "id_token": "ID_TOKEN",
    "request_uri": "REQUEST_URI",
}
"""The members of answers that later requests take up, and the script's variables for them."""
_NAMED = ("resource", "issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_CHALLENGE = "www-authenticate"
_SESSION = "mcp-session-id"
_LEAST = 6
"""Characters of a value that can be found again in a request."""


def script(walk: Walk) -> str:
    """The script. Raises Unquotable for a walk that none can repeat, and SecretLeak when a known
    secret is in it all the same: then nothing must be written."""
    text = "\n".join(_Script(walk).lines()) + "\n"
    if left := Redactor(known_secrets(walk.session)).leaks(text):
        raise SecretLeak(left)
    return text


class _Script:
    def __init__(self, walk: Walk) -> None:
        self._facts, self._session = walk.facts, walk.session
        self._move = walk.current
        self._variables = Variables(True)
        self._made: set[str] = set()
        self._own = frozenset(name.lower() for name, _ in self._session.target.headers)
        self._entries = list(_standing(walk))
        refused = {header(e.exchange.request.headers, "dpop") for e in self._entries} - {None}
        if refused or any(b"client_assertion=" in e.exchange.request.body for e in self._entries):
            raise Unquotable("A script cannot sign what this walk signs: DPoP proofs or assertions")
        if self._facts.stream is not None:
            raise Unquotable("A script cannot follow the stream of the HTTP+SSE transport")

    def lines(self) -> Iterator[str]:
        url = self._session.target.url
        yield "#!/bin/sh"
        yield comment(f"The walk of {url}")
        yield comment(f"recorded {self._session.created:%F %T} UTC, by authwalk {__version__}")
        yield "# usage: sh walk.sh [--approve]"
        yield "#   --approve, or APPROVE=1   follow the authorization URL without a person"
        yield "#   SHOW_SECRETS=1            print tokens and secrets as they come"
        body = [*self._own_values(), *self._steps(), *self._end()]
        wanted = [name for name in self._variables.values if name not in self._made]
        yield from (comment(f"  {name}=...   must be set: no answer brings it") for name in wanted)
        yield ""
        yield LIBRARY.read_text("utf-8").rstrip()
        yield ""
        yield from (f': "${{{name}:?must be set}}"' for name in wanted)
        yield from body

    def _own_values(self) -> Iterator[str]:
        pkce = self._facts.pkce
        if pkce is None:
            return
        self._know("CODE_VERIFIER", pkce.code_verifier)
        self._know("CODE_CHALLENGE", pkce.code_challenge)
        self._know("STATE", pkce.state)
        yield "CODE_VERIFIER=$(random 32)"
        plain = pkce.code_challenge_method == "plain"
        yield "CODE_CHALLENGE=" + ("$CODE_VERIFIER" if plain else '$(s256 "$CODE_VERIFIER")')
        yield "STATE=$(random 16)"
        if pkce.nonce:
            self._know("NONCE", pkce.nonce)
            yield "NONCE=$(random 16)"

    def _steps(self) -> Iterator[str]:
        asked = self._facts.authorization_url is None
        step: StepId | None = None
        for entry in self._entries:
            if not asked and STEP_ORDER[entry.step] > STEP_ORDER["callback"]:
                asked = True
                yield from self._response()
            if entry.step != step:
                step = entry.step
                yield from _heading(step)
            yield from self._exchange(entry)
        if not asked:
            yield from self._response()

    def _exchange(self, entry: Exchanged) -> Iterator[str]:
        exchange = entry.exchange
        draft = Draft(exchange.request, "variables", own=self._own)
        draft.variables = self._variables
        given, piped = tell(draft, fits)
        given = [Option(o.name, o.value and self._unsaved(o.value)) for o in given]
        yield comment(visible(entry.label)) if entry.label else "#"
        if piped:
            yield f'{printf(self._unsaved(piped))} >"$work/request"'
        wanted = str(exchange.status) if exchange.status else "''"
        words = ["-I"] if exchange.request.method == "HEAD" else []
        words += curl_words(given)
        words += ['--data-binary @"$work/request"'] if piped else []
        yield " \\\n  ".join((f"send {wanted}", *words))
        response = exchange.response
        if response and response.status < 300:
            yield from self._brought(entry)
        elif response and header(response.headers, _CHALLENGE) is not None:
            yield f"need_field {_CHALLENGE}"

    def _unsaved(self, pieces: Pieces) -> Pieces:
        """The pieces with a variable for what was not saved with the session."""
        found: list[str | Variable] = []
        for piece in pieces:
            at = 0
            if isinstance(piece, str):
                for mark in MARK.finditer(piece):
                    number = sum(name.startswith("UNSAVED_") for name in self._variables.values)
                    known = {value: name for name, value in self._variables.values.items()}
                    name = known.get(mark[0], f"UNSAVED_{number + 1}")
                    self._variables.values.setdefault(name, mark[0])
                    found += (piece[at : mark.start()], Variable(name))
                    at = mark.end()
                found.append(piece[at:])
            else:
                found.append(piece)
        return tuple(found)

    def _brought(self, entry: Exchanged) -> Iterator[str]:
        """What the answer brings for later requests, and what it must say as the record does."""
        exchange = entry.exchange
        assert exchange.response
        document, _ = read_json(exchange.response.body)
        if sent(exchange.request)[2] is not None:
            yield "answered"
        if isinstance(document, dict) and entry.step in ("resource-metadata", "server-metadata"):
            for name in _NAMED:
                if (text := text_member(document, name)) is not None:
                    yield f"same {name} {quote((text,))}"
        elif isinstance(document, dict) and STEP_ORDER[entry.step] < STEP_ORDER["connect"]:
            for member, variable in _BROUGHT.items():
                text = text_member(document, member)
                if text and self._is_used(text, exchange):
                    yield f"need {member}"
                    yield f"{self._know(variable, text)}=$needed"
                    if member == "client_secret" and quote_plus(text) != text:
                        name = self._know(variable, quote_plus(text))
                        yield f'{name}=$(encode "$needed")'
        session = header(exchange.response.headers, _SESSION)
        if session and session not in self._variables.values.values():
            yield f"need_field {_SESSION}"
            yield f"{self._know('SESSION_ID', session)}=$needed"

    def _is_used(self, value: str, exchange: Exchange) -> bool:
        """Whether a later request holds the value, or the authorization URL does."""
        at = next(n for n, e in enumerate(self._entries) if e.exchange.id == exchange.id)
        forms = {value, quote_plus(value)}
        later = [one.exchange.request for one in self._entries[at + 1 :]]
        texts = [self._facts.authorization_url or ""]
        for request in later:
            texts += (request.url, request.body.decode("utf-8", "replace"))
            texts += (text for _, text in request.headers)
            texts += (basic_text(text) for _, text in request.headers)
        used = any(form in text for form in forms for text in texts)
        if used and len(value) < _LEAST:
            raise Unquotable("A value of an answer is too short to be found in later requests")
        return used

    def _know(self, name: str, value: str) -> str:
        """The variable that stands for a recorded value from here on, made by the script."""
        values = self._variables.values
        number = 1
        while values.get(name if number == 1 else f"{name}_{number}", value) != value:
            number += 1
        name = name if number == 1 else f"{name}_{number}"
        values[name] = value
        self._made.add(name)
        return name

    def _response(self) -> Iterator[str]:
        facts = self._facts
        yield from _heading("callback")
        bare, _, query = (facts.authorization_url or "").partition("?")
        known = {value: name for name, value in self._variables.values.items()}
        words, plain = "", percent_encode(f"{bare}?", safe=_PRINTABLE)
        for number, (name, value) in enumerate(parse_qsl(query, keep_blank_values=True)):
            plain += f"{'&' if number else ''}{percent_encode(name, safe='')}="
            if variable := known.get(value):
                words += quote((plain,)) + f'"$(encode "${variable}")"'
                plain = ""
            else:
                plain += percent_encode(value, safe="")
        words += quote((plain,)) if plain else ""
        yield f"respond {words} {quote((facts.redirect_uri or '',))}"
        promised = "1" if promises_issuer(facts) else "''"
        yield f"judge {quote((issuer(facts) or '',))} {promised}"
        code = facts.response.get("code") if facts.response else None
        if code:
            self._know("AUTH_CODE", code)

    def _end(self) -> Iterator[str]:
        yield ""
        match self._move:
            case None:
                yield "printf '\\nEvery step went as in the record.\\n'"
            case Blocked(step=step, reason=reason):
                yield from _heading(step)
                words = self._redacted(f"the recorded walk stopped here: {reason}")
                yield f"stop {quote((visible(words),))}"
            case move:
                words = f"The record ends here, before step {STEP_ORDER[move.step] + 1}"
                yield f"printf '\\n{words}.\\n'"

    def _redacted(self, text: str) -> str:
        return Redactor(known_secrets(self._session)).text(text)


def basic_text(value: str) -> str:
    """What Basic credentials say; "" of any other field."""
    from flows.spans import basic_pair

    scheme, _, credentials = value.partition(" ")
    pair = basic_pair(credentials) if scheme.lower() == "basic" else None
    return ":".join(pair) if pair else ""


def _standing(walk: Walk) -> Iterator[Exchanged]:
    """What the walk rests on: of each step the attempt that stands, and every call."""
    ids = {
        entry.exchange.id
        for step, tries in walk.attempts.items()
        for attempt in tries
        if attempt.current or step == "call"
        for entry in attempt.exchanges
    }
    for entry in walk.session.exchanges:
        streams = entry.step == "connect" and entry.exchange.request.method == "GET"
        if entry.exchange.id in ids and entry.step != "callback" and not streams:
            yield entry


def _heading(step: StepId) -> Iterator[str]:
    yield ""
    yield f"step {STEP_ORDER[step] + 1} {quote((STEP[step].title,))}"
