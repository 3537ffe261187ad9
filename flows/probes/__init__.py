"""Requests beyond the walk, to find out what a walk does not show.

    Probe.requests(facts) -> (subject, request), ...    what it sends, once enough is known

A probe is pure: `flows.probing` sends, and the record marks each exchange with the probe's name.
Adding a probe is adding one entry to a list; what it shows is judged by a check.
"""

from __future__ import annotations

from flows.probes.authorization import AUTHORIZATION
from flows.probes.browser import BROWSER
from flows.probes.discovery import DISCOVERY
from flows.probes.kernel import Kind, Probe, Variant
from flows.probes.resource import RESOURCE
from flows.probes.token import TOKEN

__all__ = ["PROBES", "Kind", "Probe", "Variant"]

PROBES: dict[str, Probe] = {
    probe.name: probe for probe in (*RESOURCE, *DISCOVERY, *AUTHORIZATION, *TOKEN, *BROWSER)
}
"""Every probe by its name, in the order of the walk."""
