from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inflate import PIECE, BadEncoding, Inflater


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "deflate": zlib.compress,
    "deflate ": raw_deflate,
    "identity": bytes,
    "": bytes,
    "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
}


def inflated(coding: str, *chunks: bytes) -> bytes:
    inflater = Inflater(coding)
    data = b"".join(piece for chunk in chunks for piece in inflater.feed(chunk))
    inflater.finish()
    return data


@pytest.mark.parametrize("coding", CODECS)
@given(st.binary() | st.integers(0, 300_000).map(bytes), st.integers(1, 50))
def test_any_chunking_gives_the_data_back(coding: str, data: bytes, step: int) -> None:
    packed = CODECS[coding](data)
    chunks = [packed[i : i + step] for i in range(0, min(len(packed), 2000), step)]
    assert inflated(coding, *chunks, packed[len(b"".join(chunks)) :]) == data


@pytest.mark.parametrize("length", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
@pytest.mark.parametrize("coding", CODECS)
def test_lengths_around_a_piece(coding: str, length: int) -> None:
    data = bytes(range(256)) * (length // 256 + 1)
    assert inflated(coding, CODECS[coding](data[:length])) == data[:length]


def test_gzip_members_follow_each_other_and_other_bytes_are_dropped() -> None:
    two = gzip.compress(b"one ") + gzip.compress(b"two")
    assert inflated("gzip", two + b"garbage") == b"one two"
    assert inflated("gzip", gzip.compress(b"one "), gzip.compress(b"two")) == b"one two"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "compress", "gzip;q=1"])
def test_unknown_codings(coding: str) -> None:
    with pytest.raises(BadEncoding, match="can undo"):
        Inflater(coding)


def test_too_many_codings() -> None:
    with pytest.raises(BadEncoding, match="9 content codings"):
        Inflater(", ".join(["gzip"] * 9))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_corrupt_and_cut_data(coding: str) -> None:
    packed = CODECS[coding](b"some text, long enough to be cut " * 20)
    with pytest.raises(BadEncoding, match="corrupt"):
        inflated(coding, packed[:20] + b"\xff\xff\xff\xff" + packed[24:])
    for end in (1, 2, len(packed) // 2, len(packed) - 1):
        with pytest.raises(BadEncoding, match="ends in the middle"):
            inflated(coding, packed[:end])
    assert inflated(coding) == b""


def test_a_bomb_comes_out_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(200_000_000), 6)
    assert len(bomb) < 250_000
    tracemalloc.start()
    try:
        pieces = Inflater("gzip").feed(bomb)
        assert all(0 < len(next(pieces)) <= PIECE for _ in range(50))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
