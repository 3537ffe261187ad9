"""Two walks, or two attempts of a step, side by side: what is the same, what differs as it must,
and what differs.

    Comparison ── steps   Compared        one a step that either has
                    ├── outcome           how the step ended
                    ├── pairings  Pairing     two events, or one that stands alone
                    │      └── Difference     one named part that is not equal
                    └── findings          what the checks say of one and not of the other

What a walk makes anew (a code, a token, a port) is learned where it first appears, and from then
on stands for its counterpart wherever it comes again: in a header, a claim, a URL. So a state
that comes back wrong differs, and one that is only another does not.

Walks as two hosts send what each host sends: that differs as it must, and is learned like the rest.
What counts is what the server made of it.

A browser's record is of another client, and nothing in it is labelled as in a walk: its requests
are aligned by what they ask for, and what it lacks may have been done where no browser sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Literal

from flows.align import align, comparable
from flows.checks import Finding
from flows.counterparts import Counterparts, split
from flows.frozen import frozen
from flows.moves import Blocked, Done, Move, Send, Skipped
from flows.parts import Key, Part, Parts, Side, parts
from flows.session import (
    REPEATABLE,
    Answered,
    Attempt,
    Event,
    Exchanged,
    Made,
    Overrode,
    StepId,
)
from flows.spans import MARK, redact
from flows.steps import STEP, STEPS
from flows.steps.withheld import NOT_SAVED
from flows.walk import Walk

UNREACHED = "not reached"
"""How a step ended that a walk did not come to."""


@frozen
class Difference:
    """One part that is not equal; None where one side has none. `must`: it is made anew in every
    walk, or tells nothing, and so does not count."""

    side: Side | Literal["finding", "outcome"]
    field: str
    a: str | None
    b: str | None
    must: bool = False


def weight(one: Difference) -> int:
    """How much a difference tells, the most first: what decides a walk, what is new, what is
    gone, what was sent."""
    if one.side != "response":
        return 3
    return 0 if one.field in _DECIDING else 2 if one.b is None else 1


_DECIDING = ("error", "status")


@frozen
class Pairing:
    """Two events that are the same thing in each walk; or one that only one walk has, which then
    counts as a difference unless it `must` be so. `equal` counts the parts that are."""

    step: StepId
    a: Event | None
    b: Event | None
    differences: tuple[Difference, ...] = ()
    equal: int = 0
    must: bool = False

    @property
    def matters(self) -> bool:
        if self.a is None or self.b is None:
            return not self.must
        return any(not one.must for one in self.differences)

    @property
    def telling(self) -> tuple[Difference, ...]:
        """The differences that count, what decides a walk before the rest."""
        return tuple(sorted((one for one in self.differences if not one.must), key=weight))

    @property
    def title(self) -> str:
        # Of a browser's request the other one says what it is for.
        named = self.a if isinstance(self.b, Exchanged) and self.b.imported else None
        return title(named or self.b or self.a)


@frozen
class Compared:
    """A step of both walks."""

    step: StepId
    pairings: tuple[Pairing, ...] = ()
    findings: tuple[Difference, ...] = ()
    outcome: Difference | None = None

    @property
    def matters(self) -> bool:
        return bool(self.outcome or self.findings or any(one.matters for one in self.pairings))

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Those that count, in the order in which they tell something."""
        inner = (one for pair in self.pairings for one in pair.telling)
        whole = (self.outcome,) if self.outcome else ()
        return (*sorted(inner, key=weight), *self.findings, *whole)


@frozen
class Comparison:
    steps: tuple[Compared, ...]

    @property
    def first(self) -> Compared | None:
        """The first step at which something that counts differs."""
        return next((one for one in self.steps if one.matters), None)

    @property
    def same(self) -> bool:
        return self.first is None


