"""Findings as JUnit XML: a suite a URL, a case a check, and a case a host."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from flows.text import visible
from tui.redaction import Redaction

if TYPE_CHECKING:
    from flows.checks import Finding
    from tui.commands.check import Checked

_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 section 2.2 has no character for."""


def junit(checked: Sequence[tuple[Checked, Redaction]], fatal: Collection[str]) -> str:
    """The document. Failures are the results in `fatal`, as for the exit code; other warnings and
    what is worth knowing stand in the output of a case."""
    root = Element("testsuites", name="authwalk")
    for one, redaction in checked:
        suite = SubElement(root, "testsuite", name=_text(one.walk.session.target.url, redaction))
        cases = [list(group) for _, group in groupby(one.findings, key=lambda found: found.check)]
        for findings in cases:
            _case(suite, findings, redaction, fatal)
        for row in one.hosts:
            case = SubElement(suite, "testcase", classname="hosts", name=row.host.name)
            if row.refusal:
                words = f"would refuse: {row.refusal.says}"
                _tell(case, words, redaction, failed="warn" in fatal)
        if one.needs:
            case = SubElement(suite, "testcase", classname="walk", name="unattended")
            _tell(case, one.needs, redaction, failed=True)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(sum(1 for case in suite if case.find("failure") is not None)))
        suite.set("skipped", str(sum(1 for case in suite if case.find("skipped") is not None)))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _tell(case: Element, words: str, redaction: Redaction, *, failed: bool) -> None:
    if failed:
        SubElement(case, "failure", message=_text(words, redaction))
    else:
        SubElement(case, "system-out").text = _text(words, redaction)


def _case(
    suite: Element, findings: list[Finding], redaction: Redaction, fatal: Collection[str]
) -> None:
    first = findings[0]
    name = first.check or "the walk"
    case = SubElement(suite, "testcase", classname=first.step, name=name)
    failed = [one for one in findings if one.result in fatal]
    told = [one for one in findings if one.result in ("fail", "warn", "info")]
    if failed:
        says = _text(" ".join(one.says for one in failed), redaction)
        party = failed[0].party or ""
        SubElement(case, "failure", message=says, type=party).text = _text(
            f"{failed[0].standard}\n{failed[0].fix}", redaction
        )
    elif told:
        _tell(case, " ".join(one.says for one in told), redaction, failed=False)
    elif all(one.result in ("skipped", "not-applicable") for one in findings):
        SubElement(case, "skipped", message=_text(first.says, redaction))


def _text(text: str, redaction: Redaction) -> str:
    return _XML.sub("?", visible(redaction.text(text), lines=True, limit=4000))
