"""A company's own icons, as its web site declares them: in its page, its manifest, or by convention.

    for the host, its registrable domain, then that with www.:
    1. request the page; if the host does not answer, or wants nobody now, go on to the next
    2. if the page only leads elsewhere by <meta http-equiv=refresh>, the page there, once
    3. its <link>s; if none of them is large, also the icons of its manifest
    4. the well-known paths, behind everything that a page names
    until a page has declared an icon

Where redirects end at another owner (`policy.ownership`), the icons of the page are not the company's: the
well-known paths of the host that was asked come first.

Only https is used. A fallback to http would let an attacker on the network path choose the logo (the
fetcher refuses redirects to http for the same reason), and would double the requests to hosts that are
down.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from logocache.domains import registrable_domain, toggled_www, without_www
from logocache.model import IconPurpose, Integration, OutcomeKind, StoringClass
from logocache.policy.ownership import stranger_at
from logocache.ports import SITE, Answer, Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.providers import icons
from logocache.providers.icons import Icon, Rank, Role, absolute, rank_of, ranked
from logocache.providers.page import MAX_BYTES, PageIcons, read_manifest, read_page
from logocache.settings import Settings

TERMS = ProviderTerms(
    id=SITE,
    title="The company's own site",
    storing=StoringClass.OWN_FILES,
    licence=None,
    terms_url=None,
    uses_network=True,
    asks_many_hosts=True,
)

MOST_NAMED = 8
MOST_DARK = 2
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
    Role.ROOT_ICO: IconPurpose.UNNAMED,
}

NOT_NOW = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
    }
)
"""Statuses of a page with which the whole host turns us away: it is asked for nothing else."""


def build(settings: Settings) -> Provider:
    return SiteProvider(max_page_bytes=settings.max_page_bytes, max_image_bytes=settings.max_image_bytes)


class SiteProvider:
    """Implements `ports.Provider`.

    Requests at most three pages, one more to which each leads, and three manifests.
    """

    def __init__(self, *, max_page_bytes: int, max_image_bytes: int) -> None:
        self._max_page_bytes = max_page_bytes
        self._max_image_bytes = max_image_bytes

    @property
    def terms(self) -> ProviderTerms:
        return TERMS

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        found: dict[str, Candidate] = {}
        last: dict[str, Candidate] = {}
        seen: set[str] = set()
        for host in hosts_of(integration.domain):
            if host in seen:
                continue
            answer = self._page(f"https://{host}/", ask)
            page_url = _url_of(answer, f"https://{host}/")
            seen |= {host, _host(page_url)}
            if not _has_answered(answer) or (_has_left(host, page_url) and not integration.icons):
                continue
            page = _read(answer, page_url)
            if page.refresh is not None and page.refresh != page_url:
                page, page_url = self._led_to(page, page_url, host, ask)
                seen.add(_host(page_url))
            declared = self._declared(page, ask)
            is_own = without_www(host) == without_www(integration.domain)
            # The icons of the parent's page are the parent's, wherever it leads.
            page_host = _host(page_url) if is_own else host
            stranger = stranger_at(page_host, integration)
            found_here = [replace(image, page_host=page_host) for image in self._images(declared, page_url)]
            named = [image for image in found_here if image.purpose is not IconPurpose.DARK][:MOST_NAMED]
            origin = f"https://{host}/" if stranger is not None else page_url
            unnamed = self._images(_well_known(origin), origin)
            images = [*named, *unnamed]
            if is_own and stranger is not None:
                images = named[:1] if stranger.sells_domains else [*unnamed, *named]
            else:
                images += [image for image in found_here if image.purpose is IconPurpose.DARK][:MOST_DARK]
            # The icons of a sub-domain come before all of its parent's.
            is_main = without_www(host) == registrable_domain(host)
            for image in images:
                is_last = is_main and stranger is None and image.purpose is IconPurpose.UNNAMED
                (last if is_last else found).setdefault(image.url, image)
            if declared:
                break
        return tuple((found | {url: image for url, image in last.items() if url not in found}).values())

    def request(self, candidate: Candidate) -> FetchRequest:
        return FetchRequest(
            url=candidate.url, provider=TERMS.id, max_bytes=self._max_image_bytes, accept=IMAGES
        )

    def _page(self, url: str, ask: Ask) -> Answer:
        """Ask for as much of a page as is looked at."""
        return ask(
            FetchRequest(
                url=url,
                provider=TERMS.id,
                max_bytes=min(self._max_page_bytes, MAX_BYTES),
                is_start_enough=True,
                accept=PAGES,
            )
        )

    def _led_to(self, page: PageIcons, page_url: str, host: str, ask: Ask) -> tuple[PageIcons, str]:
        """The page to which `page` leads, and its URL; itself where that names no icons, or is not ours."""
        url = page.refresh or page_url
        answer = self._page(url, ask)
        target_url = _url_of(answer, url)
        if answer.kind is not OutcomeKind.FOUND or _has_left(host, target_url):
            return page, page_url
        target = _read(answer, target_url)
        return (target, target_url) if target.icons or target.manifest or not page.icons else (page, page_url)

    def _declared(self, page: PageIcons, ask: Ask) -> tuple[Icon, ...]:
        """The icons of the page; if none of them is large, also those of its manifest."""
        if page.manifest is None or any(
            rank_of(icon) <= Rank.LARGE for icon in page.icons if not icon.is_dark
        ):
            return page.icons
        answer = ask(
            FetchRequest(
                url=page.manifest, provider=TERMS.id, max_bytes=self._max_page_bytes, accept=MANIFESTS
            )
        )
        if answer.kind is not OutcomeKind.FOUND:
            return page.icons
        return (*page.icons, *read_manifest(answer.body, _url_of(answer, page.manifest)))

    def _images(self, icons: Iterable[Icon], page_url: str) -> list[Candidate]:
        """The icons that can be requested or are at hand, best first."""
        images = (self._candidate(icon, page_url) for icon in ranked(icons))
        return [image for image in images if image is not None]

    def _candidate(self, icon: Icon, page_url: str) -> Candidate | None:
        purpose = IconPurpose.DARK if icon.is_dark else PURPOSES.get(icon.role, IconPurpose.GENERAL)
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


def _well_known(page_url: str) -> tuple[Icon, ...]:
    origin = f"https://{urlsplit(page_url).netloc}"
    return tuple(Icon(url=origin + path, role=role) for path, role in WELL_KNOWN)


def _url_of(answer: Answer, asked: str) -> str:
    """Where redirects of `asked` led."""
    return absolute(answer.url, asked) or asked


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _has_answered(answer: Answer) -> bool:
    """True if the host answers, so that its images may be requested, with a page or without.

    A page that fails (400, 405, 406, 500) has icon files beside it all the same. A redirect that was
    refused is no answer of a host.
    """
    if answer.kind in {OutcomeKind.FOUND, OutcomeKind.NOT_FOUND}:
        return True
    is_turned_away = answer.kind in {OutcomeKind.THROTTLED, OutcomeKind.MISCONFIGURED}
    return answer.status is not None and answer.status not in NOT_NOW and not is_turned_away


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