def compare(a: Walk, b: Walk) -> Comparison:
    """Two walks by the attempts that stand; of steps that go on where they were, by all."""
    counterparts = Counterparts()
    ours, theirs = a.session.target.url, b.session.target.url
    elsewhere = ours != theirs
    roles = a.session.target.host != b.session.target.host
    tongues = _version(a) != _version(b)
    recorded = a.session.imported or b.session.imported
    another = a.session.imported != b.session.imported
    if elsewhere:
        counterparts.learn_server(ours, theirs)
    steps = []
    for step in (one.id for one in STEPS):
        one, other = _standing(a, step), _standing(b, step)
        own: frozenset[Side] = frozenset()
        if roles:
            # A registration repeats what it was asked for, and each revision answers in its way.
            echoes = step == "client" or (tongues and STEP[step].phase == "Call")
            own = frozenset({"request", "values", "response"} if echoes else {"request", "values"})
        elif another and step == "client":
            own = frozenset({"request", "values", "response"})
        pairings = tuple(
            pair(step, *both, counterparts, elsewhere=elsewhere, own=own, another=another)
            for both in align(one, other, titled=not recorded)
        )
        steps.append(
            Compared(
                step,
                pairings,
                compare_findings(step, a.findings, b.findings),
                _ended(step, a, b, one, other),
            )
        )
    return Comparison(tuple(one for one in steps if one.pairings or one.matters))


def _ended(
    step: StepId, a: Walk, b: Walk, ours: Sequence[Event], theirs: Sequence[Event]
) -> Difference | None:
    """How the step ended, where it ended otherwise. Beside a browser's record, that nothing was
    made of it yet is the same as that it is not there."""
    if not (a.session.imported or b.session.imported):
        return compare_outcomes(a.moves.get(step), b.moves.get(step))
    one, other = _recorded_outcome(a, step, ours), _recorded_outcome(b, step, theirs)
    if one == other or "" in (one, other) or {one, other} == {UNREACHED, "open"}:
        return None
    return Difference("outcome", "outcome", one, other)


def _recorded_outcome(walk: Walk, step: StepId, events: Sequence[Event]) -> str:
    """How the step ended. A browser's record may lack what comes before a step, or what a person
    chose in it: one that it leaves open is not there, or "" where there is something of it."""
    outcome = _outcome(walk.moves.get(step))
    if not walk.session.imported or outcome not in (UNREACHED, "open"):
        return outcome
    return "" if events else UNREACHED


def _version(walk: Walk) -> str:
    connection = walk.facts.connection
    return connection.version if connection else ""


def compare_attempts(a: Attempt, b: Attempt) -> Comparison:
    """Two attempts of a step. The findings are those of the walk as it stands and stay aside."""
    counterparts = Counterparts()
    recorded = any(event.imported for event in (*a.exchanges, *b.exchanges))
    both = align(comparable(a.events), comparable(b.events), titled=not recorded)
    pairings = tuple(pair(b.step, *one, counterparts) for one in both)
    return Comparison((Compared(b.step, pairings),))


def _standing(walk: Walk, step: StepId) -> tuple[Event, ...]:
    tries = walk.attempts.get(step, ())
    chosen = tries if step in REPEATABLE else tries[-1:]
    return comparable(event for attempt in chosen for event in attempt.events)


def title(event: Event | None) -> str:
    match event:
        case Exchanged(label=label):
            return label
        case Made():
            return "computed here"
        case Answered(step=step):
            return "what came back" if step == "callback" else "what was chosen"
        case Overrode():
            return "gone on all the same"
        case _:
            return ""


def pair(
    step: StepId,
    a: Event | None,
    b: Event | None,
    counterparts: Counterparts,
    *,
    elsewhere: bool = False,
    own: frozenset[Side] = frozenset(),
    another: bool = False,
) -> Pairing:
    """Compare two events, and learn what is new in them. `elsewhere`: the servers are others,
    and the authorization server may be another one too. `own`: what is of one host's own choosing
    or follows from it, and only decides by its status. `another`: one is of another client, as a
    browser recorded it."""
    if a is None or b is None:
        return Pairing(step, a, b, must=another or bool(own))
    ours, theirs = parts(a), parts(b)
    if elsewhere:
        _learn_authorization_server(ours, theirs, counterparts)
    found: list[Difference] = []
    equal = 0
    answered = all(("response", "status") in side for side in (ours, theirs))
    for side, field in dict.fromkeys((*ours, *theirs)):
        if side == "response" and not answered and field not in _DECIDING:
            continue  # of no answer at all every part is missing
        whole = (side, field.partition(", ")[0])
        if (whole in ours) != (whole in theirs) and whole[1] != field:
            continue  # of no token every claim
        one, other = ours.get((side, field)), theirs.get((side, field))
        if one and other and _equal(field, one, other):
            equal += 1
            if one.bond == "fresh":
                counterparts.learn(one.value, other.value)
            continue
        must = _must_differ(one, other, counterparts) or _unseen_host(field, one, other)
        must = must or (another and side == "request" and _client_own(field))
        if side in own and not must and field not in _DECIDING:
            must = True
            if one and other:
                counterparts.learn(one.value, other.value)
        found.append(Difference(side, field, _shown(one, other), _shown(other, one), must))
    return Pairing(step, a, b, tuple(found), equal)


