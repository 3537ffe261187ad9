"""Content-Encoding undone in bounded pieces (RFC 9110 section 8.4).

Two hundred kilobytes of gzip can hold two hundred megabytes. So nothing here inflates a chunk
whole: pieces of at most 64 KiB come out one by one, and the reader stops when it has enough.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PIECE = 64 * 1024
_MOST_CODINGS = 4

_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS


class BadEncoding(ValueError):
    """The coding is unknown, or the data is not what the coding says."""


class Inflater:
    """Undoes the codings of a Content-Encoding field value, e.g. "gzip" or "deflate, gzip".

    Knows gzip (several members too) and deflate (with the zlib wrapper of RFC 9110 section
    8.4.1.2, or raw, as some servers send it). Raises BadEncoding.
    """

    def __init__(self, content_encoding: str) -> None:
        codings = [coding.strip().lower() for coding in content_encoding.split(",")]
        codings = [coding for coding in codings if coding not in ("", "identity")]
        if len(codings) > _MOST_CODINGS:
            raise BadEncoding(f"{len(codings)} content codings in a row")
        # They were applied in the order of the field, so they come off backwards.
        self._stages = [_Stage(coding) for coding in reversed(codings)]

    def __bool__(self) -> bool:
        return bool(self._stages)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` inflates to. Do not feed again before the iterator is exhausted."""
        return self._through(self._stages, data)

    def finish(self) -> None:
        """Call at the end of the body: raises BadEncoding when the data stops in the middle."""
        for stage in self._stages:
            stage.finish()

    def _through(self, stages: list[_Stage], data: bytes) -> Iterator[bytes]:
        if not stages:
            yield data
            return
        for piece in stages[0].feed(data):
            yield from self._through(stages[1:], piece)


class _Stage:
    def __init__(self, coding: str) -> None:
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise BadEncoding(f"the content coding {coding!r} is none that authwalk can undo")
        self.coding = coding
        self._zlib = zlib.decompressobj(_GZIP) if coding != "deflate" else None
        self._begun = b""  # the first byte; deflate waits with it until the second shows the format

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._zlib is None:
            data = self._begun + data
            if len(data) < 2:
                self._begun = data
                return
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._zlib = zlib.decompressobj(_ZLIB if wrapped else _RAW)
        elif self._zlib.eof:
            data = self._next_member(data)
        self._begun = self._begun or data[:1]
        full = False
        # A full piece may leave output behind in zlib although all input is consumed.
        while data or full:
            try:
                piece = self._zlib.decompress(data, PIECE)
            except zlib.error as error:
                raise BadEncoding(f"the {self.coding} data is corrupt: {error}") from None
            if piece:
                yield piece
            if self._zlib.eof:
                data, full = self._next_member(self._zlib.unused_data), False
            else:
                data, full = self._zlib.unconsumed_tail, len(piece) == PIECE

    def _next_member(self, data: bytes) -> bytes:
        """RFC 1952 section 2.2: a gzip file is a series of members. Anything else that follows
        is dropped, as browsers and curl do."""
        if self.coding == "deflate" or not data.startswith(b"\x1f"):
            return b""
        self._zlib = zlib.decompressobj(_GZIP)
        return data

    def finish(self) -> None:
        if self._begun and not (self._zlib and self._zlib.eof):
            raise BadEncoding(f"the {self.coding} data ends in the middle")
