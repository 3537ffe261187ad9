"""What was meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def hint(word: str, known: Iterable[str], otherwise: str = "", *, dashed: str = "") -> str:
    """`did you mean WORD`, where a known word is close; else `otherwise`. `dashed` stands before
    the word that is told."""
    from difflib import get_close_matches  # which the start of a command need not wait for

    close = get_close_matches(word, tuple(known), 1)
    return f"did you mean {dashed}{close[0]}" if close else otherwise