def _equal(field: str, one: Part, other: Part) -> bool:
    if one.type != other.type:
        return False
    if one.value == other.value or _marked_alike(one.value, other.value):
        return True
    if field.endswith("_supported"):  # sets, written as arrays
        return sorted(one.value.strip("[]").split(", ")) == sorted(
            other.value.strip("[]").split(", ")
        )
    # RFC 6749 section 3.3: their order does not matter.
    named_scope = re.search(r"[ /]scope$", field) is not None
    return named_scope and sorted(one.value.split()) == sorted(other.value.split())


def _marked_alike(one: str, other: str) -> bool:
    """Whether a secret and the mark of it, or two marks, are of one value."""
    return bool(MARK.fullmatch(one) or MARK.fullmatch(other)) and redact(one) == redact(other)


def _unseen_host(field: str, one: Part | None, other: Part | None) -> bool:
    """Whether only one record has the Host field: HTTP/2, as in a browser's HAR, has none."""
    return field == "header host" and (one is None or other is None)


def _client_own(field: str) -> bool:
    """Whether it is who a client says it is, or what a browser adds of itself."""
    return "clientInfo/" in field or _ADDED.match(field) is not None


_ADDED = re.compile(
    r"header (sec-|(origin|referer|dnt|priority|te|pragma|cache-control|accept-language"
    r"|upgrade-insecure-requests)$)"
)


def _must_differ(one: Part | None, other: Part | None, counterparts: Counterparts) -> bool:
    if one is None or other is None:
        return (one or other or Part("")).bond == "loose"
    if one.bond == "loose" and other.bond == "loose":
        return True
    if one.type != other.type:
        return False
    if one.bond == "free" or counterparts.text(one.value) == other.value:
        return True
    if one.bond != "fresh" or counterparts.known(one.value, other.value):
        return False
    counterparts.learn(one.value, other.value)
    return True


def _learn_authorization_server(ours: Parts, theirs: Parts, counterparts: Counterparts) -> None:
    key: Key = ("response", "/authorization_servers")
    if key in ours and key in theirs:
        urls = zip(_urls(ours[key]), _urls(theirs[key]), strict=False)
        for one, other in urls:
            if split(one)[1] == split(other)[1]:
                counterparts.learn_server(one, other)


def _urls(part: Part) -> list[str]:
    return re.findall(r'"(https?://[^"\s\\]+)"', part.value)


def _shown(part: Part | None, beside: Part | None) -> str | None:
    """The value, in JSON's quotes where the types differ."""
    if part is None:
        return None
    quoted = part.type == "string" and beside is not None and beside.type != "string"
    return f'"{part.value}"' if quoted else part.value


def compare_findings(
    step: StepId, a: Iterable[Finding], b: Iterable[Finding]
) -> tuple[Difference, ...]:
    """Check by check, what one walk was told of the step and the other was not."""
    ours, theirs = _speaking(step, a), _speaking(step, b)
    found = []
    for check in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(check, ()), theirs.get(check, ())
        if [_judged(item) for item in one] != [_judged(item) for item in other]:
            for first, second in zip_longest(one, other):
                if not (first and second and _judged(first) == _judged(second)):
                    found.append(Difference("finding", check, _said(first), _said(second)))
    return tuple(found)


def _speaking(step: StepId, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.step == step and finding.speaks:
            found.setdefault(finding.check, []).append(finding)
    return found


def _judged(finding: Finding) -> tuple[str, ...]:
    """Not its words: they name ports, times and tokens."""
    return finding.result, finding.party or "", finding.place.field if finding.place else ""


def _said(finding: Finding | None) -> str | None:
    return f"{finding.result}: {finding.says}" if finding else None


def compare_outcomes(a: Move | None, b: Move | None) -> Difference | None:
    """How a step ended, where it ended otherwise."""
    one, other = _outcome(a), _outcome(b)
    return None if one == other else Difference("outcome", "outcome", one, other)


def _outcome(move: Move | None) -> str:
    match move:
        case None:
            return UNREACHED
        case Done():
            return "done"
        case Skipped() | Send(optional=True):
            return "not made"
        case Blocked(word=word) if word != NOT_SAVED:
            return f"stopped: {word}"
        case _:
            return "open"
