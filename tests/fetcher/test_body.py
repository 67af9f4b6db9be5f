import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.fetcher.body import STEP, read, steps
from logocache.fetcher.limits import FetchError
from logocache.model import OutcomeKind

TEXT = b"logo " * 5000
LIMIT = len(TEXT)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "DEFLATE ": raw_deflate,
}


def outcome(
    chunks: list[bytes], *, encoding: str = "", content_length: str = "", limit: int = LIMIT
) -> object:
    try:
        return read(chunks, encoding=encoding, content_length=content_length, max_bytes=limit)
    except FetchError as error:
        return error.kind


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_compressed_body_is_decoded_however_it_is_cut(encoding: str, size: int) -> None:
    data = ENCODERS[encoding](TEXT)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert outcome(chunks, encoding=encoding) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "DEFLATE "])
@pytest.mark.parametrize("missing", [1, 4, 20])
def test_compressed_data_that_breaks_off_is_transient(encoding: str, missing: int) -> None:
    """The decoder of httpx itself would take it for complete."""
    assert outcome([ENCODERS[encoding](TEXT)[:-missing]], encoding=encoding) is OutcomeKind.TRANSIENT


@pytest.mark.parametrize(
    ("chunks", "encoding"),
    [
        pytest.param([b"not compressed at all"], "gzip", id="not gzip"),
        pytest.param([b"\xff\xff\xff\xff"], "deflate", id="not deflate"),
        pytest.param([gzip.compress(TEXT)[:-8] + b"12345678"], "gzip", id="wrong checksum"),
        pytest.param([gzip.compress(TEXT) + b"more"], "gzip", id="bytes behind it"),
        pytest.param([gzip.compress(TEXT), b"more"], "gzip", id="a chunk behind it"),
        pytest.param([TEXT], "br", id="not offered"),
        pytest.param([gzip.compress(TEXT)], "gzip, gzip", id="twice"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_transient(chunks: list[bytes], encoding: str) -> None:
    assert outcome(chunks, encoding=encoding) is OutcomeKind.TRANSIENT


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "deflate"])
def test_an_empty_body_is_empty(encoding: str) -> None:
    assert outcome([b""], encoding=encoding) == b""


def test_the_limit_counts_decoded_bytes() -> None:
    packed = gzip.compress(TEXT)
    assert outcome([packed], encoding="gzip", limit=LIMIT) == TEXT
    assert outcome([packed], encoding="gzip", limit=LIMIT - 1) is OutcomeKind.REFUSED


def test_the_limit_counts_sent_bytes() -> None:
    assert outcome([b"ab", b"c"], limit=3) == b"abc"
    assert outcome([b"ab", b"cd"], limit=3) is OutcomeKind.REFUSED
    empty_blocks = zlib.compress(b"")[:2] + b"\x00\x00\x00\xff\xff" * 100  # many bytes that say nothing
    assert outcome([empty_blocks], encoding="deflate", limit=100) is OutcomeKind.REFUSED


@pytest.mark.parametrize("length", ["101", "9" * 30, "9" * 5000], ids=["by one", "by far", "absurd"])
def test_an_announced_body_over_the_limit_is_refused_unread(length: str) -> None:
    chunks = iter([b"x"])
    with pytest.raises(FetchError) as caught:
        read(chunks, encoding="", content_length=length, max_bytes=100)
    assert caught.value.kind is OutcomeKind.REFUSED
    assert list(chunks) == [b"x"]


@pytest.mark.parametrize("length", ["100", "", "-1", "abc", "²", "0" * 30])
def test_an_announcement_within_the_limit_or_without_sense_is_not_believed_either(length: str) -> None:
    assert outcome([b"x" * 100], content_length=length, limit=100) == b"x" * 100
    assert outcome([b"x" * 101], content_length=length, limit=100) is OutcomeKind.REFUSED


def test_a_bomb_is_stopped_after_one_step_too_many() -> None:
    """A hundred megabytes of zeros are never in memory: no part is larger than a step."""
    bomb = zlib.compress(bytes(100_000_000), level=9)
    stream = zlib.decompressobj()
    parts = steps(stream, bomb)
    assert max(len(next(parts)) for _ in range(5)) == STEP
    assert outcome([bomb], encoding="deflate", limit=200_000) is OutcomeKind.REFUSED


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "br", "identity, gzip"]), st.text())
def test_whatever_comes_is_a_body_or_a_typed_failure(data: bytes, encoding: str, length: str) -> None:
    result = outcome([data[:3], data[3:]], encoding=encoding, content_length=length, limit=200)
    assert result in {OutcomeKind.TRANSIENT, OutcomeKind.REFUSED} or len(bytes(result)) <= 200  # type: ignore[call-overload]  # bytes then


@given(st.binary(max_size=3 * STEP), st.sampled_from(sorted(ENCODERS)), st.integers(1, 5000))
def test_encoding_and_decoding_are_inverse(data: bytes, encoding: str, size: int) -> None:
    packed = ENCODERS[encoding](data)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert outcome(chunks, encoding=encoding, limit=10 * STEP) == data


@pytest.mark.parametrize("encoding", ["", *ENCODERS])
def test_where_the_start_is_enough_no_more_is_read(encoding: str) -> None:
    data = TEXT * 20
    sent = ENCODERS[encoding](data) if encoding else data
    given_out: list[int] = []

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(sent), 100):
            given_out.append(start)
            yield sent[start : start + 100]

    body = read(
        chunks(), encoding=encoding, content_length=str(len(sent)), max_bytes=1000, is_start_enough=True
    )
    assert body == data[:1000]
    assert len(given_out) < len(sent) / 100


def test_a_page_shorter_than_the_start_is_whole() -> None:
    assert read([b"ab", b"c"], encoding="", content_length="3", max_bytes=10, is_start_enough=True) == b"abc"


def test_compressed_data_that_never_gives_anything_is_not_read_for_ever() -> None:
    empty_block = b"\x00\x00\x00\xff\xff"
    endless = itertools.chain([b"\x1f\x8b\x08\0\0\0\0\0\0\3"], itertools.repeat(empty_block * 1000))
    with pytest.raises(FetchError):
        read(endless, encoding="gzip", content_length="", max_bytes=1000, is_start_enough=True)
