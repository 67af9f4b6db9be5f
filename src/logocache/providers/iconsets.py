"""Icon sets that are installed as packages, or that the operator has as files. No network.

    order            colour                       licence
    Iconify sets     their own                    the set's
    simpleicons      the brand's, from the set    CC0-1.0, unless the icon has another
    fontawesome      the brand's, from the entry  CC-BY-4.0

Drawings in one colour come last, those of the set that the entry prefers first. Icons are found by exact name
only.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from logocache.model import IconPurpose, Integration, StoringClass
from logocache.ports import ICON_SETS, Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.providers import iconify
from logocache.providers.iconify import IconifySet
from logocache.providers.monogram import NEUTRAL_DARK, WHITE, contrast, is_colour
from logocache.settings import Settings

TERMS = ProviderTerms(
    id=ICON_SETS,
    title="Icon sets",
    storing=StoringClass.OPEN_LICENCE,
    licence=None,
    terms_url=None,
    uses_network=False,
)

SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

SIMPLE_ICONS = "simpleicons"
SIMPLE_ICONS_LICENCE = "CC0-1.0"
SIMPLE_ICONS_URL = "https://github.com/simple-icons/simple-icons/blob/develop/icons/{slug}.svg"
SIMPLE_ICONS_SIDE = 24

FONT_AWESOME = "fontawesome"
FONT_AWESOME_LICENCE = "CC-BY-4.0"
FONT_AWESOME_ATTRIBUTION = (
    "Font Awesome Free by @fontawesome, https://fontawesome.com, licence https://fontawesome.com/license/free"
)
FONT_AWESOME_URL = "https://github.com/FortAwesome/Font-Awesome/blob/7.x/svgs/brands/{slug}.svg"
BRANDS = "brands/"

FAINTEST = 1.2
"""Contrast to white below which a mark on a transparent background is invisible on a page."""

Finder = Callable[[str, Integration], Candidate | None]
"""Takes slug and integration; returns the icon of one set, or None if it does not have that slug."""


def build(settings: Settings, kept: Callable[[], Sequence[IconifySet]] = lambda: ()) -> Provider:
    """The provider of all sets. Raises `ProviderError` for an Iconify file that cannot be used.

    `kept` returns the sets that the cache keeps now. An operator's file of the same name takes precedence.
    """
    return IconSetProvider([iconify.load(path) for path in settings.iconify_files], kept)


class IconSetProvider:
    """Implements `ports.Provider`."""

    def __init__(
        self,
        iconify_sets: Sequence[IconifySet] = (),
        kept: Callable[[], Sequence[IconifySet]] = lambda: (),
    ) -> None:
        self._files = iconify_sets
        self._kept = kept

    @property
    def terms(self) -> ProviderTerms:
        return TERMS

    def candidates(
        self,
        integration: Integration,
        ask: Ask,  # noqa: ARG002  # no requests
    ) -> Sequence[Candidate]:
        """The icons of all sets: first those of the preferred set, then those in colour."""
        return sorted(
            self._found(integration),
            key=lambda icon: (icon.icon_set != integration.prefer, icon.is_one_colour),
        )

    def request(self, candidate: Candidate) -> FetchRequest:  # noqa: ARG002  # nothing is fetched
        raise AssertionError("unreachable: every candidate has its body")

    def _found(self, integration: Integration) -> Iterator[Candidate]:
        for name, find in self._finders():
            icons = (find(slug, integration) for slug in slugs_of(integration, name))
            yield from (replace(icon, icon_set=name) for icon in icons if icon is not None)

    def _finders(self) -> Iterator[tuple[str, Finder]]:
        names = {icons.prefix for icons in self._files}
        kept = (icons for icons in self._kept() if icons.prefix not in names)
        yield from ((icons.prefix, iconify_finder(icons)) for icons in (*self._files, *kept))
        yield SIMPLE_ICONS, simple_icon
        yield FONT_AWESOME, font_awesome_brand


def slugs_of(integration: Integration, icon_set: str) -> tuple[str, ...]:
    """The slugs to look up in a set.

    An integration with `icons` was researched by hand: it is in no other set, where a name like `square`
    is a shape. Only one without `icons` is looked up by key and aliases.
    """
    names: Sequence[str] = (
        [integration.icons[icon_set]]
        if icon_set in integration.icons
        else []
        if integration.icons
        else [integration.key, *integration.aliases]
    )
    slugs = (name.removeprefix(BRANDS) for name in names)
    return tuple(slug for slug in slugs if SLUG.fullmatch(slug))


def simple_icon(slug: str, integration: Integration) -> Candidate | None:  # noqa: ARG001  # it brings its colour
    import simple_icons_pack  # noqa: PLC0415  # 13 MB of icons, when first needed

    icon = simple_icons_pack.get_icon(slug)
    if icon is None:
        return None
    return _candidate(
        _coloured(icon.svg, f"#{icon.hex}"),
        url=SIMPLE_ICONS_URL.format(slug=slug),
        licence=icon.license or SIMPLE_ICONS_LICENCE,
        attribution=f"Simple Icons, after {icon.source}",
    )


def font_awesome_brand(slug: str, integration: Integration) -> Candidate | None:
    import fontawesome_free_pack  # noqa: PLC0415  # as above

    icon = fontawesome_free_pack.get_icon(BRANDS + slug)
    if icon is None:
        return None
    return _candidate(
        icon.svg.replace("currentColor", colour_of(integration)),
        url=FONT_AWESOME_URL.format(slug=slug),
        licence=FONT_AWESOME_LICENCE,
        attribution=FONT_AWESOME_ATTRIBUTION,
    )


def iconify_finder(icons: IconifySet) -> Finder:
    def find(slug: str, integration: Integration) -> Candidate | None:
        document = icons.svg(slug)
        if document is None:
            return None
        return _candidate(
            document.replace("currentColor", colour_of(integration)),
            url=f"iconify:{icons.prefix}:{slug}",
            licence=icons.licence,
            attribution=icons.attribution,
            is_one_colour="currentColor" in document,
        )

    return find


def colour_of(integration: Integration) -> str:
    colour = integration.color
    return colour if colour is not None and is_colour(colour) else NEUTRAL_DARK


def _coloured(svg: str, colour: str) -> str:
    """Simple Icons' drawing in the brand's colour; on a dark tile if it would be invisible on white."""
    start, root, rest = svg.partition(">")
    drawing, end, _ = rest.rpartition("</svg>")
    if contrast(colour, WHITE) >= FAINTEST:
        return f'{start} fill="{colour}"{root}{rest}'
    side = SIMPLE_ICONS_SIDE
    tile = f'<rect width="{side}" height="{side}" rx="{side / 6:g}" fill="{NEUTRAL_DARK}"/>'
    smaller = f'<g fill="{colour}" transform="translate({side * 0.2:g} {side * 0.2:g}) scale(0.6)">'
    return f"{start}{root}{tile}{smaller}{drawing}</g>{end}"


def _candidate(
    svg: str, *, url: str, licence: str | None, attribution: str | None, is_one_colour: bool = True
) -> Candidate:
    return Candidate(
        provider=TERMS.id,
        url=url,
        body=svg.encode("utf-8", "replace"),
        purpose=IconPurpose.LOGO,
        is_one_colour=is_one_colour,
        licence=licence,
        attribution=attribution,
    )
