"""What of one walk stands for what of another: its codes, its tokens, its ports, its servers."""

from __future__ import annotations

import re

from flows.wellknown import origin

LEAST = 6
"""Characters from which on a value is looked for inside others."""


def split(url: str) -> tuple[str, str]:
    """A URL as its origin and the rest; of what is no URL there is no origin."""
    try:
        start = origin(url)
    except ValueError:
        return "", url
    return start, url.removeprefix(start)


class Counterparts:
    """Learns pairs of values as they appear. `ours` are those of the first walk."""

    def __init__(self) -> None:
        self._theirs: dict[str, str] = {}
        self._ours: dict[str, str] = {}

    def learn(self, ours: str, theirs: str) -> None:
        if min(len(ours), len(theirs)) >= LEAST:
            self._theirs.setdefault(ours, theirs)
            self._ours.setdefault(theirs, ours)

    def learn_server(self, ours: str, theirs: str) -> None:
        """Take two URLs as those of one server in two places."""
        for one, other in ((ours, theirs), (split(ours)[0], split(theirs)[0])):
            if one != other:
                self.learn(one, other)
                self.learn(one.partition("://")[2], other.partition("://")[2])

    def known(self, ours: str, theirs: str) -> bool:
        """Whether either is known to stand for something."""
        return ours in self._theirs or theirs in self._ours

    def text(self, text: str) -> str:
        """`text` with everything in it replaced by what stands for it."""
        if text in self._theirs:
            return self._theirs[text]
        present = sorted((one for one in self._theirs if one in text), key=len, reverse=True)
        if not present:
            return text
        pattern = rf"(?<![\w-])(?:{'|'.join(map(re.escape, present))})(?![\w-])"
        return re.sub(pattern, lambda match: self._theirs[match[0]], text)
