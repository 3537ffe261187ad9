"""A sequence of arrows as a Mermaid diagram, and as plain text for a terminal or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from flows.sequence import LANES, Arrow, Lane
from flows.session import PARTIES
from flows.text import visible

_MERMAID = re.compile(r"[^A-Za-z0-9 ./,_=()'-]")
"""What could mean something to Mermaid is written as a character entity."""
_NAMES: dict[Lane, str] = {
    "person": "P",
    "client": "C",
    "resource-server": "R",
    "authorization-server": "A",
}
_TITLES: dict[Lane, str] = {**LANES, "authorization-server": "Auth server"}
WIDTH = 80
_WIDE = 100


def mermaid(arrows: Iterable[Arrow]) -> str:
    """A sequenceDiagram: solid arrows that were answered, crossed ones that were not."""
    lines = ["sequenceDiagram"]
    lines += [f"    participant {_NAMES[lane]} as {title}" for lane, title in LANES.items()]
    for arrow in arrows:
        head = "-x" if arrow.state == "fail" else "->>"
        head = f"-{head}" if arrow.past else head
        words = _entities(" ".join(part for part in (arrow.label, arrow.said) if part))
        lines.append(f"    {_NAMES[arrow.source]}{head}{_NAMES[arrow.target]}: {words}")
        if arrow.verdict:
            at_fault = PARTIES[arrow.party] if arrow.party else ""
            over = f"{_NAMES[arrow.source]},{_NAMES[arrow.target]}"
            lines.append(f"    Note over {over}: the verdict, at fault {at_fault}".rstrip())
    return "\n".join(lines) + "\n"


def _entities(text: str) -> str:
    shown = re.sub(r"\bend\b", "e#110;d", _MERMAID.sub(_entity, visible(text, limit=120)))
    return shown


def _entity(match: re.Match[str]) -> str:
    return f"#{ord(match[0])};"


def drawn(arrows: Iterable[Arrow], width: int = WIDTH) -> Iterator[str]:
    """The lanes with a line an arrow, `width` columns wide, from 60."""
    stops = lane_stops(width)
    yield lane_titles(stops, width)
    for arrow in arrows:
        yield draw(arrow, stops, width).rstrip()


def lane_stops(width: int) -> dict[Lane, int]:
    """The column of each lane's line; what is said stands to the right of the last."""
    room = width - (30 if width >= _WIDE else 20)
    return {lane: 4 + room * number // 3 for number, lane in enumerate(LANES)}


def lane_titles(stops: Mapping[Lane, int], width: int) -> str:
    """The title of each lane above its line."""
    cells = [" "] * width
    for lane, stop in stops.items():
        title = _TITLES[lane]
        start = max(0, min(stop - len(title) // 2, width - len(title)))
        cells[start : start + len(title)] = title
    return "".join(cells).rstrip()


def draw(arrow: Arrow, stops: Mapping[Lane, int], width: int) -> str:
    """One line: the lanes, the arrow with its label, and what came back."""
    cells = [" "] * width
    for stop in stops.values():
        cells[stop] = "│"
    left, right = sorted((stops[arrow.source], stops[arrow.target]))
    dash = "╌" if arrow.past else "─"
    cells[left + 1 : right] = dash * (right - left - 1)
    if stops[arrow.source] < stops[arrow.target]:
        cells[right - 1] = "✗" if arrow.state == "fail" else "▶"
    else:
        cells[left + 1] = "✗" if arrow.state == "fail" else "◀"
    room = right - left - 7
    label = visible(arrow.label, limit=200)
    label = label if len(label) <= room else f"{label[: room - 1]}…"
    start = left + 4
    cells[start - 1 : start + len(label) + 1] = f" {label} "
    mark = " ◀ verdict" if width >= _WIDE else " ◀"
    said = f"{arrow.said}{mark if arrow.verdict else ''}"
    end = max(stops.values()) + 2
    return "".join(cells[:end]) + said
