"""The gallery: all logos on one page, and the facts of each."""

import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.responses import RedirectResponse

from logocache.cache import LogoCache
from logocache.errors import LogoCacheError, UnknownKeyError
from logocache.model import SortKey
from logocache.ports import utc_now
from logocache.queries import ListQuery
from logocache.server.gallery.cards import card_of, facets_of, facts_of
from logocache.server.gallery.pages import assets, error_page, page, render, static_file, switched_off_page
from logocache.server.limits import Bulkhead
from logocache.server.problems import ProblemError, Routes
from logocache.server.requests import Name
from logocache.server.responses import YEAR

MOST_SHOWN = 5000
"""Cards on the page at most, so that browsers stay fast; for more there is the API."""
KEPT_SECONDS = 1.0
"""Time for which a rendered gallery is reused, so that many viewers cost no more than one."""
HERE, ABOVE = "./", "../"
"""Relative URLs of the root of our routes. No URL is absolute, so any prefix or proxy works."""


async def already_open() -> None:
    """The check for a cache that is open already."""


def build(
    cache: LogoCache,
    management: Bulkhead,
    now: Callable[[], datetime] = utc_now,
    *,
    check: Callable[[], Awaitable[None]] = already_open,
) -> APIRouter:
    """Build the router, whose routes are not part of the API; all work runs in `management`.

    `check` raises UnavailableError while the cache is not open.
    """
    router = Routes(include_in_schema=False)
    gallery = Gallery(cache, now)

    @router.readable("/")
    async def get_gallery(request: Request) -> Response:
        if not cache.settings.enabled:
            return switched_off_page(root=HERE)
        try:
            await check()
            shown = await management.run(gallery.look)
        except LogoCacheError as error:
            shown = error
        return error_page(shown, root=HERE) if isinstance(shown, LogoCacheError) else page(request, shown)

    @router.readable("/logos/{key}")
    async def get_facts(request: Request, key: Annotated[Name, Path()]) -> Response:
        if not cache.settings.enabled:
            return switched_off_page(root=ABOVE)
        try:
            await check()
            shown = await management.run(partial(_facts, cache, key, path=request.url.path, now=now()))
        except LogoCacheError as error:
            return error_page(error, root=ABOVE)
        return page(request, shown)

    _add_files(router)
    return router


class Gallery:
    """The gallery page, rendered at most once a second."""

    def __init__(
        self,
        cache: LogoCache,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._made: _Made | None = None

    def look(self) -> str | LogoCacheError:
        """Return the HTML of the page, or the error that prevents it."""
        with self._lock:
            if self._made is None or self._clock() >= self._made.until:
                made = self._make()
                self._made = _Made(result=made, until=self._clock() + KEPT_SECONDS)
            return self._made.result

    def _make(self) -> str | LogoCacheError:
        try:
            return self._render()
        except LogoCacheError as error:
            return error

    def _render(self) -> str:
        stats = self._cache.stats()
        listing = self._cache.list(ListQuery(sort=SortKey.NAME, limit=MOST_SHOWN))
        cards = [card_of(entry) for entry in listing.entries]
        return render(
            "gallery.html",
            root=HERE,
            now=self._now(),
            stats=stats,
            cards=cards,
            facets=facets_of(cards),
            unseen=listing.matching - len(cards),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    result: str | LogoCacheError
    until: float


def _facts(cache: LogoCache, key: str, *, path: str, now: datetime) -> str:
    found = cache.list(ListQuery(keys=(key,))).entries
    if not found:
        raise UnknownKeyError(
            f"{key!r} is in the catalogue, but not in the cache yet", hint="run `logocache init`"
        )
    beginning = path[: path.rindex("/logos/") + 1]
    return render("logo.html", root=ABOVE, beginning=beginning, now=now, facts=facts_of(found[0]))


def _add_files(router: Routes) -> None:
    @router.readable("/openapi.json")
    async def get_openapi(request: Request) -> Response:
        """Redirect to the OpenAPI document of the application in which our routes have a prefix."""
        application: FastAPI = request.app
        if application.openapi_url is None:
            raise ProblemError(
                404,
                code="not_found",
                title="Nothing is here",
                detail="this application does not describe its routes",
            )
        return RedirectResponse(request.scope.get("root_path", "") + application.openapi_url)

    @router.readable("/static/pages/{name}")
    async def get_page_file(request: Request, name: str, v: str = "") -> Response:
        """Immutable if `v` is the version of the content; else revalidated each time."""
        asset = assets().get(name)
        if asset is None:
            raise ProblemError(
                404, code="not_found", title="Nothing is here", detail="no page has a file of that name"
            )
        lasting = f"public, max-age={YEAR}, immutable"
        return static_file(request, asset, lasting if v == asset.version else "no-cache")

    @router.readable("/favicon.ico")
    async def get_favicon(request: Request) -> Response:
        return static_file(request, assets()["favicon.ico"], "public, max-age=86400")

    @router.readable("/robots.txt")
    async def get_robots(request: Request) -> Response:
        return static_file(request, assets()["robots.txt"], "public, max-age=86400")
