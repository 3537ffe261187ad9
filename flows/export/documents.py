"""A whole walk as one document, by the name the command line and the app use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flows.export.har import har
from flows.export.report import report
from flows.export.script import script
from flows.export.sequence import drawn, mermaid
from flows.sequence import Arrow, arrows
from flows.store.redaction import redactor_of
from flows.walk import Walk


def _sequence(draw: Callable[[tuple[Arrow, ...]], str], walk: Walk, with_secrets: bool) -> str:
    return redactor_of(walk.session).text(draw(arrows(walk.session, walk.findings, walk.diagnosis)))


DOCUMENTS: dict[str, Callable[[Walk, bool], str]] = {
    "script": lambda walk, with_secrets: script(walk),
    "har": lambda walk, with_secrets: har(walk.session, with_secrets=with_secrets),
    "report": lambda walk, with_secrets: report(walk),
    "report-html": lambda walk, with_secrets: report(walk, "html"),
    "sequence": partial(_sequence, lambda found: "\n".join(drawn(found)) + "\n"),
    "mermaid": partial(_sequence, mermaid),
}
"""Each takes whether secrets are kept, for which only a HAR has room. Raises SecretLeak, and
`Unquotable` for a walk that no script can repeat."""
