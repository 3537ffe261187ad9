"""Findings as JUnit XML: a suite a URL, a case a check, and a case a host."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from flows.text import visible
from tui.evidence import event_of, evidence
from tui.redaction import Redaction

if TYPE_CHECKING:
    from flows.checks import Finding
    from flows.session import Exchanged, Session
    from tui.commands.check import Checked

_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 section 2.2 has no character for."""


def junit(checked: Sequence[tuple[Checked, Redaction]], fatal: Collection[str]) -> str:
    """The document. Failures are the results in `fatal`, as for the exit code; other warnings and
    what is worth knowing stand in the output of a case. The class of a case is the server and the
    step; its time is that of the exchanges it rests on, in seconds."""
    root = Element("testsuites", name="authwalk")
    for one, redaction in checked:
        _Suite(root, one, redaction, fatal).fill()
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


class _Suite:
    def __init__(
        self, root: Element, checked: Checked, redaction: Redaction, fatal: Collection[str]
    ) -> None:
        self._checked = checked
        self._session: Session = checked.walk.session
        self._redaction = redaction
        self._fatal = fatal
        self._element = SubElement(root, "testsuite", name=self._text(self._session.target.url))

    def fill(self) -> None:
        for _, group in groupby(self._checked.findings, key=lambda found: found.check):
            self._check(list(group))
        for row in self._checked.hosts:
            case = self._case("hosts", row.host.name)
            if row.refusal:
                words = f"would refuse: {row.refusal.says}"
                self._tell(case, words, failed="warn" in self._fatal)
        if self._checked.needs:
            self._tell(self._case("walk", "unattended"), self._checked.needs, failed=True)
        suite = self._element
        suite.set("tests", str(len(suite)))
        for name, kind in (("failures", "failure"), ("skipped", "skipped")):
            suite.set(name, str(sum(1 for case in suite if case.find(kind) is not None)))
        suite.set("time", _seconds(self._session.exchanges))
        suite.set("timestamp", f"{self._session.created:%Y-%m-%dT%H:%M:%S}")

    def _check(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        judged = {
            event.exchange.id: event
            for one in findings
            if (event := event_of(one, self._session)) is not None
        }
        case = self._case(first.step, first.check or "the walk", judged.values())
        failed = [one for one in findings if one.result in self._fatal]
        if failed:
            says = self._text(" ".join(one.says for one in failed))
            failure = SubElement(case, "failure", message=says, type=failed[0].party or "")
            failure.text = self._text("\n\n".join(map(self._reason, failed)))
        elif told := [one for one in findings if one.speaks]:
            self._tell(case, "\n\n".join(map(self._reason, told)), failed=False)
        elif skipped := [one for one in findings if one.result == "skipped"]:
            SubElement(case, "skipped", message=self._text(f"not judged: {skipped[0].says}"))
        elif all(one.result == "not-applicable" for one in findings):
            why = "does not apply: the walk has nothing that this rule speaks of"
            SubElement(case, "skipped", message=why).text = self._text(first.says)

    def _reason(self, finding: Finding) -> str:
        """What is wrong, where that is seen, what says so, and what to change."""
        shown = evidence(finding, self._session, self._redaction)
        return "\n".join(filter(None, (finding.says, shown, finding.standard, finding.fix)))

    def _case(self, group: str, name: str, judged: Iterable[Exchanged] = ()) -> Element:
        parts = urlsplit(self._session.target.url)
        server = parts.netloc.rpartition("@")[2] + parts.path
        classname = self._text(f"{server}.{group}")
        time = _seconds(judged)
        return SubElement(self._element, "testcase", classname=classname, name=name, time=time)

    def _tell(self, case: Element, words: str, *, failed: bool) -> None:
        if failed:
            SubElement(case, "failure", message=self._text(words))
        else:
            SubElement(case, "system-out").text = self._text(words)

    def _text(self, text: str) -> str:
        return _XML.sub("?", visible(self._redaction.text(text), lines=True, limit=4000))


def _seconds(events: Iterable[Exchanged]) -> str:
    return f"{sum(event.exchange.timing.total for event in events):.3f}"
