"""Findings as JUnit XML: a suite a URL, a case a check, and a case a host."""

from __future__ import annotations

import re
from collections.abc import Sequence
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


def junit(checked: Sequence[tuple[Checked, Redaction]]) -> str:
    """The document. Failures are errors of a check; warnings stand in the output of a case."""
    root = Element("testsuites", name="authwalk")
    for one, redaction in checked:
        suite = SubElement(root, "testsuite", name=_text(one.walk.session.target.url, redaction))
        cases = [list(group) for _, group in groupby(one.findings, key=lambda found: found.check)]
        for findings in cases:
            _case(suite, findings, redaction)
        for row in one.hosts:
            case = SubElement(suite, "testcase", classname="hosts", name=row.host.name)
            if row.refusal:
                words = f"would refuse: {row.refusal.says}"
                SubElement(case, "system-out").text = _text(words, redaction)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(sum(1 for case in suite if case.find("failure") is not None)))
        suite.set("skipped", str(sum(1 for case in suite if case.find("skipped") is not None)))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, findings: list[Finding], redaction: Redaction) -> None:
    first = findings[0]
    name = first.check or "the walk"
    case = SubElement(suite, "testcase", classname=first.step, name=name)
    failed = [one for one in findings if one.result == "fail"]
    told = [one for one in findings if one.result in ("warn", "info")]
    if failed:
        says = _text(" ".join(one.says for one in failed), redaction)
        party = failed[0].party or ""
        SubElement(case, "failure", message=says, type=party).text = _text(
            f"{failed[0].standard}\n{failed[0].fix}", redaction
        )
    elif told:
        SubElement(case, "system-out").text = _text(" ".join(one.says for one in told), redaction)
    elif all(one.result in ("skipped", "not-applicable") for one in findings):
        SubElement(case, "skipped", message=_text(first.says, redaction))


def _text(text: str, redaction: Redaction) -> str:
    return _XML.sub("?", visible(redaction.text(text), lines=True, limit=4000))
