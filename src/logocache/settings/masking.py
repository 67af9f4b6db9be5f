"""Keeps secrets out of everything that is shown. Pure.

URLs are masked by component, and only components that cannot contain a secret are shown; of an
ambiguous URL only the scheme is. In free text (of servers, drivers) `Mask` replaces known secrets.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

MASK = "***"

PLACEHOLDER = re.compile(r"\{(?:domain|key|size)\}")
"""A field of a URL template: never secret."""

HARMLESS = re.compile(r"(?:https?:)?|/|\.(?:png|svg|ico|jpe?g|gif|webp|avif)", re.IGNORECASE)
"""Static texts of a template that may be shown: a scheme, a slash, an image's extension."""

DATABASE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+]*)://"
    r"(?:(?P<user>[^:/?#@]*)(?P<password>:[^@]*)?@)?"  # as SQLAlchemy: a password may hold / and ?
    r"(?P<host>[A-Za-z0-9.,_-]*|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]+)?"
    r"(?P<name>/[^/?#@=:]*)?(?P<query>\?.*)?",
    re.DOTALL,
)

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}(?=:)")

USER_INFORMATION = re.compile(r"(?<=//)[^/?#\s]*@")

SECRET_PARAMETERS = ("password", "sslpassword", "oauth_client_secret")
"""Secret parameters of libpq."""

ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")

SHORTEST_PIECE = 6
"""Consecutive bytes of a secret that are masked; a shorter secret is masked as a whole."""

MOST_ENCODINGS = 4
"""Times a secret may be percent-encoded and is still recognised."""


def shown_address(url: str) -> str:
    """The URL of a server or a proxy with `***` for all but scheme, user, host and port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return _scheme_only(url)
    if not host or "@" in url.removeprefix(f"{parts.scheme}://{parts.netloc}"):
        return _scheme_only(url)  # may be a password with an unencoded slash
    user = f"{parts.username}:{MASK}@" if parts.password else f"{MASK}@" if parts.username else ""
    rest = f"/{MASK}" if parts.path.strip("/") else parts.path
    return f"{_origin(parts.scheme, host, port, user)}{rest}{_masked_query(parts.query)}"


def shown_template(url: str) -> str:
    """A URL template with `***` for all but its server and its fields."""
    try:
        parts = urlsplit(url)
        if parts.username is not None or not parts.netloc:
            return _scheme_only(url)
    except ValueError:
        return _scheme_only(url)
    path = without_static_text(parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}{_masked_query(parts.query)}"


def without_static_text(text: str) -> str:
    """A part of a template with `***` for each static text that may be a key."""
    return "".join(
        piece if PLACEHOLDER.fullmatch(piece) or HARMLESS.fullmatch(piece) else MASK
        for piece in re.split(rf"(/|{PLACEHOLDER.pattern}|\.\w+$)", text)
        if piece
    )


def static_texts(text: str) -> tuple[str, ...]:
    """The texts that `without_static_text` masks: all that may be a key."""
    pieces = re.split(rf"/|{PLACEHOLDER.pattern}", text)
    return tuple(piece for piece in pieces if not HARMLESS.fullmatch(piece))


def shown_database(url: str) -> str:
    """A database URL with `***` for its password and parameters; a SQLite path unchanged."""
    if url.startswith("sqlite:///") and "?" not in url:
        return url
    found = DATABASE.fullmatch(url)
    if found is None or is_ambiguous(url):
        return _scheme_only(url)
    password = f":{MASK}" if found["password"] else ""
    user = "" if found["user"] is None else f"{found['user']}{password}@"
    place = f"{found['host']}{found['port'] or ''}{found['name'] or ''}"
    return f"{found['scheme']}://{user}{place}{_masked_query(found['query'] or '')}"


def is_ambiguous(url: str) -> bool:
    """True if it is unclear which `@` of a database URL ends the password."""
    before, at, _ = url.partition("@")
    parameters = "|".join(SECRET_PARAMETERS)
    return url.count("@") > 1 or (bool(at) and re.search(rf"[?&](?:{parameters})=", before) is not None)


class Mask:
    """Replaces secrets with `***`, also parts of them, and in other percent-encodings or case."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._pieces = frozenset(
            piece
            for secret in secrets
            if secret
            for spelling in _spellings(secret)
            for piece in _pieces(spelling.plain)
        )
        self._lengths = sorted({len(piece) for piece in self._pieces})

    def __call__(self, text: str) -> str:
        """`text` without secrets and without user information of URLs."""
        return USER_INFORMATION.sub(f"{MASK}@", self._without_secrets(text) if self._pieces else text)

    def _without_secrets(self, text: str) -> str:
        shown, end = [], 0
        for first, last in _joined(sorted(self._found(text))):
            shown += [text[end:first], MASK]
            end = last
        return "".join((*shown, text[end:]))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end positions of pieces of secrets in `text`."""
        for spelling in _spellings(text):
            for length in self._lengths:
                for start in range(len(spelling.plain) - length + 1):
                    if spelling.plain[start : start + length] in self._pieces:
                        yield spelling.begins[start], spelling.ends[start + length - 1]


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A text in bytes, and for each byte the start and end position of its source characters."""

    plain: bytes
    begins: list[int]
    ends: list[int]

    def comparable(self) -> "_Spelling":
        """In lower case, with `+` as a space."""
        return _Spelling(self.plain.lower().replace(b"+", b" "), self.begins, self.ends)

    def decoded(self) -> "_Spelling":
        """Percent-decoded once."""
        plain, begins, ends = b"", list[int](), list[int]()
        end = 0
        for escape in ESCAPE.finditer(self.plain):
            plain += self.plain[end : escape.start()] + bytes([int(escape[1], 16)])
            begins += self.begins[end : escape.start() + 1]
            ends += [*self.ends[end : escape.start()], self.ends[escape.end() - 1]]
            end = escape.end()
        return _Spelling(plain + self.plain[end:], begins + self.begins[end:], ends + self.ends[end:])


def _pieces(secret: bytes) -> Iterator[bytes]:
    length = min(len(secret), SHORTEST_PIECE)
    return (secret[start : start + length] for start in range(len(secret) - length + 1))


def _spellings(text: str) -> Iterator[_Spelling]:
    """`text` as it is, then percent-decoded repeatedly, at most `MOST_ENCODINGS` times."""
    encoded = [character.encode("utf-8", "surrogatepass") for character in text]
    places = [index for index, piece in enumerate(encoded) for _ in piece]
    found = _Spelling(b"".join(encoded), places, [place + 1 for place in places])
    yield found.comparable()
    for _ in range(MOST_ENCODINGS):
        if ESCAPE.search(found.plain) is None:
            return
        found = found.decoded()
        yield found.comparable()


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted spans, with adjacent and overlapping ones merged."""
    current: tuple[int, int] | None = None
    for first, last in spans:
        if current is not None and first <= current[1]:
            current = current[0], max(current[1], last)
            continue
        if current is not None:
            yield current
        current = first, last
    if current is not None:
        yield current


def _origin(scheme: str, host: str, port: int | None, user: str) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{user}{bracketed}{'' if port is None else f':{port}'}"


def _masked_query(query: str) -> str:
    return f"?{MASK}" if query else ""


def _scheme_only(url: str) -> str:
    scheme = SCHEME.match(url)
    return f"{scheme[0]}://{MASK}" if scheme else MASK
