"""Findings as annotations of GitHub Actions: a workflow command each, on a line of its own.

GitHub's runner takes a command from any line that begins with one, whoever wrote it. So nothing
that a server said is printed beside these lines, and within one no line can be broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flows.session import PARTIES
from flows.text import visible
from tui.evidence import evidence
from tui.redaction import Redaction

if TYPE_CHECKING:
    from flows.checks import Finding
    from tui.commands.check import Checked

_COMMANDS = {"fail": "error", "warn": "warning", "info": "notice"}


def workflow_commands(checked: Sequence[tuple[Checked, Redaction]]) -> str:
    """The lines: one a finding that speaks, one a host that would refuse, and what was not done."""
    lines = (line for one, redaction in checked for line in _lines(one, redaction))
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _lines(checked: Checked, redaction: Redaction) -> Iterator[str]:
    url = redaction.url(checked.walk.session.target.url)

    def line(command: str, title: str, *words: str) -> str:
        text = visible(redaction.text("\n".join(filter(None, words))), lines=True, limit=4000)
        return f"::{command} title={_property(visible(title))}::{_data(text)}"

    for one in checked.findings:
        if one.speaks:
            shown = evidence(one, checked.walk.session, redaction) or url
            words = (one.says, shown, one.standard, one.fix)
            yield line(_COMMANDS[one.result], _title(one), *words)
    for row in checked.hosts:
        if row.refusal:
            title = f"{row.host.title} would refuse"
            yield line("warning", title, row.refusal.says, url, row.refusal.source)
    if checked.enough:
        yield line("notice", "not every probe was sent", checked.enough, url)
    if checked.needs:
        yield line("error", "a person is needed", checked.needs, url)


def _title(finding: Finding) -> str:
    party = PARTIES[finding.party] if finding.party else ""
    return ", ".join(filter(None, (finding.check or f"stopped at {finding.step}", party)))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
