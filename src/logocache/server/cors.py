"""Which origins may read logos from scripts (Fetch standard, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from collections.abc import Sequence

Headers = tuple[tuple[bytes, bytes], ...]

ANY = "*"
PREFLIGHT_SECONDS = 86400
EXPOSED = (b"access-control-expose-headers", b"ETag, X-Cache, X-Request-Id")


class Cors:
    """Decides by the origins that LOGO_CACHE_CORS_ORIGINS lists; `*` is every origin."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self.depends_on_origin = bool(self._origins) and ANY not in self._origins
        """Whether answers differ from origin to origin, so that caches must keep them apart."""

    def headers(self, origin: str | None) -> Headers:
        """What an answer for that Origin says."""
        if ANY in self._origins:
            return ((b"access-control-allow-origin", b"*"), EXPOSED)
        if not self._origins:
            return ()
        vary: Headers = ((b"vary", b"Origin"),)
        if origin is None or origin.lower() not in self._origins:
            return vary
        return (*vary, (b"access-control-allow-origin", origin.encode("latin-1")), EXPOSED)

    def preflight(self, origin: str | None) -> Headers:
        """What the answer to an OPTIONS request says: logos are read, and nothing else."""
        headers = self.headers(origin)
        if not any(name == b"access-control-allow-origin" for name, _ in headers):
            return headers
        return (
            *headers,
            (b"access-control-allow-methods", b"GET, HEAD"),
            (b"access-control-allow-headers", b"If-None-Match, If-Match, X-Request-Id"),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
        )
