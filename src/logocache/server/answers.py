"""A logo as an HTTP answer: status, headers and body for GET and HEAD (RFC 9110, RFC 9111)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from logocache.server.conditional import Precondition, evaluate
from logocache.server.cors import Headers
from logocache.server.questions import CacheState, Served

YEAR = 31_536_000
STALE_SECONDS = 604_800
"""How long a client may go on showing what it has while it asks again, or while we are down (RFC 5861)."""

SAFETY: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
"""Whatever the bytes are, no browser runs them; and pages of other sites may show them."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes


def answer_of(served: Served, *, method: str, request: Mapping[bytes, bytes], cors: Headers) -> Answer:
    """The answer to a request with these header fields (names in lower case)."""
    body = served.body
    state = ((b"cache-control", _cache_control(served)), (b"x-cache", served.state.encode("ascii")))
    match _precondition(body.etag, request):
        case Precondition.PROCEED:
            content = b"" if method == "HEAD" else body.content
            return Answer(200, (*body.headers, *state, *SAFETY, *cors), content)
        case Precondition.NOT_MODIFIED:
            # RFC 9110 15.4.5: what a 200 would have said, but nothing about the content.
            return Answer(304, ((b"etag", body.etag.encode("ascii")), *state, *SAFETY, *cors), b"")
        case Precondition.FAILED:
            return Answer(412, ((b"content-length", b"0"), (b"cache-control", b"no-store"), *cors), b"")
        case unexpected:
            assert_never(unexpected)


def _precondition(etag: str, request: Mapping[bytes, bytes]) -> Precondition:
    if_match, if_none_match = request.get(b"if-match"), request.get(b"if-none-match")
    if if_match is None and if_none_match is None:
        return Precondition.PROCEED
    return evaluate(
        etag,
        if_match=if_match.decode("latin-1") if if_match is not None else None,
        if_none_match=if_none_match.decode("latin-1") if if_none_match is not None else None,
    )


def _cache_control(served: Served) -> bytes:
    if served.is_immutable:
        return f"public, max-age={YEAR}, immutable".encode("ascii")
    if served.state is CacheState.PLACEHOLDER:
        return f"public, max-age={served.max_age}".encode("ascii")
    late = f"stale-while-revalidate={STALE_SECONDS}, stale-if-error={STALE_SECONDS}"
    return f"public, max-age={served.max_age}, {late}".encode("ascii")
