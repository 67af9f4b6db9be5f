"""A company's own icons, as its web site declares them: in its page, its manifest, or by convention.

    for the host, its registrable domain, then that with www.:
    1. request the page; if the host does not answer, go on to the next
    2. its <link>s; if none of them is large, also the icons of its manifest
    3. the well-known paths
    until a page has declared an icon

Only https is used. A fallback to http would let an attacker on the network path choose the logo (the
fetcher refuses redirects to http for the same reason), and would double the requests to hosts that are
down.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from logocache.domains import registrable_domain, toggled_www, without_www
from logocache.model import IconPurpose, Integration, OutcomeKind, StoringClass
from logocache.ports import Answer, Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.providers import icons
from logocache.providers.icons import Icon, Rank, Role, absolute, rank_of, ranked
from logocache.providers.page import PageIcons, read_manifest, read_page
from logocache.settings import Settings

TERMS = ProviderTerms(
    id="site",
    title="The company's own site",
    storing=StoringClass.OWN_FILES,
    licence=None,
    terms_url=None,
    uses_network=True,
    asks_many_hosts=True,
)

MAX_CANDIDATES = 12
WELL_KNOWN = (
    ("/apple-touch-icon.png", Role.ROOT_TOUCH),
    ("/apple-touch-icon-precomposed.png", Role.ROOT_TOUCH),
    ("/favicon.ico", Role.ROOT_ICO),
)

PAGES = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
MANIFESTS = "application/manifest+json,application/json;q=0.9,*/*;q=0.1"
IMAGES = "image/*,*/*;q=0.1"

PURPOSES = {
    Role.TOUCH: IconPurpose.TOUCH_ICON,
    Role.ROOT_TOUCH: IconPurpose.TOUCH_ICON,
    Role.MASKABLE: IconPurpose.MASKABLE,
}


def build(settings: Settings) -> Provider:
    return SiteProvider(max_page_bytes=settings.max_page_bytes, max_image_bytes=settings.max_image_bytes)


class SiteProvider:
    """Implements `ports.Provider`. Requests at most three pages and three manifests."""

    def __init__(self, *, max_page_bytes: int, max_image_bytes: int) -> None:
        self._max_page_bytes = max_page_bytes
        self._max_image_bytes = max_image_bytes

    @property
    def terms(self) -> ProviderTerms:
        return TERMS

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        found: dict[str, Candidate] = {}
        seen: set[str] = set()
        for host in hosts_of(integration.domain):
            if host in seen:
                continue
            answer = ask(self._document(f"https://{host}/", PAGES))
            page_url = absolute(answer.url, f"https://{host}/") or f"https://{host}/"
            seen |= {host, _host(page_url)}
            if not _has_answered(answer) or _has_left(host, page_url):
                continue
            declared = self._declared(_read(answer, page_url), ask)
            for image in self._images(declared, page_url):
                found.setdefault(image.url, image)
            if declared:
                break
        return tuple(found.values())[:MAX_CANDIDATES]

    def request(self, candidate: Candidate) -> FetchRequest:
        return FetchRequest(
            url=candidate.url, provider=TERMS.id, max_bytes=self._max_image_bytes, accept=IMAGES
        )

    def _document(self, url: str, accept: str) -> FetchRequest:
        return FetchRequest(url=url, provider=TERMS.id, max_bytes=self._max_page_bytes, accept=accept)

    def _declared(self, page: PageIcons, ask: Ask) -> tuple[Icon, ...]:
        """The icons of the page; if none of them is large, also those of its manifest."""
        if page.manifest is None or any(rank_of(icon) <= Rank.LARGE for icon in page.icons):
            return page.icons
        answer = ask(self._document(page.manifest, MANIFESTS))
        if answer.kind is not OutcomeKind.FOUND:
            return page.icons
        url = absolute(answer.url, page.manifest) or page.manifest
        return (*page.icons, *read_manifest(answer.body, url))

    def _images(self, declared: Iterable[Icon], page_url: str) -> Iterator[Candidate]:
        """The declared icons and those at the well-known paths of the page's host, best first."""
        origin = f"https://{urlsplit(page_url).netloc}"
        well_known = (Icon(url=origin + path, role=role) for path, role in WELL_KNOWN)
        for icon in ranked((*declared, *well_known)):
            candidate = self._candidate(icon, page_url)
            if candidate is not None:
                yield candidate

    def _candidate(self, icon: Icon, page_url: str) -> Candidate | None:
        purpose = PURPOSES.get(icon.role, IconPurpose.GENERAL)
        if not icons.is_data_uri(icon.url):
            return Candidate(provider=TERMS.id, url=icon.url, purpose=purpose, expected_size=icon.size)
        body = icons.decode(icon.url, max_bytes=self._max_image_bytes)
        if body is None:
            return None
        # The page's URL, with a fragment that identifies the image by its content.
        url = f"{page_url}#sha256-{hashlib.sha256(body).hexdigest()[:16]}"
        return Candidate(provider=TERMS.id, url=url, body=body, purpose=purpose, expected_size=icon.size)


def hosts_of(domain: str) -> tuple[str, ...]:
    """The hosts where a company's site may be, in order; at most three."""
    bare = without_www(domain)
    apex = registrable_domain(bare)
    return tuple(dict.fromkeys((bare, apex, toggled_www(apex))))


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _has_answered(answer: Answer) -> bool:
    """True if the host answers, so that its images may be requested.

    Also if it has no page, or one that is too large (REFUSED, but with a status).
    """
    match answer.kind:
        case OutcomeKind.FOUND | OutcomeKind.NOT_FOUND:
            return True
        case OutcomeKind.REFUSED:
            return answer.status is not None
        case _:
            return False


def _has_left(host: str, page_url: str) -> bool:
    """True if a sub-domain redirected to another owner, for example to a sign-in service with its own icon.

    A company's main site may do so: its name has changed.
    """
    apex = registrable_domain(host)
    return without_www(host) != apex and registrable_domain(_host(page_url)) != apex


def _read(answer: Answer, page_url: str) -> PageIcons:
    if answer.kind is not OutcomeKind.FOUND:
        return PageIcons()
    return read_page(answer.body, content_type=answer.content_type, url=page_url)
