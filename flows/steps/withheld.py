"""A request that would send what was never saved: in a session file without secrets a mark stands
for each of them. No server gets to see a mark; the walk stops and says what it takes to go on."""

from __future__ import annotations

from collections.abc import Iterator

from flows.exchange import Request
from flows.facts import Facts
from flows.moves import Ask, Blocked, Compose, Move, Remedy, Send, Skipped
from flows.session import Target

_HINT = "redacted-"
NOT_SAVED = "not saved"
"""The word of a step that stops for want of what a session file has not."""


def withheld(move: Move, facts: Facts) -> Move | None:
    """What takes the place of a move that rests on a mark; None for every other move."""
    match move:
        case Send(request=request) | Compose(request=request):
            found = dict(_marks(request, facts))
        case Ask(kind="authorization-response") if facts.pkce:
            # The answer would be a code that nobody can exchange.
            found = _marked("code_verifier", facts.pkce.code_verifier)
        case _:
            return None
    if not found:
        return None
    names = ", ".join(dict.fromkeys(name.replace("_", " ") for name in found.values()))
    words = f"not saved with this session: {names}"
    if isinstance(move, Send) and move.optional:
        return Skipped(move.step, words)
    given = found.keys() & {mark for text in _given(facts.target) for mark in _marked("", text)}
    return Blocked(
        move.step,
        f"{words[:1].upper()}{words[1:]}.",
        "person",
        NOT_SAVED,
        fix="Start a new walk and give it again." if given else "Authorize again.",
        remedy=None if given else Remedy("client", "authorize again", anew=True),
    )


def _marks(request: Request, facts: Facts) -> Iterator[tuple[str, str]]:
    """`(mark, name of the secret)` for every mark in a request, those in Basic credentials too."""
    body = request.body.decode("utf-8", "replace")
    secret = facts.client.client_secret if facts.client else None
    hidden = (secret, facts.target.idp_client_secret)
    texts = (request.url, body, *(value for _, value in request.headers), *filter(None, hidden))
    if not any(_HINT in text for text in texts):
        return
    from flows.secrets import secrets_of
    from flows.spans import PLACEHOLDER, basic_pair

    named = [(found.name, found.value) for found in secrets_of(request)]
    for _, value in request.headers:
        if pair := basic_pair(value.removeprefix("Basic ")):
            named.append(("client_secret", pair[1]))
    if not body.startswith("{"):  # in the arguments of a tool any text may stand
        named.append(("secret", body))
    named += [("secret", value) for _, value in request.headers]
    named.append(("state" if "state=" in request.url else "secret", request.url))
    seen: set[str] = set()
    for name, text in named:
        for match in PLACEHOLDER.finditer(text):
            if match[0] not in seen:
                seen.add(match[0])
                yield match[0], name


def _marked(name: str, text: str) -> dict[str, str]:
    from flows.spans import PLACEHOLDER

    return {match[0]: name for match in PLACEHOLDER.finditer(text)} if _HINT in text else {}


def _given(target: Target) -> Iterator[str]:
    """What the person gave with the target, and no walk can get anew. A client secret is asked
    for by the client step."""
    yield target.url
    yield from (value for _, value in target.headers)
    secrets = (target.bearer, target.assertion, target.id_token, target.idp_client_secret)
    yield from filter(None, secrets)
