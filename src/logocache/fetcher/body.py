"""Reads a response body: decoded, within its limit, and complete (or its start, where that is enough). Pure.

httpx's own decoders are not used: they accept a truncated gzip stream as complete, and decode a
whole chunk of a compression bomb before its size can be checked.
"""

import zlib
from collections.abc import Iterable, Iterator

from logocache.fetcher.limits import FetchError
from logocache.model import OutcomeKind

ACCEPT_ENCODING = "gzip, deflate"
"""The encodings that `decoded` supports."""

STEP = 65_536
"""Bytes decoded at a time."""

GZIP = 16 + zlib.MAX_WBITS
ZLIB = zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS

ZLIB_METHOD = 8
"""The low half of the first byte of a zlib stream (RFC 1950 2.2, CM)."""

LONGEST_LENGTH = 20
"""Digits of a Content-Length that are read: far beyond any limit."""


def read(
    chunks: Iterable[bytes],
    *,
    encoding: str,
    content_length: str,
    max_bytes: int,
    is_start_enough: bool = False,
) -> bytes:
    """The decoded body; if `is_start_enough`, at most its first `max_bytes`, and nothing more is read.

    `encoding` and `content_length` are header values, empty when absent. Raises `FetchError`:
    REFUSED when the body is larger than `max_bytes`, as sent or decoded; TRANSIENT when it is
    broken, breaks off, or is encoded in a way that was not offered.
    """
    coding = encoding.strip().lower()
    if is_start_enough:
        # Compressed data may be longer than what it holds, but not by much.
        sent = within(chunks, max_bytes=2 * max_bytes + STEP)
        return start(decoded(sent, encoding=coding), max_bytes=max_bytes)
    digits = content_length[:LONGEST_LENGTH]
    if digits.isascii() and digits.isdigit() and int(digits) > max_bytes:
        raise too_large(max_bytes)
    sent = within(chunks, max_bytes=max_bytes)
    return b"".join(within(decoded(sent, encoding=coding), max_bytes=max_bytes))


def within(chunks: Iterable[bytes], *, max_bytes: int) -> Iterator[bytes]:
    """The chunks. Raises `FetchError` (REFUSED) once they exceed `max_bytes` together."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise too_large(max_bytes)
        yield chunk


def start(chunks: Iterable[bytes], *, max_bytes: int) -> bytes:
    """The first `max_bytes` of the chunks together; later chunks are not asked for."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) >= max_bytes:
            break
    return bytes(body[:max_bytes])


def decoded(chunks: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    if encoding in {"", "identity"}:
        return iter(chunks)
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return inflated(chunks, encoding=encoding)
    raise broken("it is encoded in a way that was not offered")


def inflated(chunks: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    """The inflated parts, each at most STEP bytes. An empty body is empty, not broken."""
    stream = None
    for chunk in filter(None, chunks):
        if stream is None:
            stream = zlib.decompressobj(window_bits(encoding, chunk[0]))
        if stream.eof:
            raise broken("bytes follow its compressed data")
        yield from steps(stream, chunk)
        if stream.unused_data:
            raise broken("bytes follow its compressed data")
    if stream is not None and not stream.eof:
        raise broken("its compressed data breaks off")


def steps(stream: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """The inflated `chunk`, in steps; after a full step there may be more output even without more input."""
    while True:
        try:
            part = stream.decompress(chunk, STEP)
        except zlib.error as error:
            raise broken(f"its compressed data is damaged: {error}") from error
        yield part
        chunk = stream.unconsumed_tail
        if not chunk and len(part) < STEP:
            return


def window_bits(encoding: str, first: int) -> int:
    """Zlib's `wbits`. `deflate` means zlib, but some servers leave its frame out (RFC 9110 8.4.1.2)."""
    if encoding != "deflate":
        return GZIP
    return ZLIB if first & 0x0F == ZLIB_METHOD else RAW_DEFLATE


def broken(why: str) -> FetchError:
    return FetchError(OutcomeKind.TRANSIENT, f"the body is broken: {why}")


def too_large(max_bytes: int) -> FetchError:
    return FetchError(OutcomeKind.REFUSED, f"the answer is larger than {max_bytes} bytes")
